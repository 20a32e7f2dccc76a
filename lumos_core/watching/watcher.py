"""The loop of a watch: wait until something changed or is due, look at it, commit, tell, acknowledge.

What is durable lies in the store; whatever is in this process may be lost at any moment. So an event is acknowledged
only after its effects are committed, and the full look at the start makes good what was missed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..contracts.reporter import Notice, RunResult
from ..contracts.source import Source
from ..contracts.watch import WatchConfig
from ..errors import Cancelled, DiskError, LockedError, LumosError, RetryableError, StoreError
from ..model.scope import NOTHING, Scope, united
from ..running.context import RunContext, contained
from ..running.events import Touched
from ..running.line import Line, waiver_file
from ..running.memo import MemoFile
from ..running.progress import Progress
from ..running.redact import Redactor
from ..running.session import Session, memo_space
from .batch import Batch, Heard, unread
from .inbox import Inbox
from .later import FORGOTTEN, Later
from .listener import Listener
from .telling import Voice, words, worse
from .watched import FileState, Teller, Watched, blocks, only_of, tells

if TYPE_CHECKING:
    from ..config.pipeline import Pipeline
    from ..config.types import ComponentSpec

TICK = 0.25
"""Seconds after which the loop looks around, whatever it waits for: a signal does not wake it."""

LOCKED = 1.0
"""Seconds before a store that another run holds is asked for again."""

LOCKED_ONCE = 60.0
"""Seconds after which `once` gives up on a store that another run holds."""

DRAIN = 30.0
"""Seconds without an event after which `once` does not wait for a source any more."""

ENDING = 5.0
"""Seconds that listeners have to stop."""

INTERRUPTED = 130


class Watcher:
    """Watches one pipeline.

    Args:
        pipeline: What is run.
        once: End when what waits has been looked at.
        within: Look at this part only.
        teller: Told what happens.
        progress: Told how far a look is.
        cancelled: Set to end the watch.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        once: bool,
        within: Scope,
        teller: Teller,
        progress: Progress,
        cancelled: threading.Event,
    ) -> None:
        self._pipeline, self._once, self._within = pipeline, once, within
        self._teller, self._progress, self._cancelled = teller, progress, cancelled
        self._redact = Redactor(spec.config for spec in pipeline.components())
        self._voice = Voice(teller, self._redact)
        self._stop = threading.Event()
        self._blocks = blocks(pipeline.sources)
        self._only = {number: only_of(block, within) for number, block in self._blocks.items()}
        self._inbox = Inbox({number: block.debounce for number, block in self._blocks.items()}, time.monotonic)
        self._listeners: dict[int, Listener] = {}
        self._polls: dict[int, float] = {}
        self._again = Later()
        self._unacked: dict[int, list[str]] = {}
        self._looked = False
        self._left: set[int] = set()
        self._locked_since: float | None = None
        self._code = 0
        self._file = FileState(pipeline.path)
        self._memo: MemoFile | None = None

    def go(self) -> int:
        """Watch until the end; return the exit code.

        Raises:
            LumosError: When the watch cannot go on.
        """
        try:
            self._begin()
            return self._loop()
        except Cancelled:
            return INTERRUPTED
        finally:
            self._end()

    def _begin(self) -> None:
        watched = []
        self._memo = MemoFile(self._pipeline.state / "memo.db")
        for number, block in self._blocks.items():
            spec = self._pipeline.sources[number]
            source: Source[Any] = spec.build()
            listens = block.mode != "polling" and tells(source)
            if listens:
                self._listeners[number] = self._listener(number, spec, source, block)
            else:
                source.close()
            polls = block.mode != "events" or not listens
            if polls:
                self._polls[number] = time.monotonic() + block.interval
            watched.append(Watched(spec.name, listens, block.interval if polls else None))
        self._teller.began(watched)
        for listener in self._listeners.values():
            listener.start()

    def _listener(self, number: int, spec: ComponentSpec, source: Source[Any], block: WatchConfig) -> Listener:
        ctx = RunContext(
            component=f"source {spec.name}",
            run_id="watch",
            memo=self._memo.space(memo_space(spec)) if self._memo is not None else {},
            redact=self._redact,
            cancelled=self._stop.is_set,
            look=self._peek,
            walk=lambda kind: iter(()),
            once=self._once,
        )
        only, stop = self._only[number], self._stop.is_set
        return Listener(number, source, spec.name, block, only, ctx, self._inbox, stop, self._note)

    def _peek(self, kind: str, urn: str) -> bytes | None:
        with closing(self._pipeline.store.build()) as store:
            line: bytes | None = store.get("head", kind, urn)
            return line

    def _note(self, notice: Notice) -> None:
        self._voice.note(notice)
        self._inbox.wake()

    def _loop(self) -> int:
        batch = self._first()
        while True:
            self._look_around()
            if self._cancelled.is_set():
                return INTERRUPTED
            if batch:
                self._look(batch)
            elif self._once and not self._again and self._quiet():
                return self._code or (3 if self._left else 0)
            now = time.monotonic()
            batch = self._ready(now)
            if not batch:
                self._inbox.wait(max(0.0, min(TICK, self._next(now) - now)))

    def _first(self) -> Batch:
        """What is looked at when the watch begins: everything; with `once`, what is polled and what waits."""
        if not self._once:
            return Batch(whole=True)
        self._drain()
        with closing(self._pipeline.store.build()) as store:
            if store.resolve("head") is None:
                return Batch(tuple(self._inbox.take(float("inf"))), whole=True)
        due = {number: self._only[number] for number in self._polls}
        return Batch(tuple(self._inbox.take(float("inf"))), self._widest(due), whole=self._all(due), kick=True)

    def _drain(self) -> None:
        """Wait until every listener has told what waits; one that says nothing for long is left."""
        quiet_since, known = time.monotonic(), -1
        while self._listening() and not self._cancelled.is_set():
            self._inbox.wait(TICK)
            if (count := self._inbox.count) != known:
                quiet_since, known = time.monotonic(), count
            if self._inbox.full:
                return
            if time.monotonic() - quiet_since > DRAIN:
                self._leave_the_endless()
                return

    def _leave_the_endless(self) -> None:
        for number, listener in self._listeners.items():
            if listener.is_alive():
                self._left.add(number)
                message = f"it told nothing for {DRAIN:g} seconds, and does not say that nothing waits"
                fix = "tell its authors: with `once`, `watch` is to return"
                label = self._label(number)
                self._voice.say(Notice(code="watch-endless", message=message, component=label, fix=fix))

    def _quiet(self) -> bool:
        return not self._listening() and not self._inbox.count

    def _listening(self) -> bool:
        alive = (number for number, listener in self._listeners.items() if listener.is_alive())
        return any(number not in self._left for number in alive)

    def _widest(self, due: Mapping[int, Scope]) -> Mapping[int, Scope]:
        return {} if self._all(due) else due

    def _all(self, due: Mapping[int, Scope]) -> bool:
        """Tell whether that is the whole pipeline."""
        return len(due) == len(self._pipeline.sources) and all(scope == self._within for scope in due.values())

    def _ready(self, now: float) -> Batch:
        """Return what is to be looked at now."""
        events = tuple(self._inbox.take(now))
        due = {}
        if not self._once:
            for number, at in self._polls.items():
                if at <= now:
                    due[number] = self._only[number]
                    self._polls[number] = now + self._blocks[number].interval
        return Batch(events, self._widest(due), whole=self._all(due)).joined(self._again.take(now))

    def _next(self, now: float) -> float:
        moments = [*([] if self._once else self._polls.values()), *self._again.moments()]
        if (at := self._inbox.ready_at) is not None:
            moments.append(at)
        return min(moments, default=now + TICK)

    def _look(self, batch: Batch) -> None:
        """Look at a batch, and acknowledge what is committed."""
        if not batch.looks:
            self._acknowledge(batch.events)
            return
        try:
            session, result = self._run(batch)
        except LockedError as error:
            self._wait_for_lock(batch, error)
            return
        except Cancelled:
            raise
        except (StoreError, DiskError, RetryableError) as error:
            # What never worked will not begin to; what did may be in use by another program, or short of space.
            if self._once or not self._looked:
                raise
            self._failed(batch, error)
            return
        self._looked = True
        self._voice.well_again("look-failed")
        self._locked_since = None
        done, left = unread(batch.events, session.coverage.incomplete)
        gone = {notice.component for notice in result.failures if notice.code == "source-failed"}
        due = {n: scope for n, scope in batch.due.items() if self._label(n) in gone}
        owed = any(notice.code not in ("unit-failed", "not-read", "source-failed") for notice in result.failures)
        self._code = worse(self._code, result.exit_code)
        if not self._once:  # there, what is not acknowledged waits for the next watch, what is owed for the next run
            self._again.add(Batch(tuple(left), due, whole=batch.whole and bool(gone), kick=owed), time.monotonic())
        self._voice.looked(result)
        self._acknowledge(done)

    def _run(self, batch: Batch) -> tuple[Session, RunResult]:
        events = [heard.event for heard in batch.events if heard.event.scope != NOTHING]
        with closing(self._pipeline.store.build()) as store, store.lock():
            session = Session(
                self._pipeline,
                store,
                within=united((self._within, batch.within)) if batch.whole else NOTHING,
                due={} if batch.whole else {**batch.told, **batch.due},
                rooms={} if batch.whole else self._only,
                touched=Touched(events),
                progress=self._progress,
                cancelled=self._cancelled,
            )
            line = Line(session, waiver_file(self._pipeline), quiet=True, resting=self._again.resting)
            return session, line.go()

    def _failed(self, batch: Batch, error: LumosError) -> None:
        fix = error.fix or "it is looked at again, less and less often until it can be done"
        self._voice.say_once(Notice(code="look-failed", message=words(error), where=error.where, fix=fix))
        self._again.add(batch, time.monotonic())

    def _wait_for_lock(self, batch: Batch, error: LockedError) -> None:
        now = time.monotonic()
        if self._locked_since is None:
            self._locked_since = now
            self._voice.say(Notice(code="store-locked", message=words(error), fix="the watch waits until it is free"))
        elif self._once and now - self._locked_since > LOCKED_ONCE:
            raise error
        self._again.hold(batch, now + LOCKED)

    def _acknowledge(self, events: Iterable[Heard]) -> None:
        for heard in events:
            if heard.event.token:
                self._unacked.setdefault(heard.source, []).append(heard.event.token)
        for number, tokens in list(self._unacked.items()):
            try:
                with contained():
                    self._listeners[number].source.ack(tokens)
            except Exception as error:  # they come again; looking twice does no harm
                message = f"what it told could not be acknowledged: {words(error)}"
                self._voice.say_once(Notice(code="ack-failed", message=message, component=self._label(number)))
                self._unacked[number] = tokens[-FORGOTTEN:]
            else:
                del self._unacked[number]
                self._voice.well_again("ack-failed", self._label(number))

    def _look_around(self) -> None:
        for listener in self._listeners.values():
            if listener.fatal is not None:
                raise listener.fatal
            if listener.failed:
                self._code = self._code or 3
        self._voice.pass_on()
        if self._file.changed():
            message = "the pipeline file was changed; the watch goes on with what it read at the start"
            where = str(self._pipeline.path)
            self._voice.say(Notice(code="pipeline-changed", message=message, where=where, fix="restart to use it"))

    def _end(self) -> None:
        self._stop.set()
        end = time.monotonic() + ENDING
        for number, listener in self._listeners.items():
            if listener.ident is not None:
                listener.join(max(0.0, end - time.monotonic()))
            try:
                with contained():
                    listener.source.close()
            except Exception as error:  # it is over anyway
                message = f"it could not be closed: {words(error)}"
                self._voice.say(Notice(code="close-failed", message=message, component=self._label(number)))
        if self._memo is not None:
            self._memo.close()  # unwritten: what a listener puts in is its own

    def _label(self, number: int) -> str:
        return f"source {self._pipeline.sources[number].name}"
