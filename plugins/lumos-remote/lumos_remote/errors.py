"""What can go wrong with a service behind HTTP, chosen by what the caller can do about it.

| class | status | is a | the caller should |
|---|---|---|---|
| `Refused` | 400, 405, 415, 422, ... | `CatalogError` | report that one record |
| `Unauthorised` | 401 | `CatalogError` | stop: the token is wrong, and getting another did not help |
| `Forbidden` | 403 | `CatalogError` | report what may not be done, go on with the rest |
| `Missing` | 404, 410 | `CatalogError` | create it, or its parent, or take it as absent |
| `Exists` | 409 | `CatalogError` | read it and go on |
| `Moved` | 412 | `CatalogError` | read again: somebody was faster |
| `TooLarge` | 413 | `CatalogError` | halve the batch |
| `Broken` | 500 and others from 500 up | `CatalogError` | report that one record |
| `NotData` | - | `CatalogError` | stop: what answers is not the service |
| `Redirected` | 3xx | `CatalogError` | stop: the address is wrong, or a login page stands before it |
| `Untrusted` | - | `CatalogError` | stop: the certificate |
| `Unsupported` | - | `CatalogError` | stop: the version |
| `Busy` | 429, 502, 503, 504 | `RetryableError` | try again much later: it was tried as often as is allowed |
| `Unreachable` | - | `RetryableError` | the same; nothing was applied |
| `LostAnswer` | - | `RetryableError` | read back: the request was sent, nobody knows whether it was applied |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lumos_core.plugin_api import CatalogError, LumosError, RetryableError


class RemoteError(LumosError):
    """Base of the errors of a service; never raised itself. Texts are redacted, `value` and `headers` are not.

    Attributes:
        status: HTTP status; 0 when there was no answer.
        value: The body of the answer: JSON where it is JSON, else bytes; None without a body.
        headers: Headers of the answer.
    """

    status: int = 0
    value: Any = None
    headers: Mapping[str, str] = {}


class Refused(CatalogError, RemoteError):
    """The service does not take this request (400, 422, other 4xx)."""


class Unauthorised(CatalogError, RemoteError):
    """The service does not know who we are (401)."""


class Forbidden(CatalogError, RemoteError):
    """The service knows who we are, and we may not (403)."""


class Missing(CatalogError, RemoteError):
    """There is no such thing (404, 410)."""


class Exists(CatalogError, RemoteError):
    """It exists already, or somebody changes it at this moment (409)."""


class Moved(CatalogError, RemoteError):
    """It is no longer what it was when it was read (412)."""


class TooLarge(CatalogError, RemoteError):
    """The request is larger than the service takes (413)."""


class Broken(CatalogError, RemoteError):
    """The service failed in a way that another try does not mend (500 and others that are not retried)."""


class NotData(CatalogError, RemoteError):
    """What came is not JSON: a page, a cut body, or more than is allowed."""


class Redirected(CatalogError, RemoteError):
    """The service points elsewhere; redirects are never followed, since credentials would go with them."""


class Untrusted(CatalogError, RemoteError):
    """The TLS certificate of the service, or ours, is not accepted."""


class Unsupported(CatalogError, RemoteError):
    """The service is of a version that this client does not speak."""


class Busy(RetryableError, RemoteError):
    """The service asked us to come back later, more often than is allowed (429, 502, 503, 504)."""


class Unreachable(RetryableError, RemoteError):
    """There is no connection, or it broke before an answer came to a request that may be repeated."""


class LostAnswer(RetryableError, RemoteError):
    """The connection broke after a request was sent that may not be repeated blindly; it may have been applied."""


BY_STATUS: dict[int, type[RemoteError]] = {
    401: Unauthorised,
    403: Forbidden,
    404: Missing,
    407: Unauthorised,
    409: Exists,
    410: Missing,
    412: Moved,
    413: TooLarge,
}
"""Status -> class; other 4xx are `Refused`, the rest `Broken`."""

FIXES: dict[type[RemoteError], str] = {
    Refused: "mend what the reason names, or leave this record out",
    Missing: "check that it is there under this name, its parent too",
    Exists: "run again: what is there is read first",
    Moved: "run again: it is read anew",
    Unsupported: "use a version of the plugin that speaks it, or check `server`",
    Unauthorised: "check the token, or user and password; it may have expired",
    Forbidden: "give this user or bot the right to do it",
    TooLarge: "write smaller batches, or raise the limit of the server or of the proxy before it",
    Broken: "see the log of the server",
    Busy: "try again later, with fewer `workers`, or raise `retries`",
    Unreachable: "check `server`, and that it runs; behind a proxy, `HTTPS_PROXY` and `NO_PROXY`",
    LostAnswer: "run again: what is there is read back first",
    Untrusted: "give the certificate of the authority with `ca`",
    NotData: "check `server`: the address of the API, not of the user interface, and what stands before it",
    Redirected: "put the address of the API itself into `server`, and check the credentials",
}
"""Class -> what to do about it."""
