"""Which field is which: by path, then by what identifies a renamed field.

Tiers, the first that fires wins: the same path; the same stable id; a declared rename or alias; the same name but
for case; a column-lineage edge that hands the value on unchanged. Names that merely resemble each other prove
nothing here. A field whose parent was renamed moves along with it, and only the parent is reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from lumos_core.plugin_api import Field, Lineage, paths

from .case import FieldMatch
from .lattice import classify

if TYPE_CHECKING:
    from .case import Case

Key = tuple[str, str]
"""(part, path)."""


def match_fields(case: Case) -> FieldMatch:
    """Match the fields of a pair."""
    before, after = _by_key(case.old.fields), _by_key(case.new.fields)
    common = [(old, after[key]) for key, old in before.items() if key in after]
    matcher = _Matcher(
        case, {k: f for k, f in before.items() if k not in after}, {k: f for k, f in after.items() if k not in before}
    )
    if matcher.removed and matcher.added:
        matcher.run()
    common.extend(matcher.pairs)
    return FieldMatch(
        common,
        _topmost(matcher.removed, before),
        _topmost(matcher.added, after),
        matcher.renamed,
        matcher.paths,
    )


def _by_key(fields: Iterable[Field]) -> dict[Key, Field]:
    return {(field.part or "", field.path): field for field in fields}


def _topmost(gone: dict[Key, Field], all_fields: dict[Key, Field]) -> list[Field]:
    """Leave out fields whose parent is in the list too: the parent says it for them."""
    return [field for (part, path), field in gone.items() if not _inside(part, path, gone, all_fields)]


def _inside(part: str, path: str, gone: dict[Key, Field], all_fields: dict[Key, Field]) -> bool:
    segments = paths.split(path)
    for end in range(len(segments) - 1, 0, -1):
        key = (part, paths.join(segments[:end]))
        if key in gone:
            return True
        if key in all_fields:
            return False
    return False


class _Matcher:
    def __init__(self, case: Case, removed: dict[Key, Field], added: dict[Key, Field]) -> None:
        self.case = case
        self.removed, self.added = removed, added
        self.pairs: list[tuple[Field, Field]] = []
        self.renamed: list[tuple[str, Field, Field]] = []
        self.paths: dict[str, str] = {}

    def run(self) -> None:
        self._tier(_by_id(self.removed, self.added), "field-renamed")
        self._tier(_by_declaration(self.case, self.removed, self.added), "field-renamed")
        self._tier(_unique(self.removed, self.added, _folded), "field-name-case-changed")
        self._tier(_by_lineage(self.case, self.removed, self.added), "field-renamed")
        self._tier(_unique(self.removed, self.added, _leaf), "field-moved")

    def _tier(self, found: Iterable[tuple[Key, Key]], rule: str) -> None:
        # Parents first, so that children follow them instead of being renamed one by one.
        for old_key, new_key in sorted(found, key=lambda pair: len(paths.split(pair[0][1]))):
            old, new = self.removed.get(old_key), self.added.get(new_key)
            if old is None or new is None:
                continue
            self._accept(old_key, new_key)
            self.renamed.append((_rule_of(rule, old, new), old, new))
            self._follow(old_key, new_key)

    def _accept(self, old_key: Key, new_key: Key) -> None:
        old, new = self.removed.pop(old_key), self.added.pop(new_key)
        self.pairs.append((old, new))
        self.paths[old.path] = new.path

    def _follow(self, old_parent: Key, new_parent: Key) -> None:
        start, target = old_parent[1], new_parent[1]
        for part, path in list(self.removed):
            if (
                part == old_parent[0]
                and len(path) > len(start)
                and path.startswith(start)
                and path[len(start)] in ".[{<"
            ):
                new_key = (new_parent[0], target + path[len(start) :])
                if new_key in self.added:
                    self._accept((part, path), new_key)


def _rule_of(rule: str, old: Field, new: Field) -> str:
    if rule == "field-renamed" and old.path.casefold() == new.path.casefold():
        return "field-name-case-changed"
    if rule == "field-renamed" and paths.leaf(old.path) == paths.leaf(new.path):
        return "field-moved"
    return rule


def _unique(
    removed: dict[Key, Field], added: dict[Key, Field], sign: Callable[[Field], object]
) -> list[tuple[Key, Key]]:
    """Pair what carries the same sign, where exactly one on each side does."""
    old_signs, new_signs = _signs(removed, sign), _signs(added, sign)
    return [(key, new_signs[mark]) for mark, key in old_signs.items() if mark in new_signs]


def _signs(fields: dict[Key, Field], sign: Callable[[Field], object]) -> dict[object, Key]:
    marks = {key: sign(field) for key, field in fields.items()}
    count = Counter(marks.values())
    return {mark: key for key, mark in marks.items() if mark is not None and count[mark] == 1}


def _folded(field: Field) -> object:
    return field.part, field.path.casefold()


def _leaf(field: Field) -> object:
    segment = paths.split(field.path)[-1:]
    if not segment or segment[0].kind != "name":
        return None
    return field.part, segment[0].name, field.type


def _by_id(removed: dict[Key, Field], added: dict[Key, Field]) -> list[tuple[Key, Key]]:
    found = _unique(removed, added, lambda field: field.id)
    return [(old, new) for old, new in found if not reused(removed[old], added[new])]


def reused(old: Field, new: Field) -> bool:
    """Tell an id that was given to another field from a rename: no value of the one type fits the other."""
    return "disjoint" == classify(old.type, new.type).cls == classify(new.type, old.type).cls


def _by_declaration(case: Case, removed: dict[Key, Field], added: dict[Key, Field]) -> list[tuple[Key, Key]]:
    declared = case.settings.declared(case.urn)
    found = [
        (key, (key[0], declared[key[1]]))
        for key in removed
        if key[1] in declared and (key[0], declared[key[1]]) in added
    ]
    for key, field in added.items():
        parent = paths.parent(field.path)
        for _, alias in field.aliases:
            candidates = ((key[0], alias), (key[0], paths.child(parent, alias)))
            found.extend((old, key) for old in candidates if old in removed)
    return found


def _by_lineage(case: Case, removed: dict[Key, Field], added: dict[Key, Field]) -> list[tuple[Key, Key]]:
    """Pair fields joined by an edge that hands the value on, and fields that take it from the same single place."""
    if case.new.lineage is None:
        return []
    before = _origins(case.old.lineage, case.old_urn)
    after = _origins(case.new.lineage, case.urn)
    own = {f"{case.old_urn}#{field.path}": key for key, field in removed.items()}
    by_path = {field.path: key for key, field in added.items()}
    found = [(own[origin], by_path[path]) for path, origin in after.items() if path in by_path and origin in own]
    came_from = {key: before.get(field.path) for key, field in removed.items()}
    goes_to = {key: after.get(field.path) for key, field in added.items()}
    found.extend(_unique(removed, added, lambda f: came_from.get(_key(f)) or goes_to.get(_key(f))))
    return found


def _key(field: Field) -> Key:
    return field.part or "", field.path


def _origins(lineage: Lineage | None, urn: str) -> dict[str, str]:
    """Return path -> the one field that it is an unchanged copy of."""
    found: dict[str, str] = {}
    for edge in lineage.columns if lineage else ():
        if len(edge.from_) != 1 or len(edge.to) != 1 or not is_identity(edge):
            continue
        host, _, path = edge.to[0].partition("#")
        if path and host in ("", urn):
            origin = edge.from_[0]
            found[path] = f"{urn}{origin}" if origin.startswith("#") else origin
    return found


def is_identity(edge: object) -> bool:
    """Tell whether a column edge hands the value on as it is."""
    return (
        not getattr(edge, "expression", None)
        and not getattr(edge, "masking", None)
        and (getattr(edge, "type", None) or "").lower() != "indirect"
        and (getattr(edge, "subtype", None) or "identity").lower() == "identity"
    )
