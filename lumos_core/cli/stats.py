"""`lumos stats`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .output import emit, json_option, table_of
from .reading import as_of_option, pipeline_option

if TYPE_CHECKING:
    from rich.table import Table

    from ..history.query import Stats


@click.command("stats")
@as_of_option
@pipeline_option
@json_option
@click.pass_context
def command(ctx: click.Context, as_of: str, pipeline: str | None, as_json: bool) -> None:
    """Count what is known: records by kind, datasets by platform, how much is documented, owned and tagged."""
    from ..history import query
    from ..history.api import view

    with view(as_of, pipeline) as known:
        counted = query.stats(known)
        emit(ctx, counted, lambda: _table(counted, known.label))


def _table(counted: Stats, label: str) -> Table:
    datasets = counted.kinds.get("dataset", 0)

    def share(part: int) -> str:
        return f"{part:,} ({part / datasets:.0%})" if datasets else "0"

    rows: list[tuple[str, str]] = [(f"{kind} records", f"{count:,}") for kind, count in counted.kinds.items()]
    rows += [(f"datasets of {platform}", f"{count:,}") for platform, count in counted.platforms.items()]
    rows += [
        ("fields", f"{counted.fields:,}"),
        ("lineage edges", f"{counted.edges:,}"),
        ("stats records", f"{counted.stats:,}"),
        ("documented datasets", share(counted.documented)),
        ("owned datasets", share(counted.owned)),
        ("tagged datasets", share(counted.tagged)),
    ]
    table = table_of("what", "how many", title=label, rows=rows)
    table.columns[1].justify = "right"
    return table
