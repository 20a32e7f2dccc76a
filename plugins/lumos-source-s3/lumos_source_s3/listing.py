"""A listing by several requests at once, in order of key, in bounded memory.

One page is asked for first; most buckets of few objects need no more. Where there is more, the folders behind the page
(common prefixes) cut what is left into ranges of keys, which are listed side by side, and a range that turns out long
is cut again. A range is a beginning and an end in the order of keys, so that no page is asked for twice, and a listing
that broke off goes on behind the last key it saw.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from lumos_lake import Entry

from .pages import Page

Ask = Callable[[str, str, str, str], Page]
"""Asks for a page: (prefix, start after, delimiter, token)."""
BUFFER = 64
"""Pages that wait to be read, beside those of the range that is read right now."""
AGAIN = 16
"""Pages after which a range is cut again."""
CUT_PAGES = 5
"""Pages of common prefixes that are looked at for one cut."""
PATIENCE = 5.0
"""Seconds that requests under way are waited for when nobody wants their answers any more."""
DEPTH = 8
"""Folders that are gone down in search of a place to cut."""


class Range:
    """Keys of one prefix, from behind one key up to another.

    Attributes:
        prefix: What all of them begin with.
        after: Only keys behind this one.
        end: Only keys up to this one; empty = all.
        place: What the listing is of, for messages.
        pages: What was read and not taken yet.
        count: Pages that were asked for, those before the cut that made it included.
        busy, done: Somebody asks for a page of it; nothing is left to ask for.
        refused: Why it cannot be listed.
    """

    __slots__ = ("after", "busy", "count", "done", "end", "pages", "place", "prefix", "refused")

    def __init__(self, prefix: str, after: str = "", end: str = "", place: str = "") -> None:
        self.prefix, self.after, self.end, self.place = prefix, after, end, place
        self.pages: deque[list[Entry]] = deque()
        self.count = 0
        self.busy = self.done = False
        self.refused: Exception | None = None

    def step(self, ask: Ask) -> list[Entry]:
        """Ask for the next page, and return what of it lies in the range."""
        page = ask(self.prefix, self.after, "", "")
        self.count += 1
        found = page.entries
        if self.end and found and found[-1].path > self.end:
            found = [entry for entry in found if entry.path <= self.end]
            self.done = True
        elif not page.more or not page.entries:
            self.done = True
        if found:
            self.after = found[-1].path
            self.done = self.done or self.after == self.end
        return found

    def cuts(self, ask: Ask, count: int) -> list[str]:
        """Return places that cut what is left into at most `count` + 1 parts: common prefixes, in order."""
        segments = self.after[len(self.prefix) :].split("/")[:-1]
        for depth in range(min(len(segments), DEPTH) + 1):
            prefix = self.prefix + "".join(f"{segment}/" for segment in segments[:depth])
            if self.end and not self.end.startswith(prefix) and prefix > self.end:
                break
            found: list[str] = []
            token = ""
            for _ in range(CUT_PAGES):
                page = ask(prefix, "" if token else self.after, "/", token)
                found += [folder for folder in page.folders if folder > self.after]
                token = page.token
                if not page.more or not token or (self.end and found and found[-1] > self.end):
                    break
            found = [folder for folder in found if not self.end or folder < self.end]
            if len(found) > 1:
                step = max(1, len(found) // (count + 1))
                return list(islice(found, step - 1 if step > 1 else 0, None, step))[:count]
        return []


class Scan:
    """Lists ranges side by side.

    Args:
        ask: Asks for a page; called by several threads at once.
        ranges: What to list, in order.
        parallel: Requests that are under way at once.
    """

    def __init__(self, ask: Ask, ranges: Sequence[Range], parallel: int) -> None:
        self._ask, self._ranges, self._parallel = ask, list(ranges), parallel
        self._changed = threading.Condition()
        self._closed = False
        self._threads: list[threading.Thread] = []

    def __iter__(self) -> Iterator[tuple[Range, list[Entry]]]:
        """Yield pages of entries, whose paths are whole keys, in order; one without entries ends a refused range."""
        try:
            if self._parallel > 1 and len(self._ranges) > 1:
                self._start()
            while self._ranges:
                first = self._ranges[0]
                if not self._threads and not first.done:
                    self._work(first)
                    if not first.done and self._parallel > 1:
                        self._start()
                with self._changed:
                    while not first.pages and (first.busy or not first.done):
                        self._changed.wait()
                    page = first.pages.popleft() if first.pages else None
                    if page is None:
                        self._ranges.pop(0)
                    self._changed.notify_all()
                if page is not None:
                    yield first, page
                elif first.refused is not None:
                    yield first, []
        finally:
            self.close()

    def close(self) -> None:
        """End every thread; what they are asking for is waited for, but not for long."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        until = time.monotonic() + PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _start(self) -> None:
        for number in range(self._parallel):
            thread = threading.Thread(target=self._run, name=f"s3-listing-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                one = self._next()
                while one is None and not self._closed:
                    self._changed.wait()
                    one = self._next()
                if self._closed or one is None:
                    return
                one.busy = True
            self._work(one)

    def _next(self) -> Range | None:
        """The first range that waits for a request: that which is read now, or any while there is room."""
        room = sum(len(one.pages) for one in self._ranges[1:]) < BUFFER
        for place, one in enumerate(self._ranges):
            if place and not room:
                return None
            if not one.busy and not one.done and len(one.pages) < (BUFFER if place else 2 * BUFFER):
                return one
        return None

    def _work(self, one: Range) -> None:
        """Read a page of a range, and cut it where that pays."""
        found: list[Entry] = []
        places: list[str] = []
        try:
            found = one.step(self._ask)
            if self._parallel > 1 and not one.done and one.count % AGAIN == 1 and not self._closed:
                places = one.cuts(self._ask, 2 * self._parallel)
        except Exception as error:  # told to whoever reads the range
            one.refused, one.done = error, True
        with self._changed:
            if found:
                one.pages.append(found)
            if places:
                ends = [*places[1:], one.end]
                parts = [Range(one.prefix, start, end, one.place) for start, end in zip(places, ends, strict=True)]
                for part in parts:
                    part.count = one.count  # what was cut small is not cut again at once
                one.end = places[0]
                where = self._ranges.index(one) + 1
                self._ranges[where:where] = parts
            one.busy = False
            self._changed.notify_all()
