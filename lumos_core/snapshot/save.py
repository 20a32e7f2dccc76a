"""Putting sorted lines into a file of whatever form its name or `--format` asks for."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from ..errors import SnapshotError, UsageError
from ..model.coverage import Coverage
from ..model.record import STATS_START, line_kind
from .content import Snapshot, same_content
from .document import DocumentFormat, document_format, write_document
from .frame import Header, stats_path
from .output import disk_errors
from .writer import SnapshotInfo, SnapshotWriter

_ENDINGS = {"jsonl": ".lumos.jsonl", "json": ".lumos.json", "yaml": ".lumos.yaml"}


class Target(NamedTuple):
    """Where to write.

    Attributes:
        path: The file.
        form: `json` or `yaml`; None for lines.
        previous: The newest snapshot of this name in the folder that was given; it stays when it says the same.
    """

    path: Path
    form: DocumentFormat | None
    previous: Path | None = None


def target_of(path: Path, format: str | None, name: str) -> Target:
    """Return where to write; in a folder, that is a dated name.

    Raises:
        UsageError: When the format is unknown, or does not fit the name.
    """
    if format is not None and format not in _ENDINGS:
        raise UsageError(f"unknown snapshot format {format!r}", fix=f"use one of {', '.join(_ENDINGS)}")
    if path.is_dir():
        ending = _ENDINGS[format or "jsonl"]
        stamp = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H%M%SZ")
        dated = re.compile(rf"{re.escape(name)}-\d{{4}}-\d\d-\d\dT\d{{6}}Z{re.escape(ending)}\Z")
        previous = max((p for p in path.iterdir() if dated.match(p.name)), default=None)
        path = path / f"{name}-{stamp}{ending}"
        return Target(path, document_format(path), previous if previous != path else None)
    form = document_format(path)
    if format is not None and format != (form or "jsonl"):
        raise UsageError(
            f"the name {path.name} does not fit the format {format}",
            fix=f"end it with {_ENDINGS[format]}, or give a folder",
        )
    return Target(path, form)


def save(target: Target, lines: Iterable[bytes], header: Header, coverage: Coverage) -> SnapshotInfo:
    """Write sorted lines; a file that has equal digest, stats and coverage is left alone.

    Raises:
        DiskError: When the disk is full; nothing half-written stays.
    """
    if target.form is not None:
        info = _save_document(target.path, target.form, lines, header, coverage)
    else:
        with SnapshotWriter(target.path, header.sources, exported_at=header.exported_at, ordered=True) as writer:
            for line in lines:
                writer.add_line(line)
            info = writer.close(coverage)
    if target.previous is not None and _says_the_same(target.previous, info.path):
        info.path.unlink()
        if info.stats_path is not None:
            info.stats_path.unlink()
        beside = stats_path(target.previous)
        info.path, info.stats_path = target.previous, beside if info.stats_path is not None else None
        info.written = False
    return info


def _says_the_same(old: Path, new: Path) -> bool:
    try:
        return same_content(Snapshot(old), Snapshot(new))
    except SnapshotError:
        return False


def _save_document(
    path: Path, form: DocumentFormat, lines: Iterable[bytes], header: Header, coverage: Coverage
) -> SnapshotInfo:
    digest, counts = hashlib.sha256(), Counter[str]()

    def counted() -> Iterator[bytes]:
        for line in lines:
            counts[line_kind(line)] += 1
            if not line.startswith(STATS_START):
                digest.update(line + b"\n")
            yield line

    fresh = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        write_document(fresh, form, header, coverage, counted())
        written = not (path.exists() and _says_the_same(path, fresh))
        if written:
            with disk_errors(path):
                fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return SnapshotInfo(
        path=path,
        stats_path=None,
        digest=digest.hexdigest(),
        counts=dict(counts),
        coverage=coverage,
        written=written,
    )
