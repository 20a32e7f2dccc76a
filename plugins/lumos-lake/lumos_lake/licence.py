"""What the listing of a lake and the reading of its files license, and what could not be seen takes out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from lumos_core.plugin_api import Context, Covered, Scope

from . import records
from .discovery import Grouping, Layout
from .reading import Reading
from .records import ASPECTS, Names
from .storage import Entry, Gap


class Seen(NamedTuple):
    """What was noticed while a lake was listed.

    Attributes:
        gaps: What could not be listed.
        skipped: Paths of what was left out, and is no file.
        peeked: Files that were read to find out what is one dataset.
        spent: Requests and bytes that it took.
        cut: The path at which the listing was given up, since `max_objects` were listed before it.
    """

    gaps: list[Gap]
    skipped: list[str]
    peeked: set[str]
    spent: Counter[str]
    cut: list[str]

    @classmethod
    def nothing(cls) -> Seen:
        """Return that nothing was noticed yet."""
        return cls([], [], set(), Counter(), [])


def declare(
    reach: Scope, mine: Scope, names: Names, root_name: str, found: Layout, gaps: Sequence[Gap]
) -> Iterator[Covered]:
    """Declare what was listed whole, and everything that a folder which could not be listed may hide.

    Args:
        reach: What was asked for.
        mine: Everything that the source may hold.
        names: How things are named.
        root_name: Name of the dataset that the root itself may be.
        found: The datasets.
        gaps: What could not be listed. It may hide what is below it, and the datasets that a folder above it would be.
    """
    yield Covered(reach, ASPECTS | {"record"})
    for gap in gaps:
        hidden = [gap.path]
        while hidden[-1]:
            hidden.append(hidden[-1].rpartition("/")[0])
        hidden[-1] = root_name
        exact = frozenset(make(name) for name in hidden for make in (names.dataset, names.container))
        scope = msgspec.structs.replace(mine, prefixes=(names.prefix(gap.path),), urns=exact)
        where = records.text(gap.path) or "the folder itself"
        yield Covered(scope, frozenset({"record"}), "failed", f"{where} cannot be listed: {gap.reason}")
        touched = [g for g in found.groupings if not g.root or gap.path == g.root or gap.path.startswith(f"{g.root}/")]
        if touched:
            yield Covered(
                Scope(urns=frozenset(names.dataset(grouping.name) for grouping in touched)),
                frozenset({"fields", "layout"}),
                "partial",
                f"{where} cannot be listed: {gap.reason}",
            )


def cut_short(mine: Scope, names: Names, found: Layout, path: str, budget: int) -> Iterator[Covered]:
    """Declare what a listing that was given up does not license: nothing is gone, and one dataset is not whole.

    Args:
        mine: Everything that the source may hold.
        names: How things are named.
        found: The datasets.
        path: Where the listing was given up.
        budget: Files that were listed.
    """
    why = f"only the first {budget:,} files were listed (`max_objects`), up to {records.text(path)}"
    yield Covered(mine, frozenset({"record"}), "failed", why)
    torn = [one for one in found.groupings if not one.root or path.startswith(f"{one.root}/") or path == one.root]
    if torn:
        scope = Scope(urns=frozenset(names.dataset(one.name) for one in torn))
        yield Covered(scope, frozenset({"fields", "layout"}), "partial", why)


def judge(
    grouping: Grouping,
    chosen: Sequence[Entry],
    reading: Reading,
    aspects: frozenset[str],
    urn: str,
    ctx: Context,
) -> None:
    """Declare what the reading of a dataset does not license, and tell of it.

    Args:
        grouping: The dataset.
        chosen: Those of its files that were to be read.
        reading: What they gave.
        aspects: What it would license if it were whole.
        urn: Of the dataset.
        ctx: The run.
    """
    name = records.text(grouping.name)
    if reading.broken:
        first, *others = reading.broken
        for broken in others:
            ctx.warn("cannot-read", broken.why, records.text(broken.path))
        files = "file" if len(chosen) == 1 else "files"
        count = f"{len(reading.broken)} of {len(chosen)} {files} cannot be read"
        why = f"{records.text(first.path)}: {first.why}"
        if not grouping.marked:
            why = f"{count}, such as {why}" if len(chosen) > 1 else first.why
        _gap(urn, aspects - {"layout"}, "failed", why, ctx)
    elif not reading.schemas and not reading.left:
        ctx.warn("empty-file", "holds no byte; its fields are not known", name)
    if reading.left:
        one = reading.left[0]
        why = f"{len(reading.left)} of {len(chosen)} files are not given out, such as {records.text(one.path)}: "
        ctx.warn("withheld", why + one.why, name)
        _gap(urn, aspects - {"layout"}, "partial", why + one.why, ctx)
    if len(chosen) < len(grouping.files):
        why = f"{len(chosen)} of {len(grouping.files)} files were read (`max_files`)"
        _gap(urn, aspects - {"layout"}, "partial", why, ctx)
    for status, listed, why, _ in dict.fromkeys(reading.notes):
        if status in ("partial", "failed"):
            _gap(urn, frozenset(listed.split(",")), status, why, ctx)


def _gap(urn: str, aspects: frozenset[str], status: Any, why: str, ctx: Context) -> None:
    ctx.covered(Covered(Scope(urns=frozenset({urn})), aspects, status, why))
