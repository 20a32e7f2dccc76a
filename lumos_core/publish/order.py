"""In which order a plan is applied: what others refer to comes first; what is removed goes last, children first.

Definitions come before people, these before the trees of tags, terms and domains, these before containers, those
before what they hold, and that before promises about it. Inside a tree a parent comes before its children.
"""

from __future__ import annotations

from ..model.record import make_key
from .steps import Step

KIND_ORDER = (
    "property",
    "ownership_type",
    "user",
    "group",
    "tag",
    "term",
    "domain",
    "data_product",
    "container",
    "dataset",
    "job",
    "asset",
    "assertion",
    "contract",
    "foreign",
    "stats",
)
"""Every kind, each after those it refers to."""

_RANK = {kind: rank for rank, kind in enumerate(KIND_ORDER)}
_DEEPEST = 4095
_LAST = 0x7FFFFFFF


class Trees:
    """The parents of the records of a plan whose parent is of their own kind; nothing else is held in memory."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        self._depths: dict[str, int] = {}

    def add(self, urn: str, kind: str, parent: str | None, parent_kind: str) -> None:
        """Learn of a record; a parent of another kind has a rank of its own."""
        if parent and parent_kind == kind:
            self._parents[urn] = parent

    def depth(self, urn: str) -> int:
        """Return how many parents a record has; a cycle counts each of its members once."""
        path: list[str] = []
        seen: set[str] = set()
        at = urn
        while at in self._parents and at not in self._depths and at not in seen:
            seen.add(at)
            path.append(at)
            at = self._parents[at]
        depth = 0 if at in seen else self._depths.get(at, 0)
        for member in reversed(path):
            depth = self._depths[member] = min(depth + 1, _DEEPEST)
        return self._depths.get(urn, 0)

    def order(self, step: Step) -> tuple[int, bytes]:
        """Return the stage of a step, and its key within it."""
        key = make_key(step.kind, step.urn)
        if step.action == "keep":
            return _LAST, key
        place = _RANK[step.kind] * (_DEEPEST + 1) + self.depth(step.urn)
        removal = step.action == "remove"
        return (len(KIND_ORDER) * (_DEEPEST + 1) * 2 - place if removal else place), key
