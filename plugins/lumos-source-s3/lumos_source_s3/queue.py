"""The queue: receiving, keeping, deleting messages of SQS, with its refusals as errors that say what to do.

Rules: the SQS developer guide: "Short and long polling", "Visibility timeout", "Batch actions", "Quotas".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from lumos_core.plugin_api import ConfigError, LumosError, RetryableError, visible

from .client import Connection
from .config import QUEUE_ARN
from .failures import Redactor, told

BATCH = 10
"""Messages of one request, received or deleted; the service takes no more."""
LONGEST_WAIT = 20
"""Seconds that the service holds a request which finds nothing."""
VISIBILITY = 120
"""Seconds for which nobody else gets a message; it is asked for anew until the message is deleted."""
_MANY = 4
"""Requests of a kind that are under way at once."""
_GONE = ("ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight", "InvalidIdFormat")
"""The receipt is too old, or the message was deleted: nothing is left to do for it."""
_SPELLED = "give its URL, or its ARN: arn:aws:sqs:REGION:ACCOUNT:NAME"


class Letter(NamedTuple):
    """A message that was received.

    Attributes:
        id: The same at every delivery of the message.
        receipt: What deletes it; every delivery has its own.
        body: What it says.
    """

    id: str
    receipt: str
    body: str


class Mailbox:
    """One queue.

    Args:
        connection: Whose client is used.
        queue: URL or ARN, as the configuration proved it.
        wait: Seconds that an answer may be waited for.
    """

    def __init__(self, connection: Connection, queue: str, wait: float = 60.0) -> None:
        self._connection = connection
        self._queue = queue
        self._url = ""
        self.wait = max(0, min(LONGEST_WAIT, int(wait) - 1))

    @property
    def title(self) -> str:
        """What the queue is called in messages."""
        return visible(self._queue)

    @property
    def url(self) -> str:
        """The URL of the queue; that of an ARN is asked for once.

        Raises:
            ConfigError: When there is no such queue.
        """
        if not self._url:
            arn = QUEUE_ARN.fullmatch(self._queue)
            if arn is None:
                self._url = self._queue
            else:
                with self._translated("the queue cannot be found"):
                    answer = self._client.get_queue_url(QueueName=arn[4], QueueOwnerAWSAccountId=arn[3])
                self._url = answer["QueueUrl"]
        return self._url

    def receive(self, wait: int) -> list[Letter]:
        """Take up to ten messages.

        Args:
            wait: Seconds to wait for the first one; with 0 the answer may be empty though something waits.

        Raises:
            ConfigError: When the queue is not there or may not be read.
            RetryableError: When it may work later.
        """
        with self._translated("messages cannot be received"):
            answer = self._client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH,
                WaitTimeSeconds=wait,
                VisibilityTimeout=VISIBILITY,
            )
        found = answer.get("Messages") or ()
        return [Letter(one["MessageId"], one["ReceiptHandle"], one.get("Body", "")) for one in found]

    def delete(self, receipts: Mapping[str, str]) -> dict[str, str]:
        """Delete messages, so that nobody gets them again.

        Args:
            receipts: Message -> receipt.

        Returns:
            Messages that are still there, with the reason; to be tried again.

        Raises:
            ConfigError: When that is not allowed.
            RetryableError: When it may work later.
        """
        return self._each("deleted", "delete_message_batch", receipts, {})[0]

    def extend(self, receipts: Mapping[str, str], seconds: int = VISIBILITY) -> list[str]:
        """Hide messages from others for so many seconds from now; with 0 they are given back.

        Returns:
            Messages that are no longer ours, since their time ran out.

        Raises:
            ConfigError: When that is not allowed.
            RetryableError: When it may work later.
        """
        more = {"VisibilityTimeout": seconds}
        return self._each("kept", "change_message_visibility_batch", receipts, more)[1]

    def _each(
        self, done: str, action: str, receipts: Mapping[str, str], more: dict[str, Any]
    ) -> tuple[dict[str, str], list[str]]:
        """Do something to every message; returns what is to be tried again, and what is gone."""
        again: dict[str, str] = {}
        gone: list[str] = []

        def send(ids: Sequence[str]) -> Any:
            entries = [{"Id": str(n), "ReceiptHandle": receipts[id], **more} for n, id in enumerate(ids)]
            with self._translated(f"messages cannot be {done}"):
                return getattr(self._client, action)(QueueUrl=self.url, Entries=entries)

        for ids, answer in self._side_by_side(send, list(_batches(receipts))):
            for failed in answer.get("Failed") or ():
                id, code = ids[int(failed["Id"])], str(failed.get("Code", ""))
                if code.rpartition(".")[2] in _GONE:
                    gone.append(id)
                else:
                    again[id] = visible(code)
        return again, gone

    def _side_by_side(self, send: Callable[[Sequence[str]], Any], batches: list[list[str]]) -> Iterator[Any]:
        """Send requests, several at once where there are many; the first refusal ends it."""
        if len(batches) < _MANY:
            yield from ((ids, send(ids)) for ids in batches)
            return
        with ThreadPoolExecutor(_MANY, "lumos-sqs-batch") as pool:
            yield from zip(batches, pool.map(send, batches), strict=True)

    @property
    def _client(self) -> Any:
        return self._connection.sqs

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        with translated(f"{self.title}: {what}", self._connection.redact, where="watch.sqs_queue"):
            yield


_RETRY = {
    "Throttling",
    "ThrottlingException",
    "RequestThrottled",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "OverLimit",
    "InternalError",
    "InternalFailure",
    "ServiceUnavailable",
    "ServiceFailure",
    "RequestTimeout",
    "KmsThrottled",
}
_FIXES = {
    "NonExistentQueue": ("there is no such queue in this region and account", "correct it; " + _SPELLED),
    "QueueDoesNotExist": ("there is no such queue in this region and account", "correct it; " + _SPELLED),
    "InvalidAddress": ("the address is not one of a queue", _SPELLED),
    "AccessDenied": (
        "the credentials lack the right",
        "grant what `lumos s3 setup` prints as the policy of the reader",
    ),
    "ExpiredToken": ("the credentials have expired", "log in again, or use credentials that renew themselves"),
    "RequestExpired": ("the request counts as too old", "set the clock of this machine, or log in again"),
    "InvalidClientTokenId": ("the access key is not known", "correct the credentials"),
    "UnrecognizedClient": ("the access key is not known", "correct the credentials, or name the queue's own region"),
    "SignatureDoesNotMatch": ("the secret key does not fit", "correct the credentials"),
    "AuthFailure": ("the credentials are not accepted", "correct the credentials"),
    "KmsAccessDenied": ("the key of the queue may not be used", "grant kms:Decrypt on the key of the queue"),
    "NoSuchBucket": ("there is no such bucket", "correct its name"),
    "QueueDeletedRecently": ("a queue of this name was deleted a moment ago", "wait a minute, then do it again"),
    "IncompleteSignature": ("the request is not signed as it must be", "correct the credentials"),
    "KmsDisabled": ("the key of the queue is disabled", "enable it"),
}


@contextmanager
def translated(what: str, redact: Redactor, *, where: str = "", denied: str = "") -> Iterator[None]:
    """Turn what botocore raises into errors with a remedy; texts of the other side that may hold secrets stay out.

    Args:
        what: What could not be done.
        redact: Takes secrets out.
        where: The option that leads there.
        denied: What to do when the right is missing.

    Raises:
        RetryableError: When it may work later: a busy service, a broken connection.
        ConfigError: Otherwise.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refusal(what, error.response, redact, where, denied) from None
    except (BotoCoreError, OSError, ValueError) as error:
        raise told(error, what, redact, where) from None


def _refusal(what: str, response: Mapping[str, Any], redact: Redactor, where: str, denied: str) -> LumosError:
    """Tell a refusal by its code; what is said about signatures repeats the signed request, and is not shown."""
    error = response.get("Error", {})
    full = visible(str(error.get("Code", "")))[:80]
    code = full.rpartition(".")[2]
    short = code.removesuffix("Exception")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _RETRY or short in _RETRY or status in (429, 500, 502, 503, 504):
        return RetryableError(what, why=f"the service is busy ({full})", where=where)
    if short in _FIXES:
        why, fix = _FIXES[short]
        fix = denied if denied and short == "AccessDenied" else fix
        return ConfigError(what, why=f"{why} ({full})", fix=fix, where=where)
    said = visible(redact(str(error.get("Message", ""))))[:300]
    fix = "look the answer up in the documentation of the service"
    return ConfigError(what, why=f"the service refuses ({full}: {said})", fix=fix, where=where)


def _batches(receipts: Mapping[str, str]) -> Iterator[list[str]]:
    ids = iter(receipts)
    while batch := list(islice(ids, BATCH)):
        yield batch
