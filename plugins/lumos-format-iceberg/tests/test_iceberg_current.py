"""Which metadata file is current, and what happens when that cannot be told."""

from __future__ import annotations

import gzip
import json
import os

import pytest
from lumos_lake.storage import StoredFile

from lumos_core.plugin_api import RetryableError, UnitError

A = "00004-aaaa-1.metadata.json"
B = "00004-bbbb-2.metadata.json"


def names(table) -> list[str]:
    return [field.path for field in table.table().fields]


def test_the_highest_version_counts_by_number(table):
    for version in (1, 2, 9, 10):
        table.write(f"v{version}.metadata.json", table.column(1, f"of_{version}"))
    (table.folder / "snap-1.avro").write_bytes(b"x")
    assert names(table) == ["of_10"]


@pytest.mark.parametrize("hint, current", [("2", "of_4"), ("4", "of_4"), ("6\n", "of_6"), ("v6", "of_6")])
def test_the_hint_leads_to_a_version_and_the_walk_on_from_there(table, hint, current):
    for version in (1, 2, 3, 4, 6):
        table.write(f"v{version}.metadata.json", table.column(1, f"of_{version}"))
    table.hint(hint)
    assert names(table) == [current]


@pytest.mark.parametrize("hint", [A, A.removesuffix(".metadata.json"), f"s3://b/t/metadata/{A}"])
def test_the_hint_may_be_a_name(table, hint):
    table.write(A, table.column(1, "a"))
    table.write("00009-c.metadata.json", table.column(1, "c"))
    table.hint(hint)
    assert names(table) == ["a"]


@pytest.mark.parametrize("hint", ["7", "00007-gone", "00007-gone.metadata.json", "snap-1.avro"])
def test_a_hint_to_nothing(table, hint):
    table.write("v1.metadata.json")
    (table.folder / "snap-1.avro").write_bytes(b"x")
    table.hint(hint)
    with pytest.raises(UnitError, match="not there") as caught:
        table.records()
    assert caught.value.where == "t/metadata/version-hint.text" and "names" in caught.value.why and caught.value.fix


def test_a_hint_alone(table):
    table.hint("1")
    with pytest.raises(UnitError, match="names version 1"):
        table.records()
    table.hint("")
    with pytest.raises(UnitError, match="no metadata file is there"):
        table.records()


@pytest.mark.parametrize("hint", ["", "\x00\xff", "a b", "../../etc/passwd\n"])
def test_a_hint_that_says_nothing(table, hint):
    table.write("v1.metadata.json", table.column(1, "a"))
    table.hint(hint)
    assert names(table) == ["a"]
    assert {warning.code for warning in table.ctx.warnings} == {"iceberg-version-hint"}


def test_a_hint_that_was_overwritten_meanwhile(table):
    table.write("v1.metadata.json", table.column(1, "a"))
    hint = table.hint("2")
    files = table.files()
    os.utime(hint, ns=(1, 1))
    assert [field.path for field in table.inspect(files)[0].value.fields] == ["a"]


@pytest.mark.parametrize(
    "name", ["v3.gz.metadata.json", "v3.metadata.json.gz", "00003-x.gz.metadata.json", "last.metadata.json"]
)
def test_names_and_compression(table, name):
    table.write(name, table.column(1, "a"))
    assert names(table) == ["a"]


def test_files_of_a_catalog_and_what_a_failed_commit_left(table):
    table.write("00003-older.metadata.json", table.column(1, "old"), last_updated_ms=1_900_000_000_000)
    table.write(A, table.column(1, "a"), last_updated_ms=1_700_000_000_000)
    assert names(table) == ["a"]
    # Another of the same number that says the same: whichever it is, the table is this one.
    table.write(B, table.column(1, "a"), last_updated_ms=1_800_000_000_000, **table.snapshot(total_records="5"))
    records = table.records()
    assert [field.path for field in records[0].value.fields] == ["a"] and records[2].value.row_count == 5
    table.write(B, table.column(1, "b"), last_updated_ms=1_800_000_000_000)
    with pytest.raises(UnitError, match="current is not known") as caught:
        table.records()
    assert caught.value.where.endswith(B) and A in caught.value.why and "catalog" in caught.value.fix
    for number in range(20):
        table.write(f"00004-{number}.metadata.json")
    with pytest.raises(UnitError, match="22 files"):
        table.records()


def test_a_table_that_moved_into_a_catalog(table):
    table.write("v9.metadata.json", table.column(1, "old"), last_updated_ms=1_700_000_000_000)
    table.write("00001-x.metadata.json", table.column(1, "new"), last_updated_ms=1_700_000_000_001)
    assert names(table) == ["new"]


def test_a_folder_below_is_none_of_it(table):
    table.write("v1.metadata.json", table.column(1, "a"))
    (table.folder / "old").mkdir()
    (table.folder / "v1.metadata.json").rename(table.folder / "old" / "v9.metadata.json")
    table.write("v2.metadata.json", table.column(1, "b"))
    assert names(table) == ["b"]


def test_bombs_and_large_files_stop_at_the_limit(table):
    path = table.write("v1.metadata.json")
    path.write_bytes(gzip.compress(path.read_bytes() + b" " * 3 * 2**20))
    assert path.stat().st_size < 10_000
    with pytest.raises(UnitError, match="more than 1,048,576 bytes") as caught:
        table.records(max_metadata_mib=1)
    assert "raise the limit" in caught.value.fix
    assert table.records(max_metadata_mib=4)


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_metadata_that_is_cut_off_is_not_replaced_by_an_older_one(table, cut):
    table.write("v1.metadata.json")
    path = table.write("v2.metadata.json")
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(UnitError, match="cannot be read") as caught:
        table.records()
    assert caught.value.where == "t/metadata/v2.metadata.json" and caught.value.fix


def test_a_file_that_changes_and_one_that_goes(table):
    path = table.write("v1.metadata.json")
    files = table.files()
    os.utime(path, ns=(1, 1))
    with pytest.raises(RetryableError):
        table.inspect(files)
    path.unlink()
    with pytest.raises(UnitError, match="cannot be read"):
        table.inspect(files)


def test_local_paths_are_not_needed(table):
    class Remote(StoredFile):
        def open(self):
            return (table.root / self.path).open("rb")

    table.write("v2.metadata.json", table.column(1, "a"))
    table.hint("2")
    files = [Remote(file.path, file.size, "etag", None, file.urn) for file in table.files()]
    assert table.inspect(files) == table.records()


def test_only_what_is_needed_is_opened(table):
    opened = []

    class Counted(StoredFile):
        def open(self):
            opened.append(self.path)
            return super().open()

    for version in range(1, 30):
        table.write(f"v{version}.metadata.json")
        (table.folder / f"snap-{version}.avro").write_bytes(b"x")
    table.hint("29")
    table.inspect([Counted(f.path, f.size, f.etag, f.local, f.urn) for f in table.files()])
    assert sorted(opened) == ["t/metadata/v29.metadata.json", "t/metadata/version-hint.text"]


def test_a_run_that_is_cancelled(table):
    table.write()
    table.ctx.cancelled = lambda: True
    assert table.records() == []


@pytest.mark.parametrize(
    "said, why",
    [
        ({"format-version": 4}, "format version is 4"),
        ({"format-version": 0}, "format version is 0"),
        ({"format-version": 1, "view-uuid": "x"}, "a view has no data"),
        ({"format-version": "2"}, "no metadata of a table"),
        ([], "no metadata of a table"),
        ({}, "no metadata of a table"),
    ],
)
def test_what_is_no_table_of_a_known_version(table, said, why):
    (table.folder / "v1.metadata.json").write_text(json.dumps(said))
    with pytest.raises(UnitError) as caught:
        table.records()
    assert why in caught.value.why and caught.value.fix and caught.value.where == "t/metadata/v1.metadata.json"


def test_nesting_without_end(table):
    (table.folder / "v1.metadata.json").write_text('{"format-version": 2, "x": ' + "[" * 200_000)
    with pytest.raises(UnitError, match="cannot be read"):
        table.records()
