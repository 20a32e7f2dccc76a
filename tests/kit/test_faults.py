"""The faults that the kit makes: they are seen however Python is asked, and gone afterwards."""

from __future__ import annotations

import glob
import os
import socket
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lumos_core.testing.kit.faults import TouchedError, forbidden, listed_backwards, nothing_touched

LISTINGS: dict[str, Callable[[Path], list[str]]] = {
    "listdir": lambda folder: os.listdir(folder),  # noqa: PTH208
    "scandir": lambda folder: [entry.name for entry in os.scandir(folder)],
    "walk": lambda folder: next(os.walk(folder))[2],
    "iterdir": lambda folder: [path.name for path in folder.iterdir()],
    "Path.glob": lambda folder: [path.name for path in folder.glob("*")],
    "Path.rglob": lambda folder: [path.name for path in folder.rglob("*.txt")],
    "glob": lambda folder: [Path(name).name for name in glob.glob(f"{folder}/*")],  # noqa: PTH207
}
READINGS: dict[str, Callable[[Path], Any]] = {
    "open": lambda path: open(path).read(),  # noqa: PTH123, SIM115
    "Path.open": lambda path: path.open().read(),
    "read_bytes": lambda path: path.read_bytes(),
    "os.open": lambda path: os.close(os.open(path, os.O_RDONLY)),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(name)
    return tmp_path


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
def test_listings_run_backwards(folder: Path, listing: Callable[[Path], list[str]]) -> None:
    before = listing(folder)
    with listed_backwards():
        backwards = listing(folder)
    assert backwards == before[::-1] != before
    assert listing(folder) == before


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_is_forbidden_cannot_be_read(folder: Path, reading: Callable[[Path], Any]) -> None:
    with forbidden(folder / "b.txt"):
        with pytest.raises(PermissionError):
            reading(folder / "b.txt")
        reading(folder / "a.txt")
    reading(folder / "b.txt")


@pytest.mark.parametrize("listing", [LISTINGS["listdir"], LISTINGS["scandir"], LISTINGS["iterdir"]])
def test_what_is_forbidden_cannot_be_listed(folder: Path, listing: Callable[[Path], list[str]]) -> None:
    with forbidden(folder), pytest.raises(PermissionError):
        listing(folder)
    assert len(listing(folder)) == 3


@pytest.mark.parametrize(
    "deed",
    [
        lambda: open("x"),  # noqa: PTH123, SIM115
        lambda: Path("x").read_text(),
        lambda: list(Path().iterdir()),
        lambda: Path("x").mkdir(),
        lambda: socket.create_connection(("localhost", 1)),
        lambda: socket.socket().connect(("127.0.0.1", 1)),
        lambda: sqlite3.connect(":memory:"),
        lambda: subprocess.run(["true"], check=False),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_nothing_can_be_touched(deed: Callable[[], Any]) -> None:
    with nothing_touched(), pytest.raises(TouchedError):
        deed()
    sqlite3.connect(":memory:").close()
