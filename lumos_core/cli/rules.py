"""`lumos rules`."""

from __future__ import annotations

from typing import Any

import click

from .output import emit, json_option, table_of

_FIRST = ("id", "area", "severity", "severities", "bump", "why", "fix")


@click.command("rules")
@click.option(
    "--pipeline", type=click.Path(), help="Whose differ to ask; LUMOS_CONFIG or ./lumos.yaml, else the default differ."
)
@json_option
@click.pass_context
def command(ctx: click.Context, pipeline: str | None, as_json: bool) -> None:
    """List the rules by which changes are judged."""
    from rich.table import Table

    rules = [dict(rule) for rule in _rules(pipeline)]

    def table() -> Table:
        known = [key for key in _FIRST if any(rule.get(key) for rule in rules)]
        rows = [[_cell(rule.get(key, "")) for key in known] for rule in rules]
        return table_of(*known, rows=rows)

    emit(ctx, rules, table)


def _rules(pipeline: str | None) -> list[Any]:
    from ..config.api import load_pipeline, none_to_find
    from ..config.types import ComponentSpec

    spec = ComponentSpec("differ", "semantic") if none_to_find(pipeline) else load_pipeline(pipeline).differ
    differ = spec.build()
    try:
        return list(differ.rules())
    finally:
        differ.close()


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(item) for item in value)
    return str(value)
