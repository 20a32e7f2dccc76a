"""Tags of objects as statistics: bytes and files by tag, which is what costs are shared out by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Literal

from lumos_lake import Entry
from lumos_lake.discovery.similarity import spread

from lumos_core.plugin_api import Stats

SAMPLE = 10
"""Objects of a dataset whose tags are read by `tags: sample`."""
MOST = 100
"""Tags that are kept: those that hold most bytes."""

Tags = Sequence[tuple[str, str]]


def measure(
    files: Sequence[Entry],
    value: Stats,
    which: Literal[True, "sample"],
    ask: Callable[[Entry], Tags],
    pool: Executor | None,
) -> None:
    """Add bytes and files by tag (`tag.bytes.team=shop`) to the statistics of a dataset.

    Args:
        files: Its files.
        value: Its statistics.
        which: Ask for the tags of all, or of a few, spread evenly.
        ask: Returns the tags of one.
        pool: Asks for several at once.
    """
    chosen = spread(files, SAMPLE) if which == "sample" and len(files) > SAMPLE else files
    found = pool.map(ask, chosen) if pool is not None else map(ask, chosen)
    sizes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for entry, tags in zip(chosen, found, strict=True):
        for key, text in tags:
            sizes[f"{key}={text}"] += entry.size
            counts[f"{key}={text}"] += 1
    kept = sorted(counts, key=lambda tag: (-sizes[tag], tag))[:MOST]
    rows = [(f"tag.bytes.{tag}", sizes[tag]) for tag in kept] + [(f"tag.files.{tag}", counts[tag]) for tag in kept]
    value.metrics = sorted([*value.metrics, *rows])
    if len(chosen) < len(files):
        value.properties = sorted([*value.properties, ("tags.sampled", f"{len(chosen)} of {len(files)} files")])
