"""The files between two stages: sorted lines, rows laid over a state, changes in order, the memo."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from lumos_core.model.change import Change
from lumos_core.model.entities import Dataset
from lumos_core.model.record import Record, canonical, line_key, line_urn, make_key
from lumos_core.model.urns import dataset
from lumos_core.running.changes import ChangeFile, by_record, by_severity
from lumos_core.running.linefile import LineFile
from lumos_core.running.memo import MemoFile
from lumos_core.running.order import fragments, tag
from lumos_core.running.rows import Rows, overlay

NAMES = st.sets(st.text(min_size=1, max_size=6), max_size=12)


def lines_of(names, subtype=None):
    return sorted(canonical(Record(dataset("f", name), Dataset(name=name, subtype=subtype))) for name in names)


@given(NAMES, st.text(min_size=1, max_size=6))
def test_a_line_is_found_by_its_key(tmp_path_factory, names, other):
    lines = lines_of(names)
    file = LineFile.write(tmp_path_factory.mktemp("lines") / "x", lines)
    assert list(file) == lines
    for line in lines:
        assert file.get(line_key(line)) == line
    wanted = make_key("dataset", dataset("f", other))
    assert (file.get(wanted) is not None) == (other in names)
    assert list(file.starting_at(wanted)) == [line for line in lines if line_key(line) >= wanted]


@given(NAMES, NAMES, NAMES)
def test_rows_are_laid_over_a_state(tmp_path_factory, held, put, gone):
    gone -= put
    state = {line_key(line): line for line in lines_of(held)}
    rows = [("dataset", line_urn(line), line) for line in lines_of(put, "view")]
    rows += [("dataset", dataset("f", name), None) for name in gone]
    written = Rows.write(tmp_path_factory.mktemp("rows") / "x", sorted(rows, key=lambda row: make_key(row[0], row[1])))
    assert sorted(written, key=str) == sorted(rows, key=str)
    expected = {**state, **{make_key(kind, urn): line for kind, urn, line in rows}}
    assert list(overlay(sorted(state.values()), written)) == [
        line for _, line in sorted(expected.items()) if line is not None
    ]


@given(st.lists(st.tuples(st.text(min_size=1, max_size=4), st.integers(0, 3), st.integers(0, 99)), unique=True))
def test_fragments_come_by_record_then_source(entries):
    tagged = []
    for sequence, (name, source, number) in enumerate(entries):
        line = canonical(Record(dataset("f", name), Dataset(name=name, subtype=f"{source}/{number}")))
        tagged.append(tag(line, source, sequence))
    groups = list(fragments(sorted(tagged)))
    urns = [line_urn(group[0]) for group in groups]
    assert urns == sorted(urns, key=str.encode)
    for group in groups:
        assert len({line_urn(line) for line in group}) == 1
        sources = [line.split(b'"subtype":"')[1].split(b"/")[0] for line in group]
        assert sources == sorted(sources)
    assert sum(map(len, groups)) == len(entries)


def test_changes_are_sorted_and_read_again(tmp_path):
    found = [
        Change(rule="b", urn="urn:lumos:dataset:(f,b,PROD)", severity="informational"),
        Change(rule="a", urn="urn:lumos:dataset:(f,b,PROD)", severity="breaking", path="new\nline"),
        Change(rule="c", urn="urn:lumos:dataset:(f,a,PROD)", severity="risky"),
    ]
    people = ChangeFile.write(tmp_path / "people", found, by_severity, tmp_path)
    assert [change.rule for change in people] == ["a", "c", "b"]
    assert list(people) == list(people.many())
    assert people.counts == {"breaking": 1, "risky": 1, "informational": 1}
    records = ChangeFile.write(tmp_path / "records", found, by_record, tmp_path)
    assert [change.rule for change in records] == ["c", "b", "a"]


def test_the_memo_remembers_after_a_flush_only(tmp_path):
    first = MemoFile(tmp_path / "memo.db")
    space, other = first.space("a"), first.space("b")
    space[b"k"] = b"v"
    space[b"gone"] = b"x"
    del space[b"gone"]
    assert space[b"k"] == b"v"
    assert b"k" not in other
    assert list(space) == [b"k"]
    assert len(space) == 1
    unflushed = MemoFile(tmp_path / "memo.db")
    assert b"k" not in unflushed.space("a")
    unflushed.close()
    first.flush()
    first.close()
    second = MemoFile(tmp_path / "memo.db")
    assert second.space("a")[b"k"] == b"v"
    second.close()


def test_a_damaged_memo_costs_time_only(tmp_path):
    (tmp_path / "memo.db").write_bytes(b"this is no database" * 100)
    memo = MemoFile(tmp_path / "memo.db")
    memo.space("a")[b"k"] = b"v"
    memo.flush()
    memo.close()
    with sqlite3.connect(tmp_path / "memo.db") as db:
        assert db.execute("select count(*) from memo").fetchone() == (1,)
    db.close()


def test_a_memo_without_a_folder_behaves_as_empty(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    memo = MemoFile(tmp_path / "file" / "memo.db")
    memo.space("a")[b"k"] = b"v"
    assert memo.space("a")[b"k"] == b"v"
    memo.flush()
    assert b"k" not in memo.space("a")
    memo.close()
