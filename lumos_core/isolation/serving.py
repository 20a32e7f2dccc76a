"""The worker's side: components built from what the run sends, each call on a thread of its own."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import msgspec

from .. import __version__
from ..errors import UnitError
from ..hookspecs import API_VERSION
from ..model.record import AnyRecord, canonical
from . import messages as m
from .frames import BATCH, LINES, MAX_LINE, MESSAGE, WINDOW, BrokenStream, Pipes

SOON = 0.5
"""Seconds after which gathered lines cross though they are few."""

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

    def serve(self) -> NoReturn:
        """Answer until the run ends; when it just vanishes, take everything that was started here along."""
        try:
            while (frame := self.pipes.receive()) is not None:
                self._take(frame.call, m.from_run.decode(frame.content))
        except BrokenStream:  # the run was killed while it wrote
            pass
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
        from .remote_context import RemoteContext

        component = self._component(request)
        ctx = RemoteContext(call, full=request.full, run_id=request.run_id)
        scope, unit = request.scope, request.unit
        method = getattr(component, request.method)
        if request.method == "check":
            method(ctx)
            return m.Done(target=str(getattr(component, "target", "")))
        if request.method == "ack":
            method(request.tokens)
        elif request.method == "extract":
            call.lines(method(unit, ctx))
        elif request.method == "read":
            call.lines(method(scope, ctx))
        elif request.method == "plan":
            call.items(m.UnitItem(item) for item in method(scope, ctx))
        elif request.method == "watch":
            call.items(m.EventItem(item) for item in method(ctx))
        elif request.method == "write":
            batch = [write.operation() for write in request.batch]
            call.items(m.OutcomeItem(item) for item in method(batch, ctx))
        elif request.method == "search":
            call.items(m.HitItem(item) for item in method(request.text, request.limit))
        elif request.method == "suggest":
            call.items(m.EntryItem(dict(item)) for item in method(request.text))
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
        component = self._components.pop(number, None)
        if component is not None:
            try:
                component.close()
            except Exception as error:  # it is over anyway; whoever looks at standard error finds it
                print(f"closing {type(component).__name__} raised {error!r}", file=sys.stderr)


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
        self.flush()
        self._stop_if_abandoned()
        self._pipes.send(MESSAGE, self.number, m.encode(message))
        self._sent = time.monotonic()

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
        self._gathered.clear()
        with contextlib.suppress(Abandoned):
            self.tell(m.Failed.of(error))

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
            self._gathered += line
            self._gathered += b"\n"
            if len(self._gathered) >= BATCH or time.monotonic() - self._sent > SOON:
                self.flush()

    def items(self, found: Iterator[m.Message]) -> None:
        """Send things that are no records, one by one."""
        for item in found:
            self._wait_for_window()
            self.tell(item)

    def flush(self) -> None:
        """Send the lines that were gathered."""
        if self._gathered:
            self._wait_for_window()
            self._stop_if_abandoned()
            content, self._gathered = bytes(self._gathered), bytearray()
            self._pipes.send(LINES, self.number, content)
            self._sent = time.monotonic()

    def _wait_for_window(self) -> None:
        self._window.acquire()
        self._stop_if_abandoned()

    def _stop_if_abandoned(self) -> None:
        if self._abandoned:
            raise Abandoned


def _vanish() -> NoReturn:
    """End at once, with every process that was started here: this one leads their group."""
    sys.stderr.flush()
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)
