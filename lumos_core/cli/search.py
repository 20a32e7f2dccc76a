"""`lumos search`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .output import emit, json_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..contracts.catalog import Hit
    from ..publish.searching import SearchResult

F = TypeVar("F", bound=Callable[..., Any])

_NOT = "\0"
"""Stands before a term that begins with a dash, so that it is not taken for an option; no shell can pass it."""

_NARROW = ("kind", "type", "platform", "tag", "owner", "domain")
_SHOWN_VALUES = 5


class _Search(click.Command):
    """Lets `-tag:gold` mean "not tagged gold"; options of several letters have two dashes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Protect negative terms."""
        dashed = [_NOT + arg if arg[:1] == "-" and arg[1:2] not in ("", "-") and len(arg) > 2 else arg for arg in args]
        return super().parse_args(ctx, dashed)


def _facet_option(name: str, help: str) -> Callable[[F], F]:
    return click.option(f"--{name}", name, multiple=True, metavar=name.upper(), help=help)


@click.command("search", cls=_Search)
@click.argument("query", nargs=-1)
@_facet_option("kind", "Only this kind: dataset, job, tag, ... May be repeated, as all filters.")
@_facet_option("type", "Only this type: table, view, file_set, ...")
@_facet_option("platform", "Only things of this platform.")
@_facet_option("tag", "Only what has this tag, itself or on a field.")
@_facet_option("owner", "Only what this user or group owns.")
@_facet_option("domain", "Only this domain.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Results to skip.")
@click.option("--fields", is_flag=True, help="Show fields instead of records.")
@click.option("--removed", is_flag=True, help="Find soft-deleted records too.")
@click.option("--catalog", default="", metavar="NAME", help="Which catalog to ask; the first that can by default.")
@click.option(
    "--pipeline",
    type=click.Path(),
    metavar="FILE",
    help="Whose catalog to ask: a pipeline, or a local catalog's database; LUMOS_CONFIG, ./lumos.yaml or "
    ".lumos/catalog.db by default.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    query: tuple[str, ...],
    limit: int,
    offset: int,
    fields: bool,
    removed: bool,
    catalog: str,
    pipeline: str | None,
    as_json: bool,
    **filters: tuple[str, ...],
) -> None:
    """Search the catalog for QUERY.

    Words are looked for in names, fields, tags, owners and descriptions; typing errors are forgiven. In the embedded
    catalog also: "a phrase", field:email, tag:pii, owner:x, platform:x, kind:x, type:x, domain:x, name:x, and -tag:x
    for what must not be there.
    """
    from ..publish.searching import search

    result = search(
        " ".join(part.replace(_NOT, "") for part in query),
        limit=limit,
        offset=offset,
        filters={facet: values for facet, values in filters.items() if values},
        fields=True if fields else None,
        include_removed=removed,
        catalog=catalog,
        pipeline=pipeline,
    )
    emit(ctx, _data(result) if as_json else None, lambda: _page(result, offset))


def _data(result: SearchResult) -> dict[str, Any]:
    return {
        "query": result.query,
        "catalog": result.catalog,
        "target": result.target,
        "total": result.total,
        "more": result.more,
        "corrected": result.corrected,
        "hits": [_hit(hit) for hit in result.hits],
        "facets": {
            facet: [{"value": value, "count": count} for value, count in counts]
            for facet, counts in result.facets.items()
        },
        "suggestions": list(result.suggestions),
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "urn": hit.urn,
        "name": hit.name,
        "kind": hit.kind,
        "score": hit.score,
        "snippet": hit.snippet,
        "facets": [list(pair) for pair in hit.facets],
        "fields": list(getattr(hit, "fields", ())),
        "removed": bool(getattr(hit, "removed", False)),
    }


def _page(result: SearchResult, offset: int) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from .output import table_of

    if not result.hits:
        return _nothing(result)
    parts: list[RenderableType] = []
    if result.corrected:
        parts.append(Text.assemble(f"Nothing matches {result.query}; showing ", (result.corrected, "bold"), "\n"))
    rows = [(_name(hit), _first(hit, "type") or hit.kind, _first(hit, "platform"), _where(hit)) for hit in result.hits]
    parts.append(table_of("name", "type", "platform", "where", rows=rows))
    parts.append(Text(f"\n{_count(result, offset)}", style="dim"))
    if result.total > len(result.hits):
        parts += [Text(line, style="dim") for line in _narrowing(result)]
    if result.suggestions and not result.corrected:
        parts.append(Text(f"Also: {', '.join(result.suggestions)}", style="dim"))
    return Group(*parts)


def _nothing(result: SearchResult) -> RenderableType:
    from rich.text import Text

    if result.empty:
        return Text(f"The catalog {result.catalog} is empty; `lumos run` fills it.")
    if result.total:
        return Text(f"There are no more: {_count(result, 0)}")
    text = Text(f"Nothing matches {result.query}." if result.query else "Nothing matches.")
    if result.suggestions:
        text.append("\nDid you mean: ")
        text.append(" · ".join(result.suggestions), style="bold")
    else:
        text.append("\nTry fewer words or fewer filters; `lumos list` shows everything that is known.", style="dim")
    return text


def _name(hit: Hit) -> Any:
    from rich.text import Text

    from ..texts import visible

    text = Text(visible(hit.name))
    if getattr(hit, "removed", False):
        text.append(" (removed)", style="red")
    return text


def _first(hit: Hit, facet: str) -> str:
    return next((value for name, value in hit.facets if name == facet), "")


def _where(hit: Hit) -> str:
    from ..model import urns

    paths = [urns.parse(field).fragment for field in getattr(hit, "fields", ())]
    if len(paths) < 2:
        return hit.snippet or hit.urn
    told = f"fields {', '.join(paths)}"
    return f"{told}: {hit.snippet}" if hit.snippet and not hit.snippet.startswith(paths[0]) else told


def _count(result: SearchResult, offset: int) -> str:
    number = f"more than {result.total:,}" if result.more else f"{result.total:,}"
    noun = "record matches" if number == "1" else "records match"
    shown = offset + len(result.hits)
    return f"{number} {noun}" + (f"; up to {shown:,} shown, --offset {shown} goes on" if result.total > shown else "")


def _narrowing(result: SearchResult) -> list[str]:
    """Return the filters that would tell the results apart."""
    lines = []
    for facet in _NARROW:
        counts = result.facets.get(facet, ())
        if len(counts) > 1:
            values = ", ".join(f"{value} ({count})" for value, count in counts[:_SHOWN_VALUES])
            lines.append(f"--{facet}: {values}")
    return lines
