"""A bucket with a queue, for tests, and a line to it that can fail."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import botocore.session

from lumos_core.testing.servers import Server


class Cloud:
    """A bucket whose changes are told to a queue, once `notify` was called."""

    def __init__(self, server: Server) -> None:
        self.server = server
        login = {"aws_access_key_id": server.user, "aws_secret_access_key": server.password}
        session = botocore.session.get_session()
        self.s3, self.sqs = (
            session.create_client(name, endpoint_url=server.dsn, region_name="us-east-1", **login)
            for name in ("s3", "sqs")
        )
        self.bucket = f"lake-{uuid4().hex[:10]}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.queue = self.sqs.create_queue(QueueName=self.bucket)["QueueUrl"]

    def notify(self) -> None:
        """Have the queue told from now on."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        entry = {"QueueArn": found["Attributes"]["QueueArn"], "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": [entry]}
        )

    def put(self, key: str, text: str) -> list[str]:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())
        return [key]

    def drop(self, key: str) -> list[str]:
        self.s3.delete_object(Bucket=self.bucket, Key=key)
        return [key]

    def under(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", ())]

    def text(self, key: str) -> str:
        return str(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode())

    @property
    def left(self) -> int:
        """Messages in the queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def source(self, endpoint: str = "", **more: Any) -> dict[str, Any]:
        """Options of the source."""
        found = {"type": "s3", "bucket": self.bucket, "endpoint": endpoint or self.server.dsn, "region": "us-east-1"}
        login = {"access_key_id": self.server.user, "secret_access_key": self.server.password}
        return {**found, **login, "formats": ["csv", "delta"], **more}
