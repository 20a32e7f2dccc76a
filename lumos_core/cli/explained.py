"""How `lumos discover --explain` is shown: all of it while it is little, else what deserves a look, and sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..texts import size
from .output import table_of

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.text import Text

    from ..contracts.source import Explained

WHOLE = 5
"""Up to so many datasets, everything is said of each ..."""
LISTED = 40
"""... up to so many, each gets a line; beyond, the least sure ones do, and folders are summed up."""
DOUBTFUL = 0.8
ELSEWHERE = "another prefix, which names a whole folder; or another region or endpoint, where several hold such a name"
LEFT_OUT = {
    "noise": "no data",
    "unread": "not read",
    "unknown": "unknown",
    "excluded": "left out",
    "gap": "not seen",
}


def shown(found: Sequence[Explained], target: str, everything: bool = False) -> Group:
    """Return what was found as something that rich can print.

    Args:
        found: What the sources said.
        target: What was asked about.
        everything: A line for every dataset, however many there are.
    """
    from rich.console import Group

    datasets = [one for one in found if one.kind == "dataset"]
    others = [one for one in found if one.kind != "dataset"]
    parts: list[RenderableType] = [_verdict(datasets, others, target)]
    if not found:
        parts.append(f"Nothing is there. Try {ELSEWHERE if '://' in target else 'another folder'}.")
    if len(datasets) <= WHOLE:
        parts += [_whole(one) for one in datasets]
    elif everything or len(datasets) <= LISTED:
        parts += ["", _lines(sorted(datasets, key=lambda one: one.name)), *_reasons(datasets)]
    else:
        least = sorted(datasets, key=lambda one: (one.confidence, one.name))
        doubtful = [one for one in least if one.confidence < DOUBTFUL or one.notes][: LISTED // 2]
        if doubtful:
            parts += ["", _lines(doubtful, title="Look at these first"), *_reasons(doubtful)]
        parts += [
            "",
            _folders(datasets),
            "",
            "--all shows every dataset; a folder in place of TARGET shows what is in it.",
        ]
    if others:
        rows = [
            (
                LEFT_OUT[one.kind],
                one.name,
                f"{one.files:,}" if one.files else "",
                "; ".join(one.why),
                ", ".join(one.examples[:2]),
            )
            for one in others
        ]
        parts += ["", table_of("in no dataset", "what", "files", "why", "such as", rows=rows)]
    return Group(*parts)


def _verdict(datasets: Sequence[Explained], others: Sequence[Explained], target: str) -> Text:
    from rich.text import Text

    files = sum(one.files for one in datasets)
    total = size(sum(one.bytes for one in datasets))
    doubtful = sum(one.confidence < DOUBTFUL for one in datasets)
    text = f"{target}: {_many(len(datasets), 'dataset')}"
    if datasets:
        text += f", {_many(files, 'file')}, {total}"
    if doubtful:
        text += f"; {doubtful:,} less sure than {DOUBTFUL}"
    if left := sum(one.files for one in others):
        text += f"; {_many(left, 'file')} in none"
    return Text(text, style="bold")


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"


def _sure(confidence: float) -> Text:
    from rich.text import Text

    style = "green" if confidence >= 0.9 else "yellow" if confidence >= 0.7 else "bold red"
    return Text(f"{confidence:.2f}", style=style)


def _whole(one: Explained) -> Group:
    """Everything about one dataset."""
    from rich.console import Group
    from rich.text import Text

    facts = [("root", one.root), ("format", one.format), ("files", f"{one.files:,}, {size(one.bytes)}")]
    if one.partitions:
        facts.append(("partitions", ", ".join(one.partitions)))
    lines = [Text(""), Text(one.name, style="bold cyan")]
    lines += [Text(f"  {label:<12}{value}") for label, value in facts]
    lines.append(Text.assemble(f"  {'sure':<12}", _sure(one.confidence)))
    lines += [Text(f"  {'because' if not index else '':<12}{why}") for index, why in enumerate(one.why)]
    lines += [Text.assemble(f"  {'odd':<12}", (note, "yellow")) for note in one.notes]
    lines += [Text(f"  {'such as' if not index else '':<12}{path}") for index, path in enumerate(one.examples)]
    return Group(*lines)


def _lines(datasets: Sequence[Explained], title: str = "") -> RenderableType:
    """A line for each dataset; reasons are numbered, since few of them explain thousands."""
    reasons = _numbered(datasets)
    rows = [
        (
            _sure(one.confidence),
            one.name,
            one.format,
            f"{one.files:,}",
            size(one.bytes),
            ", ".join(one.partitions),
            " ".join(str(reasons[why]) for why in (*one.why, *one.notes)),
        )
        for one in datasets
    ]
    return table_of("sure", "dataset", "format", "files", "size", "partitions", "why", title=title, rows=rows)


def _numbered(datasets: Sequence[Explained]) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for one in datasets:
        for why in (*one.why, *one.notes):
            reasons.setdefault(why, len(reasons) + 1)
    return reasons


def _reasons(datasets: Sequence[Explained]) -> Iterator[RenderableType]:
    yield ""
    for why, number in _numbered(datasets).items():
        yield f"{number:>4}  {why}"


def _folders(datasets: Sequence[Explained]) -> RenderableType:
    """Sums per folder: of the first level below what all names share."""
    names = [one.name.split("/") for one in datasets]
    depth = 0
    while all(len(parts) > depth + 1 for parts in names) and len({parts[depth] for parts in names}) == 1:
        depth += 1
    sums: dict[str, list[Explained]] = {}
    for one, parts in zip(datasets, names, strict=True):
        deeper = len(parts) > depth + 1
        sums.setdefault("/".join(parts[: depth + 1]) + "/" if deeper else "/".join([*parts[:depth], ""]), []).append(
            one
        )
    ranked = sorted(sums.items(), key=lambda item: (-len(item[1]), item[0]))
    rows: list[tuple[object, ...]] = [
        (
            folder or ".",
            f"{len(inside):,}",
            f"{sum(one.files for one in inside):,}",
            size(sum(one.bytes for one in inside)),
            ", ".join(sorted({one.format for one in inside})),
            _sure(min(one.confidence for one in inside)),
        )
        for folder, inside in ranked[:LISTED]
    ]
    if len(ranked) > LISTED:
        rows.append((f"and {len(ranked) - LISTED:,} more folders", "", "", "", "", ""))
    return table_of("folder", "datasets", "files", "size", "formats", "least sure", rows=rows)
