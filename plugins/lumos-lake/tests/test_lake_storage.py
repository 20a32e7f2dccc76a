"""The listing: in order, streaming, resumable, honest about links and about what it may not see."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_lake import Entry, LocalStorage
from lumos_lake.storage import Gap

NAMES = ["a", "a!", "a.b", "a/x", "a/y/z", "a0", "b-c/d", "b/c", "B", "é", "日本", "z/a/b/c/d"]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * len(name))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    touch(tmp_path, *(f"d/{name}.csv" for name in NAMES))
    return tmp_path


def paths(folder: Path, **more) -> list[str]:
    return [entry.path for entry in LocalStorage(folder, **more).list()]


def test_paths_come_in_the_order_of_storage_keys(tree):
    listed = paths(tree)
    assert listed == sorted(f"d/{name}.csv" for name in NAMES)


@given(st.lists(st.sampled_from(["a", "a.b", "b", "b c", "c=1", "~"]), min_size=1, max_size=4), st.integers())
@settings(max_examples=30)
def test_a_listing_resumes_after_any_path(tmp_path_factory, names, seed):
    folder = tmp_path_factory.mktemp("tree")
    rng = random.Random(seed)
    touch(folder, *{"/".join([*rng.choices(names, k=rng.randrange(3)), f"f{n}"]) for n in range(6)})
    whole = paths(folder)
    for start in [*whole, "", "a", "b/", "zzz"]:
        rest = [entry.path for entry in LocalStorage(folder).list(start_after=start)]
        assert rest == [path for path in whole if path > start]


def test_entries_have_size_time_and_etag(tree):
    (entry,) = (e for e in LocalStorage(tree).list() if e.path == "d/a.csv")
    status = (tree / "d/a.csv").stat()
    assert (entry.size, entry.mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert entry.etag == f"{entry.size}-{entry.mtime_ns}" == LocalStorage(tree).stat("d/a.csv").etag
    assert Entry("x", 1, 2, "abc").etag == "abc"
    with LocalStorage(tree).file(entry, "urn").open() as file:
        assert len(file.read()) == entry.size


def test_links_are_left_out_or_followed_once(tree):
    for link, target in (("loop", "d"), ("file.csv", "d/a.csv"), ("d/up", "."), ("dangling", "gone")):
        (tree / link).symlink_to(tree / target)
    skipped: list[str] = []
    assert paths(tree, on_skip=skipped.append) == sorted(f"d/{name}.csv" for name in NAMES)
    assert sorted(skipped) == ["d/up", "dangling", "file.csv", "loop"]
    followed = paths(tree, follow_symlinks=True)
    assert "file.csv" in followed and len(followed) == len(NAMES) + 1


def test_special_files_are_left_out(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    skipped: list[str] = []
    assert paths(tmp_path, on_skip=skipped.append) == [] and skipped == ["pipe"]


def test_folders_can_be_pruned(tree):
    touch(tree, ".git/config")
    assert ".git/config" in paths(tree)
    assert ".git/config" not in paths(tree, prune={".git"}.__contains__)


def test_what_is_denied_is_told_and_what_vanished_is_not(tree, monkeypatch):
    scandir = os.scandir

    def odd(path):
        if str(path).endswith("d/a/"):
            raise PermissionError(13, "Permission denied")
        if str(path).endswith("d/z/"):
            raise FileNotFoundError(2, "No such file")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", odd)
    gaps: list[Gap] = []
    listed = paths(tree, on_gap=gaps.append)
    assert gaps == [Gap("d/a", "Permission denied")]
    assert "d/b/c.csv" in listed and not any(path.startswith(("d/a/", "d/z/")) for path in listed)


def test_a_root_that_vanished_is_a_gap(tmp_path):
    gaps: list[Gap] = []
    assert paths(tmp_path / "gone", on_gap=gaps.append) == [] and [gap.path for gap in gaps] == [""]


def test_a_root_that_is_a_file_lists_itself(tree):
    storage = LocalStorage(tree / "d/a.csv")
    (entry,) = storage.list()
    assert entry.path == "a.csv" and Path(storage.file(entry, "").local) == tree / "d/a.csv"


def test_a_deep_tree_is_listed(tmp_path):
    touch(tmp_path, "d/" * 300 + "x.csv")
    assert paths(tmp_path) == ["d/" * 300 + "x.csv"]
