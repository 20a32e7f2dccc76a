"""Bringing a snapshot into a store."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import groupby
from typing import Any

import msgspec
from msgspec import Struct

from ..contracts.store import Entry, Row, Store
from ..model.coverage import Coverage
from ..model.merge import carry_forward
from ..model.record import canonical, decode, line_kind, line_urn
from ..model.scope import Covered
from .content import Snapshot
from .join import join


class Imported(Struct, kw_only=True):
    """What an import did.

    Attributes:
        state: The state that `head` names now; empty with `dry_run`.
        run: The id under which it is recorded.
        added: Records that are new.
        changed: Records that are different.
        removed: Records that are gone.
        kept: Records of the store that the snapshot does not hold and gives no licence to remove.
    """

    state: str = ""
    run: str = ""
    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: int = 0


def import_lines(snapshot: Snapshot, store: Store[Any], *, dry_run: bool = False) -> Imported:
    """Lay a snapshot over `head`, in one commit.

    Raises:
        SnapshotError: When the snapshot is not what it claims to be; nothing is written then.
        StoreError: When the store moved meanwhile.
    """
    moment = datetime.now(timezone.utc)
    result = Imported(run=f"{moment:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}")
    for _ in snapshot.records():  # verified to the last byte before anything is committed
        pass
    with store.lock():
        expect = store.resolve("head")
        last: Entry | None = next(iter(store.log()), None)
        known = Coverage(msgspec.convert(last.meta.get("coverage", []), list[Covered])) if last else Coverage()
        seen = snapshot.coverage
        rows = _rows(snapshot, store, known, seen, result)
        if dry_run:
            for _ in rows:
                pass
            return result
        meta = {
            "run": result.run,
            "at": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "pipeline": f"import of {snapshot.path.name}",
            "coverage": known.carried_by(seen).declared(),
            "seen": seen.declared(),
            "counts": dict(Counter(map(line_kind, snapshot.lines()))),
        }
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(meta, order="sorted"))
        result.state = store.commit("head", expect, rows, plain)
    return result


def _rows(snapshot: Snapshot, store: Store[Any], known: Coverage, seen: Coverage, result: Imported) -> Iterator[Row]:
    differing = join(store.lines("head"), snapshot.lines())
    for series, pairs in groupby(differing, key=_series):
        if series:
            yield from _newest([line for pair in pairs for line in pair if line is not None], store, result)
            continue
        for old, new in pairs:
            yield from _row(old, new, known, seen, result)


def _series(pair: tuple[bytes | None, bytes | None]) -> str:
    """Host, type and id of `stats`: everything before the time; empty for other records."""
    line = pair[0] or pair[1] or b""
    return line_urn(line).rpartition("@")[0] if line_kind(line) == "stats" else ""


def _newest(lines: list[bytes], store: Store[Any], result: Imported) -> Iterator[Row]:
    """The latest of each series stands in `head`."""
    held = {urn: store.get("head", "stats", urn) for urn in map(line_urn, lines)}
    *_, last = sorted(lines, key=lambda line: (line_urn(line), line != held[line_urn(line)]))
    for urn in sorted(held):
        if urn == line_urn(last):
            if held[urn] is None:
                result.added += 1
                yield "stats", urn, last
            elif held[urn] != last:
                result.changed += 1
                yield "stats", urn, last
            else:
                result.kept += 1
        elif held[urn] is not None:
            yield "stats", urn, None


def _row(old: bytes | None, new: bytes | None, known: Coverage, seen: Coverage, result: Imported) -> Iterator[Row]:
    if new is None:
        assert old is not None
        urn = line_urn(old)
        if known.complete(urn) and seen.complete(urn):
            result.removed += 1
            yield line_kind(old), urn, None
        else:
            result.kept += 1
    elif old is None:
        result.added += 1
        yield line_kind(new), line_urn(new), new
    else:
        line = canonical(carry_forward(decode(old), decode(new)))
        if line != old:
            result.changed += 1
            yield line_kind(new), line_urn(new), line


def make_store(pipeline: str | os.PathLike[str] | None) -> Store[Any]:
    """Open a store as `lumos_core.open_store` does, also one in which nothing is recorded yet."""
    from ..history.api import store_spec

    store: Store[Any] = store_spec(pipeline).build()
    return store
