"""A store in memory: the reference that every other store is compared with, and what tests run on."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from pydantic import Field as Option

from ..contracts.component import Config
from ..contracts.store import Entry, Row, Store, instant
from ..errors import LockedError, StoreError
from ..model.record import digest, line_urn
from ..model.scope import Scope
from ..times import utc

_Key = tuple[str, str]
_State = Mapping[_Key, bytes]


class MemoryStoreConfig(Config):
    """Options of the store in memory."""

    world: str = Option("", description="Stores of one name are one; without it, each has a memory of its own.")


class _Memory:
    """What a store holds, and who may write and run."""

    def __init__(self) -> None:
        self.commits: list[tuple[Entry, _State]] = []
        self.writing, self.running = threading.Lock(), threading.Lock()


_MEMORIES: dict[str, _Memory] = {}


class MemoryStore(Store[MemoryStoreConfig]):
    """Every state whole, in a dict; the plainest reading of the contract.

    Example:
        >>> store = MemoryStore()
        >>> state = store.commit("head", None, [("tag", "urn:lumos:tag:pii", b"...")], {"run": "r1"})
        >>> store.resolve("r1") == store.resolve("head") == state
        True
    """

    def __init__(self, config: MemoryStoreConfig | None = None) -> None:
        super().__init__(config or MemoryStoreConfig.model_validate({}))
        name = self.config.world
        memory = _MEMORIES.setdefault(name, _Memory()) if name else _Memory()
        self._commits, self._writing, self._running = memory.commits, memory.writing, memory.running

    def resolve(self, ref: str) -> str | None:
        """Return the id of the state that a ref names now."""
        found = self._find(ref)
        return None if found is None else found[0].state

    def lines(self, ref: str, scope: Scope = Scope(), kind: str = "") -> Iterator[bytes]:
        """Return the lines of a state in byte order."""
        state = self._state(ref)
        keys = (key for key in sorted(state) if kind in ("", key[0]))
        return (state[key] for key in keys if scope.everything or scope.matches(key[1]))

    def get(self, ref: str, kind: str, urn: str) -> bytes | None:
        """Return one line of a state."""
        return self._state(ref).get((kind, urn))

    def commit(self, ref: str, expect: str | None, changed: Iterable[Row], meta: Mapping[str, Any]) -> str:
        """Apply changes to a ref."""
        with self._writing:
            parent, before = self.refs().get(ref), self._state(ref) if ref in self.refs() else {}
            if parent != expect:
                raise StoreError(f"{ref} has moved", why=f"expected state {expect}, found {parent}", fix="run again")
            rows = list(changed)
            if len({row[:2] for row in rows}) < len(rows):
                raise StoreError("a record came twice in one commit")
            after = dict(before)
            for kind, urn, line in rows:
                if line is None:
                    after.pop((kind, urn), None)
                else:
                    after[kind, urn] = line
            made = hashlib.sha256(f"{len(self._commits)} {ref} {parent}".encode()).hexdigest()[:20]
            entry = Entry(
                state=parent if parent and after == before else made,
                ref=ref,
                parent=parent or "",
                at=meta.get("at") or utc(),
                meta=msgspec.json.decode(msgspec.json.encode(meta)),
            )
            self._commits.append((entry, after))
            return entry.state

    def log(self, urn: str | None = None, ref: str = "head") -> Iterator[Entry]:
        """Return the commits of a ref, newest first."""
        commits = [commit for commit in self._commits if commit[0].ref == ref]
        if urn is None:
            return iter([entry for entry, _ in reversed(commits)])
        found, known = [], b""
        for entry, state in commits:
            line = next((line for (_, name), line in state.items() if name == urn), b"")
            if line != known:
                found.append(msgspec.structs.replace(entry, digest=digest(line) if line else ""))
            known = line
        return reversed(found)

    def refs(self) -> Mapping[str, str]:
        """Return every named ref with its state."""
        return {entry.ref: entry.state for entry, _ in self._commits}

    def entry(self, ref: str) -> Entry | None:
        """Return the commit that a ref names."""
        found = self._find(ref)
        return None if found is None else found[0]

    def history(self, kind: str, prefix: str) -> Iterator[bytes]:
        """Return every line that `head` ever held whose URN starts with `prefix`, oldest first."""
        known: _State = {}
        for entry, state in list(self._commits):
            if entry.ref == "head":
                for key in sorted(state):
                    fits = key[0] == kind and key[1].startswith(prefix)
                    if fits and known.get(key) != state[key]:
                        yield state[key]
                known = state

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the store for one run."""
        if not self._running.acquire(blocking=False):
            raise LockedError("another run holds the store", why="a thread of this process", fix="wait for it")
        try:
            yield
        finally:
            self._running.release()

    def put(self, *lines: bytes, ref: str = "head", remove: Iterable[_Key] = (), **meta: Any) -> str:
        """Commit lines to a ref, whatever it names now; for tests."""
        rows: list[Row] = [(line[9 : line.index(b'"', 9)].decode(), line_urn(line), line) for line in lines]
        return self.commit(ref, self.resolve(ref), [*rows, *((*key, None) for key in remove)], meta)

    def _state(self, ref: str) -> _State:
        found = self._find(ref)
        return {} if found is None else found[1]

    def _find(self, ref: str) -> tuple[Entry, _State] | None:
        """Return the newest commit that a ref names, trying names, states, runs and times in this order."""
        newest = self._commits[::-1]
        heads = [commit for commit in newest if commit[0].ref == "head"]
        found = [
            *(commit for commit in newest if commit[0].ref == ref),
            *(commit for commit in newest if commit[0].state == ref),
            *(commit for commit in heads + newest if commit[0].meta.get("run") == ref),
        ]
        if not found:
            try:
                moment = instant(ref)
            except ValueError:
                return None
            found = [commit for commit in heads if instant(commit[0].at) <= moment]
        return found[0] if found else None
