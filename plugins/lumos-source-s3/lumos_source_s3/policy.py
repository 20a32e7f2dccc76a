"""The documents of `lumos s3 setup`: who may do what, which events go where, and what stands in the way. Pure data.

Rules: "Granting permissions to publish event notification messages to a destination" and "Configuring event
notifications using object key name filtering" of the S3 user guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from msgspec import Struct

EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*")
"""What leads to a look: an object that came, was overwritten, was deleted, or went by a rule of its life."""
TAGS = "s3:ObjectTagging:*"
"""What leads to a look where tags of objects are read too."""
_KINDS = {
    "QueueConfigurations": "QueueArn",
    "TopicConfigurations": "TopicArn",
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
}

Document = dict[str, Any]


class Rule(Struct, frozen=True, kw_only=True):
    """One notification of a bucket.

    Attributes:
        id: Its name.
        target: ARN of what is told.
        events: Of what it is told.
        prefix: Only of keys that begin so.
        suffix: Only of keys that end so.
    """

    id: str
    target: str
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    def overlaps(self, other: Rule) -> bool:
        """Tell whether an object may concern both, for the same kind of event; S3 refuses two such rules."""
        return (
            any(_same(mine, theirs) for mine in self.events for theirs in other.events)
            and (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix))
            and (self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix))
        )

    def covers(self, other: Rule) -> bool:
        """Tell whether everything that the other tells is told by this one, to the same target."""
        return (
            self.target == other.target
            and other.prefix.startswith(self.prefix)
            and not self.suffix
            and all(any(_within(event, mine) for mine in self.events) for event in other.events)
        )

    @property
    def shown(self) -> str:
        """What it is, for people."""
        keys = f" for keys {self.prefix}...{self.suffix}" if self.prefix or self.suffix else ""
        return f"{self.id or 'without a name'}: {', '.join(self.events)}{keys} to {self.target}"


def rules(notifications: Mapping[str, Any]) -> list[Rule]:
    """Return the rules of a bucket's notification configuration."""
    found = []
    for kind, target in _KINDS.items():
        for one in notifications.get(kind) or ():
            filters = (one.get("Filter") or {}).get("Key", {}).get("FilterRules") or ()
            parts = {part["Name"].lower(): unquote_plus(part.get("Value", "")) for part in filters}
            found.append(
                Rule(
                    id=one.get("Id", ""),
                    target=one.get(target, ""),
                    events=tuple(sorted(one.get("Events", ()))),
                    prefix=parts.get("prefix", ""),
                    suffix=parts.get("suffix", ""),
                )
            )
    return found


def wanted_rule(bucket: str, prefix: str, queue: str, events: Sequence[str]) -> Rule:
    """Return the rule that tells a queue of what happens below a prefix; its name is always the same."""
    return Rule(id=f"lumos-{_short(bucket, prefix, queue)}", target=queue, events=tuple(sorted(events)), prefix=prefix)


def with_rule(notifications: Mapping[str, Any], rule: Rule) -> Document:
    """Return a bucket's notification configuration with a rule, everything else as it is."""
    kept = without_rule(notifications, rule.id)
    entry: Document = {"Id": rule.id, "QueueArn": rule.target, "Events": list(rule.events)}
    if rule.prefix:  # special characters must be encoded, says the user guide, and a blank is a plus
        value = quote_plus(rule.prefix, safe="/")
        entry["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": value}]}}
    return {**kept, "QueueConfigurations": [*kept.get("QueueConfigurations", ()), entry]}


def without_rule(notifications: Mapping[str, Any], id: str) -> Document:
    """Return a bucket's notification configuration without the rule of a name, everything else as it is."""
    found = {key: value for key, value in notifications.items() if key in _KINDS or key == "EventBridgeConfiguration"}
    queues = [one for one in found.pop("QueueConfigurations", None) or () if one.get("Id") != id]
    return {**found, "QueueConfigurations": queues} if queues else found


def statement(bucket: str, queue: str, account: str) -> Document:
    """Return the statement that lets a bucket, and nobody else's of that name, send to a queue.

    Args:
        bucket: Its name.
        queue: ARN of the queue.
        account: Who owns the bucket.
    """
    return {
        "Sid": f"LumosS3{_short(bucket, account)}",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": f"arn:{partition_of(queue)}:s3:::{bucket}"},
            "StringEquals": {"aws:SourceAccount": account},
        },
    }


def with_statement(policy: str, added: Document) -> Document:
    """Return a policy with a statement, in place of one of the same name; the others as they are."""
    kept = without_statement(policy, added["Sid"])
    return {**kept, "Statement": [*kept["Statement"], added]}


def without_statement(policy: str, sid: str) -> Document:
    """Return a policy without the statement of a name; the others as they are."""
    found: Document = json.loads(policy) if policy else {"Version": "2012-10-17"}
    statements = found.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    return {**found, "Statement": [one for one in listed if one.get("Sid") != sid]}


def reader(bucket: str, prefix: str, queue: str = "", *, partition: str = "aws", tags: bool = False) -> Document:
    """Return what whoever runs Lumos must be allowed, and nothing more.

    Args:
        bucket: The bucket that is read.
        prefix: Only keys that begin so.
        queue: ARN of the queue that is watched; empty for none.
        partition: `aws`, `aws-cn`, `aws-us-gov`.
        tags: Tags of objects are read too.
    """
    place = f"arn:{partition}:s3:::{bucket}"
    listing: Document = {"Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": place}
    if prefix:
        listing["Condition"] = {"StringLike": {"s3:prefix": [f"{prefix}*"]}}
    reading = ["s3:GetObject", *(["s3:GetObjectTagging"] if tags else [])]
    statements: list[Document] = [
        listing,
        {"Sid": "Tags", "Effect": "Allow", "Action": "s3:GetBucketTagging", "Resource": place},
        {"Sid": "Read", "Effect": "Allow", "Action": reading, "Resource": f"{place}/{prefix}*"},
    ]
    if queue:
        statements.append({"Sid": "Hear", "Effect": "Allow", "Action": _HEARING, "Resource": queue})
    return {"Version": "2012-10-17", "Statement": statements}


_HEARING = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"]


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return key -> (before, after) for what differs; JSON in texts is compared as what it says."""
    return {
        key: (before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if _meant(before.get(key)) != _meant(after.get(key))
    }


def partition_of(arn: str) -> str:
    """Return the partition of an ARN: `aws`, `aws-cn`, `aws-us-gov`."""
    return arn.split(":")[1]


def conflicts(wanted: Rule, present: Iterable[Rule]) -> list[Rule]:
    """Return the rules beside which S3 would not take another."""
    return [rule for rule in present if rule.id != wanted.id and rule.overlaps(wanted)]


def _meant(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _same(one: str, other: str) -> bool:
    return _within(one, other) or _within(other, one)


def _within(event: str, wider: str) -> bool:
    return event == wider or (wider.endswith("*") and event.startswith(wider[:-1]))


def _short(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:12]
