"""A source that tells of its changes, and a notifier: reference components for `lumos watch`, across processes.

A dataset is a file `NAME.json` in a folder, `{"id": "int64"}`; an event is a file in another folder, the queue, which
stays there until it is acknowledged. `put`, `drop` and `tell` are what a storage would do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal
from uuid import uuid4

from pydantic import Field as Option

from ..config.types import LocalPath
from ..contracts.component import Config
from ..contracts.context import Context
from ..contracts.reporter import Reporter, RunResult
from ..contracts.source import Event, Source, Unit
from ..contracts.watch import WatchConfig
from ..errors import ReportError, RetryableError, UnitError
from ..files import atomic_write
from ..model.aspects import RECORD
from ..model.entities import Dataset, Field, Stats
from ..model.record import AnyRecord, Record
from ..model.scope import Covered, Scope
from ..model.urns import dataset

PLATFORM = "shelf"


class QueueWatch(WatchConfig):
    """How the queue is read."""

    queue: LocalPath | None = Option(default=None, description="Folder of events.")
    visibility: float = Option(
        default=30, gt=0, description="Seconds after which what is not acknowledged comes again."
    )


class ShelfConfig(Config):
    """Options of the source."""

    path: LocalPath = Option(description="Folder of datasets.")
    watch: QueueWatch | None = Option(default=None, description="How `lumos watch` learns of changes.")


class ShelfSource(Source[ShelfConfig]):
    """Reads a folder of datasets; tells what a queue holds."""

    capabilities = frozenset({RECORD, "fields"})

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """List the folder; of a scope of URNs, look at just these files."""
        whole = Scope(platform=PLATFORM)
        scope = whole.narrowed(within)
        if scope is None:
            return
        for path in sorted(self.config.path.glob("*.json")):
            if ctx.cancelled():
                return
            urn = dataset(PLATFORM, path.stem)
            if scope.matches(urn):
                yield Unit(key=path.stem, scope=Scope(urns=frozenset({urn})))
        ctx.covered(Covered(scope, frozenset({RECORD})))

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Read one file."""
        urn = dataset(PLATFORM, unit.key)
        path = self.config.path / f"{unit.key}.json"
        try:
            columns = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return  # gone since it was listed: the next look says so
        except (ValueError, OSError) as error:
            raise UnitError("the file cannot be read", why=str(error), where=unit.key) from error
        rows = columns.pop("#rows", None)
        fields = [Field(name, type=type_) for name, type_ in columns.items()]
        yield Record(urn, Dataset(name=unit.key, captured=["fields"], fields=fields))
        if rows is not None:
            yield Record(f"{urn}#profile@2026-01-15T10:30:00Z", Stats(row_count=rows))

    def watch(self, ctx: Context) -> Iterable[Event]:
        """Tell what lies in the queue, and again what nobody acknowledged for a while."""
        watch = self.config.watch
        if watch is None or watch.queue is None:
            return
        told: dict[str, float] = {}
        while not ctx.cancelled():
            now = time.monotonic()
            for path in sorted(watch.queue.glob("*.event")):
                if now - told.get(path.name, -watch.visibility) >= watch.visibility:
                    told[path.name] = now
                    event = _event(path)
                    if event is not None:
                        yield event
            if ctx.once:
                return
            time.sleep(0.02)

    def ack(self, tokens: Sequence[str]) -> None:
        """Take events out of the queue."""
        watch = self.config.watch
        if watch is not None and watch.queue is not None:
            for token in tokens:
                (watch.queue / token).unlink(missing_ok=True)


def _event(path: Path) -> Event | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:  # acknowledged meanwhile
        return None
    scope = Scope(urns=frozenset({dataset(PLATFORM, told["name"])}))
    return Event(
        scope, path.name, told["action"], f"shelf/{told['name']}.json", told["at"], tuple(told["facts"].items())
    )


def put(folder: Path, name: str, columns: Mapping[str, object], queue: Path | None = None) -> None:
    """Write a dataset, and tell of it in a queue; the column `#rows` says how many rows it has."""
    with atomic_write(folder / f"{name}.json") as file:
        json.dump(columns, file)
    if queue is not None:
        tell(queue, name, "created")


def drop(folder: Path, name: str, queue: Path | None = None) -> None:
    """Take a dataset away, and tell of it in a queue."""
    (folder / f"{name}.json").unlink()
    if queue is not None:
        tell(queue, name, "deleted")


def tell(
    queue: Path,
    name: str,
    action: Literal["", "created", "deleted"] = "created",
    at: str = "",
    facts: Mapping[str, str] | None = None,
) -> None:
    """Put an event into a queue."""
    with atomic_write(queue / f"{time.time_ns():020}-{uuid4().hex[:8]}.event") as file:
        json.dump({"name": name, "action": action, "at": at, "facts": dict(facts or {})}, file)


class DiaryConfig(Config):
    """Options of the notifier."""

    path: LocalPath = Option(description="File of what it was told, a line of JSON per event.")
    broken: LocalPath | None = Option(
        default=None,
        description="As long as this file is there, nothing can be sent; "
        "a number in it: so many seconds the other side asks to wait.",
    )


class DiaryNotifier(Reporter[DiaryConfig]):
    """Writes the id and the dataset of every event that it is told of."""

    notifies = True

    def report(self, result: RunResult) -> None:
        """Append to the file."""
        if self.config.broken is not None and self.config.broken.exists():
            if wait := self.config.broken.read_text(encoding="utf-8"):
                raise RetryableError("the diary is busy", after=float(wait))
            raise ReportError("the diary cannot be written", fix="find a pen")
        with self.config.path.open("a", encoding="utf-8") as file:
            for event in result.events:
                print(json.dumps({"id": event.id, "urn": event.urn, "type": event.type}), file=file)
