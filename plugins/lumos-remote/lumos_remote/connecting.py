"""Connections: TLS, proxies, and one exchange over them with everything that can break in it named."""

from __future__ import annotations

import ssl
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3 import exceptions as broken

from lumos_core.plugin_api import ConfigError

_PART = 1 << 20


class Options(NamedTuple):
    """How connections are made.

    Attributes:
        timeout: Seconds to wait for an answer, and between two parts of it.
        connect_timeout: Seconds to wait for a connection.
        pool: How many connections are kept; more threads than that wait for one.
        verify: Check certificates.
        ca: Authorities to trust (PEM) instead of those of the system.
        certificate: Certificate of the client (PEM).
        private_key: Its key, where it is not in the same file.
        proxy: Address of a proxy; None follows the environment, "" uses none.
        limit: Bytes that an answer may have, decompressed.
    """

    timeout: float = 60.0
    connect_timeout: float = 10.0
    pool: int = 8
    verify: bool = True
    ca: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    proxy: str | None = None
    limit: int = 256 << 20


class Raw(NamedTuple):
    """An answer as it came: status, headers (names in any case), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Problem(Exception):
    """An exchange that gave no answer.

    Attributes:
        kind: `unsent`: nothing reached the service; `cut`: it may have; `untrusted`, `too-large`, `unsendable`: another
            try gives the same.
        text: What happened, unredacted.
    """

    def __init__(self, kind: Literal["unsent", "cut", "untrusted", "too-large", "unsendable"], text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


def connect(server: str, options: Options) -> urllib3.PoolManager:
    """Return a pool of connections to a service; opens none.

    Raises:
        ConfigError: A certificate file cannot be used, or the proxy is no address.
    """
    parts = urlsplit(server)
    more: dict[str, Any] = {}
    if parts.scheme == "https":
        more["ssl_context"] = _tls(options)
        if not options.verify:
            more["cert_reqs"] = "CERT_NONE"
            # The user said so; urllib3 would say it again at every request.
            warnings.filterwarnings("ignore", category=broken.InsecureRequestWarning)
    proxy = options.proxy
    if proxy is None:
        proxy = "" if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme, "")
    if not proxy:
        return urllib3.PoolManager(num_pools=2, maxsize=options.pool, block=True, **more)
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    at = urlsplit(proxy)
    user = f"{unquote(at.username or '')}:{unquote(at.password or '')}"
    headers = urllib3.make_headers(proxy_basic_auth=user) if at.username else None
    bare = f"{at.scheme}://{at.netloc.rpartition('@')[2]}"
    try:
        return urllib3.ProxyManager(bare, 2, proxy_headers=headers, maxsize=options.pool, block=True, **more)
    except (broken.HTTPError, ValueError):
        raise ConfigError("the proxy is no address", fix="write `http://host:port`", where="proxy") from None


def _tls(options: Options) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.ca)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise ConfigError(f"cannot read certificates from {options.ca}", why=str(error), where="ca") from None
    if not options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if options.certificate is not None:
        try:
            # An encrypted key would ask at the terminal for its password; it is refused instead.
            context.load_cert_chain(options.certificate, options.private_key, password=b"")
        except (OSError, ValueError) as error:
            why, fix = str(error), "give the PEM files, the key without a password"
            raise ConfigError(
                f"cannot use the client certificate {options.certificate}", why=why, fix=fix, where="certificate"
            ) from None
    return context


def exchange(
    manager: urllib3.PoolManager,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    options: Options,
    end: float,
    glance: Callable[[], None],
) -> Raw:
    """Send one request and read its answer whole; follows nothing, repeats nothing.

    Args:
        manager: The connections.
        method: The method.
        url: The URL, encoded.
        headers: All headers.
        body: The body.
        options: Timeouts and the limit of the answer.
        end: When to give up, on the clock of `time.monotonic`.
        glance: Called between the parts of a long answer; may raise.

    Raises:
        Problem: There was no answer, or not all of it.
    """
    left = max(0.001, end - time.monotonic())
    timeout = urllib3.Timeout(connect=min(options.connect_timeout, left), read=min(options.timeout, left))
    try:
        response = manager.urlopen(
            method,
            url,
            body=body,
            headers=headers,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )
    except (broken.HTTPError, OSError) as error:
        raise _problem(error) from None
    except (ValueError, TypeError) as error:  # http.client shows the value of the header: a token, perhaps
        raise Problem("unsendable", f"a header or the address cannot be sent ({type(error).__name__})") from None
    try:
        parts, size = [], 0
        for part in response.stream(_PART, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > options.limit:
                raise Problem("too-large", f"the answer is larger than {options.limit} bytes")
            glance()
            if time.monotonic() > end:
                raise Problem("cut", "the deadline passed in the middle of the answer")
    except (broken.HTTPError, OSError) as error:
        response.close()
        raise _problem(error, "in the middle of the answer") from None
    except BaseException:  # ^C included: half an answer spoils the connection
        response.close()
        raise
    finally:
        response.release_conn()
    return Raw(response.status, response.headers, b"".join(parts))


def _problem(error: Exception, when: str = "before an answer came") -> Problem:
    inner = error
    if isinstance(error, broken.ProxyError):
        inner = error.original_error
        if not isinstance(inner, broken.SSLError | ssl.SSLError):
            return Problem("unsent", f"the proxy: {inner}")
    if isinstance(inner, broken.SSLError | ssl.SSLError):
        text = str(inner).lower()
        if "certificate" in text or "hostname" in text or "wrong version number" in text or "handshake" in text:
            return Problem("untrusted", _short(inner))
        return Problem("cut", _short(inner))
    if isinstance(error, broken.NewConnectionError | broken.ConnectTimeoutError):
        return Problem("unsent", _short(error))
    if isinstance(error, broken.ReadTimeoutError):
        return Problem("cut", f"no answer in time, {when}")
    if isinstance(error, broken.IncompleteRead):
        return Problem("cut", f"the connection was cut {when}: {error}")
    if isinstance(error, broken.DecodeError):
        return Problem("cut", "the answer cannot be decompressed")
    if isinstance(error, broken.LocationValueError):
        return Problem("unsendable", f"the address cannot be used ({type(error).__name__})")
    return Problem("cut", f"the connection broke {when}: {_short(error)}")


def _short(error: Exception) -> str:
    """The text of an exception without the objects that urllib3 puts into it."""
    text = str(error)
    return text.partition(": ")[2] if ">: " in text or text.startswith(("HTTPConnection", "HTTPSConnection")) else text
