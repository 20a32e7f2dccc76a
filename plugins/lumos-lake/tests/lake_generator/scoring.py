"""How well a lake was grouped.

A table is *right* when one dataset has exactly its files, its format and its root; nothing less counts. The grouping
score is milder: B-cubed F1 over files, which asks of each file how much of its dataset belongs to its table and how
much of its table is in its dataset (Bagga and Baldwin, 1998).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields

from lumos_lake import Entry, Grouping, discover

from .truth import Lake, Schema, Table

Discover = Callable[..., list[Grouping]]
OVERALL = "all"


@dataclass
class Cell:
    """Counts of one stratum; shares are computed from them."""

    expected: int = 0
    found: int = 0
    right: int = 0
    merged: int = 0
    split: int = 0
    spurious: int = 0
    objects: int = 0
    reads: int = 0
    keys_expected: int = 0
    keys_found: int = 0
    keys_right: int = 0
    files_expected: float = 0
    files_found: float = 0
    files_recalled: float = 0
    files_precise: float = 0

    def add(self, other: Cell) -> None:
        """Add the counts of another cell."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    @property
    def recall(self) -> float:
        """Share of the tables that are right."""
        return self.right / self.expected if self.expected else 1.0

    @property
    def precision(self) -> float:
        """Share of the datasets that are right."""
        return self.right / self.found if self.found else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _f1(self.precision, self.recall)

    @property
    def grouping(self) -> float:
        """B-cubed F1 over the files of tables and datasets."""
        precision = self.files_precise / self.files_found if self.files_found else 1.0
        recall = self.files_recalled / self.files_expected if self.files_expected else 1.0
        return _f1(precision, recall)

    @property
    def over_merge(self) -> float:
        """Share of the datasets that hold files of several tables."""
        return self.merged / self.found if self.found else 0.0

    @property
    def over_split(self) -> float:
        """Share of the tables whose files are in several datasets."""
        return self.split / self.expected if self.expected else 0.0

    @property
    def key_f1(self) -> float:
        """F1 of the partition columns: position, name and, where the truth says it, type."""
        return 2 * self.keys_right / both if (both := self.keys_found + self.keys_expected) else 1.0

    @property
    def false_positives(self) -> float:
        """Datasets without a single file of any table, per 10,000 objects."""
        return 10_000 * self.spurious / self.objects if self.objects else 0.0

    @property
    def reads_per_table(self) -> float:
        """Files that were opened to decide, per table of the truth."""
        return self.reads / self.expected if self.expected else 0.0


@dataclass
class Score:
    """Cells by stratum, and what went wrong in words.

    Attributes:
        cells: The cell `all`, and one for each stratum.
        errors: One line for each table that was missed and each dataset that is wrong.
        lakes: How many lakes were judged.
        whole: Of how many everything is right: one lake that falls apart cannot hide the others.
    """

    cells: dict[str, Cell] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    lakes: int = 0
    whole: int = 0

    @property
    def overall(self) -> Cell:
        """Return the cell of everything."""
        return self.cells.setdefault(OVERALL, Cell())

    def add(self, other: Score) -> None:
        """Add another score."""
        for name, cell in other.cells.items():
            self.cells.setdefault(name, Cell()).add(cell)
        self.errors += other.errors
        self.lakes += other.lakes
        self.whole += other.whole

    def weak(self, floor: float, least: int = 1) -> dict[str, Cell]:
        """Return the strata of at least so many tables whose recall or precision is below a floor."""
        return {
            name: cell
            for name, cell in sorted(self.cells.items())
            if cell.expected >= least and min(cell.recall, cell.precision) < floor
        }


def grouped(
    lake: Lake,
    *,
    order: Callable[[list[Entry]], object] | None = None,
    known: Mapping[str, str] | None = None,
    blind: bool = False,
    run: Discover = discover,
) -> tuple[list[Grouping], int]:
    """Group a lake as discovery does, with the schemas of the truth; return the datasets and how many files were read.

    Args:
        lake: The lake.
        order: Changes the order of the listing in place.
        known: Name -> format of the datasets that the last run found.
        blind: Let names alone decide.
        run: What groups it.
    """
    listing = [Entry(path, 0 if path.endswith(("_SUCCESS", "_$folder$")) else 1_000) for path in lake.paths]
    if order is not None:
        order(listing)
    read: set[str] = set()

    def peek(format: str, entry: Entry) -> Schema | None:
        read.add(entry.path)
        return lake.schemas.get(entry.path)

    found = run(
        listing,
        peek=None if blind else peek,
        known=(known or {}).get,
        sniff=lambda entry: lake.formats.get(entry.path, ""),
    )
    return found, len(read)


def judge(lake: Lake, groupings: Iterable[Grouping], reads: int = 0, label: str = "") -> Score:
    """Compare the datasets of a lake with its truth.

    Args:
        lake: The lake.
        groupings: What was found.
        reads: How many files were opened for it.
        label: Goes before each error.
    """
    score = Score()
    groupings = list(groupings)
    owner = {path: table for table in lake.tables for path in table.files}
    datasets: dict[str, list[Grouping]] = {}
    total = score.overall
    total.objects, total.reads = len(lake.paths), reads
    for grouping in groupings:
        files = [entry.path for entry in grouping.files]
        shares = Counter(id(owner[path]) for path in files if path in owner)
        for path in files:
            datasets.setdefault(path, []).append(grouping)
        main = _main(files, owner)
        one = Cell(found=1, files_found=len(files), files_precise=sum(n * n / len(files) for n in shares.values()))
        one.spurious, one.merged = int(not shares), int(len(shares) > 1)
        one.right = int(main is not None and _is_right(grouping, main))
        if not one.right:
            said = f"{grouping.name} ({grouping.format}, {len(files)} files such as {min(files, default='')})"
            score.errors.append(f"{label}wrong: {said}")
        if main is not None:
            one.keys_found = len(grouping.partitions) if main.partitions is not None else 0
        right, one.right = one.right, 0
        _count(score, main, one)
        if right and main is not None:
            _count(score, main, Cell(right=1))
    for table in lake.tables:
        _count(score, table, _table_cell(table, datasets, score, label))
    score.lakes, score.whole = 1, int(not score.errors)
    return score


def _table_cell(table: Table, datasets: dict[str, list[Grouping]], score: Score, label: str) -> Cell:
    held = {path: datasets.get(path, []) for path in table.files}
    several = {id(one): one for ones in held.values() for one in ones}
    one = Cell(expected=1, files_expected=len(table.files), split=int(len(several) > 1))
    shares = Counter(id(found) for ones in held.values() for found in ones)
    one.files_recalled = sum(n * n / len(table.files) for n in shares.values())
    right = next((found for found in several.values() if _is_right(found, table)), None)
    if right is None:
        score.errors.append(f"{label}missed: {table.root} ({table.format}, {table.layout}, {len(table.files)} files)")
    if table.partitions is not None:
        one.keys_expected = len(table.partitions)
        best = max(several.values(), key=lambda found: shares[id(found)], default=None)
        if best is not None:
            one.keys_right = sum(_same_keys(best, table))
            if one.keys_right < max(one.keys_expected, len(best.partitions)):
                keys = ", ".join(f"{column.name} {column.type}" for column in best.partitions)
                score.errors.append(
                    f"{label}keys: {table.root}: {keys or 'none'}; not {table.partitions} {table.types}"
                )
    return one


def _same_keys(found: Grouping, table: Table) -> Iterable[bool]:
    for place, (column, name) in enumerate(zip(found.partitions, table.partitions or (), strict=False)):
        kind = table.types[place] if place < len(table.types) else ""
        yield (column.positional if name == "?" else column.name == name) and kind in ("", column.type)


def _is_right(grouping: Grouping, table: Table) -> bool:
    return (
        grouping.format == table.format
        and grouping.name in (table.names or (table.root,))
        and {entry.path for entry in grouping.files} == table.files
    )


def _main(files: list[str], owner: dict[str, Table]) -> Table | None:
    """Return the table that most files of a dataset belong to."""
    counts: dict[int, tuple[int, Table]] = {}
    for path in files:
        if path in owner:
            table = owner[path]
            counts[id(table)] = (counts.get(id(table), (0, table))[0] + 1, table)
    return max(counts.values(), key=lambda pair: (pair[0], pair[1].root))[1] if counts else None


def _count(score: Score, table: Table | None, cell: Cell) -> None:
    for name in (OVERALL, *(table.strata if table is not None else ())):
        score.cells.setdefault(name, Cell()).add(cell)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
