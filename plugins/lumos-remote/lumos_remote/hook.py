"""An address that messages are posted to, and that is a secret itself: a webhook.

Example:
    ```python
    class PagerConfig(HookConfig):
        url: HookUrl = Field(description="Where calls are posted.")

    with Hook(config.url.get_secret_value(), config, name="the pager") as hook:
        hook.post(b'{"text": "orders lost a field"}', {"X-Once": "7f3a"}, repeatable=True)
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from pydantic import AfterValidator, Field, SecretStr

from lumos_core.plugin_api import Config, LocalPath, ReportError, RetryableError

from .client import Client, Reply
from .config import Proxy, address
from .connecting import Options
from .errors import Busy, Forbidden, LostAnswer, Missing, Redirected, RemoteError, Unauthorised, Unreachable, Untrusted
from .retries import Retries

_UNSENDABLE = re.compile(r"[\x00-\x20\x7f]")
_ENCODED = "%/:?#[]@!$&'()*+,;=-._~"
"""What stands in an encoded address as it is (RFC 3986)."""

_REFUSED = frozenset((408, 425, 429, 503))
_UNSURE = frozenset(range(500, 600)) - {501, 503, 505}
_AGAIN = "the events are told again by the next run"
_FIXES: dict[type[RemoteError], str] = {
    Busy: _AGAIN,
    Unreachable: f"check `url`, and that somebody listens there; {_AGAIN}",
    LostAnswer: f"{_AGAIN}, perhaps for the second time",
    Untrusted: "give the certificate of the authority with `ca`",
    Redirected: "put the address that it points to into `url`: redirects are not followed, the message would go along",
    Missing: "get a new address there and put it into `url`",
    Unauthorised: "check `url`, the headers or the token",
    Forbidden: "check `url`, the headers or the token, and what they may do there",
}


def _checked(value: SecretStr) -> SecretStr:
    split(value.get_secret_value())
    return value


HookUrl = Annotated[SecretStr, AfterValidator(_checked)]
"""An address that is a secret, checked when the configuration is read; no message shows more of it than its host."""


class HookConfig(Config):
    """How to reach a webhook, and how patient to be: not very, since a run waits and the next one tries again."""

    timeout: Annotated[float, Field(gt=0, le=600)] = Field(
        default=10, description="Seconds to wait for a connection, and for an answer."
    )
    retries: Annotated[int, Field(ge=0, le=100)] = Field(
        default=3, description="How often a message is sent again at once when the other side is busy or out of reach."
    )
    deadline: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=60, description="Seconds for one message with all its retries; after that the next run tells it."
    )
    verify: bool = Field(
        default=True, description="Check the TLS certificate of the other side; false only where nothing is at stake."
    )
    ca: LocalPath | None = Field(
        default=None, description="Certificates of authorities to trust (PEM), instead of those of the system."
    )
    certificate: LocalPath | None = Field(
        default=None, description="Certificate of the client (PEM), with its private key in the same file."
    )
    proxy: Proxy | None = Field(
        default=None,
        description='Proxy to use; without it `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are followed, and `""` '
        "uses none.",
        examples=["${PROXY}"],
    )


class Hook:
    """Posts to an address of which no message shows more than the host. Redirects are never followed.

    Args:
        url: The address; `split` says what it may be.
        config: Timeouts, retries and trust.
        name: What it is, for messages: `the webhook`.
        headers: Headers of every message.
        secrets: Further texts that no message may hold.

    Raises:
        ConfigError: The proxy or a certificate file cannot be used.
    """

    def __init__(
        self,
        url: str,
        config: HookConfig,
        *,
        name: str,
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        server, self._path = split(url)
        self._name = name
        proxy = None if config.proxy is None else config.proxy.get_secret_value()
        hidden = [*secrets, *(headers or {}).values(), *_parts(self._path), *_parts(urlsplit(url.strip()).path)]
        self._client = Client(
            server,
            headers=headers,
            retries=Retries(
                attempts=config.retries + 1,
                statuses=_REFUSED,
                unsure=_UNSURE,
                patience=config.deadline,
                deadline=config.deadline,
            ),
            options=Options(
                timeout=config.timeout,
                connect_timeout=config.timeout,
                pool=1,
                verify=config.verify,
                ca=config.ca,
                certificate=config.certificate,
                proxy=proxy,
                limit=1 << 20,
            ),
            secrets=[*hidden, (urlsplit(proxy).password or "") if proxy else ""],
        )
        self.redact = self._client.redact

    def post(self, body: bytes, headers: Mapping[str, str], *, repeatable: bool) -> Reply:
        """Post a message; the value of the answer is bytes.

        Args:
            body: JSON.
            headers: Headers of this message.
            repeatable: It does no harm when it comes twice, so that it may be sent again when its answer is lost.

        Raises:
            RetryableError: It was not taken, and may be later; `after` is what the other side asked for.
            ReportError: It was refused.
        """
        all_headers = {"Content-Type": "application/json", "Accept": "*/*", **headers}
        try:
            return self._client.post(self._path, body, headers=all_headers, idempotent=repeatable, raw=True)
        except RemoteError as error:
            why = f"{error.what}: {error.why}" if error.why else error.what
            fix = next((text for kind, text in _FIXES.items() if isinstance(error, kind)), f"mend it; {_AGAIN}")
            what = f"{self._name} did not take the message"
            if isinstance(error, RetryableError):
                raise RetryableError(what, why=why, fix=fix, after=error.after) from None
            raise ReportError(what, why=why, fix=fix) from None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __enter__(self) -> Hook:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def split(url: str) -> tuple[str, str]:
    """Return the server of an address, and the rest of it, encoded.

    Raises:
        ValueError: It is not an address, or has a user, a password or a `#`; the text shows nothing of it.
    """
    text = url.strip()
    if _UNSENDABLE.search(text):
        raise ValueError("an address has no blanks and no control characters")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError("not an address: `https://host[:port]/path`") from None
    if parts.fragment or text.endswith("#"):
        raise ValueError("an address has no `#`")
    server = address(f"{parts.scheme}://{parts.netloc}")
    rest = quote(parts.path or "/", safe=_ENCODED) + (f"?{quote(parts.query, safe=_ENCODED)}" if parts.query else "")
    return server, rest


def _parts(path: str) -> Iterator[str]:
    """What of an address may be the secret: all of it, each segment, each argument, encoded or not."""
    yield path.lstrip("/")
    for part in re.split(r"[/?&=;]", path):
        yield from (part, unquote(part), unquote_plus(part))
