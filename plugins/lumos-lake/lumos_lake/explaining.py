"""What discovery decided about a place in a lake, how sure it is, and why."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from lumos_core.plugin_api import Explained

from . import records
from .discovery import Grouping, Layout
from .discovery.names import split_extension
from .discovery.noise import RULES, never_listed, noise_file, noise_folder
from .probe import to_read
from .storage import Entry, Gap

EXAMPLES = 3


def explain(
    found: Layout,
    path: str,
    *,
    extensions: dict[str, str],
    wanted: Callable[[str], bool],
    gaps: Sequence[Gap],
    skipped: Sequence[str],
    hidden: bool,
) -> Iterator[Explained]:
    """Yield the datasets at a place, and what is in none.

    Args:
        found: How all files of the lake are grouped.
        path: A folder, a file or the name of a dataset below the root; empty = everything.
        extensions: Extension -> format, of the formats that are read.
        wanted: Whether the configuration looks at a path.
        gaps: What could not be looked at.
        skipped: Links and special files that were left out.
        hidden: Names with a leading `.` or `_` may be data.
    """
    path = path.strip("/")
    here = [grouping for grouping in found.groupings if _touches(grouping, path)]
    yield from (_dataset(grouping, path) for grouping in here)
    for gap in gaps:
        if _inside(gap.path, path) or _inside(path, gap.path):
            yield Explained(kind="gap", name=records.text(gap.path) or ".", why=(gap.reason,))
    if path in skipped:
        yield Explained(kind="excluded", name=records.text(path), why=("links and special files are left out",))
    elif path and _present(found.listing, path):
        if not any(_holds(grouping.files, path) for grouping in here):
            yield from _why_not(found, path, extensions, wanted, hidden)
    elif not path:
        yield from (_left_out(left.kind, left.what, left.count, left.examples) for left in found.left_out)
        if skipped:
            yield Explained(
                kind="excluded",
                name="links",
                files=len(skipped),
                why=("links and special files are left out; `follow_symlinks: true` follows links",),
                examples=tuple(map(records.text, skipped[:EXAMPLES])),
            )
    elif below := _below(found.listing, path):
        yield from _counted(found, below, extensions, hidden)
    elif not here:
        yield from _why_not(found, path, extensions, wanted, hidden)


def _inside(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")


def _touches(grouping: Grouping, path: str) -> bool:
    """Tell whether a dataset is a place, in it, or has it inside."""
    if grouping.name == path or _inside(grouping.root, path):
        return True
    if grouping.marked and _inside(path, grouping.root):
        return True
    return _holds(grouping.files, path) or bool(_below(grouping.files, path))


def _holds(files: Sequence[Entry], path: str) -> bool:
    place = bisect_left(files, path, key=lambda entry: entry.path)
    return place < len(files) and files[place].path == path


_present = _holds


def _below(files: Sequence[Entry], path: str) -> Sequence[Entry]:
    begin = bisect_left(files, f"{path}/", key=lambda entry: entry.path)
    end = bisect_left(files, f"{path}0", lo=begin, key=lambda entry: entry.path)  # `0` is what comes after `/`
    return files[begin:end]


def _dataset(grouping: Grouping, path: str) -> Explained:
    why = grouping.evidence
    beside = grouping.marked and path not in ("", grouping.root) and _inside(path, grouping.root)
    if beside and not _below(grouping.files, path) and not _holds(grouping.files, path):
        why = (*why, f"whether {records.text(path)} counts, the log of the table says, and not where it lies")
    return Explained(
        kind="dataset",
        name=records.text(grouping.name),
        root=records.text(grouping.root) or ".",
        format=", ".join((grouping.format, *grouping.also)),
        files=len(grouping.files),
        bytes=grouping.bytes,
        partitions=tuple(f"{records.text(column.name)}: {column.type}" for column in grouping.partitions),
        confidence=grouping.confidence,
        why=tuple(map(records.text, why)),
        notes=tuple(records.text(message) for _, message in grouping.findings),
        examples=tuple(records.text(entry.path) for entry in grouping.files[:EXAMPLES]),
    )


def _left_out(kind: str, what: str, count: int, examples: Sequence[str]) -> Explained:
    name, why = what, ""
    if kind == "noise":
        why = RULES[what]
    elif kind == "unread":
        why = f"the format {what} is not among those that are read: {to_read(what)}"
    else:
        kind, name = "unknown", "unknown"
        why = "of no format that is known by extension or first bytes"
    shown = tuple(records.text(path) for path in examples[:EXAMPLES])
    return Explained(kind=kind, name=name, files=count, why=(why,), examples=shown)  # type: ignore[arg-type]


def _reason(path: str, extensions: dict[str, str], hidden: bool) -> tuple[str, str] | None:
    """Return the kind and the rule by which a path alone is in no dataset; None when its name is that of data."""
    *folders, name = path.split("/")
    for folder in folders:
        if noise_folder(folder, hidden):
            return "noise", "folder"
    format = split_extension(name, extensions)[1]
    read = format in extensions.values()
    if rule := noise_file(name, hidden, read):
        return "noise", rule
    return None if read else ("unread" if format else "unknown", format)


def _counted(found: Layout, entries: Sequence[Entry], extensions: dict[str, str], hidden: bool) -> Iterator[Explained]:
    """Count what is in no dataset among some files."""
    counts: dict[tuple[str, str], list[str]] = {}
    numbers: dict[tuple[str, str], int] = {}
    roots = [grouping.root for grouping in found.groupings if grouping.marked]
    for entry in entries:
        reason = _reason(entry.path, extensions, hidden)
        if reason is None or any(_inside(entry.path, root) for root in roots):
            continue
        numbers[reason] = numbers.get(reason, 0) + 1
        shown = counts.setdefault(reason, [])
        if len(shown) < EXAMPLES:
            shown.append(entry.path)
    for (kind, what), examples in sorted(counts.items()):
        yield _left_out(kind, what, numbers[kind, what], examples)


def _why_not(
    found: Layout, path: str, extensions: dict[str, str], wanted: Callable[[str], bool], hidden: bool
) -> Iterator[Explained]:
    """Say why a file is in no dataset."""
    shown = records.text(path)
    owner = next((one for one in found.groupings if one.marked and _inside(path, one.root)), None)
    if owner is not None:
        return  # told with the table
    for grouping in found.groupings:
        if _holds(grouping.empty, path):
            why = f"it would belong to {records.text(grouping.name)}, whose other files have some"
            yield Explained(kind="noise", name="empty", files=1, why=(RULES["empty"], why), examples=(shown,))
            return
    pruned = next((folder for folder in path.split("/")[:-1] if never_listed(folder)), "")
    if pruned:
        why = f"folders named {pruned} are never listed"
        yield Explained(kind="noise", name="folder", files=1, why=(why,), examples=(shown,))
    elif not wanted(path):
        why = "`include` or `exclude` leaves it out, in the pipeline or in discovery.yaml"
        yield Explained(kind="excluded", name=shown, files=1, why=(why,))
    elif not _present(found.listing, path):
        yield Explained(kind="gap", name=shown, why=("nothing of this name was listed",))
    elif (reason := _reason(path, extensions, hidden)) is not None:
        yield _left_out(*reason, 1, (path,))
    else:
        yield Explained(kind="unknown", name=shown, files=1, why=("no dataset has it",))
