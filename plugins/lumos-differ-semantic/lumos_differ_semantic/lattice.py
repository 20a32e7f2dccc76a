"""What a change of type means for old data and for old readers: the table applied, also inside nested types.

`classify` looks a pair of types up in `lattice_rows` and goes covariantly into lists, maps, structs and
unions; the verdict on a nested type is the worst of its parts, for each reader by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from lumos_core.plugin_api import paths, types

from . import lattice_rows as rows
from .lattice_rows import CLASSES, SEVERITIES, Row, Severity, ValueClass

__all__ = [
    "CLASSES",
    "SAME",
    "SEVERITIES",
    "Severity",
    "ValueClass",
    "Verdict",
    "classify",
    "classify_nullable",
    "worst",
]

_CLASS_RANK = {name: rank for rank, name in enumerate(CLASSES)}
_RANK = {name: rank for rank, name in enumerate(SEVERITIES)}
_CACHED_LENGTH = 256
_ROWS: dict[tuple[str, str], tuple[Row, ...]] = {
    (row.old, row.new): tuple(r for r in rows.ROWS if (r.old, r.new) == (row.old, row.new)) for row in rows.ROWS
}


class Verdict(NamedTuple):
    """What the change from one type to another means.

    Attributes:
        cls: what happens to the values; `same` if nothing does.
        history: for new readers of old data.
        consumer_sql: for old queries, which convert as they run.
        consumer_codegen: for old clients, whose types are fixed when they are built.
        rule_id: the rule that names the worst part of the change; empty if there is none.
        note: why, in words.
        path: where inside the type that part stands (`[]`, `{value}.a`), empty for the type itself.
    """

    cls: ValueClass
    history: Severity
    consumer_sql: Severity
    consumer_codegen: Severity
    rule_id: str
    note: str
    path: str = ""


SAME = Verdict("same", "ok", "ok", "ok", "", "")


def classify(
    old_text: str,
    new_text: str,
    *,
    old_native: str = "",
    new_native: str = "",
    lenient_strings: bool = False,
) -> Verdict:
    """Judge the change of a field's type.

    Args:
        old_text: canonical text of the old type; text that is none is treated as opaque.
        new_text: canonical text of the new type.
        old_native: what the source called the old type, if known.
        new_native: what the source calls the new type, if known.
        lenient_strings: take any leaf for text without a break for history and queries (policy `lenient`).
    """
    if len(old_text) + len(new_text) <= _CACHED_LENGTH:
        verdict = _classify_cached(old_text, new_text, lenient_strings)
    else:
        verdict = _classify(old_text, new_text, lenient_strings)
    if verdict.cls == "same":
        return _verdict(rows.RELABELLED) if old_native != new_native and old_native and new_native else verdict
    if old_native and old_native == new_native:
        if new_text.startswith("opaque"):
            return _verdict(rows.UNREADABLE)
        if old_text.startswith("opaque"):
            return _verdict(rows.RELABELLED)
    return verdict


def classify_nullable(old: bool | None, new: bool | None) -> Verdict:
    """Judge a change of nullability; None means that nobody knows, from which nothing follows."""
    if old is None or new is None or old == new:
        return SAME
    return _verdict(rows.RELAXED if new else rows.TIGHTENED)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst for each reader; rule, note and path are those of the first part that weighs most."""
    parts = [verdict for verdict in verdicts if verdict.rule_id] or [SAME]
    heaviest = max(parts, key=_weight)
    return heaviest._replace(
        cls=max((p.cls for p in parts), key=_CLASS_RANK.__getitem__),
        history=max((p.history for p in parts), key=_RANK.__getitem__),
        consumer_sql=max((p.consumer_sql for p in parts), key=_RANK.__getitem__),
        consumer_codegen=max((p.consumer_codegen for p in parts), key=_RANK.__getitem__),
    )


def _weight(v: Verdict) -> tuple[int, int, int, int]:
    history, sql, codegen = _RANK[v.history], _RANK[v.consumer_sql], _RANK[v.consumer_codegen]
    return max(history, sql), history + sql, codegen, _CLASS_RANK[v.cls]


def _verdict(row: Row) -> Verdict:
    return Verdict(row.cls, row.history, row.sql, row.codegen, row.rule, row.note)


def _at(segment: paths.Segment, verdict: Verdict) -> Verdict:
    if not verdict.rule_id:
        return verdict
    return verdict._replace(path=paths.join((segment, *paths.split(verdict.path))))


def _classify(old_text: str, new_text: str, lenient: bool) -> Verdict:
    if old_text == new_text:
        return SAME
    (old, old_null), (new, new_null) = _read(old_text), _read(new_text)
    return worst([_Comparison(lenient).of(old, new), classify_nullable(old_null, new_null)])


_classify_cached = lru_cache(maxsize=8192)(_classify)


def _read(text: str) -> tuple[types.Type, bool]:
    try:
        return types.parse_nullable(text)
    except types.TypeTextError:
        return types.Opaque(text), False


class _Comparison:
    """One comparison of two trees. Pairs seen before are remembered: branches of unions meet all others."""

    def __init__(self, lenient: bool) -> None:
        self._lenient = lenient
        self._seen: dict[tuple[types.Type, types.Type], Verdict] = {}

    def of(self, old: types.Type, new: types.Type) -> Verdict:
        if old == new:
            return SAME
        verdict = self._seen.get((old, new))
        if verdict is None:
            verdict = self._seen[old, new] = self._judge(old, new)
        return verdict

    def _judge(self, old: types.Type, new: types.Type) -> Verdict:
        if isinstance(old, types.Unknown):
            return _verdict(rows.FROM_UNKNOWN)
        if isinstance(new, types.Opaque):
            return _verdict(rows.DISJOINT if isinstance(old, types.Opaque) else rows.TO_OPAQUE)
        if isinstance(old, types.Union) or isinstance(new, types.Union):
            return self._unions(old, new)
        if isinstance(old, types.List) and isinstance(new, types.List):
            element = self._slot(paths.ELEMENT, old.element, old.nullable, new.element, new.nullable)
            return worst([element, *_matching(old, new)])
        if isinstance(old, types.Map) and isinstance(new, types.Map):
            return self._maps(old, new)
        if isinstance(old, types.Struct) and isinstance(new, types.Struct):
            return self._structs(old, new)
        if self._one_of_many(old, new):
            return _verdict(rows.CARDINALITY)
        verdict = worst(_matching(old, new) or [_verdict(rows.DISJOINT)])
        into_text = isinstance(new, types.String) and not isinstance(old, types.String) and types.is_leaf(old)
        return _milder(verdict) if into_text and self._lenient else verdict

    def _slot(
        self, segment: paths.Segment, old: types.Type, old_null: bool, new: types.Type, new_null: bool
    ) -> Verdict:
        """A place inside a type: its type and whether its value may be null."""
        nullability = classify_nullable(old_null, new_null)
        if new_null and isinstance(old, types.Unknown):
            nullability = SAME  # whatever stood there was null already
        if nullability.rule_id and segment.kind != "name":
            nullability = nullability._replace(rule_id="element-nullability-changed")
        return _at(segment, worst([self.of(old, new), nullability]))

    def _one_of_many(self, old: types.Type, new: types.Type) -> bool:
        """Whether one side is a list of what the other side is, or of what became of it."""
        if isinstance(old, types.List):
            return self.of(old.element, new).cls != "disjoint"
        return isinstance(new, types.List) and self.of(old, new.element).cls != "disjoint"

    def _maps(self, old: types.Map, new: types.Map) -> Verdict:
        parts = [self._slot(paths.MAP_VALUE, old.value, old.nullable, new.value, new.nullable)]
        if old.key != new.key:
            key = worst([_verdict(rows.KEY_CHANGED), self.of(old.key, new.key)])
            parts.append(_at(paths.MAP_KEY, key._replace(rule_id="map-key-type-changed")))
        return worst(parts)

    def _structs(self, old: types.Struct, new: types.Struct) -> Verdict:
        if old.members is None or new.members is None:
            return _verdict(rows.MEMBERS_ELSEWHERE)
        before, after = _by_name(old.members), _by_name(new.members)
        parts = []
        for key, member in before.items():
            segment = paths.Segment("name", member.name)
            if key in after:
                now = after[key]
                parts.append(self._slot(segment, member.type, member.nullable, now.type, now.nullable))
            else:
                parts.append(_at(segment, _verdict(rows.MEMBER_REMOVED)))
        for key, member in after.items():
            if key not in before:
                row = rows.MEMBER_ADDED if member.nullable else rows.MEMBER_REQUIRED
                parts.append(_at(paths.Segment("name", member.name), _verdict(row)))
        if [key for key in before if key in after] != [key for key in after if key in before]:
            parts.append(_verdict(rows.MEMBERS_MOVED))
        return worst(parts)

    def _unions(self, old: types.Type, new: types.Type) -> Verdict:
        """Send each old branch to the new branch that takes it best, for the reader in question.

        History asks where each old value can go, a consumer where each new value may have come from. A type
        that is no union is compared as a union of itself alone.
        """
        before, after = _branches(old), _branches(new)
        grid = [[self._branch(one, other) for other in after] for one in before]
        if not any(v for line in grid for v in line):
            return _verdict(rows.DISJOINT)
        parts = [] if isinstance(old, types.Union) else [_verdict(rows.BRANCH_ADDED)]
        if not isinstance(new, types.Union):
            parts.append(_verdict(rows.BRANCH_REMOVED))
        for branch, line in zip(before, grid, strict=True):
            places = [v for v in line if v]
            part = _verdict(rows.BRANCH_REMOVED)
            if places:
                part = min(places, key=lambda v: (_RANK[v.history], _CLASS_RANK[v.cls]))
                cls = min((v.cls for v in places), key=_CLASS_RANK.__getitem__)
                part = part._replace(cls=cls, consumer_sql="ok", consumer_codegen="ok")
            parts.append(_at_branch(old, branch, part))
        for branch, column in zip(after, zip(*grid, strict=True), strict=True):
            origins = [v for v in column if v]
            part = _verdict(rows.BRANCH_ADDED)
            if origins:
                part = min(origins, key=lambda v: (_RANK[v.consumer_codegen], _CLASS_RANK[v.cls]))
                sql = min((v.consumer_sql for v in origins), key=_RANK.__getitem__)
                # What becomes of the values was judged above; here a new branch is at most one more.
                cls = min((part.cls, rows.BRANCH_ADDED.cls), key=_CLASS_RANK.__getitem__)
                part = part._replace(cls=cls, history="ok", consumer_sql=sql)
            parts.append(_at_branch(new, branch, part))
        return worst([*parts, _verdict(rows.RELABELLED)])

    def _branch(self, old: types.Branch, new: types.Branch) -> Verdict | None:
        """The verdict on two branches, None if they have nothing to do with each other."""
        if old.name and old.name == new.name:
            return self.of(old.type, new.type)
        verdict = self.of(old.type, new.type)
        return None if verdict.cls == "disjoint" or (old.name and new.name) else verdict


def _matching(old: types.Type, new: types.Type) -> list[Verdict]:
    """The rows that name the change: all facets, and the first other row."""
    found = []
    for row in _ROWS.get((old.kind, new.kind), ()):
        if row.when(old, new):
            found.append(_verdict(row))
            if not row.facet:
                break
    return found


def _milder(verdict: Verdict) -> Verdict:
    """A change into text under lenient strings: nothing worse than risky, but for typed clients."""
    lenient = rows.LENIENT_STRING
    if verdict.cls == "disjoint":
        return _verdict(lenient)
    return verdict._replace(
        history=min(verdict.history, lenient.history, key=_RANK.__getitem__),
        consumer_sql=min(verdict.consumer_sql, lenient.sql, key=_RANK.__getitem__),
    )


def _branches(type: types.Type) -> tuple[types.Branch, ...]:
    return type.branches if isinstance(type, types.Union) else (types.Branch(type),)


def _at_branch(holder: types.Type, branch: types.Branch, verdict: Verdict) -> Verdict:
    if not isinstance(holder, types.Union):
        return verdict
    return _at(paths.Segment("branch", types.branch_name(branch)), verdict)


def _by_name(members: Iterable[types.Member]) -> dict[tuple[str, int], types.Member]:
    """Members by name; a name that occurs again is told apart by how often it did before."""
    count: Counter[str] = Counter()
    found = {}
    for member in members:
        found[member.name, count[member.name]] = member
        count[member.name] += 1
    return found
