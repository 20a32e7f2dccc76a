"""What a message of a queue says: which objects of which bucket came, went or changed.

It may be a notification of S3, one that went through an SNS topic, or an event of EventBridge, and whatever else
people put into a queue. Nothing here raises: what is not understood is told apart, with the reason.

Rules: "Event message structure" and "Using EventBridge" of the S3 user guide; of MinIO and versitygw their own sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import unquote_plus

import msgspec
from msgspec import Struct

from lumos_core.plugin_api import instant

LONGEST = 2 << 20
"""Characters of a body; a queue takes at most a mebibyte of bytes."""
_WRAPPINGS = 4
"""A notification in an event in a notification: a chain of three is the longest that somebody may have built."""

Action = Literal["", "created", "deleted"]

_ACTIONS: dict[str, Action | None] = {
    "ObjectCreated": "created",
    "ObjectRemoved": "deleted",
    "LifecycleExpiration": "deleted",
    "ObjectRestore:Completed": "",
    "ObjectRestore:Delete": "",
    "ReducedRedundancyLostObject": "",
    "ObjectTagging": "",
    "LifecycleTransition": "",
    "IntelligentTiering": "",
    # No metadata hangs on these; MinIO tells of every reading, ours too, which would never end.
    "ObjectRestore:Post": None,
    "ObjectAcl": None,
    "ObjectAccessed": None,
    "Replication": None,
    "Object Created": "created",
    "Object Deleted": "deleted",
    "Object Restore Initiated": None,
    "Object Restore Completed": "",
    "Object Restore Expired": "",
    "Object Storage Class Changed": "",
    "Object Access Tier Changed": "",
    "Object ACL Updated": None,
    "Object Tags Added": "",
    "Object Tags Deleted": "",
}
"""What an event does to an object, by its name or family; None = nothing that is read."""

_VERSITYGW = ("webhook-global", "kafka-global", "nats-global", "rabbitmq-global")
"""Names of versitygw's notifications, which are not made for a bucket; it alone leaves keys as they are."""


class ObjectEvent(Struct, frozen=True, kw_only=True):
    """One object came, went or changed.

    Attributes:
        bucket: Its bucket.
        key: Its key, decoded; bytes that are not Unicode stand as surrogate escapes.
        name: What the event is called: `ObjectCreated:Put`, `Object Created`.
        action: What happened to it; empty when it only changed.
        matters: False when nothing that is read can have changed.
        at: When, as RFC 3339; empty when that is not said.
        size: Bytes of the object, as text; empty when that is not said.
        etag: Its etag.
        version: Its version.
        sequencer: Orders the events of one key; empty where the server gives none.
    """

    bucket: str
    key: str
    name: str
    action: Action = ""
    matters: bool = True
    at: str = ""
    size: str = ""
    etag: str = ""
    version: str = ""
    sequencer: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """The same for the same event, however often and in whatever wrapping it is delivered.

        The second counts too, since versitygw counts its events anew at each start.
        """
        what = self.sequencer or f"{self.at} {self.name}"
        return (self.bucket, self.key, self.action, self.version, self.etag, self.at[:19], what)


class Message(Struct, frozen=True, kw_only=True):
    """What a message holds.

    Attributes:
        events: The objects it tells of.
        tested: The bucket whose notification was set up, when it is the message that S3 sends to try the queue.
        unknown: Why it is not understood, or not all of it; empty otherwise.
    """

    events: tuple[ObjectEvent, ...] = ()
    tested: str = ""
    unknown: str = ""


class _Bucket(Struct):
    name: str


class _Object(Struct):
    key: str
    size: Any = None
    etag: Any = None
    e_tag: Any = msgspec.field(default=None, name="eTag")
    version_id: Any = msgspec.field(default=None, name="versionId")
    version: Any = msgspec.field(default=None, name="version-id")
    sequencer: Any = None


class _Place(Struct):
    bucket: _Bucket
    object: _Object
    configuration_id: Any = msgspec.field(default=None, name="configurationId")


class _Record(Struct, rename="camel"):
    event_name: str = ""
    event_source: str = ""
    event_time: Any = None
    s3: _Place | None = None


class _Body(Struct):
    """Every form at once; what is not of the form that is found is left out."""

    records: list[_Record] | None = msgspec.field(default=None, name="Records")
    event: str = msgspec.field(default="", name="Event")
    bucket: str = msgspec.field(default="", name="Bucket")
    type: str = msgspec.field(default="", name="Type")
    message: str | None = msgspec.field(default=None, name="Message")
    detail_type: str = msgspec.field(default="", name="detail-type")
    source: str = ""
    time: Any = None
    detail: msgspec.Raw = msgspec.Raw()


_DECODE = msgspec.json.Decoder(_Body)
_DETAIL = msgspec.json.Decoder(_Place)


def parse(body: str) -> Message:
    """Read the body of a message.

    Args:
        body: As the queue gives it.

    Returns:
        What it holds; never raises.
    """
    for _ in range(_WRAPPINGS):
        if len(body) > LONGEST:
            return Message(unknown="it is longer than any notification")
        try:
            found = _DECODE.decode(body.encode())
            if found.type == "Notification" and found.message is not None:
                body = found.message
                continue
            return _read(found)
        except msgspec.ValidationError:
            return Message(unknown="it is not a notification of S3")
        except (msgspec.DecodeError, UnicodeEncodeError):
            return Message(unknown="it is not JSON")
        except RecursionError:
            return Message(unknown="it is nested too deeply")
    return Message(unknown="it is wrapped too often")


def _read(body: _Body) -> Message:
    if body.records is not None:
        return _gather([_record(record) for record in body.records])
    if body.event == "s3:TestEvent" and body.bucket:
        return Message(tested=body.bucket)
    if body.type == "SubscriptionConfirmation":
        return Message(unknown="an SNS topic asks that its subscription is confirmed")
    if body.source == "aws.s3" and body.detail_type and bytes(body.detail):
        place = _DETAIL.decode(body.detail)
        return _gather([_event(body.detail_type, place, place.object.key, body.time)])
    return Message(unknown="it is not a notification of S3")


def _record(record: _Record) -> ObjectEvent | str:
    if record.s3 is None or not record.event_source.endswith(":s3"):
        return "it is not a notification of S3"
    name = record.event_name.removeprefix("s3:")
    key = record.s3.object.key
    if record.s3.configuration_id not in _VERSITYGW:
        key = unquote_plus(key, errors="surrogateescape")
    return _event(name, record.s3, key, record.event_time)


def _event(name: str, place: _Place, key: str, at: object) -> ObjectEvent | str:
    family = name.partition(":")[0]
    known = name if name in _ACTIONS else family
    if known not in _ACTIONS:
        return f"events of the kind {name[:60]!r} are not known"
    action, thing = _ACTIONS[known], place.object
    return ObjectEvent(
        bucket=place.bucket.name,
        key=key,
        name=name,
        action=action or "",
        matters=action is not None,
        at=_time(at),
        size=_text(thing.size),
        etag=_text(thing.e_tag or thing.etag).strip('"'),
        version=_text(thing.version_id or thing.version),
        sequencer=_text(thing.sequencer),
    )


def _gather(found: Sequence[ObjectEvent | str]) -> Message:
    events = tuple(one for one in found if isinstance(one, ObjectEvent))
    odd = [one for one in found if isinstance(one, str)]
    return Message(events=events, unknown=odd[0] if odd else "" if events else "it tells of no object")


def _text(value: object) -> str:
    return str(value)[:1024] if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _time(value: object) -> str:
    """Return a time in UTC; versitygw says its own."""
    try:
        moment = instant(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return ""
    if moment is None:
        return ""
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")
