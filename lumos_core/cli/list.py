"""`lumos list`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from ..texts import visible
from .output import emit, json_option, table_of
from .reading import as_of_option, pipeline_option, short_list

if TYPE_CHECKING:
    from rich.table import Table

    from ..model.record import AnyRecord

_SHOWN = 100


@click.command("list")
@click.argument("prefix", required=False, default="")
@click.option("--kind", default="", help="dataset, job, container, tag, ... (default: all but stats).")
@click.option("--platform", default="", help="Only things of this platform.")
@click.option("--prefix", "named", default="", help="The same as the argument.")
@click.option(
    "--limit", type=click.IntRange(min=1), help=f"At most so many (default: {_SHOWN} in a table, all in JSON)."
)
@as_of_option
@pipeline_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    prefix: str,
    kind: str,
    platform: str,
    named: str,
    limit: int | None,
    as_of: str,
    pipeline: str | None,
    as_json: bool,
) -> None:
    """List what is known: names that start with PREFIX, or URNs when it starts with `urn:`."""
    from ..history import query
    from ..history.api import view

    with view(as_of, pipeline) as known:
        found = query.records(known, kind=kind, platform=platform, prefix=prefix or named)
        emit(ctx, (_data(record) for record in islice(found, limit)), lambda: _table(found, limit or _SHOWN))


def _data(record: AnyRecord) -> dict[str, Any]:
    from ..history.portrait import title_of
    from ..model import urns

    value = record.value
    parts = urns.parse(urns.host(record.urn))
    return {
        "urn": record.urn,
        "kind": record.kind,
        "name": title_of(record),
        "subtype": getattr(value, "subtype", None) or "",
        "platform": parts.platform,
        "env": parts.env,
        "fields": len(getattr(value, "fields", ())),
        "owners": [owner.owner for owner in getattr(value, "owners", ())],
        "tags": [link.tag for link in getattr(value, "tags", ())],
        "description": getattr(getattr(value, "description", None), "shown", ""),
    }


def _table(found: Iterator[AnyRecord], limit: int) -> Table:
    from ..model import urns

    rows = []
    for record in islice(found, limit):
        data = _data(record)
        name = visible(urns.name(record.urn))
        rows.append(
            (
                name,
                data["subtype"] or data["kind"],
                data["platform"],
                data["fields"] or "",
                short_list([urns.name(owner) for owner in data["owners"]]),
                short_list([urns.name(tag) for tag in data["tags"]]),
            )
        )
    table = table_of("name", "type", "platform", "fields", "owners", "tags", rows=rows)
    table.columns[3].justify = "right"
    if next(found, None) is not None:
        table.caption = f"The first {limit}; --limit shows more."
        table.caption_justify = "left"
    elif not rows:
        table.caption = "Nothing fits."
        table.caption_justify = "left"
    return table
