"""The contract of a store: git for lines; it re-encodes nothing.

A ref names a state; a state is an immutable set of lines, one per (kind, URN). Every way of naming a state is a
`ref`: a named ref (`head`, `published/local`), a state id as `commit` returned it, a run id, or an RFC 3339 time
(the last `head` at or before it).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from msgspec import Struct

from ..model.scope import Scope
from .component import BaseComponent, C, ComponentKind

Row = tuple[str, str, bytes | None]
"""(kind, URN, line without newline); None takes the record out."""


class Entry(Struct, frozen=True, kw_only=True):
    """One commit, newest first in `log`.

    Attributes:
        state: Id of the state that it made.
        ref: The ref that it moved.
        parent: The state before; empty for the first.
        at: RFC 3339 UTC.
        meta: What the kernel wrote with it (run, pipeline, coverage, counts, ...).
        digest: With `log(urn)`: digest of the record's line after this commit; empty when it was taken out.
    """

    state: str
    ref: str
    parent: str
    at: str
    meta: Mapping[str, Any] = {}
    digest: str = ""


class Store(BaseComponent[C]):
    """The only memory of Lumos."""

    component_kind: ClassVar[ComponentKind] = "store"

    @abstractmethod
    def resolve(self, ref: str) -> str | None:
        """Return the id of the state that a ref names now; None when there is none."""

    @abstractmethod
    def lines(self, ref: str, scope: Scope = Scope()) -> Iterator[bytes]:
        """Return the lines of a state in byte order, without newline; nothing for a ref that does not exist.

        A reader keeps seeing the state it began with, whatever is committed meanwhile.

        Raises:
            StoreError: When the store is corrupt.
        """

    @abstractmethod
    def get(self, ref: str, kind: str, urn: str) -> bytes | None:
        """Return one line of a state, or None."""

    @abstractmethod
    def commit(self, ref: str, expect: str | None, changed: Iterable[Row], meta: Mapping[str, Any]) -> str:
        """Apply changes to a ref, all or nothing, and return the id of the new state.

        `expect` is the state that the caller saw (None: the ref did not exist). `meta` keys that the store itself
        reads: `run` (run id), `at` (RFC 3339 time of the commit).

        Raises:
            StoreError: When the ref no longer names `expect`, or the disk is full; nothing is written then.
        """

    @abstractmethod
    def log(self, urn: str | None = None, ref: str = "head") -> Iterator[Entry]:
        """Return the commits of a ref, newest first; with `urn`, only those that changed that record."""

    @abstractmethod
    def refs(self) -> Mapping[str, str]:
        """Return every named ref with its state."""

    def history(self, kind: str, prefix: str) -> Iterator[bytes]:
        """Return every line that `head` ever held whose URN starts with `prefix`, oldest first.

        Used for `stats` lines, whose URN ends in their time.
        """
        return iter(())

    def lock(self) -> AbstractContextManager[None]:
        """Hold the store for one run.

        Raises:
            LockedError: When another run holds it; names who.
        """
        return nullcontext()
