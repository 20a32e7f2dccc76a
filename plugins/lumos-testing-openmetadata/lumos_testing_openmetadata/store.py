"""What the fake holds: every entity as JSON bytes, found by id, by name and in the order of names."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

Document = dict[str, Any]
encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Head:
    """What is needed of an entity without decoding it.

    Attributes:
        kind: Its kind.
        name: Its name.
        fqn: Its fully qualified name.
        display: Its display name; "" for none.
        deleted: Whether it is soft-deleted.
        above: The id of its parent; "" for none.
        since: When it came or was last changed, as the search index counts.
    """

    kind: str
    name: str
    fqn: str
    display: str
    deleted: bool
    above: str
    since: float


@dataclass
class Store:
    """Entities of all kinds, with their earlier versions."""

    documents: dict[str, bytes] = field(default_factory=dict)
    heads: dict[str, Head] = field(default_factory=dict)
    history: dict[str, list[bytes]] = field(default_factory=dict)
    _ids: dict[str, dict[str, str]] = field(default_factory=dict)
    _order: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    _below: dict[str, dict[str, None]] = field(default_factory=dict)

    def get(self, identity: str) -> Document:
        """Decode an entity that is there."""
        found: Document = decode(self.documents[identity])
        return found

    def find(self, kind: str, fqn: str) -> str | None:
        """Return the id of an entity by its fully qualified name, soft-deleted ones too."""
        return self._ids.get(kind, {}).get(fqn)

    def put(self, kind: str, document: Document, above: str, now: float) -> None:
        """Store an entity, new or not."""
        identity, name, fqn = document["id"], document["name"], document["fullyQualifiedName"]
        old = self.heads.get(identity)
        if old is not None and (old.name, old.fqn, old.above) != (name, fqn, above):
            self._unlink(identity, old)
            old = None
        deleted = bool(document.get("deleted"))
        self.heads[identity] = Head(kind, name, fqn, document.get("displayName") or "", deleted, above, now)
        self.documents[identity] = encode(document)
        if old is None:
            self._ids.setdefault(kind, {})[fqn] = identity
            bisect.insort(self._order.setdefault(kind, []), (name, identity))
            if above:
                self._below.setdefault(above, {})[identity] = None

    def remove(self, identity: str) -> None:
        """Forget an entity and its versions."""
        self._unlink(identity, self.heads.pop(identity))
        del self.documents[identity]
        self.history.pop(identity, None)
        self._below.pop(identity, None)

    def below(self, identity: str) -> list[str]:
        """The ids of the direct children of an entity."""
        return list(self._below.get(identity, ()))

    def descendants(self, identity: str) -> Iterator[str]:
        """The ids of all that is below an entity, parents first."""
        for child in self.below(identity):
            yield child
            yield from self.descendants(child)

    def identities(self, kind: str) -> list[str]:
        """The ids of all entities of a kind, ordered by name."""
        return [identity for _, identity in self._order.get(kind, ())]

    def page(
        self,
        kind: str,
        wanted: Callable[[str, Head], bool],
        limit: int,
        after: tuple[str, str] | None,
        before: tuple[str, str] | None,
    ) -> tuple[list[str], bool, bool, int]:
        """Select a page of a kind, ordered by name.

        Returns:
            The ids, whether some come before and after them, and how many are wanted in all.
        """
        matching = [key for key in self._order.get(kind, ()) if wanted(key[1], self.heads[key[1]])]
        if before is not None:
            end = bisect.bisect_left(matching, before)
            start = max(0, end - limit)
        else:
            start = bisect.bisect_right(matching, after) if after else 0
            end = start + limit
        rows = [identity for _, identity in matching[start:end]]
        return rows, start > 0, end < len(matching), len(matching)

    def _unlink(self, identity: str, head: Head) -> None:
        ids = self._ids[head.kind]
        if ids.get(head.fqn) == identity:
            del ids[head.fqn]
        order = self._order[head.kind]
        del order[bisect.bisect_left(order, (head.name, identity))]
        self._below.get(head.above, {}).pop(identity, None)
