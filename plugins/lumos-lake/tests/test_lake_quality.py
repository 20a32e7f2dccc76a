"""How well lakes are grouped whose truth is known; the generator shares no word list with the detector."""

from __future__ import annotations

import random

import lake_generator as generator
from lumos_lake import Entry, discover


def grouped(lake: generator.Lake, *, seed: int | None = None):
    listing = [Entry(path, 10) for path in lake.paths]
    if seed is not None:
        random.Random(seed).shuffle(listing)
    return discover(listing, peek=lambda format, entry: lake.schemas.get(entry.path))


def test_precision_recall_and_keys_overall_and_per_stratum():
    score = generator.Score()
    for seed in range(12):
        lake = generator.make(seed)
        generator.judge(score, lake, grouped(lake))
    summary = f"recall {score.recall:.3f}, precision {score.precision:.3f}, keys {score.key_f1:.3f}\n" + "\n".join(
        score.errors[:20]
    )
    assert score.expected > 800
    assert score.recall >= 0.97 and score.precision >= 0.97 and score.key_f1 >= 0.97, summary
    assert score.roots >= 0.97 * score.right, summary
    assert not list(score.weak(0.85)), list(score.weak(0.85))


def test_names_alone_find_most_tables():
    score = generator.Score()
    for seed in range(6):
        lake = generator.make(seed)
        generator.judge(score, lake, discover([Entry(path, 10) for path in lake.paths]))
    assert score.recall >= 0.9 and score.precision >= 0.85, score.errors[:20]


def test_a_shuffled_listing_gives_the_same_answer():
    lake = generator.make(99)
    assert grouped(lake, seed=1) == grouped(lake, seed=2) == grouped(lake)


def test_one_percent_of_new_files_changes_no_other_dataset():
    lake = generator.make(7)
    before = {grouping.name: len(grouping.files) for grouping in grouped(lake)}
    rng = random.Random(7)
    tables = [table for table in lake.tables if table.layout in ("sharded", "hive", "dated", "codes")]
    strangers = frozenset((f"strange_{n}", "text") for n in range(6))
    for table in rng.sample(tables, 5):
        folder = min(table.files).rpartition("/")[0]
        lake.schemas[f"{folder}/unexpected-thing.csv"] = strangers
    after = {grouping.name: len(grouping.files) for grouping in grouped(lake)}
    assert before.items() <= after.items()
    assert len(after) == len(before) + 5
