"""`lumos log`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .output import emit, json_option, table_of
from .reading import as_of_option, pipeline_option, severity

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from ..history.api import Moment
    from ..model.event import ChangeEvent


@click.command("log")
@click.argument("dataset", required=False, default="", metavar="[URN|NAME]")
@click.option("--events", "happened", is_flag=True, help="Show what happened to datasets instead of runs.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@as_of_option
@pipeline_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    dataset: str,
    happened: bool,
    limit: int,
    as_of: str,
    pipeline: str | None,
    as_json: bool,
) -> None:
    """Show every run, newest first; or the versions of one dataset, with what changed in each.

    With --events, show what happened: created, deleted, schema-changed or modified, to all datasets or to one.
    """
    if happened:
        _show_events(ctx, dataset, limit, as_of, pipeline)
        return
    from ..history.api import log

    found = log(dataset, pipeline=pipeline, as_of=as_of, limit=limit)
    emit(ctx, [_data(moment) for moment in found], lambda: _versions(found) if dataset else _runs(found))


def _show_events(ctx: click.Context, dataset: str, limit: int, as_of: str, pipeline: str | None) -> None:
    import msgspec

    from ..history.events import events

    if as_of != "head":
        raise click.UsageError("--events shows all that happened: leave out --as-of.", ctx)
    found = events(dataset, pipeline=pipeline, limit=limit)
    emit(ctx, [msgspec.to_builtins(event) for event in found], lambda: _happened(found))


def _happened(found: list[ChangeEvent]) -> Table:
    from ..model.urns import name

    rows = [
        (event.at, severity(event.severity), event.type, name(event.urn), event.version, event.summary)
        for event in found
    ]
    return table_of("at", "severity", "what", "dataset", "version", "summary", rows=rows)


def _data(moment: Moment) -> dict[str, Any]:
    import msgspec

    entry = moment.entry
    data = {
        "run": entry.meta.get("run", ""),
        "at": entry.at,
        "state": entry.state,
        "parent": entry.parent,
        "changed": entry.state != entry.parent,
        "release": entry.meta.get("release", ""),
        "severities": entry.meta.get("severities", {}),
        "counts": entry.meta.get("counts", {}),
        "pipeline": entry.meta.get("pipeline", ""),
    }
    if entry.digest or moment.version is not None:
        data["digest"] = entry.digest
    if moment.version is not None:
        data["version"] = msgspec.to_builtins(moment.version)
    return data


def _runs(found: list[Moment]) -> Table:
    rows = []
    for moment in found:
        data = _data(moment)
        what = ", ".join(f"{count} {name}" for name, count in data["severities"].items())
        seen = data["counts"].get("dataset", 0)
        rows.append((data["run"], data["at"], data["release"], what or _quiet(data), f"{seen:,}"))
    return table_of("run", "at", "release", "changes", "datasets", rows=rows)


def _quiet(data: dict[str, Any]) -> str:
    if not data["changed"]:
        return "nothing changed"
    return "first state" if not data["parent"] else "changed"


def _versions(found: list[Moment]) -> Group:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[Any] = []
    for moment in found:
        version, entry = moment.version, moment.entry
        line = Text()
        if version is not None:
            line.append(version.schema, style="bold")
            line.append(f"  (metadata {version.metadata}, {version.release})")
        else:
            line.append("gone" if not entry.digest else "changed, same version", style="bold")
        line.append(f"  {entry.at}  {entry.meta.get('run', '')}", style="dim")
        if version is not None and version.by:
            line.append(f"  by {version.by}", style="dim")
        parts.append(line)
        for finding in version.findings if version is not None else ():
            row = Text()
            row.append_text(severity(finding.severity))
            row.append(f"  {finding.rule}  {finding.path}".rstrip())
            if finding.message:
                row.append(f": {finding.message}")
            if finding.waived:
                row.append(f"  (waived: {finding.waived})", style="dim")
            parts.append(Padding(row, (0, 0, 0, 4)))
    return Group(*parts)
