"""Looking at a part of a lake: which folders must be listed, and whether their answer is that of the whole.

What is one dataset may hang on its neighbours. The answer for a few folders is taken when every dataset that was known
there is found again, or has no file left, and when what is new stands beside what was known; else the folders above are
listed too, in the end everything.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import msgspec
from msgspec import Struct

from lumos_core.plugin_api import Context, Scope

from .discovery import Grouping
from .discovery.codes import of_one_alphabet, of_one_domain
from .records import Names
from .records import folders as containers

KEY = b"roots"
"""Where it lies in the memo."""


class Root(Struct, array_like=True, frozen=True):
    """Where a dataset was found.

    Attributes:
        name: Its name.
        root: The folder or file that holds it.
        folder: The folder of which all is listed to find it.
        shape: Changes with whatever else is known of it but its files.
    """

    name: str
    root: str
    folder: str
    shape: str = ""


class Roots:
    """Where every dataset of the last full look was found; kept in the memo.

    Args:
        places: URN -> where.
    """

    def __init__(self, places: dict[str, Root]) -> None:
        self._places = places

    @classmethod
    def of(cls, groupings: Iterable[Grouping], names: Names) -> Roots:
        """Note where datasets were found."""
        return cls({names.dataset(one.name): Root(one.name, one.root, _folder(one), _shape(one)) for one in groupings})

    @classmethod
    def recall(cls, ctx: Context) -> Roots | None:
        """Return what the last full look noted; None when nothing is known."""
        blob = ctx.memo.get(KEY)
        return None if blob is None else cls.read(blob)

    @classmethod
    def read(cls, blob: bytes) -> Roots | None:
        """Read what `remember` wrote; None when it is of another version."""
        try:
            rows = msgspec.msgpack.decode(blob, type=dict[str, tuple[bytes, bytes, bytes, bytes]])
        except msgspec.DecodeError:
            return None
        return cls({urn: Root(*map(os.fsdecode, row)) for urn, row in rows.items()})

    def remember(self, ctx: Context) -> None:
        """Keep it for the next run; names that are not Unicode survive."""
        rows = {urn: tuple(map(os.fsencode, (r.name, r.root, r.folder, r.shape))) for urn, r in self._places.items()}
        ctx.memo[KEY] = msgspec.msgpack.encode(rows)

    def after(self, folders: Sequence[str], groupings: Iterable[Grouping], names: Names) -> Roots:
        """Return what is known after a part was looked at."""
        rest = {urn: place for urn, place in self._places.items() if not _inside(place.root, folders)}
        return Roots({**rest, **Roots.of(groupings, names)._places})

    def changed(self, folders: Sequence[str] | None, groupings: Sequence[Grouping], names: Names) -> frozenset[str]:
        """Return the URNs of datasets that came, went or are otherwise in some folders, and of folders that did so too.

        Args:
            folders: What was listed; None for everything.
            groupings: What was found there.
            names: How things are named.
        """
        now = Roots.of(groupings, names)._places
        before = {urn: place for urn, place in self._places.items() if folders is None or _inside(place.root, folders)}
        moved = {urn for urn in before.keys() | now.keys() if before.get(urn) != now.get(urn)}
        rest = [place.name for urn, place in self._places.items() if urn not in before]
        above = [set(containers([*rest, *(place.name for place in part.values())])) for part in (before, now)]
        return frozenset(moved | {names.container(folder) for folder in above[0] ^ above[1]})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Roots) and self._places == other._places

    __hash__ = None  # type: ignore[assignment]  # it is a table, not a value

    def scope_of(self, path: str, names: Names) -> Scope:
        """Return what must be looked at again after a file came, went or changed.

        That is the dataset which holds it, or for a file of none the outermost folder in which nothing is known.
        """
        owner = self._owner(path)
        if owner is not None:
            return Scope(urns=frozenset({owner}))
        fresh = path
        while (folder := fresh.rpartition("/")[0]) not in self._inside:
            fresh = folder
        return Scope(prefixes=(names.prefix(fresh).rstrip("/"),))

    def _owner(self, path: str) -> str | None:
        """Return the dataset of a path by its folders; None where several share a folder, or none is known."""
        folder = path
        while folder and folder not in self._holders:
            folder = folder.rpartition("/")[0]
        return self._holders.get(folder)

    @cached_property
    def _holders(self) -> dict[str, str | None]:
        """The dataset of each folder that is one; None for a folder that several share."""
        holders: dict[str, str | None] = {}
        for urn, place in self._places.items():
            if place.folder:
                holders[place.root] = None if place.root in holders else urn
        return holders

    @cached_property
    def _inside(self) -> frozenset[str]:
        """The folders in which something is known."""
        return frozenset({"", *(above for place in self._places.values() for above in _above(place.root))})

    def asked(self, reach: Scope, names: Names) -> list[str] | None:
        """Return the folders that answer for a scope; None when everything must be listed."""
        folders: set[str] = set()
        for prefix in reach.prefixes:
            path = names.path_of(prefix)
            if path is None or "/" not in path:
                return None
            folders.add(_above_codes(path.rpartition("/")[0]))
        for urn in reach.urns:
            place = self._places.get(urn)
            if place is None:
                return None
            folders.add(place.folder)
        return _outermost(folders)

    def wider(self, folders: list[str], groupings: Iterable[Grouping]) -> list[str] | None:
        """Return the folders to list instead, when the answer for these may not be that of the whole lake.

        Args:
            folders: What was listed.
            groupings: What was found there.

        Returns:
            The same folders when the answer stands; None when everything must be listed.
        """
        found = {one.name: one for one in groupings}
        known = {place.name: place for place in self._places.values() if _inside(place.root, folders)}
        doubtful = {
            place.root
            for name, place in known.items()
            if (name not in found or found[name].root != place.root) and _any_below(place.root, found.values())
        }
        settled = {place.root.rpartition("/")[0] for name, place in known.items() if name in found}
        for name, one in found.items():
            if name not in known:
                above = one.root.rpartition("/")[0]
                if above not in settled or not _inside(above, folders):
                    doubtful.add(above)
        if not doubtful:
            return folders
        grown: set[str] = set()
        for folder in folders:
            touched = any(_inside(root, [folder]) or _inside(folder, [root]) for root in doubtful)
            grown.add(folder.rpartition("/")[0] if touched else folder)
        return _outermost(grown)


def _folder(grouping: Grouping) -> str:
    """The folder of which all must be listed to find a dataset again; empty = everything.

    Of a single file that is what lies beside it too, and in the folders beside it: files beside it may be its parts,
    and it joins folders of partitions that come. So a file at the top of a lake asks for the whole lake. Where
    partitions stand above the name, its root is no folder. A folder that is called by a code joins others that come.
    """
    ends = [grouping.files[0].path, grouping.files[-1].path] if grouping.files else []
    if not all(_inside(path, [grouping.root]) for path in ends):
        return ""
    single = len(grouping.files) == 1 and ends == [grouping.root] * 2
    return _above_codes(grouping.root.rpartition("/")[0] if single else grouping.root)


def _above_codes(folder: str) -> str:
    """Return the first folder from a place up that is not called by a code."""
    while (name := folder.rpartition("/")[2]) and (of_one_domain([name]) or of_one_alphabet([name])):
        folder = folder.rpartition("/")[0]
    return folder


def _shape(grouping: Grouping) -> str:
    known = (
        grouping.format,
        grouping.partitions,
        grouping.confidence,
        grouping.evidence,
        grouping.marked,
        grouping.also,
        grouping.findings,
        grouping.positional,
        grouping.stored,
    )
    return hashlib.blake2b(os.fsencode(repr(known)), digest_size=8).hexdigest()


def _above(path: str) -> Iterator[str]:
    """Yield a path and the folders above it."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _inside(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _any_below(root: str, groupings: Iterable[Grouping]) -> bool:
    return any(_files_below(root, one) for one in groupings)


def _files_below(root: str, grouping: Grouping) -> bool:
    if _inside(grouping.root, [root]):
        return True
    return _inside(root, [grouping.root]) and any(_inside(entry.path, [root]) for entry in grouping.files)


def _outermost(folders: Iterable[str]) -> list[str] | None:
    """Leave out folders inside others; None when one of them is the whole lake."""
    kept: list[str] = []
    for folder in sorted(folders, key=lambda folder: f"{folder}/"):
        if not folder:
            return None
        if not kept or not _inside(folder, kept[-1:]):
            kept.append(folder)
    return kept
