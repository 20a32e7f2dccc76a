"""The worker's side: components built from what the run sends, each call on a thread of its own."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

import msgspec

from .. import __version__
from ..contracts.catalog import Hit, Outcome
from ..contracts.source import Event, Unit
from ..errors import UnitError
from ..hookspecs import API_VERSION
from ..model.record import AnyRecord, Record, canonical, decode
from . import messages as m
from .frames import BATCH, LINES, MAX_LINE, MESSAGE, WINDOW, BrokenStream, Pipes

SOON = 0.5
"""Seconds after which gathered lines cross though they are few."""

CLOSING = 10.0
"""Seconds that components have to close; the run waits for less, unless it is gone."""

HELLO = b"lumos-worker "


class Hello(msgspec.Struct, frozen=True):
    """The first words of a worker.

    Attributes:
        protocol: Version of the messages.
        api: Version of the plugin API.
        kernel: Version of lumos-core.
        python: Version of Python.
    """

    protocol: int
    api: str
    kernel: str
    python: str


def greeting(nonce: str) -> bytes:
    """Return the first line that a worker writes."""
    hello = Hello(m.PROTOCOL, API_VERSION, __version__, ".".join(map(str, sys.version_info[:3])))
    return HELLO + nonce.encode() + b" " + msgspec.json.encode(hello) + b"\n"


class Abandoned(BaseException):
    """Nobody reads the call any more; not an `Exception`, so that a component does not swallow it."""


class Server:
    """Takes what the run sends and hands it to the calls."""

    def __init__(self, pipes: Pipes) -> None:
        self.pipes = pipes
        self._calls: dict[int, Conversation] = {}
        self._components: dict[int, Any] = {}
        self._building = threading.Lock()
        self._closing: list[threading.Thread] = []

    def serve(self) -> NoReturn:
        """Answer until the run ends; when it just vanishes, take everything that was started here along."""
        try:
            while (frame := self.pipes.receive()) is not None:
                self._take(frame.call, m.from_run.decode(frame.content))
        except BrokenStream:  # the run was killed while it wrote
            pass
        except Exception:  # a component closed what is not its own
            with contextlib.suppress(Exception):
                traceback.print_exc()
        finally:
            _vanish()

    def _take(self, number: int, message: Any) -> None:
        if isinstance(message, (m.Call, m.Describe)):
            call = self._calls[number] = Conversation(self.pipes, number)
            if isinstance(message, m.Call) and message.cancelled:
                call.cancelled.set()
            threading.Thread(target=self._run, args=(call, message), name=f"lumos-unit-{number}", daemon=True).start()
        elif isinstance(message, m.Close):
            self._close(message.component)
        elif isinstance(message, m.Shutdown):
            for component in list(self._components):
                self._close(component)
            end = time.monotonic() + CLOSING
            for thread in self._closing:
                thread.join(max(0.0, end - time.monotonic()))
            self.pipes.close()
            _vanish()
        elif number in self._calls:
            self._calls[number].take(message)

    def _run(self, call: Conversation, request: m.Call | m.Describe) -> None:
        try:
            if isinstance(request, m.Describe):
                from .describing import described

                call.tell(described(request))
                call.tell(m.Done())
            else:
                call.tell(self._perform(call, request))
        except Abandoned:
            pass
        except SystemExit as error:
            text = f"it called sys.exit({error.code!r}), which ends nothing here"
            call.fail(RuntimeError(text))
        except BaseException as error:  # whatever a component raises is the run's to judge
            call.fail(error)
        finally:
            self._calls.pop(call.number, None)

    def _perform(self, call: Conversation, request: m.Call) -> m.Done:
        from ..contracts.answers import expected
        from .remote_context import RemoteContext

        component = self._component(request)
        ctx = RemoteContext(call, full=request.full, run_id=request.run_id, once=request.once, room=request.room)
        scope, unit = request.scope, request.unit
        method = getattr(component, request.method)
        if request.method == "check":
            method(ctx)
            return m.Done(target=str(getattr(component, "target", "")))
        if request.method == "ack":
            method(request.tokens)
        elif request.method == "extract":
            call.lines(expected(method(unit, ctx), Record, "extract()"))
        elif request.method == "read":
            call.lines(expected(method(scope, ctx), Record, "read()"))
        elif request.method == "native":
            call.lines(expected([method(decode(request.line))], Record, "native()"))
        elif request.method == "plan":
            call.items(map(m.UnitItem, expected(method(scope, ctx), Unit, "plan()")))
        elif request.method == "watch":
            call.items(map(m.EventItem, expected(method(ctx), Event, "watch()")))
        elif request.method == "write":
            batch = [write.operation() for write in request.batch]
            call.items(map(m.OutcomeItem, expected(method(batch, ctx), Outcome, "write()")))
        elif request.method == "search":
            call.items(map(m.HitItem, expected(method(request.text, request.limit), Hit, "search()")))
        elif request.method == "suggest":
            found = expected(method(request.text), Mapping, "suggest()")
            call.items(m.EntryItem(dict(item)) for item in found)
        else:
            raise ValueError(f"there is no method {request.method!r}")
        call.flush()
        return m.Done()

    def _component(self, request: m.Call) -> Any:
        """The component of a call, built once; later calls wait for the first."""
        from ..config.types import ComponentSpec

        with self._building:
            if request.component not in self._components:
                self._components[request.component] = ComponentSpec.from_ref(request.ref).build()
            return self._components[request.component]

    def _close(self, number: int) -> None:
        """Close a component on a thread of its own: one that hangs keeps nobody else waiting."""
        component = self._components.pop(number, None)
        if component is not None:
            thread = threading.Thread(target=_close, args=(component,), name=f"lumos-close-{number}", daemon=True)
            self._closing.append(thread)
            thread.start()


class Conversation:
    """One call as its own thread sees it: what it tells, what it asks, and whether it should end."""

    def __init__(self, pipes: Pipes, number: int) -> None:
        self.number = number
        self.cancelled = threading.Event()
        self._pipes = pipes
        self._answers: queue.SimpleQueue[m.Answer | None] = queue.SimpleQueue()
        self._window = threading.Semaphore(WINDOW)
        self._abandoned = False
        self._asking = threading.Lock()
        self._gathering = threading.Lock()
        self._gathered = bytearray()
        self._sent = time.monotonic()

    def take(self, message: Any) -> None:
        """Take in what the run sent to this call; on the thread that reads the pipe."""
        if isinstance(message, m.Answer):
            self._answers.put(message)
        elif isinstance(message, m.Credit):
            self._window.release(message.frames)
        elif isinstance(message, m.Cancel):
            self.cancelled.set()
        elif isinstance(message, m.Abandon):
            self._abandoned = True
            self.cancelled.set()
            self._answers.put(None)
            self._window.release()

    def tell(self, message: m.Message) -> None:
        """Send one message, after the lines that were gathered."""
        content = m.checked(message)
        self.flush()
        self._stop_if_abandoned()
        self._pipes.send(MESSAGE, self.number, content)
        self._sent = time.monotonic()

    def say(self, message: m.Message) -> None:
        """Send one message that nobody has asked for; waits where the run is slow to read."""
        self._wait_for_window()
        self.tell(message)

    def ask(self, question: m.Message) -> Any:
        """Send a question and wait for its answer."""
        with self._asking:
            self.tell(question)
            answer = self._answers.get()
            if answer is None:
                raise Abandoned
            return answer.value

    def fail(self, error: BaseException) -> None:
        """Tell that the call raised; what it gathered is of no use any more."""
        with self._gathering:
            self._gathered.clear()
        with contextlib.suppress(Abandoned):
            try:
                self.tell(m.Failed.of(error))
            except (AttributeError, TypeError):  # its parts are not what they should be
                self.tell(m.Failed(type(error).__name__, False, m.text(error)))

    def alive(self) -> None:
        """Tell, at most once a second, that the component polls."""
        if time.monotonic() - self._sent > 1:
            self.tell(m.Alive())

    def lines(self, records: Iterable[AnyRecord]) -> None:
        """Send records as canonical lines, many in one frame."""
        for record in records:
            line = canonical(record)
            if len(line) > MAX_LINE:
                why = f"its line has {len(line):,} bytes, more than the {MAX_LINE:,} that cross from an environment"
                raise UnitError(
                    f"the record {record.urn[:200]} is too large", why=why, fix="leave it out of the source"
                )
            with self._gathering:  # other threads of the component send, too
                self._gathered += line + b"\n"
            if len(self._gathered) >= BATCH or time.monotonic() - self._sent > SOON:
                self.flush()

    def items(self, found: Iterator[m.Message]) -> None:
        """Send things that are no records, one by one."""
        for item in found:
            self.say(item)

    def flush(self) -> None:
        """Send the lines that were gathered."""
        if not self._gathered:
            return
        with self._gathering:
            if self._gathered:
                self._wait_for_window()
                content, self._gathered = bytes(self._gathered), bytearray()
                self._pipes.send(LINES, self.number, content)
                self._sent = time.monotonic()

    def _wait_for_window(self) -> None:
        self._window.acquire()
        if self._abandoned:
            self._window.release()  # for the next thread that waits
            raise Abandoned

    def _stop_if_abandoned(self) -> None:
        if self._abandoned:
            raise Abandoned


def _close(component: Any) -> None:
    try:
        component.close()
    except Exception as error:  # it is over anyway; whoever looks at standard error finds it
        print(f"closing {type(component).__name__} raised {error!r}", file=sys.stderr)


def _vanish() -> NoReturn:
    """End at once, with every process that was started here: this one leads their group."""
    with contextlib.suppress(Exception):  # a component may have closed or replaced it, and nobody may read it any more
        sys.stderr.flush()
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)
