"""The context of a component that runs in a worker: whatever it declares or asks crosses to the run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, MutableMapping
from typing import Any

from ..model.graph import Graph
from ..model.record import AnyRecord, decode
from ..model.scope import Covered, Scope
from . import messages as m
from .serving import Conversation


class RemoteContext:
    """A `Context` over a conversation. The graph is empty: sources and catalogs run before or after it is known."""

    def __init__(
        self, call: Conversation, *, full: bool, run_id: str, once: bool = False, room: Scope | None = None
    ) -> None:
        self._call = call
        self._walks = itertools.count()
        self.full, self.run_id, self.once, self.room = full, run_id, once, room
        self.memo: MutableMapping[bytes, bytes] = RemoteMemo(call)
        self.graph = Graph()

    def cancelled(self) -> bool:
        """Tell whether the run was cancelled; being asked shows the run that the component works."""
        self._call.alive()
        return self._call.cancelled.is_set()

    def covered(self, covered: Covered) -> None:
        """Declare coverage to the run."""
        self._call.say(m.Declared(covered))

    def progress(self, done: int, total: int | None = None) -> None:
        """Report progress to the run."""
        self._call.say(m.Progress(done, total))

    def warn(self, code: str, message: str, where: str = "") -> None:
        """Warn by way of the run."""
        self._call.say(m.Warned(code, _sound(message), _sound(where)))

    def get(self, urn: str) -> AnyRecord | None:
        """Ask the run for a record."""
        line = self._call.ask(m.Look(urn))
        return None if line is None else decode(line)

    def records(self, kind: str) -> Iterator[AnyRecord]:
        """Ask the run for all records of a kind, some at a time."""
        walk = m.Walk(next(self._walks), kind)
        while lines := self._call.ask(walk):
            yield from map(decode, lines)

    def component(self, spec: Any) -> Any:
        """Build a component here, where its configuration was validated."""
        return spec.build()


class RemoteMemo(MutableMapping[bytes, bytes]):
    """The memo of the run; reading costs a round trip, writing does not wait."""

    def __init__(self, call: Conversation) -> None:
        self._call = call

    def __getitem__(self, key: bytes) -> bytes:
        value = self._call.ask(m.Recall(key))
        if value is None:
            raise KeyError(key)
        found: bytes = value
        return found

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._call.say(m.Remember(key, value))

    def __delitem__(self, key: bytes) -> None:
        self[key]  # as a mapping must, when it is not there
        self._call.say(m.Remember(key, None))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._call.ask(m.Keys()))

    def __len__(self) -> int:
        return len(self._call.ask(m.Keys()))


def _sound(value: object) -> str:
    """A text that can cross: the name of a file may hold what is no Unicode."""
    return str(value).encode("utf-8", "backslashreplace").decode()
