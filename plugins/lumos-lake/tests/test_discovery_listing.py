"""Listings of any size and order: what is kept of them, and that the answer stays the same."""

from __future__ import annotations

import random
from collections import defaultdict
from hashlib import md5

import lake_generator as generator
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_lake import Entry
from lumos_lake.discovery import layout, names, spool
from lumos_lake.units import BLOCK, pack, unpack

PLACE = st.text("ab/é\udcff .", min_size=1, max_size=12)
ENTRIES = st.lists(st.builds(Entry, PLACE, st.integers(0, 9), st.integers(-5, 1 << 62), st.sampled_from(["", "t"])))

UUID, OTHER = "5f0c3b2e-1111-4222-8333-444455556666", "6a0c3b2e-2222-4a22-9333-44445555666f"


def spooled(entries):
    made = spool.Spool()
    for entry in entries:
        made.add(entry)
    return made


@pytest.mark.parametrize("in_memory", [0, 1 << 20])
def test_a_spool_gives_back_what_it_was_given(monkeypatch, in_memory):
    monkeypatch.setattr(spool, "IN_MEMORY", in_memory)
    entries = [Entry(f"d/{n:05d}-\udcff-é.csv", n, -n, "e" * (n % 3)) for n in range(4 * spool.BLOCK + 7)]
    made = spooled(entries)
    assert list(made) == entries and len(made) == len(entries)
    rows = [0, spool.BLOCK, spool.BLOCK - 1, len(entries) - 1, 5]
    assert [made[row] for row in rows] == [entries[row] for row in rows]
    files = spool.Files(made, range(10, 900))
    assert files == entries[10:900] and files[3] == entries[13] and list(files[-2:]) == entries[898:900]
    assert files != entries[11:901] and files.bytes == sum(range(10, 900))


@given(ENTRIES)
def test_entries_come_in_order_however_they_came(entries):
    assert list(spool.in_order(iter(entries))) == sorted(entries)


def test_runs_that_do_not_fit_in_memory_are_merged(monkeypatch):
    monkeypatch.setattr(spool, "RUN", 10)
    entries = [Entry(f"{n}", n) for n in range(95)]
    random.Random(1).shuffle(entries)
    assert list(spool.in_order(iter(entries))) == sorted(entries)


@pytest.mark.parametrize("seed", range(4))
def test_a_listing_in_any_order_gives_the_same_answer(seed, monkeypatch):
    monkeypatch.setattr(spool, "RUN", 50)
    monkeypatch.setattr(spool, "IN_MEMORY", 2000)
    lake = generator.make(seed)
    listing = [Entry(path, 10) for path in lake.paths]
    read = lambda format, entry: lake.schemas.get(entry.path)  # noqa: E731
    straight = layout(listing, peek=read)
    for shuffle in (random.Random(seed).shuffle, list.reverse):
        other = list(listing)
        shuffle(other)
        again = layout(other, peek=read)
        assert again.groupings == straight.groupings and again.left_out == straight.left_out


@given(st.text("part-0123456789abcdef_.csvT~$", min_size=1, max_size=40), st.data())
def test_names_of_one_shape_are_read_alike(name, data):
    other = "".join(data.draw(st.sampled_from("0123456789")) if char.isdigit() else char for char in name)
    if names.same_shape(name) == names.same_shape(other):
        first, second = (names.file_name(one, {".csv": "csv"}) for one in (name, other))
        assert first[:3] == second[:3]


@given(
    st.lists(st.sampled_from(["part-", "00", "7", "-c000", ".", "csv", "bz2", "-", UUID, "x", "+", "é"]), min_size=1)
)
def test_what_looks_like_a_name_has_its_shape(pieces):
    name, rng = "".join(pieces), random.Random(len(pieces))
    other = "".join(rng.choice("0123456789") if char.isdigit() else char for char in name.replace(UUID, OTHER))
    for one in (name, other, name + "x"):
        if names.like(name)(one):
            assert names.same_shape(one) == names.same_shape(name)
    assert names.like(name)(name)


def test_one_folder_of_many_files_and_many_folders_of_one_are_one_dataset_each():
    one = layout(Entry(f"lake/events/part-{n:05d}-c000.csv", 1) for n in range(5000))
    assert [(g.name, len(g.files)) for g in one.groupings] == [("lake/events", 5000)]
    many = layout(
        Entry(f"lake/sessions/{md5(bytes([n % 256, n // 256])).hexdigest()[:7]}/data.json", 1) for n in range(5000)
    )
    assert [(g.name, len(g.files)) for g in many.groupings] == [("lake/sessions", 5000)]
    (table,) = layout(
        Entry(f"o/region={n % 7}/dt=2024-01-{n // 7:05d}/p.csv", 1) for n in sorted(range(5000), key=str)
    ).groupings
    assert len(table.files) == 5000 and [column.name for column in table.partitions] == ["region", "dt"]


@pytest.mark.parametrize("seed", range(6))
def test_a_folder_that_holds_datasets_is_answered_alone_as_in_the_whole(seed):
    lake = generator.make(seed)
    listing = [Entry(path, 10) for path in lake.paths]
    read = lambda format, entry: lake.schemas.get(entry.path)  # noqa: E731
    whole = layout(listing, peek=read, root_name="lake").groupings
    inside = defaultdict(list)
    for grouping in whole:
        inside[grouping.name.rpartition("/")[0]].append(grouping)
    checked = 0
    for folder, several in inside.items():
        if not folder or len(several) < 2:
            continue
        below = [entry for entry in listing if entry.path.startswith(f"{folder}/")]
        assert layout(below, peek=read, root_name="lake").groupings == [
            one for one in whole if one.name == folder or one.name.startswith(f"{folder}/")
        ], folder
        checked += 1
    assert checked > 3


def test_a_dataset_of_many_files_is_carried_in_blocks():
    (grouping,) = layout(Entry(f"t/part-{n:05d}.csv", n + 1, n, "tag") for n in range(2 * BLOCK + 3)).groupings
    again, peeked = unpack(pack(grouping, {"t/part-00007.csv"}))
    assert again.files == grouping.files and again.name == "t" and peeked == ["t/part-00007.csv"]
    assert again.files[-1] == grouping.files[-1] and list(again.files[5:7]) == list(grouping.files[5:7])
    with pytest.raises(IndexError):
        again.files[2 * BLOCK + 3]
