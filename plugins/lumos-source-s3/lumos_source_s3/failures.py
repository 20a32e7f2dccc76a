"""What botocore says, as errors that name the cause and the remedy, without any secret.

Codes: the list of error responses in the API reference of Amazon S3; other servers use the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from lumos_lake.tables import hidden

from lumos_core.plugin_api import ConfigError, LumosError, RetryableError, UnitError

MASK = "***"
_SIGNED = re.compile(
    r"(?i)\b((?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId|Credential)\s*[=:]\s*)"
    r"[^&,;\s'\"<>]+"
)
_GONE = frozenset(
    {"NoSuchKey", "NoSuchVersion", "404", "NotFound", "412", "PreconditionFailed", "ConditionalRequestConflict"}
)
_BUSY = frozenset(
    {"SlowDown", "503", "ServiceUnavailable", "InternalError", "500", "502", "504", "RequestTimeout", "Throttling"}
    | {"ThrottlingException", "RequestLimitExceeded", "BandwidthLimitExceeded", "TooManyRequests", "429", "Busy"}
)
_LOGIN = {
    "ExpiredToken": "the credentials have expired",
    "ExpiredTokenException": "the credentials have expired",
    "TokenRefreshRequired": "the credentials have expired",
    "RequestExpired": "the credentials have expired",
    "InvalidToken": "the session token is not valid",
    "InvalidClientTokenId": "the access key is not known",
    "InvalidAccessKeyId": "the access key is not known",
    "XAdminUserNotFound": "the access key is not known",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key",
    "InvalidSecurity": "the credentials are not valid",
    "AccountProblem": "the account has a problem",
}
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "403", "Forbidden", "AllAccessDisabled", "UnauthorizedAccess"}
)
_REGION = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect", "301", "IllegalLocationConstraintException"})


class Redactor:
    """Takes secrets out of texts.

    Args:
        secrets: What is never to be shown.
    """

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """Return the text without secrets, and without what signs a URL."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return hidden(_SIGNED.sub(rf"\g<1>{MASK}", text))


def _forms(secret: str) -> Iterator[str]:
    """The secret as it is, as a URL carries it, and as Python shows it."""
    yield from (secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1])
    for encoding in ("utf-8", "latin-1"):
        raw = repr(secret.encode(encoding, "replace"))[2:-1]
        yield from (raw, raw.replace("\\", "\\\\"))


def code_of(error: BaseException) -> str:
    """Return the code that the server gave; empty when it gave none."""
    answer: dict[str, Any] = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""


def denied(error: BaseException) -> bool:
    """Tell whether the server knows who asks, and refuses."""
    return code_of(error) in _DENIED


def gone(error: BaseException) -> bool:
    """Tell whether an object is not there, or is another one by now."""
    return code_of(error) in _GONE


def transient(error: BaseException) -> bool:
    """Tell whether the same request may succeed when it is sent again."""
    from botocore import exceptions as boto
    from botocore.parsers import ResponseParserError

    code = code_of(error)
    if code:
        return code in _BUSY
    lasting = (boto.SSLError, boto.ProxyConnectionError)
    passing = (boto.HTTPClientError, boto.ConnectionError, boto.ResponseStreamingError, boto.IncompleteReadError)
    return isinstance(error, (*passing, ResponseParserError, OSError)) and not isinstance(error, lasting)


def told(error: BaseException, doing: str, redact: Redactor, where: str = "") -> LumosError:
    """Return the error of Lumos for one of botocore or urllib3.

    Args:
        error: What was raised.
        doing: What could not be done.
        redact: Takes secrets out.
        where: Bucket, object or option.

    Returns:
        A `RetryableError` when the same may succeed later or the object changed, a `ConfigError` when nothing of the
        source can be read (login, region, endpoint), else a `UnitError`.
    """
    if isinstance(error, LumosError):
        return error
    code, why = code_of(error), redact(_words(error))
    if gone(error):
        fix = "run again when whoever writes it has finished"
        return RetryableError("the file changed or went while it was being read", why=why, fix=fix, where=where)
    if code == "NoSuchBucket":
        return ConfigError(doing, why="there is no such bucket", fix="correct `bucket`, or `endpoint`", where=where)
    if code in _LOGIN:
        return ConfigError(
            doing,
            why=f"{_LOGIN[code]} ({why})",
            fix="renew the credentials, or name others, then run again",
            where=where,
        )
    if code == "RequestTimeTooSkewed":
        fix = "set the clock of this machine; requests are signed with its time and may be 15 minutes off"
        return ConfigError(
            doing, why=f"the clocks of this machine and of the server differ ({why})", fix=fix, where=where
        )
    if code in _REGION:
        region = _region(error)
        why = f"the bucket is in the region {region}" if region else f"the region is not that of the bucket ({why})"
        return ConfigError(doing, why=why, fix=f"set `region: {region}`" if region else "correct `region`", where=where)
    if code in _DENIED:
        fix = "grant s3:ListBucket on the bucket, s3:GetObject on its objects, and kms:Decrypt where they are encrypted"
        return UnitError(doing, why=f"access is denied ({why})", fix=fix, where=where)
    if code == "InvalidObjectState":
        fix = "restore it, or leave it out with `exclude`"
        return UnitError(doing, why="the object is archived", fix=fix, where=where)
    if transient(error):
        fix = "check that the server can be reached; what is read is tried again"
        return RetryableError(doing, why=why, fix=fix, where=where)
    if code:
        return UnitError(doing, why=why, fix="see the API reference of S3 for this answer", where=where)
    return _unsent(error, doing, why, where)


def _unsent(error: BaseException, doing: str, why: str, where: str) -> LumosError:
    """What went wrong before anything was sent: credentials, addresses, certificates."""
    from botocore import exceptions as boto

    name = type(error).__name__
    if isinstance(error, boto.ProfileNotFound):
        fix = "correct `aws_profile`, or add it to the AWS configuration files"
    elif isinstance(error, boto.NoCredentialsError):
        why, fix = (
            "no credentials were found",
            (
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `aws_profile`, `role_arn`, or `access_key_id` and "
                "`secret_access_key`; `anonymous: true` reads public buckets"
            ),
        )
    elif "Credential" in name or "Token" in name or "SSO" in name:
        fix = "mend what the AWS chain of credentials finds, or log in again"
    elif isinstance(error, boto.SSLError):
        fix = "name the authority in `ca_bundle`"
    elif isinstance(error, (ValueError, boto.ParamValidationError)) or "Endpoint" in name or "Region" in name:
        fix = "correct `endpoint`, `region` or `bucket`"
    else:
        fix = "correct the options of this source"
    return ConfigError(doing, why=why, fix=fix, where=where)


def _words(error: BaseException) -> str:
    """What a server or a library says, in one line; nothing of a body that is no answer of S3."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict) and "Error" in answer:
        message = str(answer["Error"].get("Message", "")).strip()
        code = code_of(error)
        return " ".join(f"{code}: {message}".split()).rstrip(".") if message and message != code else code
    text = str(error)
    if "invalid XML received" in text:
        return "the answer is not that of an S3 server"
    return " ".join(text.split()) or type(error).__name__


def _region(error: BaseException) -> str:
    answer: dict[str, Any] = getattr(error, "response", None) or {}
    said = answer.get("Error", {}).get("Region", "")
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = str(said or headers.get("x-amz-bucket-region", ""))
    return region if re.fullmatch(r"[a-z0-9-]{1,40}", region) else ""
