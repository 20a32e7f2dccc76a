"""The conformance kit, against a mail server that wants STARTTLS and a login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mail_server
import pytest

from lumos_core.testing.kit import ReporterKit

POSTS: list[mail_server.Post] = []


@pytest.fixture(scope="session")
def served(server: Any) -> Mapping[str, Any]:
    POSTS[:] = [server.post]
    return {"host": "127.0.0.1", "port": server.port, "ca": str(server.ca)}


@pytest.fixture(autouse=True)
def _clean() -> None:
    for post in POSTS:
        post.clear()


class Mail(ReporterKit):
    name = "email"
    options = {
        "host": "127.0.0.1",
        "port": 9,
        "username": mail_server.USER,
        "password": mail_server.PASSWORD,
        "from": "Lumos <lumos@example.org>",
        "to": ["data@example.org"],
    }
    live = "served"

    def part(self, mail):
        raise NotImplementedError

    def text(self, result):
        told = [self.part(mail) for post in POSTS for _, mail in post.mails]
        for post in POSTS:
            post.clear()
        return "\n".join(told).replace("\r\n", "\n")


class TestText(Mail):
    markup = False

    def part(self, mail):
        return f"{mail['subject']}\n{mail.get_body(('plain',)).get_content()}"


class TestHtml(Mail):
    def part(self, mail):
        return mail.get_body(("html",)).get_content()
