"""The join: exactly the differing pairs, however the bytes fall into blocks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumos_core.errors import SnapshotError
from lumos_core.model.record import line_key
from lumos_core.snapshot import blocks, hasher
from lumos_core.snapshot import join as module
from lumos_core.snapshot.join import join
from lumos_core.snapshot.reader import SnapshotReader
from lumos_core.snapshot.writer import SnapshotWriter

NAMES = st.integers(0, 40)
SIDES = st.dictionaries(NAMES, st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([0, 1, 200])), max_size=40)


def lines_of(side: dict[int, tuple[str, int]]) -> list[bytes]:
    return [
        b'{"kind":"tag","urn":"urn:lumos:tag:t%02d","value":{"name":"%s"}}' % (n, text.encode() + b"x" * size)
        for n, (text, size) in sorted(side.items())
    ]


def naive(left: list[bytes], right: list[bytes]) -> list[tuple[bytes | None, bytes | None]]:
    a, b = ({line_key(line): line for line in side} for side in (left, right))
    return [(a.get(key), b.get(key)) for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key)]


@settings(deadline=None)
@given(SIDES, SIDES, st.sampled_from([2, 64, 2**16]), st.sampled_from([1, 3, 64]))
def test_lines_are_joined_as_sets_would_be(left, right, step: int, batch: int) -> None:
    one, other = lines_of(left), lines_of({**left, **right} if step > 2 else right)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_LARGEST", step)
        patch.setattr(module, "_SMALLEST", min(step, 16))
        patch.setattr(module, "_BATCH", batch)
        assert list(join(iter(one), iter(other))) == naive(one, other)


@settings(deadline=None, max_examples=60)
@given(SIDES, SIDES, st.sampled_from([7, 100, 2**20]), st.booleans(), st.booleans())
def test_files_are_joined_as_sets_would_be(
    tmp_path_factory: pytest.TempPathFactory, left, right, chunk: int, compressed: bool, threaded: bool
) -> None:
    folder = tmp_path_factory.mktemp("join")
    sides = [lines_of(left), lines_of({**left, **right})]
    readers = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CHUNK", chunk)
        patch.setattr(hasher, "_INLINE", 0 if threaded else 2**30)
        for number, lines in enumerate(sides):
            path = folder / f"{number}.lumos.jsonl{'.zst' if compressed else ''}"
            with SnapshotWriter(path, ordered=True) as writer:
                for line in lines:
                    writer.add_line(line)
                writer.close()
            readers.append(SnapshotReader(path))
        assert list(join(*readers)) == naive(*sides)
        assert list(join(readers[0], iter(sides[1]))) == naive(*sides)


def tags(*names: str) -> list[bytes]:
    return [b'{"kind":"tag","urn":"urn:lumos:tag:%s","value":{}}' % name.encode() for name in names]


@pytest.mark.parametrize("step", [1, 2**16])
@pytest.mark.parametrize(
    "left, right, side",
    [
        (["b", "a"], ["b", "a"], "side"),
        (["b", "a"], [], "left"),
        ([], ["b", "a"], "right"),
        (["a", "c"], ["a", "c", "b"], "right"),
        (["a", "a"], ["a", "a"], "side"),
        (["a", "b", "c"], ["b", "a", "c"], "right"),
        (["c", "d"], ["a", "x", "c", "d"], "right"),
    ],
)
def test_disorder_is_found_on_either_side(
    monkeypatch: pytest.MonkeyPatch, step: int, left: list[str], right: list[str], side: str
) -> None:
    monkeypatch.setattr(module, "_LARGEST", step)
    with pytest.raises(SnapshotError, match=side):
        list(join(tags(*left), tags(*right)))


def test_two_kinds_that_share_a_beginning_are_told_apart() -> None:
    lines = [
        b'{"kind":"data_product","urn":"urn:lumos:data_product:a","value":{}}',
        b'{"kind":"dataset","urn":"urn:lumos:dataset:(a,a,PROD)","value":{}}',
    ]
    assert list(join(lines, lines)) == []
    assert list(join(lines[:1], lines)) == [(None, lines[1])]


def test_what_is_no_record_is_an_error() -> None:
    with pytest.raises(SnapshotError, match="not a record"):
        list(join([b"{}"], [b"{}"]))


def test_a_damaged_file_is_an_error_even_when_nobody_differs(tmp_path: Path) -> None:
    readers = []
    for name in "ab":
        with SnapshotWriter(tmp_path / f"{name}.lumos.jsonl") as writer:
            for line in tags("x", "y"):
                writer.add_line(line)
            writer.close()
        path = tmp_path / f"{name}.lumos.jsonl"
        path.write_bytes(path.read_bytes().replace(b"tag:y", b"tag:z"))
        readers.append(SnapshotReader(path))
    with pytest.raises(SnapshotError, match="altered"):
        list(join(*readers))


def test_an_abandoned_join_stops_its_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(hasher, "_INLINE", 0)
    monkeypatch.setattr(blocks, "CHUNK", 64)
    for name in "ab":
        with SnapshotWriter(tmp_path / f"{name}.lumos.jsonl") as writer:
            for line in tags(*(f"{name}{n:04d}" for n in range(500))):
                writer.add_line(line)
            writer.close()
    before = threading.active_count()
    pairs = join(SnapshotReader(tmp_path / "a.lumos.jsonl"), SnapshotReader(tmp_path / "b.lumos.jsonl"))
    next(pairs)
    assert threading.active_count() > before
    pairs.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
