"""How well lakes are grouped into datasets, on generated lakes of every stratum and on lakes that people described.

`LUMOS_BENCH_SCALE` scales the number of generated lakes (1 = 4 of each layout and format). The tables that are printed
(`pytest -s`) are those of docs/explanation/discovery.md, which `python -m lake_generator measure` writes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("lumos_lake")

sys.path.insert(0, str(Path(__file__).parents[2] / "plugins/lumos-lake/tests"))

from lake_generator import make, measuring
from lake_generator.described import HALVES, described

pytestmark = pytest.mark.benchmark

SEEDS = max(1, round(4 * float(os.environ.get("LUMOS_BENCH_SCALE", "1"))))


def test_generated_lakes_of_every_stratum() -> None:
    score = measuring.score_of(measuring.grid(SEEDS))
    print("", measuring.table_of(score), "", measuring.worst_of(score), sep="\n")
    cell = score.overall
    assert cell.expected > 1_000 * SEEDS
    assert min(cell.precision, cell.recall) >= 0.97
    assert cell.grouping >= 0.98 and cell.over_merge <= 0.005


@pytest.mark.parametrize("half", HALVES)
def test_described_lakes(half: str) -> None:
    score = measuring.score_of(described(half))
    cell = score.overall
    print(
        "", f"{half}: precision {cell.precision:.3f}, recall {cell.recall:.3f}, grouping {cell.grouping:.3f}", sep="\n"
    )
    assert cell.over_merge <= 0.02
    if half != "held-out":  # what has not been learned from has a floor of its own beside the detector
        assert cell.precision >= 0.5 and cell.recall >= 0.65 and cell.grouping >= 0.92


def test_the_answer_is_steady() -> None:
    steady = measuring.steadiness_of(make(seed) for seed in range(3 * SEEDS))
    print("", f"{steady.kept} of {steady.datasets} datasets unchanged with 1 % strange objects", sep="\n")
    assert steady.shuffled == steady.lakes
    assert steady.kept >= 0.99 * steady.datasets
