"""How well lakes are grouped whose truth is known; the generator shares no word list with the detector.

What is asserted is the floor under what was measured (docs/explanation/discovery.md), so that nothing gets worse
unseen; what is wanted beyond it, and not reached, stands in `test_lake_defects.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import lake_generator as generator
import pytest
from lake_generator import measuring
from lake_generator.described import HALVES, described
from lake_generator.scoring import Cell

OVERALL = 0.97
"""Precision and recall of generated lakes never fall below this."""


def told(score: generator.Score) -> str:
    return "\n".join([measuring.table_of(score), *score.errors[:20]])


@pytest.fixture(scope="module")
def score() -> generator.Score:
    return measuring.score_of((f"seed {seed}", generator.make(seed)) for seed in range(12))


def test_generated_lakes(score):
    cell = score.overall
    assert cell.expected > 1_000 and cell.objects > 5_000
    assert min(cell.precision, cell.recall) >= OVERALL, told(score)
    assert cell.grouping >= 0.98 and cell.key_f1 >= 0.97, told(score)
    assert cell.over_merge <= 0.005 and cell.false_positives == 0, told(score)
    assert cell.reads_per_table < 4
    assert score.weak(0.85, least=10) == {}, told(score)


def test_every_stratum_has_tables(score):
    for kind, names in (
        ("format", [*generator.FORMATS, "delta", "iceberg", "hudi"]),
        ("layout", generator.LAYOUTS),
        ("noise", ["spark", "temporary", "desktop", "upload", "markers", "descriptions"]),
        ("drift", ["added", "type", "dropped"]),
    ):
        assert all(score.cells[f"{kind} {name}"].expected for name in names)


@pytest.mark.parametrize(
    "half, precision, recall, grouping",
    [
        ("open", 0.97, 0.98, 0.98),
        ("formerly-held-out", 0.97, 0.97, 0.98),
        ("further", 0.98, 0.98, 0.98),
        ("ordinary", 0.98, 0.98, 0.98),
        ("beyond", 0.93, 0.98, 0.98),
        ("second-held-out", 0.79, 0.96, 0.95),
        ("held-out", 0.44, 0.65, 0.85),
    ],
)
def test_lakes_that_people_described(half, precision, recall, grouping):
    lakes = described(half)
    assert len(lakes) >= 10 and len({name for name, _ in lakes}) == len(lakes)
    cell = measuring.score_of(lakes).overall
    assert cell.precision >= precision and cell.recall >= recall and cell.grouping >= grouping


@pytest.mark.parametrize("half", HALVES)
def test_described_lakes_in_any_order(half):
    for name, lake in described(half):
        before = [(one.name, one.format, list(one.files)) for one in generator.grouped(lake)[0]]
        after = generator.grouped(lake, order=lambda listing: listing.reverse())[0]
        assert [(one.name, one.format, list(one.files)) for one in after] == before, name


def test_no_object_of_a_described_lake_is_two_things():
    for half in HALVES:
        for name, lake in described(half):
            owners = [path for table in lake.tables for path in table.files]
            assert len(owners) == len(set(owners)), name
            assert not lake.noise & set(owners), name


def test_names_alone_find_most_tables():
    total = generator.Score()
    for seed in range(6):
        lake = generator.make(seed)
        total.add(generator.judge(lake, generator.grouped(lake, blind=True)[0]))
    assert total.overall.recall >= 0.9 and total.overall.precision >= 0.85, told(total)


def test_a_shuffled_listing_and_a_few_strange_objects_change_nothing():
    steady = measuring.steadiness_of(generator.make(seed) for seed in (7, 99))
    assert steady.shuffled == steady.lakes == 2
    assert steady.kept >= 0.99 * steady.datasets


def test_a_seed_is_a_lake():
    first, again, other = generator.make(3), generator.make(3), generator.make(4)
    assert first.paths == again.paths != other.paths
    assert first.schemas == again.schemas


def test_every_field_of_a_written_lake():
    formats = [*generator.FORMATS, "delta", "iceberg"]
    pytest.importorskip("lumos_source_orc")
    found = measuring.schemas_of([5], formats, lambda seed: generator.make(seed, 30))
    wrong = [error for error in found.errors if "not found" not in error]  # names are measured above
    assert found.tables > 40 and wrong == []
    assert found.right >= 0.93 * found.tables


def test_scores_count_what_is_merged_split_and_made_up():
    lake = generator.Lake()
    for root in ("a", "b", "c"):
        files = {f"{root}/part-{n}.csv" for n in range(2)}
        lake.tables.append(generator.Table(root, "csv", "sharded", files=files, partitions=("day",), types=("date",)))
        lake.schemas.update(dict.fromkeys(files, frozenset({("id", "number")})))
    lake.noise.add("junk.csv")
    right = generator.judge(lake, [grouping("a", "a/part-0.csv", "a/part-1.csv")])
    assert (right.overall.right, right.overall.found, right.overall.expected) == (1, 1, 3)
    assert right.overall.keys_right == 0 and right.overall.keys_expected == 3
    merged = generator.judge(lake, [grouping("x", *(path for table in lake.tables for path in table.files))])
    assert (merged.overall.merged, merged.overall.split, merged.overall.right) == (1, 0, 0)
    assert merged.overall.grouping == pytest.approx(0.5)
    split = generator.judge(lake, [grouping(f"a/part-{n}.csv", f"a/part-{n}.csv") for n in range(2)])
    assert (split.overall.split, split.overall.merged, split.overall.spurious) == (1, 0, 0)
    made_up = generator.judge(lake, [grouping("junk.csv", "junk.csv")])
    assert made_up.overall.spurious == 1 and made_up.overall.false_positives == pytest.approx(10_000 / 7)


def grouping(name: str, *paths: str):
    from lumos_lake import Entry, Grouping

    return Grouping(name=name, root=name, format="csv", files=[Entry(path) for path in sorted(paths)])


def test_shares_of_nothing():
    assert (Cell().precision, Cell().recall, Cell().grouping, Cell().key_f1) == (1, 1, 1, 1)
    assert Cell().over_merge == Cell().over_split == Cell().false_positives == Cell().reads_per_table == 0


def run(*words: str) -> str:
    folder = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-m", "lake_generator", *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_command_line_writes_lists_and_measures(tmp_path):
    assert all(word in run("--help") for word in ("write", "list", "measure"))
    said = run("write", str(tmp_path / "lake"), "--seed", "5", "--tables", "15")
    truth = json.loads((tmp_path / "lake.truth.json").read_text(encoding="utf-8"))
    files = {
        path.relative_to(tmp_path / "lake").as_posix() for path in (tmp_path / "lake").rglob("*") if path.is_file()
    }
    assert f"{len(files):,} files of {len(truth['tables'])} tables" in said
    assert set(run("list", "--seed", "5", "--tables", "15").splitlines()) == files
    assert files == {*truth["noise"], *(path for table in truth["tables"] for path in table["files"])}
    assert "| open | 19 | " in run("measure", "--seeds", "0", "--written", "0", "--half", "open")
