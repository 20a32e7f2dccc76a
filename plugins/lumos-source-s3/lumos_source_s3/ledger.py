"""The ledger of a watch: which message waits for what, and what was done already.

A message is finished when everything that it tells of is; an event is told once, however many messages hold it. Nothing
here talks to a queue.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from msgspec import Struct

REMEMBERED = 50_000
"""Events that are known to be done, so that a message which comes late or twice leads to no second look."""

Identity = tuple[str, ...]


class _Held(Struct):
    receipt: str
    open: set[bytes]
    ours: bool


class Ledger:
    """What was received, and what of it is done. Safe in threads.

    Args:
        remembered: Events to remember after they are done.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._lock = threading.Lock()
        self._remembered = remembered
        self._held: dict[str, _Held] = {}
        self._waiting: dict[bytes, set[str]] = {}
        self._tokens: dict[str, bytes] = {}
        self._done: OrderedDict[bytes, None] = OrderedDict()
        self._finished: dict[str, str] = {}
        self._count = 0

    def take(self, id: str, receipt: str, events: Iterable[Identity], *, ours: bool = True) -> dict[Identity, str]:
        """Note a message that was received.

        Args:
            id: The message.
            receipt: What deletes it.
            events: What it tells of.
            ours: It may be deleted when all of that is done.

        Returns:
            Event -> token, for each that nobody was told of yet.
        """
        keys = {_key(event): event for event in events}
        with self._lock:
            if id in self._held:  # delivered again while it is held: only the newest receipt is sure to delete it
                self._held[id].receipt = receipt
                return {}
            open = {key for key in keys if key not in self._done}
            if not open:
                if ours:
                    self._finished[id] = receipt
                return {}
            self._held[id] = _Held(receipt, open, ours)
            fresh = {}
            for key in keys:
                if key not in open:
                    continue
                if key not in self._waiting:
                    self._waiting[key] = set()
                    self._count += 1
                    token = str(self._count)
                    self._tokens[token] = key
                    fresh[keys[key]] = token
                self._waiting[key].add(id)
            return fresh

    def done(self, tokens: Sequence[str]) -> None:
        """Note that events are done; tokens that are not known are left out."""
        with self._lock:
            for token in tokens:
                key = self._tokens.pop(token, None)
                if key is None:
                    continue
                self._done[key] = None
                for id in self._waiting.pop(key):
                    held = self._held.get(id)
                    if held is None:
                        continue
                    held.open.discard(key)
                    if not held.open:
                        del self._held[id]
                        if held.ours:
                            self._finished[id] = held.receipt
            while len(self._done) > self._remembered:
                self._done.popitem(last=False)

    def forget(self, tokens: Iterable[str]) -> dict[str, str]:
        """Take back that somebody was told of events.

        Returns:
            Message -> receipt of those that tell of them; forgotten too, they find the rest when they come again.
        """
        with self._lock:
            found = {}
            for token in tokens:
                for id in self._waiting.pop(self._tokens.pop(token)):
                    if id in self._held:
                        found[id] = self._held.pop(id).receipt
            return found

    def finished(self) -> dict[str, str]:
        """Return message -> receipt of what may be deleted, and forget it."""
        with self._lock:
            found, self._finished = self._finished, {}
            return found

    def again(self, receipts: Mapping[str, str]) -> None:
        """Note that messages are still to be deleted."""
        with self._lock:
            self._finished = {**receipts, **self._finished}

    def held(self) -> dict[str, str]:
        """Return message -> receipt of what waits for something to be done."""
        with self._lock:
            return {id: held.receipt for id, held in self._held.items()}

    def drop(self, ids: Iterable[str]) -> None:
        """Forget messages that are no longer ours; when they come again they find what was done in between."""
        with self._lock:
            for id in ids:
                self._held.pop(id, None)

    def __len__(self) -> int:
        """Messages that wait for something to be done."""
        with self._lock:
            return len(self._held)


def _key(event: Identity) -> bytes:
    return blake2b("\0".join(event).encode("utf-8", "surrogatepass"), digest_size=16).digest()
