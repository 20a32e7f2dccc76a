"""Which documents are read: the same ones as long as nothing changes, from everywhere along `_id`, at most so many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import bson
from bson.errors import BSONError
from pymongo.collection import Collection

from .anchors import between
from .client import CODEC

SPANS = 10
"""The span of `_id` is read at so many places."""
BATCH = 1_000
"""Documents that the server may send at once ..."""
BATCH_BYTES = 4 << 20
"""... and bytes of them, by their average size; servers stop at 16 MB, but not all that call themselves one."""
TOGETHER = 256 * 1024
"""Bytes of documents that are decoded at once."""
_BROKEN = (BSONError, ValueError, OverflowError, RecursionError)
Documents = Collection[dict[str, Any]]


class Reader:
    """Reads documents of one collection and counts what cannot be read.

    Args:
        collection: Where from.
        limit: At most so many.
        seconds: That one batch may take on the server.
        stop: Asked after every batch.
        average: Bytes of a document, where the server tells.

    Attributes:
        broken: Documents that the driver cannot decode.
    """

    def __init__(
        self, collection: Documents, limit: int, seconds: float, stop: Callable[[], bool], average: int = 0
    ) -> None:
        self._collection = collection.with_options(codec_options=CODEC)
        self._limit, self._stop = limit, stop
        self._milliseconds = int(seconds * 1000)
        self._batch = min(BATCH, max(1, BATCH_BYTES // average)) if average else BATCH
        self.broken = 0

    def head(self, sort: str = "") -> Iterator[dict[str, Any]]:
        """Read from the beginning: of a view as it comes, of a time series by its time."""
        yield from self._find({}, sort, 1, self._limit)

    def random(self) -> Iterator[dict[str, Any]]:
        """Read by `$sample`."""
        stages = [{"$sample": {"size": self._limit}}]
        with self._collection.aggregate(stages, maxTimeMS=self._milliseconds, batchSize=self._batch) as found:
            for document in found:
                yield document
                if self._stop():
                    return

    def both_ends(self, sort: str) -> Iterator[dict[str, Any]]:
        """Read the first half from the beginning, the other from the end."""
        half = (self._limit + 1) // 2
        yield from self._find({}, sort, 1, half)
        yield from self._find({}, sort, -1, self._limit - half)

    def spread(self, count: int | None) -> Iterator[dict[str, Any]]:
        """Read evenly along `_id`.

        Args:
            count: How many documents there are, as far as the server tells; with no more than are to be read, all are.
        """
        if count is not None and count <= self._limit:
            yield from self._find({}, "_id", 1, self._limit)
            return
        first, last = self._end(1), self._end(-1)
        cuts = between(first, last, SPANS)
        if not cuts:
            yield from self.both_ends("_id")
            return
        yield from self._spans(cuts)

    def _spans(self, cuts: list[Any]) -> Iterator[dict[str, Any]]:
        """Read each span from its beginning, the last one from its end; what sparse spans leave goes to the others."""
        starts = [None, *cuts]
        ranges: list[dict[str, Any]] = []
        for place, start in enumerate(starts):
            bounds: dict[str, Any] = {} if start is None else {"$gte": start}
            if place + 1 < len(starts):
                bounds["$lt"] = starts[place + 1]
            ranges.append(bounds)
        left = self._limit
        open_ = [(place, bounds) for place, bounds in enumerate(ranges)]
        while left > 0 and open_ and not self._stop():
            going = []
            for turn, (place, bounds) in enumerate(open_):
                quota = max(1, -(-left // (len(open_) - turn))) if left > 0 else 0
                if not quota:
                    break
                backward = place == len(ranges) - 1
                read, edge = 0, None
                for document in self._find({"_id": bounds} if bounds else {}, "_id", -1 if backward else 1, quota):
                    read, edge = read + 1, document.get("_id", edge)
                    yield document
                left -= read
                if read >= quota and edge is not None:
                    rest = {**bounds, "$lt": edge} if backward else {**bounds, "$gt": edge}
                    if not backward:
                        rest.pop("$gte", None)
                    going.append((place, rest))
            open_ = going

    def _end(self, direction: int) -> Any:
        for document in self._find({}, "_id", direction, 1, {"_id": 1}):
            return document.get("_id")
        return None

    def _find(
        self,
        query: Mapping[str, Any],
        sort: str,
        direction: int,
        limit: int,
        projection: Mapping[str, Any] | None = None,
    ) -> Iterator[dict[str, Any]]:
        if limit <= 0:
            return
        found = self._collection.find_raw_batches(query, projection).limit(limit).batch_size(min(self._batch, limit))
        found = found.max_time_ms(self._milliseconds)
        if sort:
            found = found.sort(sort, direction)
        try:
            for batch in found:
                yield from self._decode(batch)
                if self._stop():
                    return
        finally:
            found.close()

    def _decode(self, batch: bytes) -> Iterator[dict[str, Any]]:
        """Decode a few documents at a time, so that one of 16 MB stands in memory alone."""
        view = memoryview(batch)
        start, end = 0, len(batch)
        while start < end:
            stop = start
            while stop < end and (stop == start or stop - start < TOGETHER):
                length = int.from_bytes(view[stop : stop + 4], "little")
                if stop > start and stop + length - start > TOGETHER:
                    break
                stop += max(length, 5)
            try:
                yield from bson.decode_all(view[start:stop], CODEC)
            except _BROKEN:
                yield from self._one_by_one(view[start:stop])
            start = stop

    def _one_by_one(self, view: memoryview) -> Iterator[dict[str, Any]]:
        """Decode what is sound among documents of which one is broken."""
        start = 0
        while start < len(view):
            stop = start + max(int.from_bytes(view[start : start + 4], "little"), 5)
            try:
                document = bson.decode(view[start:stop], CODEC)
            except _BROKEN:
                self.broken += 1
            else:
                yield document
            start = stop


def newest_first(options: Mapping[str, Any] | None) -> str:
    """Return the field that orders a time series; empty for anything else."""
    series = (options or {}).get("timeseries")
    return str(series.get("timeField", "")) if isinstance(series, Mapping) else ""
