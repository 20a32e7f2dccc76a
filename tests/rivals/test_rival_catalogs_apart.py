"""A migration whose two catalogs live in environments that exclude each other, run by a kernel that has neither.

Run by the nox session `rival-catalogs`; needs the package index.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import lumos_core
from lumos_core.environments.lock import read_lock
from lumos_core.environments.marker import read_marker
from lumos_core.plugin_api import Foreign, Record
from lumos_core.testing.estates import Estate

pytestmark = pytest.mark.heavy

PLUGINS = Path(__file__).parents[2] / "plugins"
TOKEN = "secret"
WANTED = {
    "datahub": {
        "catalog": "lumos-catalog-datahub",
        "sdk": ["acryl-datahub[datahub-rest,postgres]==1.7.0.17"],
        "imports": "datahub.ingestion.graph.client, lumos_catalog_datahub.catalog",
        "absent": ("metadata", "lumos_catalog_openmetadata"),
    },
    "openmetadata": {
        "catalog": "lumos-catalog-openmetadata",
        "sdk": ["openmetadata-ingestion>=2.0,<2.1", "dbt-core<1.12"],
        "imports": "metadata.ingestion.ometa.ometa_api, lumos_catalog_openmetadata.catalog",
        "absent": ("datahub", "lumos_catalog_datahub"),
    },
}
ESTATE = Estate(datasets=40, fields=8)


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with A.yaml and B.yaml, whose environments `lumos env sync` has built."""
    folder = tmp_path_factory.mktemp("apart")
    for name, type_ in (("A", "datahub"), ("B", "openmetadata"), ("C", "datahub")):
        wanted = WANTED[type_]
        line = {"type": type_, "server": f"${{{name}_SERVER}}", "token": f"${{{name}_TOKEN}}", "environment": type_}
        ours = ["lumos-remote", str(wanted["catalog"])]
        for plugin in ours:  # a copy: who works on the checkout meanwhile does not make the environments stale
            shutil.copytree(PLUGINS / plugin, folder / plugin, dirs_exist_ok=True)
        requirements = [*(f"./{plugin}" for plugin in ours), *wanted["sdk"]]
        file = {
            "version": 1,
            "name": name.lower(),
            "catalogs": [line],
            "environments": {type_: {"requirements": requirements, "python": "3.11", "deadline": 1800}},
            "state": ".lumos" if name != "B" else ".lumos-b",
        }
        (folder / f"{name}.yaml").write_text(json.dumps(file), encoding="utf-8")
    # C shares the state, and so the environment, of A.
    made = [lumos_core.env_sync(folder / f"{name}.yaml")[0].action for name in "ABC"]
    assert made[:2] == ["built", "built"]
    assert made[2] in ("built", "unchanged")
    return folder


def python_of(file: Path) -> Path:
    """The interpreter of the one environment of a pipeline file."""
    (found,) = lumos_core.env_list(file)
    assert found.state == "ready", found
    assert found.folder is not None
    marker = read_marker(Path(found.folder))
    assert marker is not None
    return marker.python_path(Path(found.folder))


def test_both_are_there_and_cannot_meet(apart: Path, programs: Any) -> None:
    pins = []
    for name, type_ in (("A", "datahub"), ("B", "openmetadata")):
        wanted, python = WANTED[type_], python_of(apart / f"{name}.yaml")
        lines = [f"import {wanted['imports']}", "from importlib.util import find_spec"]
        lines += [f"assert find_spec({absent!r}) is None, {absent!r}" for absent in wanted["absent"]]
        lines += ["import sqlglot", "print(sqlglot.__version__)"]
        programs([python, "-W", "ignore", "-c", "\n".join(lines)])
        sdk = str(wanted["sdk"][0])
        distribution, bracket, rest = sdk.partition("[")
        distribution = distribution.partition(">")[0]
        locked = read_lock(apart / f"{name}.yaml").environments[type_].locked.values()
        version = {package.version for one in locked for package in one.packages if package.name == distribution}
        assert len(version) == 1
        extras = bracket + rest.partition("]")[0] + "]" if bracket else ""
        pins.append(f"{distribution}{extras}=={version.pop()}")
    (programs.folder / "both.in").write_text("\n".join([*pins, "dbt-core<1.12"]), encoding="utf-8")
    for one in pins:  # each alone can be had
        (programs.folder / "one.in").write_text("\n".join([one, "dbt-core<1.12"]), encoding="utf-8")
        programs([sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--python-version", "3.11", "one.in"])
    both = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--python-version", "3.11", "both.in"]
    assert "sqlglot" in programs(both, fails=True)


class Ends:
    """Three fakes in a row: DataHub, OpenMetadata, DataHub."""

    def __init__(self, stack: ExitStack) -> None:
        from lumos_testing_datahub import DataHubFake
        from lumos_testing_openmetadata import OpenMetadataFake

        self.first = stack.enter_context(DataHubFake(token=TOKEN))
        self.second = stack.enter_context(OpenMetadataFake("2.0"))
        self.third = stack.enter_context(DataHubFake(token=TOKEN))
        self.second.record = True
        self.lines = {
            "A": {"type": "datahub", "server": self.first.url, "token": TOKEN},
            "B": {"type": "openmetadata", "server": self.second.url, "token": self.second.bot_token},
            "C": {"type": "datahub", "server": self.third.url, "token": TOKEN},
        }

    def environ(self) -> dict[str, str]:
        """What the pipeline files ask for."""
        return {f"{name}_{key.upper()}": line[key] for name, line in self.lines.items() for key in ("server", "token")}


@pytest.fixture
def ends() -> Iterator[list[Ends]]:
    """Two rows of fakes."""
    with ExitStack() as stack:
        yield [Ends(stack), Ends(stack)]


def filled(line: dict[str, Any], folder: Path) -> None:
    """Publish the estate, and what only another vendor understands."""
    foreign = Record(f"{ESTATE.dataset(3)}#elsewhere/siblings", Foreign(body='{"primary":true}', base="sha256:00"))
    records = sorted([*ESTATE.records(), foreign], key=lambda record: (record.kind, record.urn))
    folder.mkdir()
    lumos_core.write_snapshot(folder / "estate.lumos.jsonl", records)
    pipeline = {"sources": [{"type": "snapshot", "path": "estate.lumos.jsonl"}], "catalogs": [line]}
    (folder / "lumos.yaml").write_text(json.dumps({"version": 1, "name": "fill", **pipeline}), encoding="utf-8")
    result = lumos_core.run(folder / "lumos.yaml")
    assert not result.failures, [(notice.where, notice.message) for notice in result.failures][:5]


def isolated(ends: Ends, folder: Path, host: Path, programs: Any) -> list[dict[str, Any]]:
    """Migrate there and back with a kernel that can import neither catalog; returns the reports."""
    for module in ("lumos_catalog_datahub", "lumos_catalog_openmetadata", "lumos_remote", "datahub", "metadata"):
        programs([host, "-c", f"import importlib.util as u; assert u.find_spec({module!r}) is None"])
    programs.folder = folder
    told = []
    for source, target in (("A", "B"), ("B", "C")):
        command = [host.with_name("lumos"), "migrate", "--from", f"{source}.yaml", "--to", f"{target}.yaml", "--json"]
        # What every server is born with, types of ownership for one, is to become what the source says of it.
        command += ["--on-conflict", "source"]
        told.append(json.loads(programs(command, ends.environ())))
    return told


def together(ends: Ends, folder: Path) -> list[dict[str, Any]]:
    """The same in this process, which has both catalogs."""
    from lumos_core.migration.report import report_parts

    for name, line in ends.lines.items():
        (folder / name.lower()).mkdir()
        file = {"version": 1, "name": name.lower(), "catalogs": [line]}
        (folder / name.lower() / f"{name}.yaml").write_text(json.dumps(file), encoding="utf-8")
    told = []
    for source, target in (("A", "B"), ("B", "C")):
        paths = [folder / name.lower() / f"{name}.yaml" for name in (source, target)]
        told.append(json.loads(b"".join(report_parts(lumos_core.migrate(*paths, on_conflict="source")))))
    return told


def test_there_and_back_as_in_one_process(
    apart: Path,
    ends: list[Ends],
    interpreter: Any,
    programs: Any,
    holding: Any,
    plainly: Any,
    datahub_holds: Any,
    openmetadata_holds: Any,
    differences: Any,
    tmp_path: Path,
) -> None:
    from lumos_testing_openmetadata import Oracle

    for number, one in enumerate(ends):
        filled(one.lines["A"], tmp_path / f"fill-{number}")
    worlds = (isolated(ends[0], apart, interpreter("HOST"), programs), together(ends[1], tmp_path))

    for there, here in zip(*worlds, strict=True):
        assert there["exit_code"] == here["exit_code"] == 0
        for key in ("read", "planned", "outcomes", "verdicts", "kinds", "aspects", "losses", "records", "conflicts"):
            assert there[key] == here[key], key
        assert sum(there["verdicts"].values()) == there["read"]["source"] > 150
        lines = [(Path(one["folder"]) / "verdicts.jsonl").read_text(encoding="utf-8") for one in (there, here)]
        assert lines[0] == lines[1], "the verdict of a record is another"
        urns = {json.loads(line)["urn"] for line in lines[0].splitlines()}
        assert urns >= {record.urn for record in ESTATE.records() if "#usage@" not in record.urn}
        assert there["verdicts"].get("failed", 0) == there["verdicts"].get("conflict", 0) == 0
        assert {one["code"] for one in there.get("warnings", ())} == {one["code"] for one in here.get("warnings", ())}

    # What the servers hold is the same, byte by byte but for ids and times.
    assert differences(openmetadata_holds(ends[0].second), openmetadata_holds(ends[1].second)) == []
    assert differences(datahub_holds(ends[0].third), datahub_holds(ends[1].third)) == []

    # And it is what was there at first, but for statistics that OpenMetadata declares not to take.
    before = {urn: plainly(record) for urn, record in holding(ends[0].lines["A"]).items() if "#usage@" not in urn}
    after = {urn: plainly(record) for urn, record in holding(ends[0].lines["C"]).items()}
    assert len(before) > 150
    assert [line for line in differences(before, after) if not line.startswith("only there")] == []

    # The vendor's models, in the environment that Lumos has built, understand all that was sent and is answered.
    verdict = Oracle(python_of(apart / "B.yaml")).judge([*ends[0].second.recorded, *ends[0].second.answers()])
    assert [line for line in verdict.complaints if not (line.startswith("type ") and "-cp: " in line)] == []
    assert verdict.judged > 300
