"""The run's side: one worker process per environment."""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from typing import IO, Any, ClassVar

import msgspec
from pydantic import BaseModel

from ..environments.environment import Environment
from ..errors import PluginError, RetryableError
from ..hookspecs import API_VERSION
from ..running.redact import Redactor
from . import messages as m
from .conversation import GRACE, Conversation
from .frames import BATCH, LINES, MESSAGE, BrokenStream, Pipes, widen
from .serving import HELLO, Hello

START_SECONDS = 60.0
"""How long a worker may take to say its first words."""

TAIL = 12
"""Lines of a worker's standard error that its failure shows."""

WIDTH = 500
"""Characters of such a line."""


class WorkerCrash(RetryableError):
    """The worker is gone; nobody knows which of the calls in it was the cause."""

    counts = False
    """It is no try of the unit's own: the next one, alone, is."""


class Worker:
    """A process in another environment; made by `Worker.enter`, shared by all components of that environment."""

    _running: ClassVar[dict[Environment, Worker]] = {}
    _starting: ClassVar[Any] = threading.Lock()

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.ended = ""
        self._users = 0
        self._calls: dict[int, Conversation] = {}
        self._numbers = iter(range(1, 1 << 32))
        self._lock, self._reaping = threading.Lock(), threading.Lock()
        self._tail: deque[str] = deque(maxlen=TAIL)
        self._killed = ""
        self._hidden: list[BaseModel] = []
        self._redact = Redactor()
        self._start()

    @classmethod
    def enter(cls, environment: Environment, config: BaseModel | None = None) -> Worker:
        """Return the living worker of an environment, starting one when there is none, and count who uses it.

        Args:
            environment: Where it runs.
            config: Holds the secrets of who uses it, which stay out of what this worker prints.

        Raises:
            PluginError: When it cannot be started, or speaks another version.
        """
        with cls._starting:
            worker = cls._running.get(environment)
            if worker is None or worker.ended:
                worker = cls._running[environment] = cls(environment)
            worker._users += 1
            if config is not None:
                worker._hidden.append(config)
                worker._redact = Redactor(worker._hidden)
            return worker

    def leave(self, *, stay: bool = False) -> None:
        """Count one out; the last one ends the worker, unless it may be of use again soon."""
        with self._starting:
            self._users -= 1
            last = self._users == 0 and not stay
            if last and self._running.get(self.environment) is self:
                del self._running[self.environment]
        if last:
            self.stop()

    @classmethod
    def stop_all(cls) -> None:
        """End every worker of this process."""
        for worker in list(cls._running.values()):
            worker.stop()
        cls._running.clear()

    def _start(self) -> None:
        nonce = secrets.token_hex(8)
        command = [str(self.environment.python), "-I", "-m", "lumos_core.isolation.worker", nonce]
        pipe = subprocess.PIPE
        try:
            # A session of its own: ^C reaches the run alone, and the worker ends with all that it started.
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True, bufsize=BATCH
            )
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        writer, reader, errors = self._process.stdin, self._process.stdout, self._process.stderr
        assert writer is not None
        assert reader is not None
        assert errors is not None
        self._listener = threading.Thread(target=self._listen, args=(errors,), daemon=True)
        self._listener.start()
        timer = threading.Timer(START_SECONDS, self._kill)
        timer.daemon = True
        timer.start()
        try:
            hello = self._hello(reader, nonce)
        except BaseException:  # ^C while it starts included: nothing of it may stay
            self._kill()
            self._process.wait()
            writer.close()
            reader.close()
            raise
        finally:
            timer.cancel()
        widen(reader)
        widen(writer)
        self._pipes = Pipes(reader, writer)
        self._reader = threading.Thread(target=self._read, name="lumos-worker", daemon=True)
        self._reader.start()
        self.hello = hello

    def _hello(self, stdout: IO[bytes], nonce: str) -> Hello:
        """Read the worker's first words; what was printed before them belongs to standard error."""
        start = HELLO + nonce.encode() + b" "
        for line in iter(lambda: stdout.readline(1 << 16), b""):
            _, found, said = line.partition(start)
            if found:
                hello = msgspec.json.decode(said, type=Hello)
                break
            self._tail.append(line.decode("utf-8", "replace").rstrip())
        else:
            self._kill()
            self._process.wait()
            self._listener.join(1)
            raise self._unusable(self._last_words() or "it ended without a word")
        if hello.protocol != m.PROTOCOL or hello.api.partition(".")[0] != API_VERSION.partition(".")[0]:
            theirs = f"lumos-core {hello.kernel} (plugin API {hello.api}, protocol {hello.protocol})"
            raise self._unusable(f"it holds {theirs}; this one has plugin API {API_VERSION}, protocol {m.PROTOCOL}")
        return hello

    def _unusable(self, why: str) -> PluginError:
        name = self.environment.name
        return PluginError(
            f"the environment '{name}' cannot be used",
            why=why,
            fix=f"`lumos env check {name}` tells what is wrong with it, `lumos env sync {name}` builds it anew",
            where=str(self.environment.python),
        )

    def call(self, request: m.Message) -> Conversation:
        """Begin a call."""
        with self._lock:
            number = next(self._numbers)
            conversation = self._calls[number] = Conversation(self, number)
        if self.ended:
            conversation.inbox.put(None)
        conversation.send(request)
        return conversation

    def send(self, number: int, message: m.Message) -> None:
        """Send a message; a worker that is gone is noticed by whoever waits for its answer."""
        content = m.encode(message)
        with contextlib.suppress(OSError, ValueError), self._deadline(len(content)):
            self._pipes.send(MESSAGE, number, content)

    @contextlib.contextmanager
    def _deadline(self, size: int) -> Iterator[None]:
        """End a worker that does not even read what is too large to wait in the pipe."""
        if size < BATCH:
            yield
            return
        why = f"it read nothing for {self.environment.deadline:g} seconds"
        timer = threading.Timer(self.environment.deadline, self.kill, (why,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def forget(self, number: int) -> None:
        """End the interest in a call."""
        self._calls.pop(number, None)

    def kill(self, why: str) -> None:
        """End the worker at once, with everything that it started."""
        self._killed = self._killed or why
        self._kill()
        self._await_end(1)

    def stop(self) -> None:
        """Let every component close, then end the worker; nothing of it stays."""
        if not self.ended:
            self._killed = self._killed or "it was stopped"
            self.send(0, m.Shutdown())
            self._pipes.close()
            self._reader.join(GRACE)
            self._kill()
            self._await_end(1)

    def disown(self) -> None:
        """Forget it in a copy of this process, made by a fork: it is the worker of the original."""
        self._lock, self._reaping = threading.Lock(), threading.Lock()
        self.ended = "it belongs to the process that this one is a copy of"
        self._pipes.disown()

    def _kill(self) -> None:
        with self._reaping:
            if self.ended or self._process.returncode is not None:
                return  # its number may belong to somebody else by now
            if hasattr(os, "killpg"):
                # The group outlives its leader as long as a member is left.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def _await_end(self, seconds: float) -> None:
        """Wait for the end of the stream; a process that somebody let loose may hold it open."""
        if threading.current_thread() is not self._reader:
            self._reader.join(seconds)
        if not self.ended:
            self._end()

    def _end(self) -> None:
        """Take everything down that is left of it, and tell all calls."""
        self._kill()
        with self._reaping:
            code = self._process.wait()
        self._listener.join(1)
        self.ended = self.ended or self._killed or _ending(code)
        with self._lock:
            calls = list(self._calls.values())
        for conversation in calls:
            conversation.inbox.put(None)

    def _listen(self, stderr: IO[bytes]) -> None:
        """Keep the last lines of standard error."""
        debug = bool(os.environ.get("LUMOS_DEBUG"))
        for line in iter(lambda: stderr.readline(1 << 16), b""):
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                self._tail.append(text)
            if debug:
                print(f"[{self.environment.name}] {self._redact(text)}", file=sys.stderr)
        stderr.close()

    def _read(self) -> None:
        """Hand every frame to its call; at the end of the stream, tell all calls."""
        try:
            while (frame := self._pipes.receive()) is not None:
                conversation = self._calls.get(frame.call)
                if conversation is not None:
                    content = frame.content if frame.kind == LINES else m.from_worker.decode(frame.content)
                    conversation.inbox.put(content)
        except (BrokenStream, OSError, ValueError, msgspec.MsgspecError) as error:
            self._killed = self._killed or f"its stream is broken: {error}"
        self._end()
        self._pipes.release()

    def crash(self) -> WorkerCrash:
        """Return what became of a worker that is gone, with its last words."""
        words = self._last_words()
        why = self.ended + (f"; its last words: {words}" if words else "")
        return WorkerCrash(
            f"the worker of the environment '{self.environment.name}' ended in the middle of its work",
            why=why,
            fix="run again; when it ends again, `LUMOS_DEBUG=1` shows all that it prints",
        )

    def _last_words(self) -> str:
        return " | ".join(self._redact(line)[:WIDTH] for line in list(self._tail))


def _ending(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            name = signal.Signals(-code).name
            memory = " (most often the system ran out of memory)" if name == "SIGKILL" else ""
            return f"it was killed by {name}{memory}"
    return f"it exited with code {code}"


def _forked() -> None:
    """In a copy of this process the workers are the original's: neither talk to them nor end them."""
    Worker._starting = threading.Lock()
    for worker in Worker._running.values():
        worker.disown()
    Worker._running.clear()


atexit.register(Worker.stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
