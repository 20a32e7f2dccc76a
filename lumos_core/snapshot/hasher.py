"""SHA-256 of a long stream, in a thread of its own: whoever feeds it never waits, unless it is far ahead."""

from __future__ import annotations

import hashlib
import queue
import threading

_INLINE = 4 * 2**20
_AHEAD = 16


class Hasher:
    """Hashes what it is given, in order; call `close` when it is no longer needed."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._seen = 0
        self._queue: queue.Queue[memoryview | None] = queue.Queue(_AHEAD)
        self._thread: threading.Thread | None = None

    def update(self, data: memoryview) -> None:
        """Add bytes, which must not change any more. Short streams are hashed at once."""
        self._seen += len(data)
        if self._seen <= _INLINE:
            self._hash.update(data)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="sha256", daemon=True)
            self._thread.start()
        self._queue.put(data)

    def hexdigest(self) -> str:
        """Return the hash of everything that was added; nothing may be added afterwards."""
        self.close()
        return self._hash.hexdigest()

    def close(self) -> None:
        """End the thread, after it has done its work."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (data := self._queue.get()) is not None:
            self._hash.update(data)
