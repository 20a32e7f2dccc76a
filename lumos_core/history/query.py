"""Questions to what is known: list, find, count, and what lies up- and downstream."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from ..errors import UsageError
from ..model import urns
from ..model.entities import KINDS, Entity
from ..model.graph import Graph
from ..model.record import AnyRecord, decode, line_kind, line_urn
from ..model.scope import Scope
from .views import View, lines_of_kinds

_ENOUGH_NAMES = 50_000


def records(
    view: View, *, kind: str = "", platform: str = "", prefix: str = "", scope: Scope | None = None
) -> Iterator[AnyRecord]:
    """Return records in order of (kind, URN); without a kind, all but `stats` and `foreign`.

    Args:
        view: What to look at.
        kind: `dataset`, `job`, ...
        platform: Platform of located things.
        prefix: What the name begins with, or the URN when it starts with `urn:`.
        scope: Instead of platform and prefix.

    Raises:
        UsageError: When there is no such kind.
    """
    if kind and kind not in KINDS:
        close = difflib.get_close_matches(kind, KINDS, n=1)
        fix = f"did you mean {close[0]}?" if close else f"one of {', '.join(sorted(KINDS))}"
        raise UsageError(f"there is no kind {kind}", fix=fix)
    by_name = prefix and not prefix.startswith("urn:")
    if scope is None:
        encoded = (urns.encode(prefix),) if by_name else ()
        types = frozenset({kind}) if kind in ("dataset", "domain", "data_product", "user") else frozenset[str]()
        scope = Scope(types=types, platform=platform, prefixes=encoded)
    for line in lines_of_kinds(view, frozenset({kind} if kind else ()), scope):
        if by_name or line_urn(line).startswith(prefix):
            yield decode(line)


def find(view: View, text: str) -> AnyRecord:
    """Find one record by its URN, its name, the end of its name (`orders` for `shop/orders`), or what it is called.

    Where several fit, a dataset goes before everything else.

    Raises:
        UsageError: When nothing fits, with what is close; or when several do, with their URNs.
    """
    if text.startswith("urn:"):
        return _by_urn(view, text)
    urn, names = match(lines_of_kinds(view, frozenset()), text)
    if urn is None:
        raise _nothing(text, names)
    return _by_urn(view, urn)


def match(lines: Iterable[bytes], text: str) -> tuple[str | None, list[str]]:
    """Return the URN of the record that is meant by a name, as `find` chooses it, and the names of the others.

    Args:
        lines: Records; one that comes again counts once.
        text: Its name, the end of its name, or what it is called.

    Raises:
        UsageError: When several fit.
    """
    encoded = urns.encode(text)
    needle = b'"name":' + msgspec.json.encode(text)
    exact: dict[str, None] = {}
    ends: dict[str, None] = {}
    called: dict[str, None] = {}
    names: list[str] = []
    for line in lines:
        urn = line_urn(line)
        name = urns.parse(urn).name
        if name == encoded:
            exact[urn] = None
        elif name.endswith(encoded) and name[: -len(encoded)].endswith(("/", ".", ":")):
            ends[urn] = None
        elif needle in line and decode(line).value.name == text:
            called[urn] = None
        elif len(names) < _ENOUGH_NAMES:
            names.append(urns.decode(name))
    for found in (exact, ends, called):
        fitting = [urn for urn in found if urns.parse(urn).kind == "dataset"] or list(found)
        if len(fitting) == 1:
            return fitting[0], names
        if fitting:
            some = ", ".join(fitting[:5]) + (", ..." if len(fitting) > 5 else "")
            raise UsageError(f"{len(fitting)} things are called {text}", why=some, fix="give the URN")
    return None, names


def _by_urn(view: View, urn: str) -> AnyRecord:
    host, _, fragment = urn.partition("#")
    try:
        kind = urns.parse(host).kind
    except ValueError as error:
        raise UsageError(str(error)) from None
    line = view.get(kind, host)
    if line is None:
        parts = urns.parse(host)
        names = [urns.parse(line_urn(line)).name for line in view.lines(Scope(types=frozenset({parts.type})))]
        raise _nothing(urn, [urns.decode(name) for name in names], urns.decode(parts.name))
    record = decode(line)
    if fragment and not any(field.path == fragment for field in getattr(record.value, "fields", ())):
        paths = [field.path for field in getattr(record.value, "fields", ())]
        raise _nothing(urn, paths, fragment)
    return record


def _nothing(asked: str, names: list[str], name: str = "") -> UsageError:
    name = name or asked
    last = {full.rpartition("/")[2]: full for full in names}
    close = difflib.get_close_matches(name, list(dict.fromkeys([*names, *last])), n=3, cutoff=0.6)
    close = close or [full for full in names if name.lower() in full.lower()][:3]
    fix = f"did you mean {' or '.join(dict.fromkeys(close))}?" if close else "`lumos list` shows everything"
    return UsageError(f"there is no {asked}", fix=fix)


def graph(view: View) -> Graph:
    """Return the lineage of everything in view; memory is that of the edges."""
    found = Graph()
    for line in lines_of_kinds(view, frozenset()):
        found.add_line(line)
    return found


def column_edges(view: View, urn: str) -> Iterator[tuple[str, str]]:
    """Return (from, to) of every field of other records that a record's fields come from or go to.

    Both are whole URNs with `#path`; a `to` without `#` is a whole record.
    """
    needle = urn.encode()
    for line in lines_of_kinds(view, frozenset()):
        if b'"columns":[' not in line or needle not in line:
            continue
        record = decode(line)
        if not isinstance(record.value, Entity) or record.value.lineage is None:
            continue
        for edge in record.value.lineage.columns:
            for source in edge.from_:
                for target in edge.to:
                    pair = _whole(source, record.urn), _whole(target, record.urn)
                    if urn in (urns.host(pair[0]), urns.host(pair[1])):
                        yield pair


def _whole(ref: str, urn: str) -> str:
    return urn + ref if ref.startswith("#") else ref


class Stats(Struct, kw_only=True):
    """How much is known.

    Attributes:
        kinds: Records by kind; without `stats`.
        platforms: Datasets by platform.
        subtypes: Datasets by subtype.
        fields: Fields of all datasets.
        stats: Lines of `stats`.
        edges: Edges of lineage.
        documented, owned, tagged: Datasets with a description, an owner, a tag.
    """

    kinds: dict[str, int] = {}
    platforms: dict[str, int] = {}
    subtypes: dict[str, int] = {}
    fields: int = 0
    stats: int = 0
    edges: int = 0
    documented: int = 0
    owned: int = 0
    tagged: int = 0


class _Glance(Struct):
    """The parts of a dataset that are counted; the rest is not decoded."""

    subtype: str = ""
    description: msgspec.Raw = msgspec.Raw(b"")
    owners: msgspec.Raw = msgspec.Raw(b"")
    tags: msgspec.Raw = msgspec.Raw(b"")
    fields: list[msgspec.Raw] = []


class _GlanceLine(Struct):
    value: _Glance


_glance = msgspec.json.Decoder(_GlanceLine)


def stats(view: View) -> Stats:
    """Count what is in view."""
    kinds: Counter[str] = Counter()
    platforms: Counter[str] = Counter()
    subtypes: Counter[str] = Counter()
    counted = Stats()
    lineage = Graph()
    for line in view.lines():
        kind = line_kind(line)
        if kind == "stats":
            counted.stats += 1
            continue
        kinds[kind] += 1
        lineage.add_line(line)
        if kind == "dataset":
            value = _glance.decode(line).value
            platforms[urns.parse(line_urn(line)).platform] += 1
            subtypes[value.subtype or "dataset"] += 1
            counted.fields += len(value.fields)
            counted.documented += len(value.description) > 0
            counted.owned += len(value.owners) > 0
            counted.tagged += len(value.tags) > 0
    counted.kinds, counted.platforms = dict(sorted(kinds.items())), dict(platforms.most_common())
    counted.subtypes, counted.edges = dict(subtypes.most_common()), len(lineage)
    return counted


def stats_of(view: View, urn: str) -> dict[str, Any]:
    """Return the latest volatile facts about a record, by `type` or `type/id`."""
    found = {}
    for line in view.lines(Scope(urns=frozenset({urn}))):
        if line_kind(line) == "stats":
            record = decode(line)
            found[record.urn.rpartition("#")[2].partition("@")[0]] = record.value
    return found
