"""Parallel listings: in order, whole, cut where folders allow it, and gone on with where they broke off."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_lake import Entry
from lumos_source_s3 import listing, pages
from lumos_source_s3.listing import Range, Scan
from lumos_source_s3.pages import Page
from lumos_source_s3.storage import _unchanged


def service(keys: set[str], page: int, asked: list[tuple[str, ...]] | None = None) -> Callable[..., Page]:
    """A bucket in memory, as ListObjectsV2 pages it."""
    ordered = sorted(keys)

    def ask(prefix: str, after: str, delimiter: str, token: str) -> Page:
        if asked is not None:
            asked.append((prefix, after, delimiter, token))
        entries: list[Entry] = []
        folders: list[str] = []
        last = ""
        for key in ordered[bisect_right(ordered, token or after) :]:
            if not key.startswith(prefix):
                continue
            rest = key[len(prefix) :]
            folder = prefix + rest.split("/")[0] + "/" if delimiter and "/" in rest else ""
            if folder and ((folders and folders[-1] == folder) or (token and token.startswith(folder))):
                last = key
                continue
            if len(entries) + len(folders) == page:
                return Page(entries, folders, True, last)
            folders.append(folder) if folder else entries.append(Entry(key))
            last = key
        return Page(entries, folders, False, "")

    return ask


def listed(ask: Callable[..., Page], ranges: list[Range], parallel: int) -> list[str]:
    return [entry.path for _, page in Scan(ask, ranges, parallel) for entry in page]


names = st.lists(st.sampled_from(["a", "b", "c", "", "a!", "é", "0", "00"]), min_size=1, max_size=5).map("/".join)


@settings(max_examples=60, deadline=None)
@given(st.sets(names.filter(bool), max_size=60), st.integers(1, 7), st.sampled_from([1, 2, 5]), st.sampled_from([1, 2]))
def test_every_key_comes_once_and_in_order(keys: set[str], page: int, parallel: int, again: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "AGAIN", again + 1)
        patch.setattr(listing, "BUFFER", 2)
        assert listed(service(keys, page), [Range("")], parallel) == sorted(keys)
        for start in [*sorted(keys)[::7], "a", "zz"]:
            rest = listed(service(keys, page), [Range("", start)], parallel)
            assert rest == [key for key in sorted(keys) if key > start]
        some = [Range("a/"), Range("c/")]
        assert listed(service(keys, page), some, parallel) == [k for k in sorted(keys) if k[:2] in ("a/", "c/")]


def test_a_small_listing_takes_one_request() -> None:
    asked: list[tuple[str, ...]] = []
    assert len(listed(service({f"t/{n}" for n in range(900)}, 1000, asked), [Range("")], 8)) == 900
    assert len(asked) == 1


def test_a_large_listing_takes_few_more_than_its_pages() -> None:
    asked: list[tuple[str, ...]] = []
    keys = {f"raw/t{table:03}/part-{part:03}" for table in range(100) for part in range(200)}
    assert listed(service(keys, 1000, asked), [Range("raw/")], 4) == sorted(keys)
    assert 20 <= len(asked) <= 20 + 4 * 4 + 3
    assert len({after for _, after, delimiter, _ in asked if not delimiter}) > 4, "nothing was cut"


def test_requests_overlap() -> None:
    keys = {f"t{table}/{part:03}" for table in range(8) for part in range(50)}
    meeting = threading.Barrier(3, timeout=10)
    inner = service(keys, 10)
    first = threading.Event()

    def ask(*wanted: str) -> Page:
        if first.is_set() and not wanted[2] and meeting.n_waiting < 3 and not meeting.broken and not done.is_set():
            meeting.wait()
            done.set()
        first.set()
        return inner(*wanted)

    done = threading.Event()
    assert listed(ask, [Range("")], 4) == sorted(keys)
    assert done.is_set()


def test_a_refusal_ends_its_range_only() -> None:
    inner = service({"a/1", "a/2", "b/1", "c/1"}, 10)

    def ask(*wanted: str) -> Page:
        if wanted[0] == "b/":
            raise PermissionError("no")
        return inner(*wanted)

    got = [(one.prefix, str(one.refused), [entry.path for entry in page])
           for one, page in Scan(ask, [Range("a/"), Range("b/"), Range("c/")], 2)]  # fmt: skip
    assert got == [("a/", "None", ["a/1", "a/2"]), ("b/", "no", []), ("c/", "None", ["c/1"])]


def test_whoever_stops_reading_ends_the_threads() -> None:
    before = threading.active_count()
    pages_read = iter(Scan(service({f"t{n % 9}/{n}" for n in range(5000)}, 10), [Range("")], 4))
    next(pages_read)
    next(pages_read)
    pages_read.close()
    assert threading.active_count() == before


XML = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult{space}><Name>lake</Name><IsTruncated>true</IsTruncated><EncodingType>{encoding}</EncodingType>
<NextContinuationToken>abc=</NextContinuationToken>
<Contents><Key>a%2Bb+c%0A.csv</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><ETag>&quot;ab-2&quot;</ETag>
<Size>12</Size><StorageClass>{store}</StorageClass></Contents>
<Contents><Size>0</Size><Key>x/</Key><LastModified>2026-01-02T03:04:05Z</LastModified></Contents>
<CommonPrefixes><Prefix>f%20g/</Prefix></CommonPrefixes></ListBucketResult>"""


@pytest.mark.parametrize("space", ["", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'])
def test_a_page_is_read_as_it_stands(space: str) -> None:
    page = pages.read(XML.format(space=space, encoding="url", store="GLACIER").encode())
    assert page is not None and page.more and page.token == "abc=" and page.folders == ["f g/"]
    first, second = page.entries
    assert first == Entry("a+b c\n.csv", 12, 1_767_323_045_678_000_000, "ab-2 GLACIER")
    assert first.etag == "ab-2" and first.kept_as == "GLACIER"
    assert second == Entry("x/", 0, 1_767_323_045_000_000_000)
    plain = pages.read(XML.format(space=space, encoding="", store="STANDARD").encode())
    assert plain is not None and plain.entries[0].path == "a%2Bb+c%0A.csv" and plain.entries[0].tag == "ab-2"


@pytest.mark.parametrize("body", [b"", b"<html>", b"<Error><Code>SlowDown</Code></Error>", b"<ListBucketResult><Conte"])
def test_what_is_no_page_is_left_to_botocore(body: bytes) -> None:
    assert pages.read(body) is None


def test_without_an_etag_whole_seconds_are_believed() -> None:
    """A server may list whole seconds, and compare what it is asked for with the fractions too."""
    written = datetime(2026, 1, 2, 3, 4, 5, 900_000, timezone.utc)
    listed = int(written.timestamp()) * 1_000_000_000
    assert _unchanged(Entry("a.csv", 1, listed))["IfUnmodifiedSince"] >= written
    assert _unchanged(Entry("a.csv", 1)) == {}
    assert _unchanged(Entry("a.csv", 1, listed, "abc GLACIER")) == {"IfMatch": '"abc"'}
