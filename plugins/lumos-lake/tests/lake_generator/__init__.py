"""Makes lakes of which the truth is known, and measures how well they are grouped.

    cd plugins/lumos-lake/tests
    python -m lake_generator write /tmp/lake --seed 7     # real files, and truth.json beside them
    python -m lake_generator list --seed 7                # the listing alone
    python -m lake_generator measure                      # the tables of docs/explanation/discovery.md

A lake is drawn from a seed: the same seed is the same lake. Lakes that people described stand in the `.yaml` files
beside this one; they were not made by this generator, and the detector must not be tuned to those that are held out.
"""

from __future__ import annotations

from .described import described
from .layouts import LAYOUTS
from .maker import DRIFT, NOISE, Maker
from .scoring import Cell, Score, grouped, judge
from .truth import Lake, Table
from .words import FORMATS

__all__ = ["LAYOUTS", "Cell", "Lake", "Score", "Table", "described", "grouped", "judge", "make"]


def make(seed: int, count: int = 45) -> Lake:
    """Make a lake of `count` tables or groups of tables, all layouts in turn.

    Args:
        seed: The same seed gives the same lake.
        count: How many.
    """
    maker = Maker(seed)
    for index in range(count):
        layout = LAYOUTS[list(LAYOUTS)[index % len(LAYOUTS)]]
        format, noise = maker.rng.choice(sorted(FORMATS)), maker.rng.choice(sorted(NOISE))
        layout(maker, format, noise, maker.rng.choice(DRIFT))
    return maker.lake
