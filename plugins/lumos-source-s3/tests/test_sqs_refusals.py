"""What a queue refuses is told with its cause and remedy, and never with a secret."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st
from lumos_source_s3.client import Connection
from lumos_source_s3.config import S3Config, S3Watch
from lumos_source_s3.failures import Redactor
from lumos_source_s3.queue import translated
from pydantic import ValidationError

from lumos_core.plugin_api import ConfigError, LumosError, RetryableError

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEJr//////////wEaDKexample=="


def refused(code: str, message: str = "", status: int = 400) -> LumosError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with (
        pytest.raises(LumosError) as caught,
        translated("it fails", Redactor([SECRET, TOKEN]), where="watch.sqs_queue"),
    ):
        raise ClientError(response, "ReceiveMessage")  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("code", "why", "fix"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", "no such queue in this region", "arn:aws:sqs:REGION:ACCOUNT:NAME"),
        ("QueueDoesNotExist", "no such queue", "arn:aws:sqs"),
        ("AccessDeniedException", "lack the right", "lumos s3 setup"),
        ("AccessDenied", "lack the right", "lumos s3 setup"),
        ("ExpiredToken", "have expired", "log in again"),
        ("ExpiredTokenException", "have expired", "log in again"),
        ("RequestExpired", "too old", "clock"),
        ("InvalidClientTokenId", "access key is not known", "credentials"),
        ("UnrecognizedClientException", "access key is not known", "region"),
        ("SignatureDoesNotMatch", "secret key does not fit", "credentials"),
        ("KMS.AccessDeniedException", "lack the right", "setup"),
        ("KmsAccessDenied", "key of the queue", "kms:Decrypt"),
        ("SomethingNew", "the service refuses", "documentation"),
    ],
)
def test_what_can_never_work_ends_the_watch_with_the_remedy(code: str, why: str, fix: str) -> None:
    error = refused(code)
    assert isinstance(error, ConfigError)
    assert why in error.why
    assert fix in error.fix
    assert error.where == "watch.sqs_queue"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("RequestThrottled", 403),
        ("OverLimit", 403),
        ("ServiceUnavailable", 503),
        ("InternalFailure", 500),
        ("Whatever", 502),
    ],
)
def test_what_may_work_later_is_tried_again(code: str, status: int) -> None:
    error = refused(code, status=status)
    assert isinstance(error, RetryableError)
    assert "busy" in error.why


@pytest.mark.parametrize(
    "raised",
    [EndpointConnectionError(endpoint_url="https://sqs.x.amazonaws.com"), ReadTimeoutError(endpoint_url="https://x")],
)
def test_a_queue_that_does_not_answer_is_asked_again(raised: Exception) -> None:
    with pytest.raises(RetryableError), translated("it fails", Redactor()):
        raise raised


def test_missing_credentials_say_where_they_are_looked_for() -> None:
    with pytest.raises(ConfigError, match="AWS_ACCESS_KEY_ID"), translated("it fails", Redactor()):
        raise NoCredentialsError


CODES = st.sampled_from(
    ["SignatureDoesNotMatch", "IncompleteSignature", "ExpiredToken", "AccessDenied", "New.Code", "ThrottlingException"]
) | st.text(max_size=20)


@given(code=CODES, before=st.text(max_size=20), secret=st.sampled_from([SECRET, TOKEN]), after=st.text(max_size=20))
def test_no_refusal_shows_a_secret(code: str, before: str, secret: str, after: str) -> None:
    error = refused(code, f"{before}The canonical request was x-amz-security-token:{secret} {after}")
    assert secret not in str(error)
    assert "\x1b" not in str(error)


@pytest.mark.parametrize(
    "address",
    [
        "lumos-lake",
        "arn:aws:sns:eu-central-1:123456789012:topic",
        "arn:aws:sqs:eu-central-1:1:short-account",
        "https://user:hush@sqs.eu-central-1.amazonaws.com/123456789012/q",
        "https://sqs.eu-central-1.amazonaws.com",
        "sqs://queue",
    ],
)
def test_what_is_no_address_of_a_queue_is_refused_with_the_configuration(address: str) -> None:
    with pytest.raises(ValidationError, match="arn:aws:sqs:REGION:ACCOUNT:NAME"):
        S3Watch(sqs_queue=address)


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("arn:aws:sqs:eu-west-3:123456789012:q.fifo", "eu-west-3"),
        ("arn:aws-cn:sqs:cn-north-1:123456789012:q", "cn-north-1"),
        ("https://sqs.ap-south-1.amazonaws.com/123456789012/q", "ap-south-1"),
    ],
)
def test_the_region_is_that_of_the_queue(address: str, region: str) -> None:
    config = S3Config(bucket="lake", region="us-east-1", watch=S3Watch(sqs_queue=address))
    assert Connection(config).sqs.meta.region_name == region
