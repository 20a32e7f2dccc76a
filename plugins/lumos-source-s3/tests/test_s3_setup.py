"""`lumos s3 setup`: what it prints, makes, proves, takes away, and leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from lumos_source_s3.client import Connection
from lumos_source_s3.config import S3Config
from lumos_source_s3.setup import MADE, Setup, Wanted, default_queue

from lumos_core.cli import main
from lumos_core.plugin_api import ConfigError, RetryableError
from lumos_core.testing.servers import Server


class Account:
    """A bucket of its own, and the command over it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.bucket = f"lake-{uuid4().hex[:10]}"
        self.config = S3Config(
            bucket=self.bucket,
            prefix="raw/",
            endpoint=server.dsn,
            access_key_id="any",
            secret_access_key="any",
            region="us-east-1",
        )
        self.connection = Connection(self.config)
        self.s3, self.sqs = self.connection.s3, self.connection.client("sqs", endpoint=server.dsn)
        self.s3.create_bucket(Bucket=self.bucket)

    def run(self, *arguments: str) -> Result:
        named = [] if "--bucket" in arguments else ["--bucket", self.bucket, "--prefix", "raw/"]
        return self.command(*named, *arguments)

    def command(self, *arguments: str) -> Result:
        keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
        command = ["s3", "setup", *arguments, "--endpoint", self.server.dsn]
        return CliRunner().invoke(main, command, env=keys, catch_exceptions=False)

    def setup(self, **wanted: Any) -> Setup:
        return Setup(self.connection, Wanted(bucket=self.bucket, prefix="raw/", **wanted))

    def put(self, *entries: dict[str, Any], **more: Any) -> None:
        configuration = {"QueueConfigurations": list(entries), **more}
        self.s3.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration=configuration)

    @property
    def notifications(self) -> dict[str, Any]:
        found = self.s3.get_bucket_notification_configuration(Bucket=self.bucket)
        found.pop("ResponseMetadata")
        return found

    @property
    def queues(self) -> set[str]:
        found = self.sqs.list_queues(QueueNamePrefix="").get("QueueUrls", [])
        return {url.rpartition("/")[2] for url in found if self.bucket in url}

    def queue(self, name: str) -> str:
        made = self.sqs.create_queue(QueueName=f"{self.bucket}-{name}")["QueueUrl"]
        arn: str = self.attributes(made)["QueueArn"]
        return arn

    def attributes(self, url: str) -> dict[str, str]:
        found: dict[str, str] = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found


@pytest.fixture
def account(moto_server: Server) -> Iterator[Account]:
    account = Account(moto_server)
    yield account
    account.connection.close()


def test_without_apply_it_prints_everything_and_writes_nothing(account: Account) -> None:
    done = account.run()
    assert done.exit_code == 0
    queue = default_queue(account.bucket, "raw/")
    for said in (
        f"make     queue arn:aws:sqs:us-east-1:123456789012:{queue}",
        f"make     dead-letter queue arn:aws:sqs:us-east-1:123456789012:{queue}-dead",
        "make     queue policy",
        "make     notification",
        '+ events: ["s3:LifecycleExpiration:*", "s3:ObjectCreated:*", "s3:ObjectRemoved:*"]',
        "+ prefix: raw/",
        "+ VisibilityTimeout: 120",
        '"aws:SourceAccount": "123456789012"',
        f"    watch:\n      sqs_queue: arn:aws:sqs:us-east-1:123456789012:{queue}\n"
        f"      sqs_endpoint: {account.config.endpoint}\n",
        '"sqs:DeleteMessage"',
        "Nothing was written",
    ):
        assert said in done.output
    assert (account.queues, account.notifications) == (set(), {})


def test_what_it_makes_is_there_and_tells_of_uploads(account: Account) -> None:
    done = account.run("--apply")
    assert done.exit_code == 0, done.output
    assert "made     queue" in done.output
    assert "Made, and read again." in done.output
    plan = account.setup().plan()
    assert plan.done
    found = account.attributes(plan.url)
    assert json.loads(found["RedrivePolicy"])["deadLetterTargetArn"] == f"{plan.queue}-dead"
    assert found["SqsManagedSseEnabled"] == "true"
    (statement,) = json.loads(found["Policy"])["Statement"]
    assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": f"arn:aws:s3:::{account.bucket}"}
    account.s3.put_object(Bucket=account.bucket, Key="raw/a.csv", Body=b"x")
    account.s3.put_object(Bucket=account.bucket, Key="curated/a.csv", Body=b"x")
    messages = account.sqs.receive_message(QueueUrl=plan.url, MaxNumberOfMessages=10)["Messages"]
    assert ["TestEvent" in one["Body"] for one in messages] == [True, False]


def test_a_second_time_does_nothing(account: Account) -> None:
    account.run("--apply")
    before = account.notifications, account.queues
    again = account.run("--apply")
    assert again.exit_code == 0
    assert "All of it is there already." in again.output
    assert (account.notifications, account.queues) == before


def test_what_was_changed_since_is_mended(account: Account) -> None:
    account.run("--apply")
    url = account.setup().plan().url
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    account.put()
    shown = account.run()
    assert "change   queue" in shown.output
    assert "- VisibilityTimeout: 5\n    + VisibilityTimeout: 120" in shown.output
    assert "make     notification" in shown.output
    assert account.run("--apply").exit_code == 0
    assert account.setup().plan().done


def test_what_others_have_stays(account: Account) -> None:
    theirs = account.queue("theirs")
    account.put(
        {
            "Id": "theirs",
            "QueueArn": theirs,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "curated/"}]}},
        },
    )
    before = account.notifications
    assert "(beside 1 of others)" in account.run("--apply").output
    after = account.notifications
    assert [one for one in after["QueueConfigurations"] if one["Id"] == "theirs"] == before["QueueConfigurations"]
    assert account.run("--remove", "--apply").exit_code == 0
    assert account.notifications == before


def test_a_notification_in_the_way_is_named_and_nothing_is_written(account: Account) -> None:
    theirs = account.queue("theirs")
    account.put({"Id": "nightly-load", "QueueArn": theirs, "Events": ["s3:ObjectCreated:Put"]})
    before = account.notifications
    for arguments in ((), ("--apply",)):
        done = account.run(*arguments)
        assert done.exit_code == 2
        assert "nightly-load: s3:ObjectCreated:Put to" in done.output
        assert "SNS topic" in done.output
    assert account.notifications == before
    assert account.queues == {theirs.rpartition(":")[2]}


def test_a_notification_that_tells_the_queue_of_all_of_it_is_enough(account: Account) -> None:
    queue = account.queue("own")
    account.put(
        {
            "Id": "by-hand",
            "QueueArn": queue,
            "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"],
        }
    )
    done = account.run("--queue", queue.rpartition(":")[2])
    assert done.exit_code == 0
    assert "keep     notification by-hand" in done.output


def test_a_queue_of_others_gets_the_right_and_nothing_else(account: Account) -> None:
    name = account.queue("own").rpartition(":")[2]
    url = account.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    theirs = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
        ],
    }
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(theirs)})
    before = account.attributes(url)
    done = account.run("--queue", name, "--apply")
    assert done.exit_code == 0, done.output
    assert "it was not made by this command, and stays as it is" in done.output
    after = account.attributes(url)
    assert after["VisibilityTimeout"] == before["VisibilityTimeout"]
    assert "RedrivePolicy" not in after
    assert [one["Sid"][:7] for one in json.loads(after["Policy"])["Statement"]] == ["Theirs", "LumosS3"]
    removed = account.run("--queue", name, "--remove", "--apply")
    assert removed.exit_code == 0
    assert "keep     queue" in removed.output
    assert json.loads(account.attributes(url)["Policy"]) == theirs


def test_removing_takes_away_only_what_it_made(account: Account) -> None:
    account.run("--apply")
    shown = account.run("--remove")
    assert shown.exit_code == 0
    assert account.setup().plan().done, "nothing is taken away without --apply"
    plan = account.setup().plan()
    dead = account.sqs.get_queue_url(QueueName=f"{plan.wanted.queue}-dead")["QueueUrl"]
    assert account.sqs.list_queue_tags(QueueUrl=dead)["Tags"] == MADE
    account.sqs.send_message(QueueUrl=dead, MessageBody="poison")
    done = account.run("--remove", "--apply")
    assert done.exit_code == 0, done.output
    assert "removed  queue" in done.output
    assert "it holds 1 messages; look at them first" in done.output
    assert account.queues == {f"{plan.wanted.queue}-dead"}
    assert account.notifications == {}
    again = account.run("--remove", "--apply")
    assert again.exit_code == 0


def test_json_says_the_same(account: Account) -> None:
    (found,) = json.loads(account.run("--json").output)["setups"]
    assert found["applied"] is False
    assert [(step["what"], step["action"]) for step in found["steps"]] == [
        ("dead-letter queue", "make"),
        ("queue", "make"),
        ("queue policy", "make"),
        ("notification", "make"),
    ]
    assert found["watch"] == {"sqs_queue": found["queue"], "sqs_endpoint": account.config.endpoint}
    assert found["reader"]["Version"] == "2012-10-17"
    account.run("--apply", "--no-dlq")
    (after,) = json.loads(account.run("--no-dlq", "--json").output)["setups"]
    assert [step["action"] for step in after["steps"]] == ["keep", "keep", "keep"]


def test_the_sources_of_a_pipeline_are_set_up(account: Account, tmp_path: Path) -> None:
    queue = f"arn:aws:sqs:us-east-1:123456789012:{account.bucket}-named"
    login = f"endpoint: '{account.server.dsn}', access_key_id: any, secret_access_key: '${{SECRET}}', region: us-east-1"
    (tmp_path / "lumos.yaml").write_text(
        "version: 1\nname: shop\nsources:\n"
        f"  - {{type: s3, bucket: {account.bucket}, prefix: raw/, formats: [csv], {login}, tags: true, "
        f"watch: {{sqs_queue: '{queue}'}}}}\n"
        f"  - {{type: s3, name: two, instance: two, bucket: {account.bucket}, prefix: curated/, {login}}}\n",
        encoding="utf-8",
    )
    runner = CliRunner()
    arguments = ["s3", "setup", str(tmp_path / "lumos.yaml"), "--json"]
    done = runner.invoke(main, arguments, env={"SECRET": "hush-hush"}, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    first, second = json.loads(done.output)["setups"]
    assert first["queue"] == queue
    assert any("s3:ObjectTagging:*" in json.dumps(step) for step in first["steps"])
    assert second["wanted"]["prefix"] == "curated/"
    assert "hush-hush" not in done.output
    other = runner.invoke(main, [*arguments, "--bucket", "other"], env={"SECRET": "hush-hush"})
    assert other.exit_code == 2
    assert account.bucket in other.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a pipeline, or give --bucket"),
        (("--bucket", "a/b"), "not the name of a bucket"),
        (("--bucket", "no-such-bucket-anywhere"), "there is no such bucket"),
        (("missing.yaml",), "missing.yaml"),
    ],
)
def test_what_cannot_begin_says_so(account: Account, arguments: tuple[str, ...], said: str) -> None:
    done = account.command(*arguments)
    assert done.exit_code == 2
    assert said in done.output


def test_somebody_who_undoes_it_meanwhile_is_noticed(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = account.setup()
    plan = setup.plan()
    real = account.s3.put_bucket_notification_configuration

    def undone(**request: Any) -> None:
        real(**{**request, "NotificationConfiguration": {}})

    monkeypatch.setattr(setup._connection.s3, "put_bucket_notification_configuration", undone)
    with pytest.raises(RetryableError, match="what was made is not what is there: notification"):
        setup.apply(plan)


def test_a_policy_that_s3_does_not_know_yet_is_waited_for(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    setup, calls = account.setup(), []
    real = account.s3.put_bucket_notification_configuration

    def early(**request: Any) -> None:
        calls.append(request)
        if len(calls) == 1:
            said = {"Code": "InvalidArgument", "Message": "Unable to validate the following destination configurations"}
            raise ClientError({"Error": said}, "PutBucketNotificationConfiguration")
        real(**request)

    monkeypatch.setattr(setup._connection.s3, "put_bucket_notification_configuration", early)
    monkeypatch.setattr("lumos_source_s3.setup.time.sleep", lambda seconds: None)
    assert setup.apply(setup.plan()).done
    assert len(calls) == 2


def test_a_missing_right_says_which_rights_are_needed(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    setup = account.setup()

    def denied(**request: Any) -> None:
        said = {"Code": "AccessDenied", "Message": "User: arn:aws:iam::1:user/x is not authorized"}
        raise ClientError({"Error": said}, "GetQueueUrl")

    monkeypatch.setattr(setup._sqs, "get_queue_url", denied)
    with pytest.raises(ConfigError, match="sqs:CreateQueue"):
        setup.plan()


def test_names_of_queues_are_what_sqs_takes() -> None:
    assert default_queue("shop.lake", "") == "lumos-shop-lake"
    assert len(default_queue("b" * 63, "p/" * 400)) <= 75
