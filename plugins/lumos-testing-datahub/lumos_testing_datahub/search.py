"""What the search index answers: which entities fit a query and filters, page by page.

Fields are those that clients filter by; one that is not known here is refused, not silently without hits.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .registry import split
from .store import Held, Store

_NAMES = {
    "dataset": "datasetProperties",
    "container": "containerProperties",
    "chart": "chartInfo",
    "dashboard": "dashboardInfo",
    "dataFlow": "dataFlowInfo",
    "dataJob": "dataJobInfo",
    "dataProduct": "dataProductProperties",
    "domain": "domainProperties",
    "tag": "tagProperties",
    "glossaryTerm": "glossaryTermInfo",
    "glossaryNode": "glossaryNodeInfo",
    "corpuser": "corpUserInfo",
    "corpGroup": "corpGroupInfo",
    "ownershipType": "ownershipTypeInfo",
    "structuredProperty": "propertyDefinition",
}
"""The aspect that holds the name of an entity, which also holds its custom properties."""


class BadQuery(ValueError):
    """A query, filter or scroll id cannot be understood; the message says why."""


class Page(NamedTuple):
    """A page of URNs.

    Attributes:
        urns: In the order of the URNs.
        scroll_id: Asks for the next page; None on the last.
        total: Number of all that fit.
    """

    urns: list[str]
    scroll_id: str | None
    total: int


def scroll(
    store: Store,
    *,
    types: Iterable[str] | None = None,
    query: str = "*",
    filters: Any = None,
    removed: bool = False,
    count: int = 10,
    scroll_id: str | None = None,
    part: tuple[int, int] | None = None,
    descending: bool = False,
) -> Page:
    """Return a page of what fits.

    As the real one, a page that is full has a scroll id, so that the page after the last full one may be empty.

    Args:
        store: What is held.
        types: Entity types; None for all.
        query: `*` or words that must all occur in the URN or the name.
        filters: A list of lists: one of the outer must fit, with all criteria of the inner.
        removed: Include what is soft-deleted.
        count: Size of the page.
        scroll_id: Where to go on.
        part: Number of the slice and number of slices.
        descending: Order of the URNs.

    Raises:
        BadQuery: A field is unknown, or the scroll id is none of ours.
    """
    wanted = None if types is None else frozenset(types)
    words = [] if query in ("*", "") else query.lower().split()
    # Later pages know the total from the first, and stop when they are full.
    after, total = _after(scroll_id) if scroll_id else ("", -1)
    urns: list[str] = []
    found = 0
    for urn, gone in store.listed(after, descending):
        if gone and not removed:
            continue
        held = store.entities.get(urn)  # None: deleted, and the index has not seen it; reading then finds nothing
        if wanted is not None and (held.type if held else split(urn).entity) not in wanted:
            continue
        if part is not None and zlib.crc32(urn.encode()) % part[1] != part[0]:
            continue
        if words and not _contains(words, urn, held):
            continue
        if filters is not None and not fits(urn, held, gone, filters):
            continue
        found += 1
        if len(urns) < count:
            urns.append(urn)
        elif total >= 0:
            break
    total = found if total < 0 else total
    full = len(urns) == count and count > 0
    return Page(urns, _scroll_id(urns[-1], total) if full else None, total)


def _scroll_id(urn: str, total: int) -> str:
    cursor = {"sort": [urn], "pitId": None, "expirationTime": 0, "total": total}
    return base64.b64encode(json.dumps(cursor).encode()).decode()


def _after(scroll_id: str) -> tuple[str, int]:
    try:
        cursor = json.loads(base64.b64decode(scroll_id, validate=True))
        return str(cursor["sort"][0]), int(cursor["total"])
    except (binascii.Error, ValueError, KeyError, TypeError, IndexError):
        raise BadQuery("Failed to parse scroll id") from None


def fits(urn: str, held: Held | None, gone: bool, filters: Any) -> bool:
    """Tell whether an entity fits filters.

    Raises:
        BadQuery: They are malformed, or name a field that is not known here.
    """
    if not isinstance(filters, list):
        raise BadQuery("filters are not a list")
    # All are looked at, so that a mistake shows whatever comes first.
    verdicts = [[_criterion(urn, held, gone, one) for one in inner] for inner in filters]
    return any(map(all, verdicts)) if verdicts else True


def _criterion(urn: str, held: Held | None, gone: bool, criterion: Any) -> bool:
    if not isinstance(criterion, dict) or not isinstance(criterion.get("field"), str):
        raise BadQuery(f"not a criterion: {criterion!r}")
    field = criterion["field"].removesuffix(".keyword")
    read = _FIELDS.get(field)
    if read is None:
        raise BadQuery(f"the field {field} is not known; known are {sorted(_FIELDS)}")
    values = criterion.get("values")
    if values is None:
        values = [criterion["value"]] if "value" in criterion else []
    found = {str(value) for value in read(urn, held, gone)}
    compare = _CONDITIONS.get(criterion.get("condition") or "EQUAL")
    if compare is None:
        raise BadQuery(f"the condition {criterion.get('condition')} is not known; known are {sorted(_CONDITIONS)}")
    return compare(found, [str(value) for value in values]) != bool(criterion.get("negated"))


def _contains(words: list[str], urn: str, held: Held | None) -> bool:
    text = " ".join([urn, *_name(urn, held, False)]).lower()
    return all(word.strip('"*') in text for word in words)


def _of(aspect: str, held: Held | None) -> Mapping[str, Any]:
    return (held.value(aspect) or {}) if held else {}


def _platform(urn: str, held: Held | None, gone: bool) -> list[str]:
    found = _of("dataPlatformInstance", held).get("platform")
    return [found] if found else [part for part in split(urn).parts if part.startswith("urn:li:dataPlatform:")]


def _origin(urn: str, held: Held | None, gone: bool) -> list[str]:
    parts = split(urn)
    if parts.entity in ("dataset", "dataFlow", "mlModel", "mlModelGroup"):
        return [parts.parts[-1]]
    if parts.entity == "dataJob":
        return [split(parts.parts[0]).parts[-1]]
    found = _of(_NAMES.get(parts.entity, ""), held)
    return [found["env"]] if found.get("env") else []


def _name(urn: str, held: Held | None, gone: bool) -> list[str]:
    found = _of(_NAMES.get(held.type, ""), held) if held else {}
    return [found[key] for key in ("name", "title", "displayName", "qualifiedName") if isinstance(found.get(key), str)]


def _properties(urn: str, held: Held | None, gone: bool) -> list[str]:
    found = _of(_NAMES.get(held.type, ""), held) if held else {}
    return [f"{key}={value}" for key, value in found.get("customProperties", {}).items()]


def _members(aspect: str, array: str, key: str = "") -> Callable[[str, Held | None, bool], list[str]]:
    def read(urn: str, held: Held | None, gone: bool) -> list[str]:
        found = _of(aspect, held).get(array) or []
        found = found if isinstance(found, list) else [found]
        return [element[key] for element in found if element.get(key)] if key else found

    return read


def _path(urn: str, held: Held | None, gone: bool) -> Iterator[str]:
    steps = _of("browsePathsV2", held).get("path", [])
    yield from ("␟" + "␟".join(step["id"] for step in steps[:end]) for end in range(1, len(steps) + 1))
    yield from (step["urn"] for step in steps if "urn" in step)


_FIELDS: Mapping[str, Callable[[str, Held | None, bool], Iterable[Any]]] = {
    "urn": lambda urn, held, gone: [urn],
    "_entityType": lambda urn, held, gone: [split(urn).entity],
    "removed": lambda urn, held, gone: ["true" if gone else "false"],
    "platform": _platform,
    "platformInstance": _members("dataPlatformInstance", "instance"),
    "origin": _origin,
    "env": _origin,
    "name": _name,
    "typeNames": _members("subTypes", "typeNames"),
    "tags": _members("globalTags", "tags", "tag"),
    "glossaryTerms": _members("glossaryTerms", "terms", "urn"),
    "owners": _members("ownership", "owners", "owner"),
    "domains": _members("domains", "domains"),
    "container": _members("container", "container"),
    "customProperties": _properties,
    "browsePathV2": _path,
}


def _compare(holds: Callable[[str, str], bool]) -> Callable[[set[str], list[str]], bool]:
    return lambda found, values: any(holds(one, value) for one in found for value in values)


_CONDITIONS: Mapping[str, Callable[[set[str], list[str]], bool]] = {
    "EQUAL": lambda found, values: bool(found & set(values)),
    "IN": lambda found, values: bool(found & set(values)),
    "IEQUAL": _compare(lambda one, value: one.lower() == value.lower()),
    "CONTAIN": _compare(lambda one, value: value.lower() in one.lower()),
    "START_WITH": _compare(str.startswith),
    "END_WITH": _compare(str.endswith),
    "EXISTS": lambda found, values: bool(found),
    "IS_NULL": lambda found, values: not found,
}
