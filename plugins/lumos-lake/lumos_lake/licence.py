"""What the listing of a lake licenses, and what a folder that could not be listed takes out of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from lumos_core.plugin_api import Covered, Scope

from . import records
from .discovery import Layout
from .records import ASPECTS, Names
from .storage import Gap


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
