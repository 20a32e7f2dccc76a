"""Measures discovery on many lakes, and writes what came out as Markdown."""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lumos_lake import Grouping

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import Dataset, Scope, urns
from lumos_core.testing.context import MemoryContext

from .layouts import LAYOUTS
from .maker import DRIFT, NOISE, Maker
from .scoring import OVERALL, Cell, Score, grouped, judge
from .truth import Lake, Table
from .words import FORMATS
from .writing import type_of, write

STRANGE = frozenset({("something_else_entirely", "text"), ("not_of_here", "bool"), ("odd_one", "instant")})


@dataclass
class Steadiness:
    """Whether the answer stays what it was.

    Attributes:
        lakes: How many were looked at.
        shuffled: Of how many the answer was the same when the listing was shuffled.
        datasets: How many were found before strange objects came.
        kept: How many of these have the same name, format and files afterwards.
    """

    lakes: int = 0
    shuffled: int = 0
    datasets: int = 0
    kept: int = 0


@dataclass
class Schemas:
    """How well the fields of written lakes were read.

    Attributes:
        tables: How many tables were looked for.
        right: Of how many each field has its name and its type, and there is no other field.
        by_format: Format -> right ones and all.
        errors: One line for each of the others.
    """

    tables: int = 0
    right: int = 0
    by_format: dict[str, list[int]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def score_of(lakes: Iterable[tuple[str, Lake]]) -> Score:
    """Group some lakes, and add up how well that went."""
    total = Score()
    for name, lake in lakes:
        groupings, reads = grouped(lake)
        total.add(judge(lake, groupings, reads, f"{name}: "))
    return total


def steadiness_of(lakes: Iterable[Lake], seed: int = 0) -> Steadiness:
    """Group lakes again with a shuffled listing, and again with one per cent of strange objects among theirs."""
    found, rng = Steadiness(), random.Random(seed)
    for lake in lakes:
        before = _shape(grouped(lake)[0])
        found.lakes += 1
        found.shuffled += _shape(grouped(lake, order=rng.shuffle)[0]) == before
        known = {name: format for name, (format, _) in before.items()}
        after = _shape(grouped(_with_strangers(lake, rng), known=known)[0])
        found.datasets += len(before)
        found.kept += len(before.items() & after.items())
    return found


def _shape(groupings: Iterable[Grouping]) -> dict[str, tuple[str, frozenset[str]]]:
    return {one.name: (one.format, frozenset(entry.path for entry in one.files)) for one in groupings}


def _with_strangers(lake: Lake, rng: random.Random) -> Lake:
    """Return a lake with one per cent more objects, named like nothing else, beside the files of its tables."""
    folders = sorted({path.rpartition("/")[0] for path in lake.contents or lake.schemas})
    more = Lake(lake.tables, dict(lake.schemas), set(lake.noise), dict(lake.formats))
    for number in range(math.ceil(len(lake.paths) / 100)):
        path = f"{rng.choice(folders)}/unexpected-thing-{'abcdefghijklmnopqrstuvwxyz'[number % 26]}.csv".lstrip("/")
        more.schemas[path] = STRANGE
    return more


def schemas_of(seeds: Iterable[int], formats: Sequence[str], make: Callable[[int], Lake]) -> Schemas:
    """Write lakes to a temporary folder, read them with the source `files`, and compare every field.

    Args:
        seeds: Of the lakes.
        formats: Which formats the source is told to read.
        make: Makes a lake from a seed.
    """
    found = Schemas()
    for seed in seeds:
        lake = make(seed)
        with tempfile.TemporaryDirectory() as folder:
            write(lake, Path(folder))
            datasets = _read(Path(folder), formats)
        for table in lake.tables:
            if table.format in formats:
                _compare(table, lake, datasets.get(table.root), found, seed)
    return found


def _read(folder: Path, formats: Sequence[str]) -> dict[str, Dataset]:
    entry = {"type": "files", "path": ".", "formats": list(formats)}
    source, ctx = Registry.load().spec("source", entry, folder).build(), MemoryContext()
    records = [record for unit in source.plan(Scope(), ctx) for record in source.extract(unit, ctx)]
    datasets = (record for record in records if isinstance(record.value, Dataset))
    return {urns.name(record.urn): record.value for record in datasets}


def _compare(table: Table, lake: Lake, dataset: Dataset | None, found: Schemas, seed: int) -> None:
    found.tables += 1
    right = dataset is not None and _fields(dataset) == _expected(table, lake, _fields(dataset))
    found.right += right
    cell = found.by_format.setdefault(table.format, [0, 0])
    cell[0] += right
    cell[1] += 1
    if not right:
        said = sorted(_fields(dataset).items()) if dataset is not None else "not found"
        found.errors.append(f"seed {seed}: {table.root} ({table.format}, {table.layout}): {said}")


def _fields(dataset: Dataset) -> dict[str, str]:
    return {one.path: one.type for one in dataset.fields}


def _expected(table: Table, lake: Lake, found: dict[str, str]) -> dict[str, str]:
    """Return what the fields must be; of a column on which the files differ, only that it is there."""
    kinds: dict[str, set[str]] = {name: {family} for name, family in table.columns.items()}
    for path in table.files:
        for name, family in lake.contents.get(path, {}).items():
            kinds[name].add(family)
    said = {
        name: type_of(next(iter(several)), table.format) if len(several) == 1 else found.get(name, "missing")
        for name, several in kinds.items()
    }
    for place, name in enumerate(table.partitions or ()):
        known = table.types[place] if place < len(table.types) else ""
        if name != "?":
            said.setdefault(name, known or found.get(name, "missing"))
    extra = [path for path in found if path not in said]
    positional = (table.partitions or ()).count("?")
    return {**said, **{path: found[path] for path in extra[:positional]}}


def only(layout: str, format: str, seed: int, count: int = 8) -> Lake:
    """Make a lake of one layout and one format, with all noise and drift in turn."""
    maker, noises = Maker(seed), sorted(NOISE)
    for index in range(count):
        LAYOUTS[layout](maker, format, noises[(seed + index) % len(noises)], DRIFT[(seed + index) % len(DRIFT)])
    return maker.lake


def grid(seeds: int) -> Iterator[tuple[str, Lake]]:
    """Make lakes of each layout and each format, so that every stratum has tables enough."""
    pairs = [(layout, format) for layout in LAYOUTS for format in sorted(FORMATS)]
    for number, (layout, format) in enumerate(pairs * seeds):
        yield f"generated {number} ({layout}, {format})", only(layout, format, number)


def table_of(score: Score, kinds: Sequence[str] = ("format", "layout", "scheme", "noise", "drift")) -> str:
    """Return the cells as a Markdown table: everything first, then stratum by stratum."""
    names = [OVERALL]
    for kind in kinds:
        names += sorted(name for name in score.cells if name.startswith(f"{kind} ") and ", " not in name)
    lines = [
        "| stratum | tables | precision | recall | F1 | grouping | over-merge | over-split | keys F1 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_line(name, score.cells[name]) for name in names)])


def _line(name: str, cell: Cell) -> str:
    shares = (cell.precision, cell.recall, cell.f1, cell.grouping, cell.over_merge, cell.over_split, cell.key_f1)
    return f"| {name} | {cell.expected:,} | " + " | ".join(f"{share:.3f}" for share in shares) + " |"


def worst_of(score: Score) -> str:
    """Return the crossing of layout and format that is worst, in words."""
    crossed = {name: cell for name, cell in score.cells.items() if ", " in name}
    name, cell = min(crossed.items(), key=lambda item: (min(item[1].recall, item[1].precision), item[0]))
    return f"{name}: precision {cell.precision:.3f}, recall {cell.recall:.3f} of {cell.expected} tables"
