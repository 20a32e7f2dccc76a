"""`lumos diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .output import emit, json_option
from .reading import pipeline_option, severity

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

    from ..contracts.reporter import RunResult
    from ..model.change import Change

_SEVERITIES = ("breaking", "risky", "non-breaking", "informational")
_SHOWN = 200


@click.command("diff")
@click.argument("before")
@click.argument("after", default="head")
@click.option("--differ", help="The differ that judges; the pipeline's by default.")
@click.option("--fail-on", type=click.Choice(_SEVERITIES), help="Exit with 1 when a change is this severe or worse.")
@click.option("--limit", type=click.IntRange(min=1), default=_SHOWN, show_default=True, help="Changes in the table.")
@pipeline_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    before: str,
    after: str,
    differ: str | None,
    fail_on: str | None,
    limit: int,
    pipeline: str | None,
    as_json: bool,
) -> int:
    """Say what changed from BEFORE to AFTER (default: head), what it means, and what to do.

    Each is a snapshot file, a run, a release (S-312), a day (its end, UTC), a time, a state, or a ref (head~1,
    published/local).

    Exit codes: 0 compared, 1 a change is as severe as --fail-on, 2 a side cannot be read.
    """
    from ..history.api import diff

    result = diff(before, after, pipeline=pipeline, differ=differ, fail_on=fail_on or "")
    emit(ctx, _data(result) if as_json else None, lambda: _table(result, limit))
    return result.exit_code


def _data(result: RunResult) -> dict[str, Any]:
    import msgspec

    before, _, after = result.pipeline.partition(" -> ")
    return {
        "before": before,
        "after": after,
        "severities": result.severities,
        "exit_code": result.exit_code,
        "changes": [{**msgspec.to_builtins(change), "fingerprint": change.fingerprint} for change in result.changes],
        "warnings": msgspec.to_builtins(result.warnings),
    }


def _table(result: RunResult, limit: int) -> Group:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[Any] = [Text(result.pipeline, style="dim")]
    if not len(result.changes):
        parts.append(Text("No differences."))
    group = ""
    for number, change in enumerate(result.changes):
        if number == limit:
            parts.append(Text(f"... and {len(result.changes) - limit} more; --limit or --json shows them."))
            break
        if change.severity != group:
            group = change.severity
            head = Text("\n")
            head.append_text(severity(group))
            parts.append(head.append(f" ({result.severities.get(group, 0)})"))
        parts += [Padding(text, (0, 0, 0, 2 + 2 * (place > 0))) for place, text in enumerate(_lines(change))]
    for notice in result.warnings:
        parts.append(Text(f"warning: {notice.message}", style="yellow"))
    return Group(*parts)


def _lines(change: Change) -> list[Text]:
    from rich.text import Text

    from ..model import urns

    first = Text(urns.name(change.urn), style="bold")
    if change.path:
        first.append(f" {change.path}")
    first.append(f"  {change.rule}", style="dim")
    lines = [first]
    if change.message:
        lines.append(Text(change.message))
    if change.before is not None or change.after is not None:
        lines.append(Text(f"{_value(change.before)} -> {_value(change.after)}"))
    if change.impact_count:
        lines.append(Text(f"may reach {change.impact_count} downstream", style="dim"))
    if change.fix and change.severity in ("breaking", "risky"):
        lines.append(Text(f"to do: {change.fix}", style="dim"))
    if change.waived:
        lines.append(Text(f"waived: {change.waived}", style="dim"))
    return lines


def _value(text: str | None, most: int = 120) -> str:
    if text is None:
        return "(none)"
    return text if len(text) <= most else text[: most - 1] + "…"
