"""A user's folder and the command `lumos` as a user has it: in this process, or as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

import lumos_core
from lumos_core.cli import main
from lumos_core.plugin_api import Record, decode

PROCESS = "import sys; from lumos_core.cli import main; sys.argv[0] = 'lumos'; main()"


class Said(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)


class Home:
    """A user's folder with a pipeline over `data`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        self.pipeline()

    def pipeline(self, **keys: Any) -> Path:
        """Write `lumos.yaml`."""
        config = {"version": 1, "name": "shop", "sources": [{"type": "files", "path": "data"}], **keys}
        path = self.folder / "lumos.yaml"
        path.write_text(json.dumps(config))
        return path

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a data file."""
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def lumos(self, *args: str, cwd: Path | None = None) -> Said:
        """Run a command in this process, in the folder."""
        before = Path.cwd()
        os.chdir(cwd or self.folder)
        try:
            result = CliRunner().invoke(main, list(args))
        finally:
            os.chdir(before)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def start(self, *args: str, code: str = PROCESS, **options: Any) -> subprocess.Popen[str]:
        """Start a command as a process of its own."""
        env = {**os.environ, "PYTHONWARNINGS": "error", "LUMOS_DEBUG": "1", **options.pop("env", {})}
        return subprocess.Popen(
            [sys.executable, "-c", code, *args],
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def process(self, *args: str, code: str = PROCESS, **options: Any) -> Said:
        """Run a command as a process of its own and wait."""
        return said(self.start(*args, code=code, **options))

    def run(self, code: int = 0) -> Any:
        """Run the pipeline as JSON and return its result."""
        answer = self.lumos("run", "--json")
        assert answer.code == code, answer
        return answer.data

    def records(self, ref: str = "head") -> dict[str, Record[Any]]:
        """Return what the store knows, without stats."""
        store = lumos_core.validate(self.folder / "lumos.yaml").store.build()
        try:
            return {r.urn: r for r in map(decode, store.lines(ref)) if r.kind != "stats"}
        finally:
            store.close()

    def names(self) -> set[str]:
        """Return the names of the datasets that the store knows."""
        return {urn.partition(",")[2].rpartition(",")[0] for urn in self.records() if ":dataset:" in urn}

    def memory(self) -> tuple[Any, ...]:
        """Return all facts that are remembered, and all that the catalog holds: equal means that nothing was written.

        Runs and what they measured (sizes, times) are left out: they are recorded though nothing changed.
        """
        state = self.folder / ".lumos"
        told: list[Any] = []
        if (state / "store.db").exists():
            for table in "present", "past":
                query = f"select * from {table} join line on line.id = line where kind <> 'stats' order by kind, urn"
                told.append((table, _rows(state / "store.db", query)))
        for table in _tables(state / "catalog.db"):
            facts = " where kind <> 'stats'" if table == "record" else ""
            told.append((table, sorted(_rows(state / "catalog.db", f'select * from "{table}"{facts}'), key=repr)))
        return tuple(told)

    def leftovers(self) -> list[str]:
        """Return temporary files that a run has left anywhere in the folder."""
        found = [*self.folder.rglob("*.tmp"), *self.folder.rglob("scratch"), *self.folder.rglob("*-journal")]
        return sorted(str(path.relative_to(self.folder)) for path in found)


def said(process: subprocess.Popen[str], timeout: float = 120) -> Said:
    """Wait for a process."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        raise
    return Said(process.returncode, out, err)


def _rows(path: Path, query: str) -> list[Any]:
    db = sqlite3.connect(path)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


def _tables(path: Path) -> list[str]:
    if not path.exists():
        return []
    rows = _rows(path, "select name from sqlite_master where type='table' and name not like 'sqlite_%'")
    return sorted(name for (name,) in rows if "_fts" not in name and not name.startswith("fts"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("LUMOS_CONFIG", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    folder = tmp_path / "home"
    folder.mkdir()
    return Home(folder)
