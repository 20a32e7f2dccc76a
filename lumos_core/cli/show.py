"""`lumos show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .output import emit, json_option
from .reading import as_of_option, pipeline_option

if TYPE_CHECKING:
    from ..history.portrait import Portrait


@click.command("show")
@click.argument("thing", metavar="URN|NAME")
@as_of_option
@pipeline_option
@json_option
@click.pass_context
def command(ctx: click.Context, thing: str, as_of: str, pipeline: str | None, as_json: bool) -> None:
    """Show everything that is known about one thing: a URN, a name, or the end of a name.

    What was looked at and not found reads "none"; what nobody looked at reads "unknown".
    """
    from ..history.api import view
    from ..history.portrait import portrait

    with view(as_of, pipeline) as known:
        found = portrait(known, thing)
    emit(ctx, _data(found) if as_json else None, lambda: _page(found))


def _data(found: Portrait) -> dict[str, Any]:
    import msgspec

    return {
        "urn": found.record.urn,
        "kind": found.record.kind,
        "name": found.name,
        "as_of": found.as_of,
        "digest": found.digest,
        "version": msgspec.to_builtins(found.version),
        "value": msgspec.to_builtins(found.record.value, order="sorted"),
        "unknown": found.unknown,
        "existence": "complete" if found.complete else "not seen whole",
        "upstream": found.upstream,
        "downstream": found.downstream,
        "stats": msgspec.to_builtins(found.stats, order="sorted"),
    }


def _page(found: Portrait) -> Any:
    from rich.console import Group
    from rich.text import Text

    from .output import table_of

    value = found.record.value
    head = Text(found.name, style="bold")
    head.append(f"  {getattr(value, 'subtype', None) or found.record.kind}", style="dim")
    if found.version is not None:
        head.append(f"  {found.version.schema}", style="bold green")
        head.append(f" (metadata {found.version.metadata}, {found.version.release})", style="dim")
    parts: list[Any] = [head, Text(found.record.urn, style="dim")]
    if found.field:
        parts.append(Text(f"Field {found.field}", style="bold"))
    facts = table_of(rows=())
    facts.show_header = False
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for label, texts in found.facts():
        for place, text in enumerate(texts or ["none"]):
            facts.add_row(label if not place else "", Text(text))
    parts += [Text(""), facts]
    if found.fields:
        parts += [Text(""), _fields(found)]
    if table := _profile(found):
        parts += [Text(""), *table]
    return Group(*parts)


def _profile(found: Portrait) -> list[Any]:
    """Return what is known of the values of the fields that are shown, as a table; nothing where nothing is."""
    from rich.text import Text

    from ..history.profiled import COLUMNS, heading, lines
    from .output import table_of

    stats = found.stats.get("profile")
    if stats is None or not stats.fields:
        return []
    rows = lines(stats, [field.path for field in found.fields])
    if found.field:
        rows = [
            row for row in rows if row[0] == found.field or row[0].startswith((f"{found.field}.", f"{found.field}["))
        ]
    used = [place for place in range(len(COLUMNS)) if not place or any(row[place] for row in rows)]
    if not rows:
        return []
    table = table_of(*(COLUMNS[place] for place in used), rows=[[row[place] for place in used] for row in rows])
    return [Text(heading(stats), style="bold"), table]


def _fields(found: Portrait) -> Any:
    from ..model import urns
    from .output import table_of
    from .reading import short_list

    rows = []
    for field in found.fields:
        null = {True: "yes", False: "no", None: "unknown"}[field.nullable]
        tags = short_list([urns.name(link.tag) for link in field.tags])
        shown = field.description.shown if field.description is not None else ""
        place = f"{field.part}: {field.path}" if field.part else field.path
        rows.append((place, field.type, null, found.roles(field.path), tags, shown))
    columns = ("field", "type", "null", "key", "tags", "description")
    used = [number for number in range(6) if number < 3 or any(row[number] for row in rows)]
    return table_of(*(columns[i] for i in used), rows=[[row[i] for i in used] for row in rows])
