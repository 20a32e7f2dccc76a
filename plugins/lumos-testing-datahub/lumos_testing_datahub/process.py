"""The fake in a process of its own, behind the interface of `lumos_core.testing.servers`.

    from lumos_core.testing.servers import running
    from lumos_testing_datahub import process

    @pytest.fixture(scope="session")
    def server(tmp_path_factory):
        with running(process, tmp_path_factory.mktemp("datahub")) as server:
            yield server  # server.dsn is the URL, server.password the token

For tests that measure memory, or that must not share the interpreter with what they test; faults are not within reach
there: for them, use `DataHubFake` itself.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from lumos_core.testing.servers import Server, Unavailable

TOKEN = "token-of-the-fake"
PATIENCE = 30.0
"""Seconds that a stop may take."""


@contextmanager
def start(folder: Path) -> Iterator[Server]:
    """Start the fake on a free port, with a token; it is stopped by its process id.

    Args:
        folder: For its log.

    Raises:
        Unavailable: It does not start.
    """
    log = folder / "datahub-fake.log"
    command = [sys.executable, "-m", "lumos_testing_datahub", "--port", "0", "--token", TOKEN]
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True)
    assert process.stdout is not None
    with process.stdout:
        try:
            url = process.stdout.readline().strip()  # printed once it listens
            if not url:
                text = log.read_text(encoding="utf-8", errors="replace").strip()[-500:]
                raise Unavailable(f"the fake does not start: {text or 'it says nothing'}")
            port = urlsplit(url).port or 0
            yield Server("127.0.0.1", port, "datahub", TOKEN, url, process.pid, "lumos-testing-datahub")
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
