"""The mail server that the tests share."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Tests are imported by path, so that a module that they share is given its name here.
_spec = importlib.util.spec_from_file_location("mail_server", Path(__file__).with_name("mail_server.py"))
assert _spec is not None and _spec.loader is not None
_module = sys.modules["mail_server"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A self-made certificate of 127.0.0.1: its file, and the context of a server that has it."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl")
    return _module.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def server(certificate: Any) -> Iterator[Any]:
    """A server that offers STARTTLS and wants a login."""
    post = _module.Post()
    with _module.MailServer(post, certificate[1]) as started:
        started.post, started.ca = post, certificate[0]
        yield started
