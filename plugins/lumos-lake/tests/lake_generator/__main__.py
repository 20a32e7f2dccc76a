"""The command line of the generator."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from . import make
from .described import HALVES, described
from .measuring import grid, schemas_of, score_of, steadiness_of, table_of, worst_of
from .scoring import Cell, Score
from .words import FORMATS, MARKED
from .writing import truth_of, write


def main() -> None:
    """Parse the command line, and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m lake_generator", description="Lakes of which the truth is known.")
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("write", help="write a lake of real files to a folder, and what is true of it")
    writing.add_argument("folder", type=Path, help="is made; the truth goes to FOLDER.truth.json")
    listing = commands.add_parser("list", help="print the objects of a lake, one per line")
    for one in (writing, listing):
        one.add_argument("--seed", type=int, default=1, help="the same seed is the same lake (default: 1)")
        one.add_argument("--tables", type=int, default=45, help="tables or groups of tables (default: 45)")
    measuring = commands.add_parser("measure", help="group lakes, and print how well as Markdown")
    measuring.add_argument("--seeds", type=int, default=4, help="lakes per layout and format (default: 4)")
    measuring.add_argument("--written", type=int, default=3, help="lakes to write and read for schemas (default: 3)")
    measuring.add_argument("--errors", action="store_true", help="also print what went wrong, one line each")
    measuring.add_argument("--half", choices=sorted(HALVES), help="of the described lakes, only these")
    said = parser.parse_args()
    if said.command == "measure":
        _measure(said.seeds, said.written, said.errors, [said.half] if said.half else sorted(HALVES))
        return
    lake = make(said.seed, said.tables)
    if said.command == "list":
        print("\n".join(lake.paths))
        return
    write(lake, said.folder)
    truth = said.folder.with_name(f"{said.folder.name}.truth.json")
    truth.write_text(json.dumps(truth_of(lake), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(lake.paths):,} files of {len(lake.tables):,} tables in {said.folder}; the truth in {truth}")


def _measure(seeds: int, written: int, errors: bool, halves: list[str]) -> None:
    print("| lakes | number | wholly right | tables | objects |", *_HEADS, sep=" ")
    print("|---" * (len(_HEADS) + 5) + "|")
    wrong: list[str] = []
    for half in halves:
        score = score_of(described(half))
        print(_row(half, score))
        wrong += score.errors if half != "held-out" else []  # nobody looks into those
    if seeds:
        score = score_of(grid(seeds))
        print(_row("generated", score), "", table_of(score), "", sep="\n")
        print("Worst crossing of layout and format:", worst_of(score), end="\n\n")
        steady = steadiness_of(make(seed) for seed in range(5 * seeds))
        print(f"Same answer under a shuffled listing: {steady.shuffled} of {steady.lakes} lakes.")
        print(f"Unchanged with 1 % strange objects more: {steady.kept:,} of {steady.datasets:,} datasets.")
        wrong += score.errors
    if written:
        fields = schemas_of(range(written), [*FORMATS, *MARKED], make)
        parts = ", ".join(f"{name} {right}/{all}" for name, (right, all) in sorted(fields.by_format.items()))
        print(f"Schema exact match: {fields.right} of {fields.tables} tables ({parts}).")
        wrong += fields.errors
    if errors:
        print("", *wrong, sep="\n")


_HEADS = [
    *(f"{name} |" for name in ("precision", "recall", "F1", "grouping", "over-merge", "over-split", "keys F1")),
    *("made up |", "reads |"),
]


def _row(name: str, score: Score) -> str:
    cell: Cell = score.overall
    counts = f"{score.lakes} | {score.whole} | {cell.expected:,} | {cell.objects:,}"
    shares = (cell.precision, cell.recall, cell.f1, cell.grouping, cell.over_merge, cell.over_split, cell.key_f1)
    numbers = [f"{share:.3f}" for share in shares] + [f"{cell.false_positives:.1f}", f"{cell.reads_per_table:.1f}"]
    return f"| {name} | {counts} | " + " | ".join(numbers) + " |"


if __name__ == "__main__":
    main()
