"""The external sort: any number of lines, in order, stable, and nothing left on the disk."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumos_core.errors import DiskError
from lumos_core.model.record import line_key
from lumos_core.snapshot import sorter as module
from lumos_core.snapshot.sorter import LineSorter

LINES = st.lists(st.binary(max_size=6).filter(lambda line: b"\n" not in line), max_size=60)


def line(name: str, number: int) -> bytes:
    return b'{"kind":"tag","urn":"urn:lumos:tag:%s","value":{"version":"%d"}}' % (name.encode(), number)


@given(LINES, st.integers(1, 400))
def test_lines_come_out_as_python_sorts_them(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], memory: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "sort"
    with LineSorter(folder, memory, key=bytes) as sorter:
        for one in lines:
            sorter.add(one)
        assert sorter.count == len(lines)
        assert list(sorter.sorted()) == sorted(lines)
    assert not folder.exists() or not list(folder.iterdir())


@pytest.mark.parametrize("memory", [1, 300, 2**20])
def test_lines_of_one_key_stay_in_the_order_in_which_they_came(tmp_path: Path, memory: int) -> None:
    lines = [line(f"t{n % 7}", n) for n in range(500)]
    with LineSorter(tmp_path, memory) as sorter:
        for one in lines:
            sorter.add(one)
        assert list(sorter.sorted()) == sorted(lines, key=line_key)


def test_many_runs_are_merged_in_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FAN_IN", 3)
    opened: list[int] = []
    merge = LineSorter._merge
    monkeypatch.setattr(LineSorter, "_merge", lambda self, runs: opened.append(len(runs)) or merge(self, runs))
    lines = [line(f"t{n * 37 % 100:03d}", n) for n in range(100)]
    with LineSorter(tmp_path, 1) as sorter:
        for one in lines:
            sorter.add(one)
        assert list(sorter.sorted()) == sorted(lines, key=line_key)
    assert max(opened) == 3 and len(opened) > 34
    assert list(tmp_path.iterdir()) == []


def test_what_was_spilled_is_removed_when_nobody_reads_it(tmp_path: Path) -> None:
    sorter = LineSorter(tmp_path, 1)
    for number in range(5):
        sorter.add(line("a", number))
    assert len(list(tmp_path.glob(".lumos-sort-*/run-*"))) == 5
    lines = sorter.sorted()
    assert next(lines) == line("a", 0)
    lines.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_sorter_cleans_up_after_itself(tmp_path: Path) -> None:
    sorter = LineSorter(tmp_path, 1)
    sorter.add(line("a", 0))
    del sorter
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with LineSorter(tmp_path, 1) as sorter, pytest.raises(DiskError, match=r"No space left.*Free space"):
        sorter.add(line("a", 0))
    assert list(tmp_path.iterdir()) == []
