"""What a bucket needs so that a queue hears of its changes: looked at, planned, made, proven, taken away.

Everything is idempotent, and touches nothing of others: the queue's policy and the bucket's notifications are read,
merged by name, written and read again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from lumos_core.plugin_api import ConfigError, RetryableError

from . import policy
from .client import Connection
from .failures import code_of
from .queue import translated

MADE = {"made-by": "lumos s3 setup"}
"""The tag of a queue that this made; only such a queue is changed or removed."""
DEAD = "-dead"
"""What the name of the dead-letter queue adds to that of the queue."""
TRIES = 10
"""Deliveries after which a message goes to the dead letters; a message that is being looked at is not delivered."""
_PATIENCE = 30.0
"""Seconds that S3 may need to see a policy that was just written."""
_DEAD_ATTRIBUTES = {"MessageRetentionPeriod": str(14 * 86400), "SqsManagedSseEnabled": "true"}
_RIGHTS = (
    "use credentials that may make queues (sqs:CreateQueue, sqs:GetQueueUrl, sqs:GetQueueAttributes, "
    "sqs:SetQueueAttributes, sqs:TagQueue, sqs:ListQueueTags, and sqs:DeleteQueue to remove them) and change the "
    "notifications of the bucket (s3:GetBucketNotification, s3:PutBucketNotification)"
)

Action = Literal["keep", "make", "change", "remove"]


class Wanted(Struct, frozen=True, kw_only=True):
    """What is to be set up.

    Attributes:
        bucket: The bucket.
        prefix: Only keys that begin so.
        queue: Name of the queue.
        dead: A dead-letter queue takes what nobody understands.
        tags: Changes of tags are told too.
        owner: Account of the bucket, where it is not that of the queue.
    """

    bucket: str
    prefix: str = ""
    queue: str = ""
    dead: bool = True
    tags: bool = False
    owner: str = ""


class Step(Struct, frozen=True, kw_only=True):
    """One thing that is made, changed, kept or removed.

    Attributes:
        what: `dead-letter queue`, `queue`, `queue policy`, `notification`.
        name: Its name or ARN.
        action: What is done.
        changes: What differs: key -> (before, after).
        note: What people should know about it.
    """

    what: str
    name: str
    action: Action
    changes: dict[str, tuple[Any, Any]] = {}
    note: str = ""


class Plan(Struct, frozen=True, kw_only=True):
    """What there is to do.

    Attributes:
        wanted: What was asked for.
        account: Who owns the queue.
        region: Of the bucket and the queue.
        queue: ARN of the queue.
        url: Its URL; empty while there is none.
        steps: In the order in which they are done.
        conflicts: Rules of others that S3 refuses to have beside ours.
    """

    wanted: Wanted
    account: str
    region: str
    queue: str
    url: str = ""
    steps: tuple[Step, ...]
    conflicts: tuple[policy.Rule, ...] = ()

    @property
    def done(self) -> bool:
        """True when nothing is left to do."""
        return not self.conflicts and all(step.action == "keep" for step in self.steps)


class _Queue(Struct):
    url: str = ""
    attributes: dict[str, str] = {}
    tags: dict[str, str] = {}

    @property
    def ours(self) -> bool:
        return not self.url or MADE.items() <= self.tags.items()


class Setup:
    """Sets up, or takes away, what one bucket needs.

    Args:
        connection: Whose keys are used; they need rights over queues and over the bucket's notifications.
        wanted: What is asked for.
    """

    def __init__(self, connection: Connection, wanted: Wanted) -> None:
        self._connection = connection
        self._wanted = replace(wanted, queue=wanted.queue or default_queue(wanted.bucket, wanted.prefix))
        self._region = connection.region_of_bucket() or connection.s3.meta.region_name
        self._account, self._partition = self._who()

    # Looking

    def plan(self) -> Plan:
        """Look at what there is, and say what there is to do; writes nothing.

        Raises:
            LumosError: When it cannot be read.
        """
        wanted, queue, dead = self._wanted, self._look(self._wanted.queue), self._look(self._dead)
        steps = []
        if wanted.dead and queue.ours:
            steps.append(self._queue_step("dead-letter queue", self._dead, dead, _DEAD_ATTRIBUTES))
        steps.append(self._queue_step("queue", wanted.queue, queue, self._attributes()))
        statement = policy.statement(wanted.bucket, self._arn(wanted.queue), wanted.owner or self._account)
        before = queue.attributes.get("Policy", "")
        after = policy.with_statement(before, statement)
        steps.append(_step("queue policy", wanted.queue, {"Policy": before} if before else {}, {"Policy": after}))
        present = self._notifications()
        rule = self._rule()
        others = policy.conflicts(rule, policy.rules(present))
        covering = next((other for other in others if other.covers(rule)), None)
        if covering is not None:
            note = f"the notification {covering.shown} tells all of it already"
            steps.append(Step(what="notification", name=covering.id, action="keep", note=note))
            others = []
        else:
            merged = policy.with_rule(present, rule)
            count = len(policy.rules(policy.without_rule(present, rule.id)))
            note = f"beside {count} of others" if count else ""
            steps.append(_step("notification", rule.id, _ours(present, rule.id), _ours(merged, rule.id), note))
        return self._planned(steps, queue.url, others)

    def plan_removal(self) -> Plan:
        """Say what there is to take away: what this made, and nothing else.

        Raises:
            LumosError: When it cannot be read.
        """
        wanted, queue, dead = self._wanted, self._look(self._wanted.queue), self._look(self._dead)
        present, rule = self._notifications(), self._rule()
        after = policy.without_rule(present, rule.id)
        steps = [_step("notification", rule.id, _ours(present, rule.id), _ours(after, rule.id))]
        before = queue.attributes.get("Policy", "")
        sid = policy.statement(wanted.bucket, self._arn(wanted.queue), wanted.owner or self._account)["Sid"]
        left = policy.without_statement(before, sid)
        if before:
            now = {"Policy": left} if left["Statement"] else {}
            steps.append(_step("queue policy", wanted.queue, {"Policy": before}, now))
        for what, name, found in (("queue", wanted.queue, queue), ("dead-letter queue", self._dead, dead)):
            if found.url:
                steps.append(self._removal(what, name, found, shared=what == "queue" and bool(left["Statement"])))
        return self._planned(steps, queue.url, [])

    def _removal(self, what: str, name: str, found: _Queue, *, shared: bool) -> Step:
        count = int(found.attributes.get("ApproximateNumberOfMessages", 0))
        if not found.ours:
            return Step(what=what, name=name, action="keep", note="it was not made by this command")
        if shared:
            return Step(what=what, name=name, action="keep", note="its policy lets others send to it")
        if what == "dead-letter queue" and count:
            return Step(what=what, name=name, action="keep", note=f"it holds {count:,} messages; look at them first")
        return Step(what=what, name=name, action="remove", note=f"it holds {count:,} messages" if count else "")

    def _planned(self, steps: Sequence[Step], url: str, others: Sequence[policy.Rule]) -> Plan:
        return Plan(
            wanted=self._wanted,
            account=self._account,
            region=self._region,
            queue=self._arn(self._wanted.queue),
            url=url,
            steps=tuple(steps),
            conflicts=tuple(others),
        )

    def _queue_step(self, what: str, name: str, found: _Queue, attributes: dict[str, str]) -> Step:
        if not found.url:
            return _step(what, self._arn(name), {}, attributes)
        before = {key: found.attributes.get(key) for key in attributes}
        if found.ours:
            return _step(what, self._arn(name), before, attributes)
        note = "it was not made by this command, and stays as it is"
        if key := found.attributes.get("KmsMasterKeyId"):
            note += f"; let s3.amazonaws.com use its key {key}, or nothing arrives"
        return Step(what=what, name=self._arn(name), action="keep", note=note)

    # Doing

    def apply(self, plan: Plan) -> Plan:
        """Make what is planned, and prove it by looking again.

        Args:
            plan: Of `plan` or `plan_removal`.

        Returns:
            What is left to do after it: nothing.

        Raises:
            ConfigError: When a rule of others stands in the way, or something is refused.
            RetryableError: When it may work later.
        """
        if plan.conflicts:
            raise conflict(plan)
        for step in plan.steps:
            if step.action != "keep":
                self._do(step)
        removed = any(step.action == "remove" for step in plan.steps)
        after = self.plan_removal() if removed else self.plan()
        wrong = [step.what for step in after.steps if step.action != "keep"]
        if wrong:
            why = f"{', '.join(wrong)}: somebody else changed it, or the service has not caught up"
            raise RetryableError("what was made is not what is there", why=why, fix="run the same command again")
        return after

    def _do(self, step: Step) -> None:
        wanted, sqs = self._wanted, self._sqs
        with self._translated(f"the {step.what} cannot be written"):
            if step.what == "notification":
                self._notify(remove=step.action == "remove")
            elif step.what == "queue policy":
                _, after = step.changes["Policy"]
                text = json.dumps(after) if after else ""
                sqs.set_queue_attributes(QueueUrl=self._look(wanted.queue).url, Attributes={"Policy": text})
            elif step.action == "remove":
                sqs.delete_queue(QueueUrl=self._look(step.name).url)
            else:
                name = step.name.rpartition(":")[2]
                attributes = self._attributes() if step.what == "queue" else _DEAD_ATTRIBUTES
                if step.action == "make":
                    sqs.create_queue(QueueName=name, Attributes=attributes, tags=MADE)
                else:
                    sqs.set_queue_attributes(QueueUrl=self._look(name).url, Attributes=attributes)

    def _notify(self, *, remove: bool) -> None:
        """Write the bucket's notifications, which are replaced as a whole; the present ones are read just before."""
        rule, end = self._rule(), time.monotonic() + _PATIENCE
        while True:
            present = self._notifications()
            after = policy.without_rule(present, rule.id) if remove else policy.with_rule(present, rule)
            try:
                self._connection.s3.put_bucket_notification_configuration(
                    Bucket=self._wanted.bucket, NotificationConfiguration=after
                )
                return
            except Exception as error:
                # "Unable to validate the following destination configurations": a new policy is not known at once.
                if remove or code_of(error) != "InvalidArgument" or time.monotonic() > end:
                    raise
            time.sleep(1)

    # What is there

    def _look(self, name: str) -> _Queue:
        with self._translated(f"the queue {name} cannot be looked at"):
            try:
                url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
                found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes", {})
            except Exception as error:
                if code_of(error).rpartition(".")[2] in ("NonExistentQueue", "QueueDoesNotExist"):
                    return _Queue()
                raise
            return _Queue(url, found, self._sqs.list_queue_tags(QueueUrl=url).get("Tags") or {})

    def _notifications(self) -> dict[str, Any]:
        with self._translated("the notifications of the bucket cannot be read"):
            answer = self._connection.s3.get_bucket_notification_configuration(Bucket=self._wanted.bucket)
        answer.pop("ResponseMetadata", None)
        found: dict[str, Any] = answer
        return found

    def _who(self) -> tuple[str, str]:
        config = self._connection.config
        with self._translated("the account cannot be asked for"):
            client = self._connection.client("sts", region=self._region, endpoint=config.endpoint)
            answer = client.get_caller_identity()
        return answer["Account"], policy.partition_of(answer["Arn"])

    @property
    def _sqs(self) -> Any:
        config = self._connection.config
        endpoint = config.watch.sqs_endpoint if config.watch is not None else ""
        return self._connection.client("sqs", region=self._region, endpoint=endpoint or config.endpoint)

    # What is wanted

    @property
    def _dead(self) -> str:
        return f"{self._wanted.queue[: 80 - len(DEAD)]}{DEAD}"

    def _arn(self, name: str) -> str:
        return f"arn:{self._partition}:sqs:{self._region}:{self._account}:{name}"

    def _rule(self) -> policy.Rule:
        wanted = self._wanted
        events = [*policy.EVENTS, *([policy.TAGS] if wanted.tags else [])]
        return policy.wanted_rule(wanted.bucket, wanted.prefix, self._arn(wanted.queue), events)

    def _attributes(self) -> dict[str, str]:
        found = {
            "MessageRetentionPeriod": str(4 * 86400),
            "ReceiveMessageWaitTimeSeconds": "20",
            "SqsManagedSseEnabled": "true",
            "VisibilityTimeout": "120",
        }
        if self._wanted.dead:
            redrive = {"deadLetterTargetArn": self._arn(self._dead), "maxReceiveCount": TRIES}
            found["RedrivePolicy"] = json.dumps(redrive)
        return found

    def _translated(self, what: str) -> Any:
        where = f"s3://{self._wanted.bucket}/{self._wanted.prefix}"
        return translated(what, self._connection.redact, where=where, denied=_RIGHTS)


def default_queue(bucket: str, prefix: str) -> str:
    """Return the name of the queue of a bucket's prefix.

    Example:
        >>> default_queue("shop.lake", "raw/eu/")
        'lumos-shop-lake-raw-eu'
    """
    parts = [re.sub(r"[^A-Za-z0-9_-]+", "-", part).strip("-") for part in (bucket, prefix)]
    return "-".join(["lumos", *filter(None, parts)])[: 80 - len(DEAD)]


def conflict(plan: Plan) -> ConfigError:
    """Return the error for rules that S3 would refuse to have beside ours."""
    shown = "; ".join(rule.shown for rule in plan.conflicts)
    return ConfigError(
        "the bucket tells somebody else of the same events",
        why=f"S3 refuses two notifications that overlap, and there is {shown}",
        fix="let that one send to an SNS topic to which both queues are subscribed, or turn on EventBridge for the "
        "bucket, or watch by polling",
        where=f"s3://{plan.wanted.bucket}/{plan.wanted.prefix}",
    )


def _step(what: str, name: str, before: dict[str, Any], after: dict[str, Any], note: str = "") -> Step:
    changes = policy.difference(before, after)
    action: Action = "keep" if not changes else "make" if not before else "remove" if not after else "change"
    return Step(what=what, name=name, action=action, changes=changes, note=note)


def _ours(notifications: dict[str, Any], id: str) -> dict[str, Any]:
    """Return one notification as what it says; empty when there is none of this name."""
    found = next((rule for rule in policy.rules(notifications) if rule.id == id), None)
    return {} if found is None else {key: value for key, value in to_builtins(found).items() if value}
