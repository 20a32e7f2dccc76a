"""A bucket as the crawler's storage: listed in parallel, read by ranges, every request counted by its kind."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timezone
from typing import Any

from lumos_lake import Entry, Gap

from .client import Connection
from .failures import denied, gone, told, transient
from .keys import key_of, path_of
from .listing import Range, Scan
from .pages import KEY, Page
from .ranged import ObjectFile, Reader

PAGE = 1000
"""Keys of a page; S3 gives no more."""
ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Classes whose objects must be restored before they can be read; those that are restored are read by `GLACIER_IR`."""
RESUMED = 3
"""How often a listing that broke off is taken up again, beside the tries of each request."""
PAUSE = 0.5
"""Seconds before the first of them; doubled each time."""


class S3Storage:
    """Objects below the prefix of a configuration; paths are keys without it.

    Args:
        connection: Whom to ask.
        on_gap: Told what could not be listed.

    Attributes:
        pinned: Every read asks for the etag that was listed (`If-Match`), and is refused when the object changed.
        counts: Requests and bytes by kind: `requests.list`, `requests.get`, `requests.head`, `bytes.read`.
    """

    pinned = True

    def __init__(self, connection: Connection, on_gap: Callable[[Gap], None] = lambda gap: None) -> None:
        self._connection = connection
        self._on_gap = on_gap
        self._lock = threading.Lock()
        config = connection.config
        self._prefix = config.prefix
        self._common: dict[str, Any] = {"Bucket": config.bucket}
        if config.requester_pays:
            self._common["RequestPayer"] = "requester"
        parallel = config.parallel
        self._reader = Reader(connection.pool if parallel > 1 else None, parallel)
        self.counts: Counter[str] = Counter()

    # Listing

    def list(self, *, start_after: str = "", under: Sequence[str] = ()) -> Iterator[Entry]:
        """Yield every object in order of key, markers of folders left out.

        Args:
            start_after: Only what comes after this path.
            under: Only what lies in these folders; one that is refused is told to `on_gap`.

        Raises:
            RetryableError: When the server does not answer.
            LumosError: When it refuses.
        """
        after = key_of(start_after, self._prefix) if start_after else ""
        folders = sorted((key_of(folder, self._prefix) + "/", folder) for folder in under)
        ranges = [Range(prefix, after, "", folder) for prefix, folder in folders] or [Range(self._prefix, after)]
        ranges = [one for one in ranges if after < one.prefix or after.startswith(one.prefix) or not after]
        for one, page in Scan(self._page, ranges, self._connection.config.parallel):
            if one.refused is not None:
                self._refuse(one)
            for entry in page:
                if entry.path[-1] == "/" and not entry.size:
                    continue
                path = path_of(entry.path, self._prefix)
                yield entry._replace(path=path)

    def _refuse(self, one: Range) -> None:
        error = one.refused
        assert error is not None
        place = f"s3://{self._connection.config.bucket}/{one.prefix}"
        problem = told(error, "the listing cannot be read", self._connection.redact, place)
        if one.place and denied(error):
            self._on_gap(Gap(one.place, problem.why))
            return
        raise problem from None

    def _page(self, prefix: str, after: str, delimiter: str, token: str) -> Page:
        wanted = {"Prefix": prefix, "StartAfter": after, "Delimiter": delimiter, "ContinuationToken": token}
        for again in range(RESUMED + 1):
            try:
                answer = self._connection.s3.list_objects_v2(
                    **self._common, MaxKeys=PAGE, **{name: value for name, value in wanted.items() if value}
                )
                self._count(list=1 + answer["ResponseMetadata"].get("RetryAttempts", 0))
                page: Page = answer[KEY]
                return page
            except Exception as error:
                if again == RESUMED or not transient(error):
                    raise
                time.sleep(PAUSE * 2**again)
        raise AssertionError("unreachable")

    # Reading

    def stat(self, path: str) -> Entry:
        """Return the present state of one object.

        Raises:
            FileNotFoundError: When it is gone.
            LumosError: When the server refuses or does not answer.
        """
        try:
            answer = self._connection.s3.head_object(**self._common, Key=key_of(path, self._prefix))
        except Exception as error:
            if gone(error):
                raise FileNotFoundError(2, "the object is gone", path) from None
            raise told(error, "the object cannot be looked at", self._connection.redact, path) from None
        self._count(head=1)
        modified: datetime = answer["LastModified"]
        tag = str(answer.get("ETag", "")).strip('"')
        kind = str(answer.get("StorageClass", ""))
        if kind not in ("", "STANDARD"):
            tag = f"{tag} {kind}"
        return Entry(path, int(answer["ContentLength"]), int(modified.timestamp()) * 1_000_000_000, tag)

    def file(self, entry: Entry, urn: str) -> ObjectFile:
        """Return a handle for reading; the following ones are read in advance where files are opened in order."""

        def fetch(start: int, end: int) -> bytes:
            return self.fetch(entry, start, end)

        return ObjectFile(entry.path, entry.size, entry.etag, urn, fetch, self._reader)

    def tags(self, entry: Entry) -> Sequence[tuple[str, str]]:
        """Return the tags of an object; none where it went meanwhile.

        Raises:
            LumosError: When the server refuses or does not answer.
        """
        try:
            answer = self._connection.s3.get_object_tagging(**self._common, Key=key_of(entry.path, self._prefix))
        except Exception as error:
            if gone(error):
                return []
            raise told(error, "the tags cannot be read", self._connection.redact, entry.path) from None
        self._count(tagging=1)
        return [(str(tag["Key"]), str(tag["Value"])) for tag in answer.get("TagSet", ())]

    def withheld(self, entry: Entry) -> str:
        """Return why an object is not given out: it lies in an archive."""
        return f"archived as {entry.kept_as}" if entry.kept_as in ARCHIVES else ""

    def spent(self) -> dict[str, int]:
        """Return the requests and bytes since the last call, by kind; tries that failed are counted."""
        with self._lock:
            counts, self.counts = self.counts, Counter()
        return dict(counts)

    def fetch(self, entry: Entry, start: int, end: int) -> bytes:
        """Return a range of the very content that was listed.

        Raises:
            RetryableError: When the object is another one by now, or the server does not answer.
            LumosError: When the server refuses.
        """
        from botocore.exceptions import ResponseStreamingError

        condition: dict[str, Any] = _unchanged(entry)
        key, doing = key_of(entry.path, self._prefix), "the file cannot be read"
        for again in range(RESUMED + 1):
            begun = False
            try:
                answer = self._connection.s3.get_object(
                    **self._common, **condition, Key=key, Range=f"bytes={start}-{end - 1}"
                )
                begun = True
                self._count(get=1 + answer["ResponseMetadata"].get("RetryAttempts", 0))
                with closing(answer["Body"]) as body:
                    data: bytes = body.read()
                if len(data) != end - start:
                    raise ResponseStreamingError(error=f"{len(data):,} bytes came of {end - start:,}")
                self._count(read=len(data))
                return data
            except Exception as error:
                # botocore tries requests again, and not answers that break off.
                if again == RESUMED or not begun or not transient(error):
                    raise told(error, doing, self._connection.redact, entry.path) from None
        raise AssertionError("unreachable")

    def _count(self, **amounts: int) -> None:
        with self._lock:
            for name, amount in amounts.items():
                self.counts["bytes.read" if name == "read" else f"requests.{name}"] += amount


def _unchanged(entry: Entry) -> dict[str, Any]:
    """Return the condition under which an object is the one that was listed."""
    if entry.tag.partition(" ")[0]:
        return {"IfMatch": f'"{entry.etag}"'}
    # Without an etag: a server may list whole seconds and compare the fractions too (versitygw, files laid under it).
    seconds = entry.mtime_ns and entry.mtime_ns // 1_000_000_000 + 1
    return {"IfUnmodifiedSince": datetime.fromtimestamp(seconds, timezone.utc)} if seconds else {}
