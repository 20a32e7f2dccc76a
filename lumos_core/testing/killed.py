"""Runs that are killed at random moments, for sources that read from servers.

A run is a process of its own. It is forked from a helper that has run once and so has all imports behind it, so that a
kill lands in the work and not in the start of Python.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import StoreError
from ..history.api import open_store

_HELPER = """
import json, os, sys
from lumos_core.cli import main
warm = True
for line in sys.stdin:
    folder, *arguments = json.loads(line)
    os.chdir(folder)
    sys.argv = ["lumos", *arguments]
    if warm:
        warm = False
        try:
            main()
        except SystemExit as end:
            print(os.getpid(), end.code or 0, sep="\\n", flush=True)
        continue
    pid = os.fork()
    if not pid:
        null = os.open(os.devnull, os.O_RDWR)
        log = os.open("run.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number, target in enumerate((null, log, log)):
            os.dup2(target, number)
        try:
            main()
        except SystemExit as end:
            os._exit(end.code if isinstance(end.code, int) else bool(end.code))
        os._exit(0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""

State = tuple[str, ...]
"""All facts that are remembered, as lines; what runs measured (stats) is left out."""


class Runs:
    """Starts runs of the pipeline in a folder."""

    def __init__(self, helper: subprocess.Popen[str]) -> None:
        self._helper = helper

    def __call__(
        self, folder: Path, kill_after: float | None = None, arguments: Sequence[str] = ("run", "--quiet")
    ) -> int:
        """Run the pipeline of a folder, as `lumos run` does, or another command there.

        Args:
            folder: Where its `lumos.yaml` lies.
            kill_after: Seconds after which the process is killed.
            arguments: The command and its options.

        Returns:
            The exit code; the negative number of the signal when the kill came in time.
        """
        assert self._helper.stdin is not None and self._helper.stdout is not None
        print(json.dumps([str(folder), *arguments]), file=self._helper.stdin, flush=True)
        pid = int(self._helper.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):  # it was faster
                os.kill(pid, signal.SIGKILL)
        return int(self._helper.stdout.readline())


@contextmanager
def runs() -> Iterator[Runs]:
    """Start a helper for runs of pipelines; its first run is its own and cannot be killed."""
    command = [sys.executable, "-c", _HELPER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as helper:
        yield Runs(helper)
        assert helper.stdin is not None
        helper.stdin.close()


def state(folder: Path) -> State:
    """Return what is remembered; empty when nothing is.

    Raises:
        AssertionError: When the file of the store is not sound.
        StoreError: When it cannot be read.
    """
    path = folder / ".lumos" / "store.db"
    if not path.exists():
        return ()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
    try:
        store = open_store(path)
    except StoreError:
        with closing(sqlite3.connect(path)) as db:
            tables = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}
            assert "present" not in tables or not db.execute("select count(*) from present").fetchone()[0]
        return ()
    try:
        lines = list(map(_text, store.lines("head")))
    finally:
        store.close()
    return tuple(sorted(text for text in lines if json.loads(text)["kind"] != "stats"))


def _text(line: Any) -> str:
    return line.decode() if isinstance(line, bytes) else str(line)


def survives(
    run: Runs, folder: Path, pipeline: str, changes: Sequence[Callable[[], object]], kills: int, seed: int
) -> list[float]:
    """Kill runs until enough were hit, and prove each time that nothing is half written and the next run completes.

    Before each run the database is changed, so that there is something to write; every fifth begins with nothing.

    Args:
        run: What starts runs.
        folder: An empty folder.
        pipeline: The text of the pipeline; without catalogs.
        changes: What brings the database into each of its states, from any other.
        kills: How many kills must hit a run before its end.
        seed: Of the moments.

    Returns:
        When each kill came, as shares of the duration of a whole run.

    Raises:
        AssertionError: When a kill did harm, or too few hit.
    """
    legal: list[State] = []
    usual = 0.0
    for number, change in enumerate(changes):
        change()
        clean = folder / f"clean-{number}"
        clean.mkdir()
        (clean / "lumos.yaml").write_text(pipeline, encoding="utf-8")
        begin = time.monotonic()
        assert run(clean) == 0, (clean / "run.log").read_text(encoding="utf-8")
        usual = time.monotonic() - begin  # of the last, which has no import before it
        legal.append(state(clean))
    assert len(set(legal)) == len(legal) and all(legal)
    moments, place, hits, found = random.Random(seed), folder / "killed", list[float](), State()
    place.mkdir()
    (place / "lumos.yaml").write_text(pipeline, encoding="utf-8")
    for attempt in range(4 * kills):
        if len(hits) == kills:
            return hits
        before = found
        if attempt % 5 == 0:
            shutil.rmtree(place / ".lumos", ignore_errors=True)
            before = ()
        target = attempt % len(changes)
        changes[target]()
        share = moments.random()
        code = run(place, share * usual)
        where = f"seed {seed}, attempt {attempt}, killed after {share:.3f} of {usual:.2f} s"
        if code == -signal.SIGKILL:
            hits.append(share)
        else:
            assert code == 0, where
        found = state(place)
        assert found in (before, legal[target]), f"{where}: what is remembered is neither the old nor the new"
        assert run(place) == 0, f"{where}: {(place / 'run.log').read_text(encoding='utf-8')}"
        found = state(place)
        assert found == legal[target], f"{where}: the next run does not know what a clean one knows"
    raise AssertionError(f"only {len(hits)} of {4 * kills} kills came before the end of a run")
