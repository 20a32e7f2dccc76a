"""Objects as files: the bytes are right, requests are few, and what follows is asked for in advance."""

from __future__ import annotations

import io
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_source_s3 import ranged
from lumos_source_s3.ranged import ObjectFile, Reader


class Store:
    """Objects in memory, and the ranges that were asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int]] = []

    def file(self, name: str, content: bytes, reader: Reader) -> ObjectFile:
        def fetch(start: int, end: int) -> bytes:
            assert 0 <= start < end <= len(content)
            self.asked.append((name, start, end))
            return content[start:end]

        return ObjectFile(name, len(content), "etag", "urn", fetch, reader)


steps = st.one_of(
    st.tuples(st.just("read"), st.integers(-1, 500)),
    st.tuples(st.just("seek"), st.integers(0, 700)),
    st.tuples(st.just("back"), st.integers(0, 100)),
    st.tuples(st.just("end"), st.integers(0, 300)),
    st.tuples(st.just("line"), st.just(0)),
    st.tuples(st.just("into"), st.integers(0, 90)),
)


@given(st.binary(max_size=600), st.lists(steps, max_size=20), st.integers(1, 64), st.integers(0, 20))
def test_a_file_reads_as_any_other(content: bytes, steps: list[tuple[str, int]], ahead: int, behind: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"AHEAD": ahead, "BEHIND": behind, "KEPT": 100, "IN_ADVANCE": 80}.items():
            patch.setattr(ranged, name, value)
        true, ours = io.BytesIO(content), Store().file("x", content, Reader()).open()

        def same(do: Any) -> None:
            assert do(true) == do(ours)

        for what, number in steps:
            if what == "read":
                same(lambda file, n=number: file.read(n))
            elif what == "seek":
                same(lambda file, n=number: file.seek(n))
            elif what == "back":
                same(lambda file, n=number: file.seek(-min(n, file.tell()), io.SEEK_CUR))
            elif what == "end":
                same(lambda file, n=number: file.seek(-min(n, len(content)), io.SEEK_END))
            elif what == "line":
                same(lambda file: file.readline())
            else:
                first, second = bytearray(number), bytearray(number)
                assert true.readinto(first) == ours.readinto(second) and first == second
            same(lambda file: file.tell())
        ours.close()
        with pytest.raises(ValueError):
            ours.read(1)


def test_the_footer_of_a_parquet_file_takes_one_request() -> None:
    buffer = io.BytesIO()
    rows = random.Random(0).choices(range(10**9), k=200_000)
    pq.write_table(pa.table({"id": rows, "name": [str(row) for row in rows]}), buffer)
    store = Store()
    with store.file("a", buffer.getvalue(), Reader()).open() as file:
        assert pq.read_schema(file).names == ["id", "name"]
    ((_, start, end),) = store.asked
    assert end == len(buffer.getvalue()) and end - start == ranged.AHEAD


def test_a_look_at_whether_there_is_more_costs_no_request() -> None:
    store = Store()
    with store.file("a", b"x" * 3_000_000, Reader()).open() as file:
        assert len(file.read(100_000)) == 100_000 and file.read(1) == b"x"
    assert store.asked == [("a", 0, 100_000 + ranged.BEHIND)]
    small = Store()
    with small.file("b", b"x" * 50_000, Reader()).open() as file:
        assert len(file.read(1000)) == 1000 and file.seek(-8, io.SEEK_END) and len(file.read()) == 8
    assert small.asked == [("b", 0, 50_000)]


@pytest.mark.parametrize("tail", [True, False])
def test_the_following_files_are_asked_for_in_advance_and_once(tail: bool) -> None:
    contents = [bytes([number]) * (200_000 + number) for number in range(30)]
    store = Store()
    with ThreadPoolExecutor(4) as pool:
        reader = Reader(lambda: pool, 4)
        files = [store.file(str(number), content, reader) for number, content in enumerate(contents)]
        waiting = 0
        for number, file in enumerate(files):
            with file.open() as stream:
                if tail:
                    stream.seek(-100, io.SEEK_END)
                assert stream.read(100) == contents[number][-100:]
            waiting = max(waiting, len(store.asked) - number - 1)
    assert len(store.asked) == 30, "each file takes one request"
    assert 1 <= waiting <= 5


def test_nothing_is_asked_for_in_advance_out_of_order() -> None:
    store = Store()
    with ThreadPoolExecutor(2) as pool:
        reader = Reader(lambda: pool, 8)
        files = [store.file(str(number), b"x" * 100_000, reader) for number in range(20)]
        for number in (10, 3, 15, 7, 19, 1):
            with files[number].open() as stream:
                stream.read(10)
    assert sorted({name for name, _, _ in store.asked}, key=int) == ["1", "3", "7", "10", "15", "19"]


def test_what_is_held_of_a_file_is_bounded() -> None:
    content = random.Random(1).randbytes(12_000_000)
    stream: Any = Store().file("a", content, Reader()).open()
    for start in range(0, len(content), 500_000):
        stream.seek(start)
        assert stream.read(1000) == content[start : start + 1000]
        assert sum(len(block) for _, block in stream._blocks) <= ranged.KEPT
    stream.seek(0)
    assert stream.read() == content
