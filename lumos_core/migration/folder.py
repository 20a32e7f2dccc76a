"""The folder of one migration: its snapshots, its plan, its journal, and how far it is.

Each file appears whole or not at all, so that whoever goes on sees by their presence what is done. Only the journal
grows line by line.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ..errors import DiskError, LockedError, UsageError
from ..files import atomic_write, try_lock
from ..times import utc
from .ends import End

MIGRATIONS = "migrations"
"""Folder of migrations, in the state folder of the target's pipeline file."""

FORMAT = 1


class Place(Struct, frozen=True):
    """One end of a migration, without secrets.

    Attributes:
        catalog: Its name in its file.
        type: Its type.
        file: The pipeline file.
        label: Its name, and where it is.
        mark: Digest of how it is configured, variables unresolved.
    """

    catalog: str
    type: str
    file: str
    label: str
    mark: str

    @classmethod
    def of(cls, end: End) -> Place:
        """Describe an end."""
        options = json.dumps(end.spec.ref, sort_keys=True, default=str)
        mark = hashlib.sha256(options.encode()).hexdigest()[:16]
        return cls(end.name, end.spec.type, str(end.file.path), end.label, mark)


class Wishes(Struct, frozen=True, omit_defaults=True):
    """What the user asked for; a migration that goes on keeps to it.

    Attributes:
        on_conflict: Who wins where both sides say something else.
        select: A part of the source; empty for all of it.
        platforms, environments, names: Renaming: old -> new.
    """

    on_conflict: str = "merge"
    select: str = ""
    platforms: dict[str, str] = {}
    environments: dict[str, str] = {}
    names: dict[str, str] = {}

    @property
    def renames(self) -> bool:
        """Tell whether anything gets another name by the user's wish."""
        return bool(self.platforms or self.environments or self.names)


class State(Struct):
    """How far a migration is.

    Attributes:
        id: Of the migration; its folder has the same name.
        source: Where it reads.
        target: Where it writes.
        wishes: What the user asked for.
        started: RFC 3339.
        done: Steps that are done, in their order.
        renamed: Things that have another name in the target.
        planned: Operations by action.
        ambiguous: (URN of the source, URN of the target) of things that may be one; nothing was concluded.
        finished: RFC 3339; empty while it is not.
        rolled_back: RFC 3339; empty when it was not.
        format: Version of this file.
    """

    id: str
    source: Place
    target: Place
    wishes: Wishes = Wishes()
    started: str = ""
    done: list[str] = []
    renamed: int = 0
    planned: dict[str, int] = {}
    ambiguous: list[tuple[str, str]] = []
    finished: str = ""
    rolled_back: str = ""
    format: int = FORMAT

    @property
    def wrote(self) -> bool:
        """Tell whether there was something to be written."""
        return any(count for action, count in self.planned.items() if action != "keep")


class Folder:
    """The files of one migration.

    Attributes:
        path: The folder.
        state: How far it is.
    """

    def __init__(self, path: Path, state: State) -> None:
        self.path, self.state = path, state

    source = property(lambda self: self.path / "source.lumos.jsonl", doc="What the source held.")
    target = property(lambda self: self.path / "target.lumos.jsonl", doc="What the target held before: for rollback.")
    names = property(lambda self: self.path / "names.db", doc="Old name -> new name.")
    incoming = property(lambda self: self.path / "incoming.db", doc="Names that records of the target may follow.")
    plan = property(lambda self: self.path / "plan.jsonl", doc="The plan, in its order.")
    conflicts = property(lambda self: self.path / "conflicts.jsonl", doc="What both sides say otherwise.")
    journal = property(lambda self: self.path / "journal.jsonl", doc="What became of each operation.")
    pending = property(lambda self: self.path / "pending.jsonl", doc="What was left of the plan when it went on.")
    after = property(lambda self: self.path / "after.lumos.jsonl", doc="What the target gave back afterwards.")
    verdicts = property(lambda self: self.path / "verdicts.jsonl", doc="What became of each record.")
    report = property(lambda self: self.path / "report.json", doc="The report, for programs.")
    page = property(lambda self: self.path / "report.html", doc="The report, for people.")

    @property
    def ours(self) -> Path:
        """What the source held, in the target's names."""
        return self.path / "ours.lumos.jsonl" if "renamed" in self.state.done else Path(self.source)

    def is_done(self, step: str) -> bool:
        """Tell whether a step is done."""
        return step in self.state.done

    def finish(self, step: str) -> None:
        """Remember that a step is done.

        Raises:
            DiskError: When the disk is full.
        """
        self.state.done.append(step)
        self.save()

    def save(self) -> None:
        """Write how far it is.

        Raises:
            DiskError: When the disk is full.
        """
        with atomic_write(self.path / "state.json", "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self.state), indent=2))

    @classmethod
    def make(cls, root: Path, source: Place, target: Place, wishes: Wishes) -> Folder:
        """Begin a migration.

        Raises:
            DiskError: When the folder cannot be made.
        """
        now = datetime.now(timezone.utc)
        state = State(f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}", source, target, wishes, utc(now), [])
        folder = cls(root / state.id, state)
        try:
            folder.path.mkdir(parents=True)
        except OSError as error:
            why, fix = error.strerror or str(error), "choose another `state:`, or mend its permissions"
            raise DiskError("cannot make the folder of the migration", why=why, fix=fix, where=str(root)) from None
        folder.save()
        return folder

    @classmethod
    def open(cls, path: Path) -> Folder:
        """Open one that was begun.

        Raises:
            UsageError: When there is none, or one of another version of Lumos.
        """
        try:
            state = msgspec.json.decode((path / "state.json").read_bytes(), type=State)
        except (OSError, msgspec.MsgspecError) as error:
            fix = f"look into {path.parent} for what there is"
            raise UsageError(f"there is no migration {path.name}", why=str(error), fix=fix) from None
        if state.format != FORMAT:
            raise UsageError(f"the migration {path.name} was made by another version of Lumos", fix="use that one")
        return cls(path, state)

    @classmethod
    def find(cls, root: Path, wanted: str, target: Place, source: Place | None) -> Folder:
        """Find the migration that is meant.

        Args:
            root: Where migrations lie.
            wanted: Its id, or its beginning; empty for the last between these ends.
            target: Where it must write.
            source: Where it must read; None for any: then the last that had something to write is meant.

        Raises:
            UsageError: When there is none, or it is between other catalogs.
        """
        for folder in cls._all(root):
            if wanted and not folder.path.name.startswith(wanted):
                continue
            if not wanted and source is None and not folder.state.wrote:
                continue  # there is nothing in it to be undone
            fits = folder.state.target.mark == target.mark
            if fits and (source is None or folder.state.source.mark == source.mark):
                return folder
            if wanted:
                theirs = f"{folder.state.source.label} -> {folder.state.target.label}"
                fix = "name the files that it was begun with; their catalogs must be configured as they were"
                raise UsageError(f"the migration {folder.path.name} is another one", why=theirs, fix=fix)
        known = ", ".join(folder.path.name for folder in cls._all(root)) or "none"
        what = f"there is no migration {wanted!r}" if wanted else "there is no migration between these catalogs"
        raise UsageError(what, why=f"in {root} there are: {known}", fix="begin one, without --resume")

    @classmethod
    def _all(cls, root: Path) -> Iterable[Folder]:
        """Every migration, the newest first."""
        for path in sorted((path.parent for path in root.glob("*/state.json")), reverse=True):
            yield cls.open(path)


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Keep other migrations and syncs of the same state folder away.

    Raises:
        LockedError: When one is at work.
        DiskError: When the folder cannot be written.
    """
    path = state / MIGRATIONS / ".lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        why, fix = error.strerror or str(error), "choose another `state:`, or mend its permissions"
        raise DiskError("cannot write the state folder", why=why, fix=fix, where=str(path)) from None
    with file:
        if not try_lock(file):
            raise LockedError("another migration or sync is at work here", why=f"it holds {path}", fix="wait for it")
        yield


def write_lines(path: Path, things: Iterable[Any]) -> int:
    """Write things as lines of JSON, all or nothing; returns how many."""
    count = 0
    with atomic_write(path, "wb") as file:
        for thing in things:
            file.write(msgspec.json.encode(thing, order="sorted") + b"\n")
            count += 1
    return count


def read_lines(path: Path, type: Any) -> Iterator[Any]:
    """Read what `write_lines` wrote; nothing when the file is not there."""
    if path.exists():
        decoder = msgspec.json.Decoder(type)
        with path.open("rb", buffering=1 << 20) as file:
            for line in file:
                yield decoder.decode(line)


def plain(pairs: Mapping[str, str] | None) -> dict[str, str]:
    """Return a mapping of the user's as a plain one."""
    return dict(pairs or {})
