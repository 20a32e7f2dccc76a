"""Snapshots for Python users; `lumos snapshot` calls the same functions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from ..contracts.store import Store
from ..errors import SnapshotError, UsageError
from ..model.coverage import Coverage
from ..model.record import STATS_START, AnyRecord, canonical, line_kind
from ..model.scope import Covered
from ..times import utc
from .content import Snapshot
from .frame import Header, SourceInfo
from .join import join
from .merge import Conflict, merge_lines
from .save import save, target_of
from .select import only_changes, parse_selection, select_lines, without_stats
from .sorter import LineSorter
from .stored import Imported, import_lines, make_store
from .textconv import textconv
from .transform import Transformation
from .writer import SnapshotInfo

if TYPE_CHECKING:
    from ..history.views import View

PathLike = str | os.PathLike[str]
Format = Literal["jsonl", "json", "yaml"]

__all__ = [
    "Conflict",
    "Imported",
    "Snapshot",
    "SnapshotInfo",
    "Transformation",
    "convert_snapshot",
    "export_snapshot",
    "import_snapshot",
    "merge_snapshots",
    "read_snapshot",
    "textconv_snapshot",
    "transform_snapshot",
    "validate_snapshot",
    "write_snapshot",
]


def read_snapshot(path: PathLike, *, stats: bool = True) -> Snapshot:
    """Open a snapshot in any of its forms, with the stats file beside it.

    Args:
        path: Lines, compressed lines (`.zst`), or a document (`.json`, `.yaml`).
        stats: Read the `stats` lines too.

    Raises:
        SnapshotError: When it is not a snapshot, or of a newer version. What stands after its header is verified
            while it is read.

    Example:
        ```python
        for record in read_snapshot("shop.lumos.jsonl").records():
            print(record.urn)
        ```
    """
    return Snapshot(Path(path), stats=stats)


def write_snapshot(
    path: PathLike,
    records: Iterable[AnyRecord],
    *,
    coverage: Coverage | Iterable[Covered] = (),
    sources: Iterable[SourceInfo] = (),
    format: Format | None = None,
) -> SnapshotInfo:
    """Write records, which may come in any order, as a snapshot.

    Args:
        path: The file, or a folder in which it gets a dated name.
        records: Each (kind, URN) once.
        coverage: What was seen whole: the only licence to conclude a removal from absence.
        sources: Who reported.
        format: `jsonl`, `json` or `yaml`; default by the file's name, else lines.

    Raises:
        SnapshotError: When one (kind, URN) comes twice with different values.
        DiskError: When the disk is full.
    """
    target = target_of(Path(path), format, "snapshot")
    declared = coverage if isinstance(coverage, Coverage) else Coverage(coverage)
    with LineSorter(target.path.parent) as sorter:
        for record in records:
            sorter.add(canonical(record))
        return save(target, sorter.sorted(), Header(utc(), sources=tuple(sources)), declared)


def export_snapshot(
    path: PathLike = ".",
    *,
    pipeline: PathLike | None = None,
    store: Store[Any] | None = None,
    as_of: str = "head",
    select: str | None = None,
    since: str | None = None,
    stats: bool = True,
    format: Format | None = None,
) -> SnapshotInfo:
    """Write what the store knows to a snapshot.

    Args:
        path: The file, or a folder in which it gets a dated name. A snapshot that is there already and says the
            same is not written again.
        pipeline: Whose store; default as `lumos_core.open_store`.
        store: A store that is open already, instead.
        as_of: Which state: a ref, run, release, day or time.
        select: A name prefix, a URN, or a glob (which licenses no removal).
        since: Only what is new or different since this state; nothing is concluded from absence then.
        stats: Write the `stats` lines too; leaving them out is recorded in the coverage.
        format: `jsonl`, `json` or `yaml`; default by the file's name, else lines.

    Raises:
        StoreError: When the store cannot be opened, or is corrupt.
        UsageError: When `as_of`, `since` or `select` name nothing.
        DiskError: When the disk is full.
    """
    from ..history.api import open_store
    from ..history.refs import resolve

    target = target_of(Path(path), format, "snapshot")
    opened = store if store is not None else open_store(pipeline)
    try:
        view = resolve(opened, as_of)
        coverage, lines = view.coverage, view.lines()
        if since is not None:
            coverage, lines = only_changes(coverage, since), _since(resolve(opened, since), view)
        if select is not None:
            selection = parse_selection(select)
            coverage, lines = selection.restrict(coverage), select_lines(lines, selection)
        if not stats:
            coverage = without_stats(coverage)
            lines = (line for line in lines if not line.startswith(STATS_START))
        return save(target, lines, Header(utc(), sources=_sources(view)), coverage)
    finally:
        if store is None:
            opened.close()


def _since(before: View, after: View) -> Iterator[bytes]:
    return (new for _, new in join(before.lines(), after.lines()) if new is not None)


def _sources(view: View) -> tuple[SourceInfo, ...]:
    entry = getattr(view, "entry", None)
    name = str(entry.meta.get("pipeline") or "") if entry is not None else ""
    return (SourceInfo(name, ("source",)),) if name else ()


def import_snapshot(
    path: PathLike,
    *,
    pipeline: PathLike | None = None,
    store: Store[Any] | None = None,
    dry_run: bool = False,
) -> Imported:
    """Bring a snapshot into the store's `head`, all or nothing, as if a run had seen it.

    What the snapshot did not look at stays as it is; a record is taken out only where both the snapshot and what
    is known were complete. For versions, gate and publishing, run a pipeline with the source `snapshot` instead.

    Args:
        path: The snapshot.
        pipeline: Whose store; default as `lumos_core.open_store`. It is made when there is none.
        store: A store that is open already, instead.
        dry_run: Only count what would change.

    Raises:
        SnapshotError: When the snapshot is not what it claims to be; nothing is written then.
        StoreError: When the store moved meanwhile, or is locked.
    """
    snapshot = read_snapshot(path)
    if store is not None:
        return import_lines(snapshot, store, dry_run=dry_run)
    with closing(make_store(pipeline)) as opened:
        return import_lines(snapshot, opened, dry_run=dry_run)


def validate_snapshot(path: PathLike) -> dict[str, int]:
    """Verify a snapshot to the last byte, each line's canonical form included; returns the lines per kind.

    Raises:
        SnapshotError: At the first fault, with file and line.
    """
    counts: dict[str, int] = {}
    for record in read_snapshot(path).records():
        counts[record.kind] = counts.get(record.kind, 0) + 1
    return counts


def convert_snapshot(
    source: PathLike,
    target: PathLike,
    *,
    format: Format | None = None,
    select: str | None = None,
    stats: bool = True,
) -> SnapshotInfo:
    """Write a snapshot in another form: lines, compressed lines, JSON or YAML.

    Lines of a damaged order or form are put right where they can be read; what is missing stays an error.

    Raises:
        SnapshotError: When the snapshot is not what it claims to be.
        DiskError: When the disk is full.
    """
    snapshot = read_snapshot(source, stats=stats)
    coverage = snapshot.coverage if stats else without_stats(snapshot.coverage)
    lines = snapshot.lines()
    if select is not None:
        selection = parse_selection(select)
        coverage, lines = selection.restrict(coverage), select_lines(lines, selection)
    return save(target_of(Path(target), format, _stem(source)), lines, snapshot.header, coverage)


def merge_snapshots(
    sources: Sequence[PathLike],
    target: PathLike,
    *,
    format: Format | None = None,
    conflict: Callable[[Conflict], None] | None = None,
) -> tuple[SnapshotInfo, list[Conflict]]:
    """Unite snapshots, the most trusted first; returns what was written and every contradiction.

    Sets are united, texts layer by layer, fields by path; of everything else the first wins. What is covered is
    what any of them covered and none saw only in part.

    Args:
        sources: The snapshots.
        target: The file to write, or a folder.
        format: `jsonl`, `json` or `yaml`.
        conflict: Called for each contradiction, instead of collecting them.

    Raises:
        UsageError: When there is nothing to merge.
        SnapshotError: When one of them is not what it claims to be.
    """
    if not sources:
        raise UsageError("nothing to merge", fix="name at least one snapshot")
    snapshots = [read_snapshot(path) for path in sources]
    found: list[Conflict] = []
    lines = merge_lines([(str(s.path), s.lines()) for s in snapshots], conflict or found.append)
    coverage = Coverage(covered for snapshot in snapshots for covered in snapshot.coverage.declared())
    header = Header(utc(), sources=_united_sources(snapshots))
    return save(target_of(Path(target), format, "merged"), lines, header, coverage), found


def _united_sources(snapshots: Sequence[Snapshot]) -> tuple[SourceInfo, ...]:
    layers: dict[str, set[str]] = {}
    for snapshot in snapshots:
        for source in snapshot.header.sources:
            layers.setdefault(source.name, set()).update(source.layers)
    return tuple(SourceInfo(name, tuple(sorted(of))) for name, of in sorted(layers.items()))


def transform_snapshot(
    source: PathLike,
    target: PathLike,
    *,
    platforms: Mapping[str, str] | None = None,
    environments: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    format: Format | None = None,
) -> SnapshotInfo:
    """Move a snapshot to other platforms, environments and names, in all of its references.

    Code, native schemas and aliases stay as they are.

    Args:
        source: The snapshot.
        target: The file to write, or a folder.
        platforms: Old -> new.
        environments: Old -> new.
        names: Beginning of a name -> what replaces it; or a whole URN -> a URN.
        format: `jsonl`, `json` or `yaml`.

    Raises:
        SnapshotError: When two records would get one URN, or the snapshot is not what it claims to be.
    """
    move = Transformation(platforms=platforms or {}, environments=environments or {}, names=names or {})
    snapshot = read_snapshot(source)
    file = target_of(Path(target), format, _stem(source))
    with LineSorter(file.path.parent) as sorter:
        for record in snapshot.records():
            try:
                sorter.add(canonical(move.record(record)))
            except ValueError as error:
                raise SnapshotError("this record cannot be moved", why=str(error), where=record.urn) from None
        return save(file, sorter.sorted(), snapshot.header, move.coverage(snapshot.coverage))


def _stem(path: PathLike) -> str:
    return Path(path).name.split(".")[0]


def textconv_snapshot(path: PathLike, *, stats: bool = False) -> Iterator[str]:
    """Return a snapshot as text, a line per field, for `git diff` and for people.

    Raises:
        SnapshotError: When the snapshot is not what it claims to be.
    """
    return textconv(read_snapshot(path, stats=stats).lines())


def header_of(path: PathLike) -> dict[str, Any]:
    """Return header and trailer of a snapshot as plain data, for `lumos snapshot show`.

    Raises:
        SnapshotError: When the snapshot is not what it claims to be.
    """
    snapshot = read_snapshot(path)
    meaning, stats = snapshot.digests()
    counts: dict[str, int] = {}
    for line in snapshot.lines():
        kind = line_kind(line)
        counts[kind] = counts.get(kind, 0) + 1
    return {
        "path": str(snapshot.path),
        **msgspec.to_builtins(snapshot.header),
        "digest": meaning,
        "stats_digest": stats if "stats" in counts else "",
        "counts": counts,
        "coverage": msgspec.to_builtins(snapshot.coverage.declared(), order="sorted"),
    }
