"""Writing: sealed files that appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumos_core.errors import DiskError, SnapshotError, UsageError
from lumos_core.model.coverage import Coverage
from lumos_core.model.elements import Owner
from lumos_core.model.entities import Dataset, Stats, Tag
from lumos_core.model.record import AnyRecord, Record, canonical
from lumos_core.model.scope import Covered, Scope
from lumos_core.snapshot.frame import SourceInfo, stats_path
from lumos_core.snapshot.reader import SnapshotReader
from lumos_core.snapshot.writer import SnapshotWriter
from lumos_core.testing.strategies import record_lists

ORDERS = "urn:lumos:dataset:(postgres,shop.orders,PROD)"


def some_records() -> list[AnyRecord]:
    return [
        Record("urn:lumos:tag:pii", Tag(name="pii")),
        Record(ORDERS, Dataset(name="orders", captured=["owners"], owners=[Owner("urn:lumos:user:ann")])),
        Record(f"{ORDERS}#profile@2026-01-15T10:00:00Z", Stats(row_count=120)),
    ]


def test_the_file_is_what_the_format_says(tmp_path: Path, save, coverage) -> None:
    info = save(tmp_path / "shop.lumos.jsonl", some_records())
    lines = info.path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert lines[0] == (
        b'{"exported_at":"2026-01-15T10:30:00Z","format":"lumos-snapshot/1",'
        b'"sources":[{"layers":["source"],"name":"postgres"}]}'
    )
    assert lines[1:-1] == [
        b'{"kind":"dataset","urn":"%s","value":{"captured":["owners"],"name":"orders",'
        b'"owners":[{"owner":"urn:lumos:user:ann"}]}}' % ORDERS.encode(),
        b'{"kind":"tag","urn":"urn:lumos:tag:pii","value":{"name":"pii"}}',
    ]
    body = b"".join(line + b"\n" for line in lines[:-1])
    sha256 = hashlib.sha256(body).hexdigest().encode()
    assert lines[-1] == (
        b'{"kind":"~end","urn":"","value":{"count":2,"coverage":[{"aspects":["fields","record"],'
        b'"scope":{"platform":"postgres"},"status":"complete"}],"sha256":"%s"}}' % sha256
    )
    assert lines == sorted(lines)
    assert info.digest == hashlib.sha256(b"".join(line + b"\n" for line in lines[1:-1])).hexdigest()
    assert info.counts == {"dataset": 1, "tag": 1, "stats": 1}
    assert info.count == 3
    assert info.stats_path == tmp_path / "shop.stats.lumos.jsonl"
    stats = info.stats_path.read_bytes().split(b"\n")
    assert stats[0] == lines[0]
    assert stats[1].startswith(b'{"kind":"stats","urn":"%s#profile@' % ORDERS.encode())
    assert msgspec.json.decode(stats[2])["value"]["count"] == 1
    assert SnapshotReader(info.stats_path).coverage.declared() == [], "read by itself, it licenses no removal"


@settings(deadline=None, max_examples=40)
@given(record_lists(), st.randoms(), st.booleans())
def test_the_order_in_which_records_come_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, save, records: list[AnyRecord], random, compressed: bool
) -> None:
    folder = tmp_path_factory.mktemp("order")
    ending = ".lumos.jsonl.zst" if compressed else ".lumos.jsonl"
    lines = sorted(map(canonical, records))
    one = save(folder / f"one{ending}", records)
    random.shuffle(records)
    other = save(folder / f"other{ending}", records)
    assert one.digest == other.digest
    assert one.path.read_bytes() == other.path.read_bytes()
    stats = list(SnapshotReader(one.stats_path).lines()) if one.stats_path else []
    assert sorted([*SnapshotReader(one.path).lines(), *stats]) == lines


def test_an_equal_export_is_not_written_again(tmp_path: Path, save) -> None:
    path = tmp_path / "shop.lumos.jsonl"
    save(path, some_records())
    os.utime(path, (1, 1))
    writer = SnapshotWriter(path, [SourceInfo("other")])
    for record in some_records():
        writer.add(record)
    info = writer.close([Covered(Scope(platform="postgres"), frozenset({"record", "fields"}))])
    assert not info.written
    assert path.stat().st_mtime == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shop.lumos.jsonl", "shop.stats.lumos.jsonl"]


@pytest.mark.parametrize("difference", ["record", "stats", "coverage", "damage"])
def test_a_different_export_replaces_both_files(tmp_path: Path, save, coverage, difference: str) -> None:
    path = tmp_path / "shop.lumos.jsonl"
    save(path, some_records())
    records = some_records()
    if difference == "record":
        records[1].value.name = "ordres"
    if difference == "stats":
        records[2].value.row_count = 121
    if difference == "coverage":
        coverage = Coverage()
    if difference == "damage":
        path.write_bytes(path.read_bytes().replace(b"orders", b"ordesr"))
    assert save(path, records, coverage).written
    assert not save(path, records, coverage).written


def test_stats_of_a_former_snapshot_do_not_stay_beside_a_new_one(tmp_path: Path, save) -> None:
    path = tmp_path / "shop.lumos.jsonl"
    save(path, some_records())
    info = save(path, some_records()[:2])
    assert info.written and info.stats_path is None
    assert [p.name for p in tmp_path.iterdir()] == ["shop.lumos.jsonl"]


def test_two_values_for_one_urn_are_an_error_and_nothing_stays(tmp_path: Path, save) -> None:
    twice = [Record(ORDERS, Dataset(name="a")), Record(ORDERS, Dataset(name="b"))]
    with pytest.raises(SnapshotError, match=r"shop\.orders,PROD\) was written twice"):
        save(tmp_path / "shop.lumos.jsonl", twice)
    assert list(tmp_path.iterdir()) == []
    same = [Record(ORDERS, Dataset(name="a")), Record(ORDERS, Dataset(name="a"))]
    assert save(tmp_path / "shop.lumos.jsonl", same).count == 1


def test_an_exception_leaves_what_was_there_before(tmp_path: Path, save) -> None:
    path = tmp_path / "shop.lumos.jsonl"
    save(path, some_records())
    before = path.read_bytes()

    def fail() -> None:
        with SnapshotWriter(path) as writer:
            writer.add(Record(ORDERS, Dataset()))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_leaves_what_was_there_before(tmp_path: Path, save, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shop.lumos.jsonl"
    save(path, some_records())
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("lumos_core.snapshot.output.os.fsync", full)
    with pytest.raises(DiskError, match="No space left") as caught:
        save(path, some_records()[:1])
    assert caught.value.exit_code == 3
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, save) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="cannot write"):
        save(tmp_path / "file" / "shop.lumos.jsonl", some_records())


def test_presorted_lines_must_come_in_order(tmp_path: Path) -> None:
    lines = sorted(map(canonical, some_records()), reverse=True)
    with SnapshotWriter(tmp_path / "a.lumos.jsonl", ordered=True) as writer:
        writer.add_line(lines[0])
        writer.add_line(lines[1])
        with pytest.raises(SnapshotError, match="out of order"):
            writer.add_line(lines[2])
    assert list(tmp_path.iterdir()) == []


def test_a_line_with_a_newline_inside_is_refused(tmp_path: Path) -> None:
    with (
        SnapshotWriter(tmp_path / "a.lumos.jsonl", ordered=True) as writer,
        pytest.raises(SnapshotError, match="newline"),
    ):
        writer.add_line(b'{"kind":"tag","urn":"urn:lumos:tag:a","value":{\n}}')


def test_nothing_is_added_after_the_end(tmp_path: Path) -> None:
    writer = SnapshotWriter(tmp_path / "a.lumos.jsonl")
    assert writer.close().count == 0
    with pytest.raises(UsageError, match="closed already"):
        writer.add(some_records()[0])
    assert list(SnapshotReader(tmp_path / "a.lumos.jsonl").lines()) == []


@pytest.mark.parametrize(
    "name, stats",
    [
        ("a.lumos.jsonl", "a.stats.lumos.jsonl"),
        ("a.b.lumos.jsonl.zst", "a.b.stats.lumos.jsonl.zst"),
        ("a.jsonl", "a.stats.jsonl"),
        ("a.jsonl.zst", "a.stats.jsonl.zst"),
        ("a.zst", "a.stats.zst"),
        ("a", "a.stats"),
    ],
)
def test_where_stats_stand(name: str, stats: str) -> None:
    assert stats_path(Path("x") / name) == Path("x") / stats
