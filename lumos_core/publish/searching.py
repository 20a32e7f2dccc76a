"""`search`: ask a catalog that can, by default the embedded one; for the command line and for Python users."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ..contracts.catalog import Catalog, Hit
from ..errors import UsageError
from ..model import urns

if TYPE_CHECKING:
    from ..config.pipeline import Pipeline
    from ..config.types import ComponentSpec

PathLike = str | os.PathLike[str]
Filters = Mapping[str, Sequence[str]]

_SEARCHED = 1000


class SearchResult(Struct, frozen=True, kw_only=True):
    """What a catalog answered.

    Attributes:
        query: What was asked.
        catalog: The name of the catalog in the pipeline.
        target: Where it is.
        hits: The best first; records, or fields (`URN#path`).
        total: How many records match; at least so many when `more` is True.
        more: True when there are more than were counted.
        facets: Facet -> (value, how many of the records found have it), where the catalog counts them.
        suggestions: Other queries that find something.
        corrected: The query that was answered instead, when nothing matched the one that was asked; else empty.
        empty: True when the catalog says that it holds nothing at all.
    """

    query: str
    catalog: str
    target: str = ""
    hits: tuple[Hit, ...] = ()
    total: int = 0
    more: bool = False
    facets: dict[str, tuple[tuple[str, int], ...]] = {}
    suggestions: tuple[str, ...] = ()
    corrected: str = ""
    empty: bool = False


def search(
    query: str = "",
    *,
    limit: int = 20,
    offset: int = 0,
    filters: Filters | None = None,
    fields: bool | None = None,
    include_removed: bool = False,
    catalog: str = "",
    pipeline: PathLike | Pipeline | None = None,
) -> SearchResult:
    """Search a catalog.

    A catalog that offers `explore(query, limit, offset, filters, include_removed, fields)` gives totals, facets and
    suggestions; of one that only has the contract's `search`, the results are filtered here.

    Args:
        query: Words, in the query language of the catalog; the embedded one takes any text, `"a phrase"`,
            `field:email`, `tag:pii`, `owner:x`, `platform:x`, `kind:x`, `type:x`, `domain:x`, `name:x`, and `-not`.
        limit: At most so many results.
        offset: Results to skip.
        filters: Facet (`kind`, `type`, `platform`, `env`, `tag`, `owner`, `domain`) -> values, one of which must fit.
        fields: True: one result per field that matches; None: as the query says.
        include_removed: Find soft-deleted records too.
        catalog: Name of one of the pipeline's catalogs; by default the first that can search.
        pipeline: A pipeline, its file, or the embedded catalog's database. By default `LUMOS_CONFIG`, else
            `./lumos.yaml`, and where there is no such file, `.lumos/catalog.db`.

    Raises:
        UsageError: When no catalog can search, or there is none of this name.
        CatalogError: When the catalog cannot be read.
        ConfigError: When the pipeline file is not valid.

    Example:
        ```python
        for hit in search("customer email", filters={"tag": ["pii"]}).hits:
            print(hit.name, hit.urn)
        ```
    """
    spec, found = _open(_specs(pipeline), catalog)
    with closing(found):
        if callable(getattr(found, "explore", None)):
            return _explored(found, spec, query, limit, offset, filters or {}, fields, include_removed)
        wanted = [hit for hit in islice(found.search(query, _SEARCHED), _SEARCHED) if _fits(hit, filters or {}, fields)]
    return SearchResult(
        query=query,
        catalog=spec.name,
        target=_target(found),
        hits=tuple(wanted[offset : offset + limit]),
        total=len(wanted),
        more=len(wanted) >= _SEARCHED,
    )


def _explored(
    found: Any,
    spec: ComponentSpec,
    query: str,
    limit: int,
    offset: int,
    filters: Filters,
    fields: bool | None,
    include_removed: bool,
) -> SearchResult:
    page = found.explore(
        query, limit=limit, offset=offset, filters=filters, include_removed=include_removed, fields=fields
    )
    return SearchResult(
        query=query,
        catalog=spec.name,
        target=_target(found),
        hits=tuple(page.hits),
        total=page.total,
        more=page.more,
        facets={facet: tuple((item.value, item.count) for item in items) for facet, items in page.facets.items()},
        suggestions=tuple(page.suggestions),
        corrected=page.corrected,
        empty=page.empty,
    )


def _target(catalog: Any) -> str:
    return str(getattr(catalog, "target", ""))


def _fits(hit: Hit, filters: Filters, fields: bool | None) -> bool:
    if fields and "#" not in hit.urn:
        return False
    have = {("kind", hit.kind.lower()), *((facet, value.lower()) for facet, value in hit.facets)}
    try:
        parsed = urns.parse(hit.urn)
        have |= {("platform", urns.decode(parsed.platform).lower()), ("env", urns.decode(parsed.env).lower())}
    except ValueError:  # a catalog may name things of its own
        pass
    return all(any((facet, value.lower()) in have for value in values) for facet, values in filters.items() if values)


def _specs(pipeline: PathLike | Pipeline | None) -> Sequence[ComponentSpec]:
    from ..config.api import catalogs_of, database_spec, none_to_find
    from ..config.pipeline import Pipeline as PipelineType
    from ..config.types import ComponentSpec

    if isinstance(pipeline, PipelineType):
        return pipeline.catalogs
    if none_to_find(pipeline):
        return [ComponentSpec("catalog", "local")]
    database = database_spec("catalog", "local", pipeline)
    return catalogs_of(pipeline) if database is None else [database]


def _open(specs: Sequence[ComponentSpec], name: str) -> tuple[ComponentSpec, Catalog[Any]]:
    """Build the catalog of this name, or the first that can search."""
    names = [spec.name for spec in specs]
    if name and name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        fix = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(names)}" if names else ""
        raise UsageError(f"the pipeline has no catalog '{name}'", fix=fix)
    for spec in specs:
        if name and spec.name != name:
            continue
        built: Any = spec.build()
        # What runs in a worker has a `search` in any case, and knows whether the catalog there has one.
        searches = built.searches if spec.environment is not None else type(built).search is not Catalog.search
        if searches or callable(getattr(built, "explore", None)):
            return spec, built
        built.close()
    raise UsageError(
        f"the catalog '{name}' cannot search" if name else "no catalog of the pipeline can search",
        fix="add the embedded one to the pipeline: `catalogs: [..., local]`",
    )
