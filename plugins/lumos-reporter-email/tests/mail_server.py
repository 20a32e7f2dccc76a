"""A mail server of this process, with a certificate of its own and bad days on demand."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import subprocess
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "lumos", "s3cr3t pässword"


class Post:
    """What the server does; answers are those of SMTP.

    Attributes:
        mails: (bare recipients, mail) in the order in which they came.
        answers: Recipient, or step (`MAIL`, `DATA`) -> what is answered instead of 250.
        cut: Step at which the connection is closed without an answer; `after`: how many pass before.
        logins: How often somebody logged in.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.raw: list[bytes] = []
        self.answers: dict[str, str] = {}
        self.cut = ""
        self.after = 0
        self.logins = 0

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Know one user."""
        assert isinstance(data, LoginPassword)
        good = (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
        self.logins += good
        return AuthResult(success=good, handled=False, message=None if good else self.answers.get("AUTH"))

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """`MAIL FROM`."""
        if answer := self.answers.get("MAIL"):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """`RCPT TO`."""
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The mail itself."""
        if self.cut == "DATA" and len(self.mails) >= self.after:
            assert server.transport is not None
            server.transport.close()
            return "421 closing"
        if answer := self.answers.get("DATA"):
            return answer
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        parsed = email.message_from_bytes(content, policy=email.policy.SMTP)
        assert isinstance(parsed, EmailMessage)
        self.mails.append((list(envelope.rcpt_tos), parsed))
        return "250 OK"


class MailServer:
    """A server on a free port of 127.0.0.1, as a context manager.

    Args:
        post: What it does.
        tls: Offers STARTTLS with it.
        login: Nobody mails without a login.
        always: TLS from the start.
    """

    def __init__(
        self, post: Post, tls: ssl.SSLContext | None = None, *, login: bool = True, always: bool = False
    ) -> None:
        self._options: dict[str, Any] = {"hostname": "mail.test", "enable_SMTPUTF8": True}
        if login:
            self._options |= {"authenticator": post.authenticate, "auth_required": True}
            self._options["auth_require_tls"] = not always  # it counts STARTTLS alone
        if tls is not None and not always:
            self._options["tls_context"] = tls
        self._post = post
        self._ssl = tls if always else None
        self._loop = asyncio.new_event_loop()
        self.port = 0

    def __enter__(self) -> MailServer:
        self._server = self._loop.run_until_complete(
            self._loop.create_server(self._protocol, "127.0.0.1", 0, ssl=self._ssl)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail-server")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _protocol(self) -> SMTP:
        return SMTP(self._post, loop=self._loop, **self._options)

    async def _end(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate of 127.0.0.1, signed by itself; return its file and a server's context."""
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    key, public = folder / "key.pem", folder / "crt.pem"
    subprocess.run([*command.split(), "-keyout", key, "-out", public], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, key)
    return public, context
