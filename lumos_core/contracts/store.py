"""The contract of a store: git for lines; it re-encodes nothing.

A ref names a state; a state is an immutable set of lines, one per (kind, URN). Every way of naming a state is
a `ref`: a named ref (`head`, `published/local`), a state id as `commit` returned it, a run id, or an RFC 3339
time (the last `head` at or before it).

Every commit is an `Entry` of the log, so that every run is remembered. A commit that changes no line makes no
new state: its entry names the state of its parent, and the ref stays where it is.

Example:
    Lay lines over what a store holds, whatever the store is made of. `lumos_core.testing.memory_store` is a
    complete store in a hundred lines.

    ```python
    def remember(store: Store, lines: Iterable[bytes], run: str) -> str:
        rows = ((line_kind(line), line_urn(line), line) for line in lines)
        return store.commit("head", store.resolve("head"), rows, {"run": run})
    ```
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timezone
from typing import Any, ClassVar

from msgspec import Struct

from ..model.scope import Scope
from .component import BaseComponent, C, ComponentKind

Row = tuple[str, str, bytes | None]
"""(kind, URN, line without newline); None takes the record out."""


class Entry(Struct, frozen=True, kw_only=True):
    """One commit, newest first in `log`.

    Attributes:
        state: Id of the state that it left the ref at.
        ref: The ref that it moved.
        parent: The state before; empty for the first, equal to `state` when no line changed.
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
    """The only memory of Lumos. One instance may be used from several threads."""

    component_kind: ClassVar[ComponentKind] = "store"

    @abstractmethod
    def resolve(self, ref: str) -> str | None:
        """Return the id of the state that a ref names now; None when there is none."""

    @abstractmethod
    def lines(self, ref: str, scope: Scope = Scope(), kind: str = "") -> Iterator[bytes]:
        """Return the lines of a state in byte order, without newline; nothing for a ref that does not exist.

        With `kind`, only lines of that kind are read. A reader keeps seeing the state it began with, whatever is
        committed meanwhile.

        Raises:
            StoreError: When the store is corrupt.
        """

    @abstractmethod
    def get(self, ref: str, kind: str, urn: str) -> bytes | None:
        """Return one line of a state, or None."""

    @abstractmethod
    def commit(self, ref: str, expect: str | None, changed: Iterable[Row], meta: Mapping[str, Any]) -> str:
        """Apply changes to a ref, all or nothing, and return the id of the state it names afterwards.

        `expect` is the state that the caller saw (None: the ref did not exist). `changed` is read once, as a
        stream, in any order; a (kind, URN) comes at most once; a row that changes nothing is harmless. `meta`
        is JSON data; the keys that the store itself reads: `run` (run id), `at` (RFC 3339 time of the commit,
        now when it is missing).

        Raises:
            StoreError: When the ref no longer names `expect`, or a key came twice; nothing is written then.
            DiskError: When the disk is full; nothing is written then.
        """

    @abstractmethod
    def log(self, urn: str | None = None, ref: str = "head") -> Iterator[Entry]:
        """Return the commits of a named ref, newest first; with `urn`, those that changed that record."""

    @abstractmethod
    def refs(self) -> Mapping[str, str]:
        """Return every named ref with its state."""

    def entry(self, ref: str) -> Entry | None:
        """Return the commit that a ref names: for a run id, that run's; else the newest with its state.

        What was looked at (`meta["coverage"]`) belongs to a commit, since two runs may see the same lines.
        """
        names = self.refs()
        if ref in names:
            return next(self.log(ref=ref), None)
        state, found = self.resolve(ref), None
        for name in sorted(names, key=lambda name: (name != "head", name)):
            for entry in self.log(ref=name):
                if entry.meta.get("run") == ref:
                    return entry
                if found is None and entry.state == state:
                    found = entry
        return found

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


def instant(text: str) -> datetime:
    """Read an RFC 3339 time as a moment in UTC, so that times can be compared whatever their spelling.

    Example:
        >>> instant("2026-01-15T12:30:00.5+02:00").isoformat()
        '2026-01-15T10:30:00.500000+00:00'

    Raises:
        ValueError: When the text is not an RFC 3339 time with a zone.
    """
    moment, mark, rest = text.partition(".")
    if mark:  # Python 3.10 reads three or six digits only
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = f"{moment}.{rest[:digits][:6]:0<6}{rest[digits:]}"
    if text[-1:] in "Zz":
        text = text[:-1] + "+00:00"
    found = datetime.fromisoformat(text)
    if found.tzinfo is None or "T" not in text.upper()[10:11]:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    return found.astimezone(timezone.utc)
