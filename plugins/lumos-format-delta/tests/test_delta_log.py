"""From which files of a log a table is read, and what happens when they are not what they should be."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest

from lumos_core.plugin_api import Cancelled, RetryableError, UnitError

CLASSIC = "{:020d}.checkpoint.parquet"


def names(log, **options) -> list[str]:
    return [field.path for field in log.table(**options).fields]


def warned(log) -> list[str]:
    return [warning.code for warning in log.ctx.warnings]


def protocol(**more):
    return {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2, **more}}


def test_the_newest_commit_counts_and_its_files_are_counted_once(log):
    log.create(log.column("a"))
    log.commit(1, log.info(), log.add("1", 10, 100), log.add("2", 20, 200))
    log.commit(2, log.metadata(log.column("a"), log.column("b")))
    log.commit(3, {"remove": {"path": "1"}}, log.add("3", 5, 50))
    log.commit(4, log.add("1", 7, 70))
    assert names(log) == ["a", "b"]
    assert log.size() == (32, 320, 3)
    assert names(log, statistics=False) == ["a", "b"] and log.size(statistics=False) is None


def test_an_empty_table(log):
    log.create()
    assert log.size() == (0, 0, 0)


def test_rows_are_told_only_when_every_file_tells_them(log):
    log.create()
    log.commit(1, log.add("1"), log.add("2", None), log.add("3", stats="{broken"))
    assert log.size() == (None, 300, 3)
    log.commit(2, {"remove": {"path": "2"}}, {"remove": {"path": "3"}})
    assert log.size() == (10, 100, 1)


def test_deleted_rows_are_taken_off(log):
    log.create()
    vector = {"storageType": "u", "pathOrInlineDv": "ab", "offset": 4, "sizeInBytes": 9, "cardinality": 3}
    log.commit(1, log.add("1"), log.add("2"))
    log.commit(2, {"remove": {"path": "1"}}, log.add("1", deletionVector=vector))
    assert log.size() == (17, 200, 2)
    log.commit(
        3, {"remove": {"path": "1", "deletionVector": vector}}, log.add("1", deletionVector={**vector, "offset": 8})
    )
    assert log.size() == (17, 200, 2)


@pytest.mark.parametrize("kind", ["classic", "parts", "v2", "json", "sidecars"])
def test_checkpoints_of_every_kind(log, kind):
    """Commits before it are gone, as vacuumed logs have it."""
    meta, actions = log.metadata(log.column("a")), [log.add(str(n), n, 10) for n in range(5)]
    vector = {"storageType": "i", "pathOrInlineDv": "x", "sizeInBytes": 1, "cardinality": 1}
    actions.append(log.add("v", 5, 10, deletionVector=vector))
    whole = [protocol(), meta, *actions]
    if kind == "classic":
        log.checkpoint(CLASSIC.format(7), *whole, {"remove": {"path": "old"}})
    elif kind == "parts":
        log.checkpoint(f"{7:020d}.checkpoint.0000000001.0000000002.parquet", *whole[:4])
        log.checkpoint(f"{7:020d}.checkpoint.0000000002.0000000002.parquet", *whole[4:])
    elif kind == "v2":
        log.checkpoint(f"{7:020d}.checkpoint.80a083e8-7026.parquet", *whole)
    else:
        log.checkpoint("_sidecars/s1.parquet", *actions[:3])
        log.checkpoint("_sidecars/s2.parquet", *actions[3:])
        top = [protocol(), meta, {"sidecar": {"path": "s1.parquet"}}, {"sidecar": {"path": "s2.parquet"}}]
        if kind == "json":
            text = "".join(json.dumps(action) + "\n" for action in [{"checkpointMetadata": {"version": 7}}, *top])
            (log.folder / f"{7:020d}.checkpoint.80a083e8-7026.json").write_text(text)
        else:
            log.checkpoint(f"{7:020d}.checkpoint.80a083e8-7026.parquet", *top)
    assert names(log) == ["a"] and log.size() == (14, 60, 6)
    assert names(log, statistics=False) == ["a"]
    log.commit(8, {"remove": {"path": "4"}}, log.add("3", 30, 10), {"remove": {"path": "v", "deletionVector": vector}})
    assert log.size() == (33, 40, 4) and warned(log) == []


def test_rows_that_stand_by_themselves_in_a_checkpoint(log):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = log.checkpoint(CLASSIC.format(1), protocol(), log.metadata(), log.add("1", None))
    table = pq.read_table(path)
    rows = table.to_pylist()
    parsed = pa.struct([("numRecords", pa.int64())])
    counted = pa.field("add", pa.struct([("path", pa.string()), ("size", pa.int64()), ("stats_parsed", parsed)]))
    schema = table.schema.set(table.schema.get_field_index("add"), counted)
    for row in rows:
        if row["add"]:
            row["add"] = {"path": "1", "size": 5, "stats_parsed": {"numRecords": 41}}
        else:
            # Some writers write structs of nulls for none.
            row["add"] = {"path": None, "size": None, "stats_parsed": None}
            row["metaData"] = row["metaData"] or {"id": None, "schemaString": None}
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    assert log.size() == (41, 5, 1)


def test_a_newer_checkpoint_saves_reading_the_commits_before(log):
    log.create(log.column("a"))
    for version in range(1, 6):
        log.commit(version, log.add(str(version)))
    (log.folder / f"{2:020d}.json").write_text("broken")
    log.checkpoint(CLASSIC.format(4), protocol(), log.metadata(), *(log.add(str(n)) for n in range(1, 5)))
    assert log.size() == (50, 500, 5)


def test_a_corrupt_checkpoint_is_passed_over_where_commits_tell_the_same(log):
    log.create(log.column("a"))
    for version in range(1, 4):
        log.commit(version, log.add(str(version)))
    log.checkpoint(CLASSIC.format(1), protocol(), log.metadata(log.column("a")), log.add("1"))
    broken = log.checkpoint(CLASSIC.format(2), protocol(), log.metadata(), log.add("1"), log.add("2"))
    data = broken.read_bytes()
    for spoiled in (data[: len(data) // 2], b"", b"x" * 100, data[:200] + b"\xff" * 400 + data[600:]):
        broken.write_bytes(spoiled)
        log.ctx.warnings.clear()
        assert log.size() == (30, 300, 3) and names(log) == ["a"]
        assert set(warned(log)) == {"delta-checkpoint"}
        assert log.ctx.warnings[0].where == f"t/_delta_log/{CLASSIC.format(2)}"
    (log.folder / CLASSIC.format(1)).unlink()
    assert log.size() == (30, 300, 3)


def test_a_corrupt_checkpoint_that_nothing_stands_in_for(log):
    log.checkpoint(CLASSIC.format(2), protocol(), log.metadata()).write_bytes(b"PAR1")
    log.commit(3, log.add("3"))
    with pytest.raises(UnitError, match="cannot be read") as caught:
        log.records()
    assert caught.value.where == f"t/_delta_log/{CLASSIC.format(2)}" and "checkpoint" in caught.value.fix


def test_a_checkpoint_without_schema_or_sidecar_is_none(log):
    log.create(log.column("a"))
    log.commit(1, log.add("1"))
    log.checkpoint(CLASSIC.format(1), log.add("1"))
    assert log.size() == (10, 100, 1) and warned(log) == ["delta-checkpoint"]
    (log.folder / CLASSIC.format(1)).unlink()
    log.ctx.warnings.clear()
    log.checkpoint(f"{1:020d}.checkpoint.x.parquet", protocol(), log.metadata(), {"sidecar": {"path": "gone.parquet"}})
    assert log.size() == (10, 100, 1) and "gone.parquet is not there" in log.ctx.warnings[0].message


def test_a_checkpoint_of_which_parts_are_missing(log):
    log.checkpoint(f"{3:020d}.checkpoint.0000000002.0000000002.parquet", protocol(), log.metadata())
    with pytest.raises(UnitError, match="gap") as caught:
        log.records()
    assert "version 3 parts are missing" in caught.value.why
    for version in range(4):
        log.commit(version, *([protocol(), log.metadata()] if not version else [log.add(str(version))]))
    assert log.size() == (30, 300, 3)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_gap_is_told_and_nothing_guessed(log, missing):
    log.create()
    for version in range(1, 4):
        log.commit(version, log.add(str(version)))
    (log.folder / f"{missing:020d}.json").unlink()
    with pytest.raises(UnitError, match="gap") as caught:
        log.records()
    assert caught.value.why == f"commit {missing} is not there" and "restore" in caught.value.fix


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_commit_that_is_cut_off(log, cut):
    log.create()
    path = log.commit(1, log.add("1"), log.add("2"))
    path.write_bytes(path.read_bytes()[:-cut] if cut > 1 else b"")
    with pytest.raises(UnitError, match="cannot be read") as caught:
        log.records()
    assert caught.value.where.endswith("1.json") and caught.value.why and "wait until" in caught.value.fix


def test_a_commit_that_is_being_written_is_tried_again(log):
    log.create()
    path = log.commit(1, log.add("1"))
    files = log.files()
    path.write_text('{"add":')
    from lumos_format_delta.config import DeltaConfig
    from lumos_format_delta.format import DeltaFormat

    with pytest.raises(RetryableError):
        list(DeltaFormat(DeltaConfig()).inspect(files, log.ctx))
    path.unlink()
    with pytest.raises(UnitError, match="cannot be read"):
        list(DeltaFormat(DeltaConfig()).inspect(files, log.ctx))


def test_a_line_that_never_ends(log, monkeypatch):
    monkeypatch.setattr("lumos_format_delta.actions.LONGEST", 3 * 2**20)
    log.create()
    (log.folder / f"{1:020d}.json").write_bytes(b" " * 5 * 2**20)
    with pytest.raises(UnitError, match="cannot be read") as caught:
        log.records()
    assert "a line of more than" in caught.value.why


def test_an_endless_log_stops_at_its_budget(log):
    log.create()
    for version in range(1, 30):
        log.commit(version, log.add(str(version)))
    with pytest.raises(UnitError, match="too long") as caught:
        log.records(max_commits=10)
    assert "max_commits" in caught.value.why and "checkpoint" in caught.value.fix
    log.commit(29, protocol(), log.metadata(log.column("z")))
    assert names(log, max_commits=10) == ["z"] and log.size(max_commits=10) is None
    assert "delta-log-too-long" in warned(log)
    log.ctx.warnings.clear()
    assert names(log, max_commits=1, statistics=False) == ["z"] and warned(log) == []


def test_a_budget_of_bytes(log):
    log.create()
    log.commit(1, *(log.add("x" * 1000 + str(n)) for n in range(1500)))
    with pytest.raises(UnitError, match="max_log_mib"):
        log.records(max_log_mib=1)
    assert log.size() == (15_000, 150_000, 1500)


def test_a_checkpoint_beyond_the_budget_still_tells_the_schema(log):
    stats = json.dumps({"numRecords": 1, "minValues": {"s": "y" * 1000}})
    actions = [log.add(str(n), stats=stats + " " * n) for n in range(1500)]
    log.checkpoint(CLASSIC.format(1), protocol(), log.metadata(log.column("a")), *actions)
    assert names(log, max_log_mib=1) == ["a"] and log.size(max_log_mib=1) is None
    assert set(warned(log)) == {"delta-log-too-long"}
    assert log.size() == (1500, 150_000, 1500)


def test_what_last_checkpoint_says_is_a_hint(log):
    log.create(log.column("a"))
    hint = log.folder / "_last_checkpoint"
    hint.write_text('{"version": 0, "size": 1}')
    assert names(log) == ["a"] and warned(log) == []
    hint.write_text("{")
    assert names(log) == ["a"] and warned(log) == ["delta-last-checkpoint"]
    hint.write_text('{"version": 9}')
    with pytest.raises(UnitError, match="not whole") as caught:
        log.records()
    assert caught.value.where == "t/_delta_log/_last_checkpoint" and "version 9" in caught.value.why
    files = log.files()
    os.utime(hint, ns=(1, 1))
    from lumos_format_delta.config import DeltaConfig
    from lumos_format_delta.format import DeltaFormat

    records = list(DeltaFormat(DeltaConfig()).inspect(files, log.ctx))
    assert [field.path for field in records[0].value.fields] == ["a"]


def test_files_that_are_no_part_of_the_log(log):
    for name in (".00000000000000000000.json.crc", f"{0:020d}.crc", "a.json", f"{0:020d}.{3:020d}.compacted.json"):
        (log.folder / name).write_text("x")
    (log.folder / "_staged_commits").mkdir()
    (log.folder / "_staged_commits" / f"{5:020d}.json").write_text("x")
    with pytest.raises(UnitError, match="no commit"):
        log.records()
    log.create(log.column("a"))
    assert names(log) == ["a"]


def test_a_log_without_a_schema(log):
    log.commit(0, protocol(), log.add("1"))
    with pytest.raises(UnitError, match="cannot be read") as caught:
        log.records()
    assert caught.value.why == "no commit holds a schema and a protocol"


def test_a_run_that_is_cancelled(log):
    log.create()
    log.ctx.cancelled = lambda: True
    with pytest.raises(Cancelled):
        log.records()


def test_local_paths_are_not_needed(log):
    from lumos_format_delta.config import DeltaConfig
    from lumos_format_delta.format import DeltaFormat
    from lumos_lake.storage import StoredFile

    class Remote(StoredFile):
        def open(self):
            return (log.root / self.path).open("rb")

    log.checkpoint(CLASSIC.format(3), protocol(), log.metadata(log.column("a")), log.add("1"))
    log.commit(4, log.add("2"))
    files = [Remote(file.path, file.size, "etag", None, file.urn) for file in log.files()]
    records = list(DeltaFormat(DeltaConfig()).inspect(files, log.ctx))
    assert records == log.records()


def test_a_million_actions_are_streamed(log):
    """Held are eight bytes of each file that is newer than the last checkpoint, and of an older one nothing."""
    log.create()
    many = 40_000
    with (log.folder / f"{1:020d}.json").open("w") as stream:
        for number in range(many):
            stream.write(json.dumps(log.add(f"part-{number:08d}-{'x' * 200}.parquet")) + "\n")
    size = (log.folder / f"{1:020d}.json").stat().st_size
    tracemalloc.start()
    assert log.size() == (many * 10, many * 100, many)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 15_000_000 and peak < 9_000_000, (size, peak)


def test_units_by_table(log, tmp_path: Path):
    """Files of several URNs are several tables."""
    from lumos_format_delta.config import DeltaConfig
    from lumos_format_delta.format import DeltaFormat
    from lumos_lake.storage import StoredFile

    log.create(log.column("a"))
    (first,) = log.files()
    second = StoredFile("u/_delta_log/00000000000000000000.json", first.size, first.etag, first.local, "urn:2")
    records = list(DeltaFormat(DeltaConfig()).inspect([first, second], log.ctx))
    assert [record.urn.partition("#")[0] for record in records] == [first.urn] * 2 + ["urn:2"] * 2
