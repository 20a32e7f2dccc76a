"""Processes that are killed at a step of their own: before each file they make, move or take away, before each SQL
statement, and around the parts of a run between which something could be lost.

A process is forked from a helper that has all imports behind it. The step is counted in the process itself, so that a
kill lands where it is meant to, on a slow machine too. Labels of the steps say where that was.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

PARTS = (
    "lumos_core.running.line:put_out",
    "lumos_core.running.line:commit",
    "lumos_core.running.line:publish",
    "lumos_core.running.line:report",
    "lumos_core.running.line:deliver",
    "lumos_core.running.memo:MemoFile.flush",
    "lumos_core.running.session:Session.close",
    "lumos_core.running.session:Session.discard",
    "lumos_core.running.reporting:report_to",
    "lumos_core.snapshot.sorter:LineSorter.sorted",
    "lumos_core.watching.watcher:Watcher._acknowledge",
    "lumos_core.watching.telling:Voice.looked",
)
"""What is a step before it begins and another when it has ended."""

_HELPER = """
import importlib, json, os, signal, sqlite3, sys, threading

PARTS = json.loads(sys.argv[1])


def counted(folder, at, labels):
    folder, lock, count = os.path.realpath(folder) + os.sep, threading.Lock(), [0]
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

    def step(label):
        with lock:
            count[0] += 1
            if labels is not None:
                os.write(labels, (label.replace("\\n", " ")[:120] + "\\n").encode("utf-8", "replace"))
            if count[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)

    def hook(event, arguments):
        if event == "open":
            path, mode, flags = arguments
            if not (isinstance(flags, int) and flags & writing):
                return
        elif event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link"):
            path = arguments[0]
        else:
            return
        if isinstance(path, (str, os.PathLike)) and os.path.abspath(path).startswith(folder):
            step(event + " " + os.path.abspath(path)[len(folder):])

    def around(function, label):
        def both(*given, **more):
            step("before " + label)
            result = function(*given, **more)
            step("after " + label)
            return result

        return both

    connect = sqlite3.connect

    def traced(*given, **more):
        connection = connect(*given, **more)
        connection.set_trace_callback(lambda text: step("sql " + text))
        return connection

    sqlite3.connect = traced
    for text in PARTS:
        module, _, name = text.partition(":")
        holder = importlib.import_module(module)
        *outer, last = name.split(".")
        for one in outer:
            holder = getattr(holder, one)
        setattr(holder, last, around(getattr(holder, last), name))
    sys.addaudithook(hook)


from lumos_core.cli import main

warm = True
for line in sys.stdin:
    asked = json.loads(line)
    os.chdir(asked["folder"])
    sys.argv = ["lumos", *asked["arguments"]]
    if warm:  # its imports are those of every process after it
        warm = False
        try:
            main()
        except SystemExit as end:
            print(end.code or 0, flush=True)
        continue
    pid = os.fork()
    if not pid:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        log = os.open("process.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number, target in enumerate((null, log, log)):
            os.dup2(target, number)
        for text, value in asked["set"].items():
            module, _, name = text.partition(":")
            setattr(importlib.import_module(module), name, value)
        if asked["at"] or asked["labels"]:
            labels = asked["labels"] and os.open(asked["labels"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            counted(asked["folder"], asked["at"], labels or None)
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else bool(end.code)
        except BaseException:
            import traceback
            traceback.print_exc()
            code = 99
        os._exit(code)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Started(NamedTuple):
    """A process on its way."""

    pid: int
    answers: IO[str]

    def ended(self) -> int:
        """Wait for its end; the exit code, or the negative number of the signal."""
        return int(self.answers.readline())

    def send(self, number: int) -> None:
        """Send it a signal; one that has ended gets none."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Helper:
    """Starts processes of the command line, one after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._questions, self._answers = process.stdin, process.stdout

    def warm(self, folder: Path, *arguments: str) -> int:
        """Run a command in the helper itself; to be called first, and once."""
        self._ask(folder, arguments)
        return int(self._answers.readline())

    def start(
        self, folder: Path, *arguments: str, at: int = 0, labels: Path | None = None, **patches: object
    ) -> Started:
        """Start a command in a folder.

        Args:
            folder: Where its `lumos.yaml` lies.
            arguments: The command and its options.
            at: The step at which it is killed; 0 = never.
            labels: A file that gets a line per step.
            patches: `module:NAME` -> value to set there.
        """
        self._ask(folder, arguments, at, labels, patches)
        return Started(int(self._answers.readline()), self._answers)

    def run(self, folder: Path, *arguments: str, **more: object) -> int:
        """Start a command and wait for its end."""
        return self.start(folder, *arguments, **more).ended()  # type: ignore[arg-type]

    def steps(self, folder: Path, *arguments: str) -> list[str]:
        """Run a command to its end and return the labels of its steps."""
        labels = folder / "labels.txt"
        code = self.run(folder, *arguments, labels=labels)
        assert code == 0, log(folder)
        return labels.read_text(encoding="utf-8").splitlines()

    def _ask(
        self,
        folder: Path,
        arguments: Sequence[str],
        at: int = 0,
        labels: Path | None = None,
        patches: dict[str, object] | None = None,
    ) -> None:
        asked = {
            "folder": str(folder),
            "arguments": arguments,
            "at": at,
            "labels": str(labels or ""),
            "set": patches or {},
        }
        print(json.dumps(asked), file=self._questions, flush=True)


@contextmanager
def helper() -> Iterator[Helper]:
    """Start a helper."""
    command = [sys.executable, "-c", _HELPER, json.dumps(PARTS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Helper(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def killed(code: int) -> bool:
    """Tell whether a process ended by a kill."""
    return code == -signal.SIGKILL


def log(folder: Path) -> str:
    """What the processes of a folder printed, the last of it."""
    path = folder / "process.log"
    return path.read_text(encoding="utf-8", errors="replace")[-4000:] if path.exists() else ""


def until(condition: object, seconds: float = 30, why: object = "it did not happen in time") -> None:
    """Wait until something is so."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, why() if callable(why) else why
        time.sleep(0.01)
