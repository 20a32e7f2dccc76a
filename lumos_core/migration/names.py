"""What a thing is called on the other side: the same name, one that an option gives it, or the one it has there.

Two records are one thing when they have one URN, or share an alias (`[system, native id]`, or a former URN) and no
third record does. Everything that points at a thing follows it to its name, in every reference of the schema.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

from ..errors import UsageError
from ..model import urns
from ..model.elements import Aliases
from ..model.entities import Entity
from ..model.record import AnyRecord, canonical, decode, line_key, line_kind, line_urn, normalise
from ..model.references import Reference, rewrite, visit
from ..snapshot.join import join
from ..snapshot.sorter import LineSorter

FORMER = "lumos"
"""The system under which a former URN stands in `aliases`."""

_CACHE = 65_536
_SORTED = 8 * 2**20
_UNNAMED = frozenset({"foreign", "stats"})


class Names:
    """Old URN -> new URN, in a file; asked again and again without being held.

    Args:
        path: The file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode=off")
        self._db.execute("pragma synchronous=off")
        self._db.execute("create table if not exists name(old text primary key, new text not null) without rowid")
        self._db.execute("create index if not exists back on name(new)")
        self.new = lru_cache(_CACHE)(self._new)
        self.old = lru_cache(_CACHE)(self._old)

    def __len__(self) -> int:
        count: int = self._db.execute("select count(*) from name").fetchone()[0]
        return count

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._db.execute("select old, new from name order by old"))

    def fill(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Learn names, all at once or not at all."""
        self._db.execute("begin")
        self._db.executemany("insert or replace into name values (?, ?)", pairs)
        self._db.execute("commit")
        self.new.cache_clear()
        self.old.cache_clear()

    def forget(self, olds: Iterable[str]) -> None:
        """Forget names."""
        self._db.execute("begin")
        self._db.executemany("delete from name where old = ?", ((old,) for old in olds))
        self._db.execute("commit")
        self.new.cache_clear()
        self.old.cache_clear()

    def _new(self, urn: str) -> str:
        """Return the new name of a URN; its part (`#...`) stays."""
        return self._other(urn, "select new from name where old = ?")

    def _old(self, urn: str) -> str:
        """Return the old name of a URN."""
        return self._other(urn, "select old from name where new = ?")

    def _other(self, urn: str, query: str) -> str:
        host = urns.host(urn)
        row = self._db.execute(query, (host,)).fetchone()
        return urn if row is None else row[0] + urn[len(host) :]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def renamed(record: AnyRecord, name: Callable[[str], str]) -> AnyRecord:
    """Rewrite every reference of a record in place.

    Args:
        record: It is changed.
        name: Called with each URN; returns what it is called.

    Raises:
        ValueError: When the record gets a URN that does not fit its kind.
    """

    def change(reference: Reference) -> str:
        if reference.role == "path" or reference.text.startswith("#"):
            return reference.text
        return name(reference.text)

    return normalise(rewrite(record, change))


def refers(record: AnyRecord, names: Names) -> bool:
    """Tell whether something in a record has a new name."""
    return any(
        names.new(reference.text) != reference.text
        for reference in visit(record)
        if reference.role == "ref" and reference.place and not reference.text.startswith("#")
    )


def called(lines: Iterable[bytes], name: Callable[[str], str], folder: Path, *, tell: bool = True) -> Iterator[bytes]:
    """Return lines under other names, in every reference, sorted.

    Args:
        lines: Sorted or not.
        name: URN -> what it is called.
        folder: Where what does not fit into memory is spilled.
        tell: Let a record tell its former URN as an alias.

    Raises:
        UsageError: When two records would get one URN, or one that does not fit its kind.
    """
    with LineSorter(folder, _SORTED) as sorter:
        for line in lines:
            record = decode(line)
            before = record.urn
            try:
                record = renamed(record, name)
                if tell and record.urn != before and isinstance(record.value, Entity):
                    record.value.aliases = [*record.value.aliases, (FORMER, before)]
                sorter.add(canonical(record))
            except ValueError as error:
                raise UsageError("this record cannot be renamed so", why=str(error), where=before) from None
        last = b""
        for line in sorter.sorted():
            key = line_key(line)
            if key == last:
                fix = "change the renaming options so that each keeps a name of its own"
                raise UsageError("two records would get one URN", fix=fix, where=line_urn(line))
            last = key
            yield line


def former(record: AnyRecord) -> str:
    """Return what a record was called before it was renamed; empty when it was not."""
    aliases = getattr(record.value, "aliases", ())
    return next((name for system, name in aliases if system == FORMER and name != record.urn), "")


def match(source: Iterable[bytes], target: Iterable[bytes], folder: Path) -> Iterator[tuple[str, str, bool]]:
    """Find the things that both sides have under different URNs.

    Args:
        source: The lines of one side, sorted.
        target: The lines of the other.
        folder: Where what does not fit into memory is spilled.

    Yields:
        (URN of the source, URN of the target, whether it is certain): where several are possible, each with False.
    """
    found = sqlite3.connect("")  # a temporary file of SQLite's own
    found.execute("create table pair(a text, b text, primary key (a, b)) without rowid")
    with LineSorter(folder, _SORTED, key=bytes) as ids:
        for one, other in join(source, target):
            if one is not None and other is None:
                _spread(one, "a", ids)
            elif other is not None and one is None:
                _spread(other, "b", ids)
        for a, b in _sharing(ids.sorted()):
            found.execute("insert or ignore into pair values (?, ?)", (a, b))
    found.execute("create index by_b on pair(b)")
    yield from found.execute(
        "select a, b, (select count(*) from pair x where x.a = p.a) = 1"
        " and (select count(*) from pair x where x.b = p.b) = 1 from pair p order by a, b"
    )
    found.close()


class _Value(msgspec.Struct):
    aliases: Aliases = []


class _Glance(msgspec.Struct):
    value: _Value


_glance = msgspec.json.Decoder(_Glance)
_identity = msgspec.json.Decoder(tuple[str, str, str, str, str])


def _spread(line: bytes, side: str, ids: LineSorter) -> None:
    kind = line_kind(line)
    if kind in _UNNAMED:
        return
    urn = line_urn(line)
    known = {("", urn)}
    for system, name in _glance.decode(line).value.aliases:
        known.add(("", name) if name.startswith("urn:lumos:") else (system, name))
    for system, name in known:
        ids.add(msgspec.json.encode((kind, system, name, side, urn)))


def _sharing(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Pairs of URNs under one id; ids that many share say nothing."""
    last: tuple[str, str, str] | None = None
    sides: dict[str, list[str]] = {"a": [], "b": []}
    for line in lines:
        kind, system, name, side, urn = _identity.decode(line)
        if (kind, system, name) != last:
            yield from _pairs(sides)
            last, sides = (kind, system, name), {"a": [], "b": []}
        if len(sides[side]) < 10:
            sides[side].append(urn)
    yield from _pairs(sides)


def _pairs(sides: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    return ((a, b) for a in sides["a"] for b in sides["b"])
