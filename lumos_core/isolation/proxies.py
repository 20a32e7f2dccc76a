"""A source and a catalog that run in a worker, behind the contracts of a source and a catalog."""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any, ClassVar

import msgspec

from ..config.types import ComponentSpec
from ..contracts.catalog import Catalog, Hit, Operation, Outcome
from ..contracts.component import Support
from ..contracts.context import Context
from ..contracts.source import Event, Source, Unit
from ..environments.environment import Environment
from ..errors import CatalogError, UnitError
from ..model.record import AnyRecord, canonical, decode
from ..model.scope import Scope
from . import messages as m
from .entries import IsolatedConfig
from .frames import MAX_LINE
from .process import Worker, WorkerCrash

_SPOOL = 1 << 20
_WALK = 256
_PORTION = 1 << 20


class _Remote:
    """What both proxies do: call a method of the component and serve what it asks."""

    _numbers = itertools.count(1)

    def __init__(self, spec: ComponentSpec) -> None:
        assert spec.environment is not None
        self.environment = spec.environment
        self._config = spec.config
        self._number = next(self._numbers)
        self._ref = {key: value for key, value in spec.ref.items() if key != "environment"}
        self._worker: Worker | None = None
        self._attaching = threading.Lock()

    def call(self, method: str, ctx: Context | None = None, **what: Any) -> Iterator[Any]:
        """Yield bytes of lines and items of one call."""
        worker = self._attached()
        if ctx is None:
            return worker.call(m.Call(self._number, self._ref, method, **what)).pieces(
                _Desk(None).answer, lambda: False
            )
        what |= {"full": ctx.full, "run_id": ctx.run_id, "cancelled": ctx.cancelled(), "once": ctx.once}
        what["room"] = ctx.room
        return worker.call(m.Call(self._number, self._ref, method, **what)).pieces(_Desk(ctx).answer, ctx.cancelled)

    def close(self) -> None:
        """Close the component; the worker ends with the last one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.send(0, m.Close(self._number))
            worker.leave()

    def _attached(self) -> Worker:
        """The worker, a new one when the last has crashed."""
        with self._attaching:
            if self._worker is None or self._worker.ended:
                self._worker = Worker.enter(self.environment, self._config)
            return self._worker


class _Desk:
    """Answers what a component in a worker declares and asks, by way of the context of the run."""

    def __init__(self, ctx: Context | None) -> None:
        self._ctx = ctx
        self._walks: dict[int, Iterator[AnyRecord]] = {}

    def answer(self, message: m.Message) -> m.Answer | None:
        """Pass a declaration on, or answer a question."""
        ctx = self._ctx
        if ctx is None:
            return m.Answer(None) if isinstance(message, (m.Recall, m.Keys, m.Look, m.Walk)) else None
        if isinstance(message, m.Declared):
            ctx.covered(message.covered)
        elif isinstance(message, m.Progress):
            ctx.progress(message.done, message.total)
        elif isinstance(message, m.Warned):
            ctx.warn(message.code, message.message, message.where)
        elif isinstance(message, m.Remember):
            if message.value is None:
                ctx.memo.pop(message.key, None)
            else:
                ctx.memo[message.key] = message.value
        elif isinstance(message, m.Recall):
            return m.Answer(ctx.memo.get(message.key))
        elif isinstance(message, m.Keys):
            return m.Answer(list(ctx.memo))
        elif isinstance(message, m.Look):
            found = ctx.get(message.urn)
            return m.Answer(None if found is None else canonical(found))
        elif isinstance(message, m.Walk):
            walk = self._walks.setdefault(message.number, iter(ctx.records(message.kind)))
            lines, size = [], 0
            for record in itertools.islice(walk, _WALK):
                lines.append(canonical(record))
                size += len(lines[-1])
                if size > _PORTION:
                    break
            return m.Answer(lines)
        return None


class _Turns:
    """Many at once, or one alone, in the worker of one environment: whoever crashes it takes all others along."""

    _of: ClassVar[dict[Environment, _Turns]] = {}

    @classmethod
    def of(cls, environment: Environment) -> _Turns:
        return cls._of.setdefault(environment, cls())

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside, self._alone = 0, False

    @contextmanager
    def turn(self, alone: bool) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._alone and not (alone and self._inside))
            self._inside, self._alone = self._inside + 1, alone
        try:
            yield
        finally:
            with self._changed:
                self._inside, self._alone = self._inside - 1, False
                self._changed.notify_all()


class RemoteSource(Source[IsolatedConfig]):
    """A source in a worker.

    When the worker crashes, nobody knows which of the units in it was the cause: each is tried again alone, so that
    the one that crashes again is found and the others are read.
    """

    def __init__(self, spec: ComponentSpec) -> None:
        config = spec.config
        assert isinstance(config, IsolatedConfig)
        super().__init__(config)
        # Of this one component; the contract's are of a class.
        self.capabilities: frozenset[str] = frozenset(config.capabilities)  # type: ignore[misc]
        self.tells = config.tells
        self._remote = _Remote(spec)
        self._suspects = set[str]()

    def check(self, ctx: Context) -> None:
        """Ask the source."""
        self._safely(lambda: _drain(self._remote.call("check", ctx)))

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """Return the units when all are known: a crash while they are read must not cost the rest of the list."""
        with tempfile.SpooledTemporaryFile(_SPOOL) as spool:
            self._safely(lambda: self._list(within, ctx, spool))
            spool.seek(0)
            while size := spool.read(4):
                yield msgspec.msgpack.decode(spool.read(int.from_bytes(size, "big")), type=Unit)

    def _list(self, within: Scope, ctx: Context, spool: IO[bytes]) -> None:
        spool.seek(0)
        spool.truncate()
        for piece in self._remote.call("plan", ctx, scope=within):
            if isinstance(piece, m.UnitItem):
                data = msgspec.msgpack.encode(piece.value)
                spool.write(len(data).to_bytes(4, "big") + data)

    def _turn(self, alone: bool) -> AbstractContextManager[None]:
        return _Turns.of(self._remote.environment).turn(alone)

    def _safely(self, ask: Callable[[], None]) -> None:
        """Ask what no other component's crash may spoil: once more, alone, when the worker has crashed."""
        try:
            with self._turn(alone=False):
                ask()
        except WorkerCrash:
            try:
                with self._turn(alone=True):
                    ask()
            except WorkerCrash as error:
                raise UnitError(error.what, why=error.why, fix=error.fix) from error

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Read one unit; see `pieces` for those who need no records."""
        for piece in self.pieces(unit, ctx):
            yield from map(decode, piece.splitlines())

    def pieces(self, unit: Unit, ctx: Context) -> Iterator[bytes]:
        """Read one unit as canonical lines, each with its newline, many in one piece.

        Raises:
            UnitError: When the worker crashes with this unit alone.
            RetryableError: When it crashes with others beside it.
        """
        alone = unit.key in self._suspects
        with self._turn(alone):
            try:
                for piece in self._remote.call("extract", ctx, unit=unit):
                    if isinstance(piece, bytes):
                        yield piece
            except WorkerCrash as error:
                self._suspects.add(unit.key)
                if alone:
                    raise UnitError(error.what, why=error.why, fix=error.fix, where=unit.key) from error
                raise

    def watch(self, ctx: Context) -> Iterable[Event]:
        """Wait for changes."""
        for piece in self._remote.call("watch", ctx):
            if isinstance(piece, m.EventItem):
                yield piece.value

    def ack(self, tokens: Sequence[str]) -> None:
        """Acknowledge events."""
        _drain(self._remote.call("ack", tokens=list(tokens)))

    def suggest(self, path: str) -> Iterable[dict[str, Any]]:
        """Suggest entries for a pipeline."""
        for piece in self._remote.call("suggest", text=path):
            if isinstance(piece, m.EntryItem):
                yield piece.value

    def close(self) -> None:
        """Close the source."""
        self._remote.close()


class RemoteCatalog(Catalog[IsolatedConfig]):
    """A catalog in a worker."""

    def __init__(self, spec: ComponentSpec) -> None:
        config = spec.config
        assert isinstance(config, IsolatedConfig)
        super().__init__(config)
        self._remote = _Remote(spec)
        # Of this one component; the contract's are of a class.
        self.capabilities: Mapping[str, Support] = config.capabilities  # type: ignore[misc]
        self.system: str = config.system  # type: ignore[misc]
        self.deferred: frozenset[str] = config.deferred  # type: ignore[misc]
        self.stats: frozenset[str] = config.stats  # type: ignore[misc]
        self.foreign: bool = config.foreign  # type: ignore[misc]
        self.searches, self.shows, self.target = config.searches, config.shows, ""

    def check(self, ctx: Context) -> None:
        """Ask the catalog; afterwards `target` says where it writes to."""
        for piece in self._remote.call("check", ctx):
            self.target = piece.target

    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Read what the catalog holds.

        Raises:
            CatalogError: When the worker crashes: the listing is not complete then.
        """
        try:
            for piece in self._remote.call("read", ctx, scope=scope):
                if isinstance(piece, bytes):
                    yield from map(decode, piece.splitlines())
        except WorkerCrash as error:
            raise CatalogError(error.what, why=error.why, fix=error.fix) from error

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Apply operations."""
        try:
            writes = [m.Write.of(operation) for operation in batch]
        except ValueError as error:
            raise CatalogError("an operation cannot be sent to the catalog", why=str(error)) from error
        for part in _portions(writes):
            for piece in self._remote.call("write", ctx, batch=part):
                if isinstance(piece, m.OutcomeItem):
                    yield piece.value

    def native(self, record: AnyRecord) -> AnyRecord:
        """Ask the catalog, unless it says nothing of its own."""
        if not self.shows:
            return record
        found = [
            decode(line)
            for piece in self._remote.call("native", line=canonical(record))
            if isinstance(piece, bytes)
            for line in piece.splitlines()
        ]
        return found[0]

    def search(self, query: str, limit: int = 20) -> Iterable[Hit]:
        """Search."""
        for piece in self._remote.call("search", text=query, limit=limit):
            if isinstance(piece, m.HitItem):
                yield piece.value

    def close(self) -> None:
        """Close the catalog."""
        self._remote.close()


def remote(spec: ComponentSpec) -> RemoteSource | RemoteCatalog:
    """Return what stands here for a component that runs in a worker; starts nothing."""
    return RemoteCatalog(spec) if spec.kind == "catalog" else RemoteSource(spec)


def _portions(writes: Sequence[m.Write]) -> Iterator[list[m.Write]]:
    """A batch in parts that fit into a frame; a batch without operations is one, too."""
    part, size = list[m.Write](), 0
    for write in writes:
        length = len(write.line or b"")
        if length > MAX_LINE:
            what = f"the record {write.urn[:200]} is too large"
            raise CatalogError(what, why=f"its line has {length:,} bytes; {MAX_LINE:,} cross to an environment")
        if part and size + length > MAX_LINE // 2:
            yield part
            part, size = [], 0
        part.append(write)
        size += length
    yield part


def _drain(pieces: Iterator[Any]) -> None:
    for _ in pieces:
        pass


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Turns._of.clear)  # whose turn it was is nobody's there
