"""Makes the pages of the reference from the code."""

from __future__ import annotations

from collections.abc import Callable

from .api import plugin_page, python_api
from .capabilities import capabilities
from .commands import cli
from .components import components
from .files import discovery_file, pipeline, rules_file, waivers
from .notice import notice_schema
from .plan import plan_schema
from .result import run_result_schema
from .rules import rules
from .snapshot import snapshot_format_schema

PAGES: dict[str, Callable[[], str]] = {
    "pipeline.md": pipeline,
    "components.md": components,
    "capabilities.md": capabilities,
    "cli.md": cli,
    "python-api.md": python_api,
    "plugin-api.md": plugin_page,
    "rules.md": rules,
    "rules-file.md": rules_file,
    "discovery-file.md": discovery_file,
    "waivers.md": waivers,
    "snapshot.schema.json": snapshot_format_schema,
    "run-result.schema.json": run_result_schema,
    "plan.schema.json": plan_schema,
    "notice.schema.json": notice_schema,
}
"""File below `docs/reference/` -> what makes it."""
