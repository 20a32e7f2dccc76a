"""What arrived: every record of the source held against what the target gives back, aspect by aspect.

A verdict is one of five. `identical`: all that the source says of it is read back equal, and the target's own pages
show it whole. `kept in lumos`: it is read back equal, but the pages do not show all of it: the rest is in the property
`lumos`. Which of the two is measured by `Catalog.native`; of a catalog that does not say it, what it declares counts.
`not expressible`: the target cannot hold or give back a part. `conflict`: the target says something else, and nobody
decided. `failed`: it should be there and is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ..contracts.catalog import Catalog
from ..contracts.component import Support
from ..model.aspects import FIELD_ASPECTS, present
from ..model.entities import FREE_KEYS, Entity, Field
from ..model.record import AnyRecord, canonical, decode, line_key, make_key
from ..model.shapes import Shape, shapes
from ..running.context import contained
from .own_ids import without_ids
from .planning import Met, empty, is_removed, stats_type
from .reconcile import contains

Outcome = Literal["identical", "kept in lumos", "not expressible", "conflict", "failed"]
WORDS: tuple[Outcome, ...] = ("identical", "kept in lumos", "not expressible", "conflict", "failed")
"""The verdicts, from best to worst."""

_FREE = tuple(sorted(FREE_KEYS - {"captured"}))
_FIELD_KEYS = tuple(sorted(aspect.removeprefix("fields.") for aspect in FIELD_ASPECTS))


class AspectVerdict(Struct, frozen=True):
    """What became of one aspect of a record.

    Attributes:
        aspect: Its name.
        verdict: One of the five.
        reason: Why it is not identical.
    """

    aspect: str
    verdict: Outcome
    reason: str = ""


class Proven(Struct, frozen=True, omit_defaults=True):
    """What became of one record.

    Attributes:
        kind: Kind of the record.
        urn: The record, as the target calls it.
        verdict: The worst of its aspects.
        reason: Why, where it is one reason for all of it.
        aspects: Those that are not identical.
        former: What the source calls it, where that is something else.
    """

    kind: str
    urn: str
    verdict: Outcome
    reason: str = ""
    aspects: tuple[AspectVerdict, ...] = ()
    former: str = ""


class Tally:
    """Counts of verdicts: of records by kind, and of aspects.

    Attributes:
        records: Verdict -> records.
        kinds: Kind -> verdict -> records.
        aspects: Aspect -> verdict -> records that have it.
        losses: (aspect, verdict, reason) -> records.
    """

    def __init__(self) -> None:
        self.records: Counter[str] = Counter()
        self.kinds: dict[str, Counter[str]] = {}
        self.aspects: dict[str, Counter[str]] = {}
        self.losses: Counter[tuple[str, str, str]] = Counter()

    def add(self, proven: Proven, seen: Iterable[str]) -> None:
        """Count a record and the aspects that it has."""
        self.records[proven.verdict] += 1
        self.kinds.setdefault(proven.kind, Counter())[proven.verdict] += 1
        told = {aspect.aspect: aspect for aspect in proven.aspects}
        for name in seen:
            found = told.get(name)
            word = found.verdict if found is not None else "identical" if not proven.reason else proven.verdict
            self.aspects.setdefault(name, Counter())[word] += 1
        for found in proven.aspects:
            if found.verdict != "identical":
                self.losses[found.aspect, found.verdict, found.reason] += 1
        if proven.reason and proven.verdict != "identical":
            self.losses["record", proven.verdict, proven.reason] += 1


class Judge:
    """Judges records one by one.

    Args:
        name: Of the target, for the reasons.
        catalog: The target; only what it declares is looked at.
        failed: Key -> why a record was not written.
        conflicts: Every conflict.
        own: Systems whose ids are not owed: each is a fact about one catalog's copy.
    """

    def __init__(
        self,
        name: str,
        catalog: Catalog[Any],
        failed: Mapping[bytes, str],
        conflicts: Iterable[Met] = (),
        *,
        own: Collection[str] = (),
    ) -> None:
        self._own = own
        self._name, self._capabilities, self._failed = name, catalog.capabilities, failed
        self._stats, self._foreign = frozenset(catalog.stats), bool(catalog.foreign)
        shows = getattr(catalog, "shows", type(catalog).native is not Catalog.native)
        self._native = catalog.native if shows else None
        self._conflicts: dict[bytes, list[Met]] = {}
        for met in conflicts:
            self._conflicts.setdefault(make_key(met.kind, met.urn), []).append(met)

    def judge(self, ours: AnyRecord, after: AnyRecord | None) -> tuple[Proven, list[str]]:
        """Return what became of a record, and the aspects that it has."""
        ours = without_ids(ours, self._own)
        seen = aspects_of(ours)
        if not isinstance(ours.value, Entity):
            return self._opaque(ours, after), seen
        key = make_key(ours.kind, ours.urn)
        met = self._conflicts.get(key, [])
        whole = next((one for one in met if one.key in ("", "lifecycle.removed")), None)
        if whole is not None:
            return Proven(ours.kind, ours.urn, "conflict", whole.reason), seen
        if after is None:
            if is_removed(ours.value):
                why = f"it is soft-deleted in the source, and {self._name} does not show what is soft-deleted"
                return Proven(ours.kind, ours.urn, "not expressible", self._failed.get(key, why)), seen
            why = self._failed.get(key, f"{self._name} does not give it back")
            return Proven(ours.kind, ours.urn, "failed", why), seen
        if type(after.value) is not type(ours.value):
            why = f"{self._name} gives it back as a thing of another kind"
            return Proven(ours.kind, ours.urn, "failed", why), seen
        if is_removed(ours.value) and is_removed(after.value) and key not in self._failed:
            return Proven(ours.kind, ours.urn, "identical", "it is soft-deleted on both sides"), seen
        return self._entity(ours, after, met, self._failed.get(key, ""), seen), seen

    def _opaque(self, ours: AnyRecord, after: AnyRecord | None) -> Proven:
        key = make_key(ours.kind, ours.urn)
        if after is not None and after.value == ours.value:
            return Proven(ours.kind, ours.urn, "identical")
        if ours.kind == "foreign" and not self._foreign:
            return Proven(ours.kind, ours.urn, "not expressible", f"{self._name} keeps nothing of other catalogs")
        if ours.kind == "stats" and stats_type(ours.urn) not in self._stats:
            return Proven(ours.kind, ours.urn, "not expressible", f"{self._name} takes no {stats_type(ours.urn)} facts")
        if key in self._conflicts:
            return Proven(ours.kind, ours.urn, "conflict", self._conflicts[key][0].reason)
        absent = f"{self._name} does not give it back" if after is None else "it is read back otherwise"
        return Proven(ours.kind, ours.urn, "failed", self._failed.get(key, absent))

    def _entity(self, ours: AnyRecord, after: AnyRecord, met: list[Met], failed: str, seen: list[str]) -> Proven:
        told, shown = list[AspectVerdict](), self._shown(after)
        for aspect in seen:
            there = arrived(aspect, ours.value, after.value)
            found = self._aspect(aspect, there, met, failed, self._hidden(aspect, ours.value, shown))
            if found is not None:
                told.append(found)
        worst = max((WORDS.index(found.verdict) for found in told), default=0)
        return Proven(ours.kind, ours.urn, WORDS[worst], aspects=tuple(told))

    def _shown(self, record: AnyRecord) -> Any:
        """What the target's own pages say of a record; None when nobody can tell."""
        if self._native is None:
            return None
        # A defect there costs the measure, not the migration: then what the catalog declares counts.
        with suppress(Exception), contained():
            return self._native(decode(canonical(record))).value
        return None

    def _hidden(self, aspect: str, ours: Entity, shown: Any) -> str:
        """Say what the pages do not show of an aspect; empty when they show all of it."""
        kept = self._capabilities.get(aspect, Support()).kept
        if shown is None:
            return kept
        if hasattr(shown, aspect.partition(".")[0]) and arrived(aspect, ours, shown):
            return ""
        return kept or f"the pages of {self._name} do not show all of it"

    def _aspect(self, aspect: str, there: bool, met: list[Met], failed: str, hidden: str) -> AspectVerdict | None:
        support = self._capabilities.get(aspect, Support())
        if there:
            return AspectVerdict(aspect, "kept in lumos", hidden) if hidden else None
        found = next((one for one in met if _about(one.key, aspect)), None)
        if aspect in FREE_KEYS:
            if found is not None:
                return AspectVerdict(aspect, "conflict", found.reason)
            if failed:
                return AspectVerdict(aspect, "failed", failed)
            return AspectVerdict(aspect, "not expressible", f"{self._name} has its own `{aspect}`")
        if not support.write:
            return AspectVerdict(aspect, "not expressible", support.note or f"{self._name} cannot hold `{aspect}`")
        if found is not None:
            return AspectVerdict(aspect, "conflict", found.reason)
        if failed:
            return AspectVerdict(aspect, "failed", failed)
        if not support.read:
            return AspectVerdict(aspect, "not expressible", f"written, but {self._name} does not give it back")
        if not support.lossless:
            why = support.limit or support.note or f"{self._name} holds only a part of it"
            return AspectVerdict(aspect, "not expressible", why)
        return AspectVerdict(aspect, "failed", f"{self._name} gives it back otherwise, or somebody edited it meanwhile")

    def foresee(self, ours: AnyRecord) -> tuple[Proven, list[str]]:
        """Say what would become of a record by what the target declares, before anything is written."""
        ours = without_ids(ours, self._own)
        seen = aspects_of(ours)
        if not isinstance(ours.value, Entity):
            fits = self._foreign if ours.kind == "foreign" else stats_type(ours.urn) in self._stats
            if fits:
                return Proven(ours.kind, ours.urn, "identical"), seen
            return self._opaque(ours, None), seen
        met = self._conflicts.get(make_key(ours.kind, ours.urn), [])
        whole = next((one for one in met if one.key in ("", "lifecycle.removed")), None)
        if whole is not None:
            return Proven(ours.kind, ours.urn, "conflict", whole.reason), seen
        told, shown = [], self._shown(ours)
        for aspect in seen:
            support = self._capabilities.get(aspect, Support())
            clash = any(_about(one.key, aspect) for one in met)
            there = aspect in FREE_KEYS or (support.write and support.read)
            found = self._aspect(aspect, there and not clash, met, "", self._hidden(aspect, ours.value, shown))
            if found is not None:
                told.append(found)
        worst = max((WORDS.index(found.verdict) for found in told), default=0)
        return Proven(ours.kind, ours.urn, WORDS[worst], aspects=tuple(told)), seen


def aspects_of(record: AnyRecord) -> list[str]:
    """Return the aspects that a record has, the keys included that are none of their own."""
    value = record.value
    if not isinstance(value, Entity):
        return ["foreign" if record.kind == "foreign" else f"stats.{stats_type(record.urn)}"]
    return sorted({*present(value), *(key for key in _FREE if not empty(getattr(value, key)))})


def arrived(aspect: str, ours: Entity, after: Entity) -> bool:
    """Tell whether all that one record says in an aspect is said by the other."""
    key, _, part = aspect.partition(".")
    one, other = getattr(ours, key), getattr(after, key)
    if one == other:
        return True
    if aspect == "fields":
        return contains(_shape(type(ours), key), list(map(_bare, other)), list(map(_bare, one)))
    if key == "fields":
        there = {(field.part, field.path): getattr(field, part) for field in other}
        shape = _shape(Field, part)
        pairs = ((there.get((field.part, field.path)), getattr(field, part)) for field in one)
        return all(contains(shape, whole, mine) for whole, mine in pairs)
    if key == "lineage":
        names = ("columns",) if part else ("upstreams", "downstreams", "extra")
        if other is None:
            return all(empty(getattr(one, name)) for name in names)
        return all(contains(_shape(type(one), name), getattr(other, name), getattr(one, name)) for name in names)
    return contains(_shape(type(ours), key), other, one)


def _shape(struct: type[Struct], key: str) -> Shape:
    return _shapes(struct)[key]


@cache
def _shapes(struct: Any) -> dict[str, Shape]:
    return dict(shapes(struct))


def _bare(field: Field) -> Field:
    """A field without what is an aspect of its own."""
    bare: dict[str, Any] = {key: [] if isinstance(getattr(field, key), list) else None for key in _FIELD_KEYS}
    return msgspec.structs.replace(field, **bare)


def _about(key: str, aspect: str) -> bool:
    """Tell whether the key path of a conflict lies in an aspect: `fields[id].tags[x]` lies in `fields.tags`."""
    head, _, rest = key.partition("[")
    if head == "fields":
        own = _after_path(rest).partition(".")[0].partition("[")[0]
        return aspect == (f"fields.{own}" if f"fields.{own}" in FIELD_ASPECTS else "fields")
    if head.startswith("lineage"):
        return aspect == ("lineage.columns" if head == "lineage.columns" else "lineage")
    return head.partition(".")[0] == aspect


def _after_path(rest: str) -> str:
    """What stands behind the path of a field: `id].tags[x]` -> `tags[x]`; paths may hold brackets of their own."""
    for own in _ALL_FIELD_KEYS:
        at = rest.find(f"].{own}")
        if at >= 0:
            return rest[at + 2 :]
    return ""


_ALL_FIELD_KEYS = tuple(sorted(Field.__struct_fields__, key=len, reverse=True))


def paired(left: Iterable[bytes], right: Iterable[bytes]) -> Iterator[tuple[bytes, bytes | None]]:
    """Return every line of the left with that of the right that has its key."""
    others = iter(right)
    other = next(others, None)
    for line in left:
        key = line_key(line)
        while other is not None and line_key(other) < key:
            other = next(others, None)
        yield line, other if other is not None and line_key(other) == key else None


def read_record(line: bytes | None) -> AnyRecord | None:
    """Decode a line that may be none."""
    return None if line is None else decode(line)
