"""One conversation with a mail server, with everything that can go wrong in it named."""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from typing import NamedTuple

from lumos_remote import Redactor

from lumos_core.plugin_api import ConfigError, LumosError, ReportError, RetryableError

from .config import EmailReporterConfig

_WHAT = "the mail was not sent"
_AGAIN = "the events are told again by the next run"


class Parcel(NamedTuple):
    """A mail and whom it is for.

    Attributes:
        mail: The mail.
        to: Bare addresses.
    """

    mail: EmailMessage
    to: Sequence[str]


@contextmanager
def connected(config: EmailReporterConfig) -> Iterator[smtplib.SMTP]:
    """Connect, encrypt and log in, as the configuration says; quit at the end.

    Raises:
        ConfigError: The certificates cannot be read.
        RetryableError: The server is out of reach, or asks to come back later.
        ReportError: The server refuses, or cannot be trusted.
    """
    where = f"{config.host}:{config.at_port}"
    tls = None if config.security == "none" else _tls(config)
    server: smtplib.SMTP | None = None
    try:
        with _named(config, where):
            if config.security == "tls":
                server = smtplib.SMTP_SSL(config.host, config.at_port, timeout=config.timeout, context=tls)
            else:
                server = smtplib.SMTP(config.host, config.at_port, timeout=config.timeout)
            server.ehlo_or_helo_if_needed()
            if config.security == "starttls":
                server.starttls(context=tls)
                server.ehlo_or_helo_if_needed()
            if config.password is not None:
                _login(server, config.username, config.password.get_secret_value())
        yield server
    finally:
        if server is not None:
            _leave(server)


def deliver(server: smtplib.SMTP, config: EmailReporterConfig, parcels: Iterable[Parcel]) -> list[str]:
    """Send mails; what cannot be sent to one does not keep the others from theirs.

    Returns:
        Who was refused for good, and in which words, while others got the same mails.

    Raises:
        RetryableError: Somebody was refused for now, or the connection broke.
        ReportError: A mail was refused for all.
    """
    where = f"{config.host}:{config.at_port}"
    refused: list[str] = []
    failure: LumosError | None = None
    for mail, to in parcels:
        try:
            with _named(config, where):
                answers = server.send_message(mail, to_addrs=list(to))
        except RetryableError as error:
            if server.sock is None:  # disconnected: the rest fares alike
                raise
            failure = error
        except ReportError as error:
            failure = failure or error
        else:
            later = {address: answer for address, answer in answers.items() if answer[0] < 500}
            if later:
                failure = RetryableError(_WHAT, why=_answers(config, later), fix=_AGAIN, where=where)
            never = {address: answer for address, answer in answers.items() if address not in later}
            refused += [_answers(config, {address: answer}) for address, answer in never.items()]
    if failure is not None:
        raise failure
    return refused


def _login(server: smtplib.SMTP, user: str, password: str) -> None:
    if f"{user}{password}".isascii():
        server.login(user, password)
        return
    # smtplib knows ASCII alone; in AUTH PLAIN both are UTF-8 (RFC 4616).
    if "PLAIN" not in server.esmtp_features.get("auth", "").split():
        raise smtplib.SMTPNotSupportedError("AUTH PLAIN, which a password beyond ASCII needs")
    code, answer = server.docmd(
        "AUTH", f"PLAIN {base64.b64encode(f'{chr(0)}{user}{chr(0)}{password}'.encode()).decode()}"
    )
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, answer)


def _tls(config: EmailReporterConfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=config.ca)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read certificates from {config.ca}", why=str(error), where="ca") from None
    if not config.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _named(config: EmailReporterConfig, where: str) -> Iterator[None]:
    """Turn what smtplib raises into errors of ours, without any secret."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        answers = error.recipients
        later = any(code < 500 for code, _ in answers.values())
        raise _failed(later, _answers(config, answers), "check the addresses", where) from None
    except smtplib.SMTPResponseException as error:  # greeting, login, sender, data
        why = redactor(config)(f"{_step(error)}{error.smtp_code} {_text(error.smtp_error)}")
        fix = "check `username` and `password`" if isinstance(error, smtplib.SMTPAuthenticationError) else ""
        raise _failed(error.smtp_code < 500, why, fix or "mend what the server names", where) from None
    except smtplib.SMTPServerDisconnected as error:
        raise _failed(True, f"the server closed the connection: {redactor(config)(error)}", "", where) from None
    except smtplib.SMTPNotSupportedError as error:
        fix = "choose another `security`, or another server"
        raise _failed(False, f"the server cannot do it: {redactor(config)(error)}", fix, where) from None
    except smtplib.SMTPException as error:
        why = redactor(config)(f"{type(error).__name__}: {error}")
        raise _failed(False, why, "check `username` and how this server logs in", where) from None
    except ssl.SSLCertVerificationError as error:
        why = f"no trust in the certificate: {error.verify_message}"
        raise _failed(False, why, "give the certificate of the authority with `ca`", where) from None
    except ssl.SSLError as error:
        why = redactor(config)(f"no encrypted connection: {error}")
        raise _failed(False, why, "check `port` and `security`: 587 goes with starttls, 465 with tls", where) from None
    except UnicodeError:  # a host that is no name
        raise _failed(
            False, "`host` or an address cannot be written as the domain name system wants it", "", where
        ) from None
    except OSError as error:  # refused, unreachable, no such name, timeout
        why = f"no connection: {redactor(config)(error.strerror or error)}"
        raise _failed(True, why, "check `host` and `port`, and that the server can be reached", where) from None


def _failed(later: bool, why: str, fix: str, where: str) -> LumosError:
    if later:
        return RetryableError(_WHAT, why=why, fix=f"{fix}; {_AGAIN}" if fix else _AGAIN, where=where)
    return ReportError(_WHAT, why=why, fix=f"{fix or 'mend it'}; {_AGAIN}", where=where)


def _answers(config: EmailReporterConfig, answers: dict[str, tuple[int, bytes]]) -> str:
    told = [f"{address}: {code} {_text(text)}" for address, (code, text) in answers.items()]
    return redactor(config)("; ".join(told[:5]) + (f"; and {len(told) - 5} more" if len(told) > 5 else ""))


def _step(error: smtplib.SMTPResponseException) -> str:
    if isinstance(error, smtplib.SMTPSenderRefused):
        return f"the sender {error.sender} was refused: "
    return "the login was refused: " if isinstance(error, smtplib.SMTPAuthenticationError) else ""


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer


def redactor(config: EmailReporterConfig) -> Redactor:
    """Return what takes the password out of texts, also as a server sees it in a login (`AUTH PLAIN`)."""
    if config.password is None:
        return Redactor()
    password = config.password.get_secret_value()
    return Redactor([password, f"\0{config.username}\0{password}", f"{config.username}\0{password}"])


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):  # what it had to say was said, or has been reported
        server.close()
