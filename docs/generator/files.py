"""The pages of the files that people write."""

from __future__ import annotations

from lumos_core.config.pipeline import PipelineFile
from lumos_core.contracts.watch import WatchConfig
from lumos_core.running.waivers import WaiverFile

from .models import model_page
from .words import MADE


def pipeline() -> str:
    """Return the page of the pipeline file."""
    titles = {
        "PipelineFile": "The file",
        "GateConfig": "gate",
        "PublishConfig": "publish",
        "GuardConfig": "publish.guard",
        "ReleaseConfig": "release",
        "RunConfig": "run",
        "EnvironmentConfig": "environments",
        "ChangeDetection": "change_detection",
        "DetectedSource": "change_detection.sources",
    }
    head = f"""# The pipeline file

{MADE}
A pipeline is a YAML file, by default `lumos.yaml`. Paths in it are relative to the file. `lumos validate` checks it
without reading any data; `lumos schema` prints its JSON Schema, with the options of every installed plugin, for
editors.

The shortest one:

```yaml
version: 1
sources:
  - {{type: files, path: quickstart/shop}}
```

## What holds everywhere

- **A component** is a mapping with `type` and its options, or just its name: `{{type: csv, delimiter: ";"}}` or `csv`.
  [Components](components.md) lists every option. `type` may also be `distribution/name` where two plugins offer one
  name, `module:Class` for code that is not packaged, and `catalog:NAME` to read a catalog as a source.
- **`${{VAR}}`** reads the environment, `${{VAR:-default}}` has a default, `$$` is a dollar sign. A missing variable is
  an error that names it.
- **`extends: base.yaml`** takes everything from another file, whose path is relative to this one. Keys of this file
  win, mappings are merged, lists are replaced, and a component of another `type` is replaced whole.
- **`name`** in an entry of `catalogs` tells two catalogs of one type apart.

"""
    watch = model_page(WatchConfig, {"WatchConfig": "sources.watch"})
    return head + model_page(PipelineFile, titles) + "\n" + watch


def rules_file() -> str:
    """Return the page of the rules file."""
    from lumos_enricher_rules.rules import RulesFile

    titles = {"RulesFile": "The file", "Named": "Ownership types and data products", "TreeRule": "Domains and tags"}
    titles |= {"UserRule": "Users", "GroupRule": "Groups", "TermRule": "Terms", "DatasetRule": "Datasets"}
    titles |= {"OwnerRule": "Owners", "LinkRule": "Links", "ScheduleRule": "Schedules", "FieldRule": "Fields"}
    titles |= {"PiiRule": "Personal data", "JobRule": "Jobs", "LineageRule": "Lineage", "ColumnRule": "Columns"}
    head = f"""# The rules file

{MADE}
What data cannot say about itself, for the [enricher `rules`](components.md#enricher-rules). How to use it:
[describe your data](../how-to/describe-your-data.md).

"""
    return head + model_page(RulesFile, titles)


def discovery_file() -> str:
    """Return the page of discovery.yaml."""
    from lumos_lake.discovery.overrides import Overrides

    head = f"""# The discovery file

{MADE}
A `discovery.yaml` in the folder of a source, or where its option `overrides` points, has the last word on which files
are one dataset. How to use it: [your own folder](../how-to/own-folder.md).

"""
    return head + model_page(Overrides, {"Overrides": "The file", "TableRule": "Tables"})


def waivers() -> str:
    """Return the page of the waivers file."""
    head = f"""# The waivers file

{MADE}
Changes that were agreed upon, named by `gate: {{waivers: FILE}}`. How to use it:
[gate a pull request](../how-to/gate-a-pull-request.md).

- A waiver names either a `fingerprint`, or a `rule` with a `urn`, and then if need be a `field` and the values `from`
  and `to`.
- Whoever asks cannot be the only one who approves, and a waiver lasts at most `max_days` days.
- Findings about governance need an approver from `security_approvers`. Where a CODEOWNERS file has a rule for the
  waivers file, only those of them count who own it.
- A waiver lets the gate pass. The change is still shown, marked as waived, and still bumps the version.
- An expired waiver covers nothing, and a waiver that covered nothing is reported, so that the file stays short.

"""
    return head + model_page(WaiverFile, {"WaiverFile": "The file", "Waiver": "Waivers"})
