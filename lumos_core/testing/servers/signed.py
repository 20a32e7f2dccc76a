"""Who answers at a port: the one server that knows a secret which was made up for it."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def client(port: int, user: str, password: str, region: str) -> Any:
    """Return a client of botocore for an S3 server of this machine."""
    session: Any = import_module("botocore.session")  # neither typed nor a dependency of the kernel
    config: Any = import_module("botocore.config")
    options = config.Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
    return session.get_session().create_client(
        "s3",
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=user,
        aws_secret_access_key=password,
        config=options,
    )


def answers_to(port: int, user: str, password: str, region: str) -> bool:
    """Tell whether an S3 server answers to these keys, and refuses others."""
    exceptions: Any = import_module("botocore.exceptions")
    try:
        client(port, user, password, region).list_buckets()
    except (exceptions.BotoCoreError, exceptions.ClientError):
        return False
    try:
        client(port, user, password[::-1], region).list_buckets()
    except exceptions.ClientError as error:
        return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] == 403)
    return False
