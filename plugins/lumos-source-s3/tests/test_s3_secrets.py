"""No secret reaches a message, a log or a record, whatever is wrong."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lumos_source_s3.client import Connection
from lumos_source_s3.config import S3Config
from lumos_source_s3.failures import Redactor, told
from lumos_source_s3.storage import S3Storage
from lumos_source_s3.suggesting import suggest
from pydantic import ValidationError

from lumos_core.errors import LumosError
from lumos_core.loading.registry import Registry
from lumos_core.testing.context import MemoryContext

MARK = "QX7"
"""What every secret of these tests holds, and no message may."""

secrets = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20).map(
    lambda text: f"{MARK}{text}{MARK}"
)


def shown(error: BaseException) -> str:
    """Everything that a user or a log could see of an error, without the lines of this file's own source."""
    text = "".join(traceback.format_exception(error)) + repr(getattr(error, "as_dict", dict)())
    return "\n".join(line for line in text.splitlines() if "File " not in line)


def options(secret: str, **more: Any) -> dict[str, Any]:
    login = {"access_key_id": f"AK{secret}", "secret_access_key": secret, "session_token": f"T{secret}"}
    return {"bucket": "lake", "max_attempts": 1, "connect_timeout": 1, **login, **more}


wrongs = st.sampled_from(
    [
        {"endpoint": "http://127.0.0.1:9"},
        {"endpoint": "http://[::1"},
        {"endpoint": "http://127.0.0.1:9", "bucket": "no bucket"},
        {"endpoint": "http://127.0.0.1:9", "role_arn": "arn:aws:iam::1:role/r", "region": "nowhere!"},
        {"endpoint": "http://127.0.0.1:9", "ca_bundle": "/none.pem"},
        {"endpoint": "https://127.0.0.1:9", "ca_bundle": "/none.pem"},
        {"aws_profile": "x"},
        {"anonymous": True},
        {"surplus": 1},
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(secrets, wrongs)
@example("/", {"endpoint": "http://127.0.0.1:9"})
@example(f"{MARK}\r{MARK}", {"endpoint": "http://127.0.0.1:9"})
@example(f"{MARK}\\\xe9\u20ac'{MARK}", {"endpoint": "http://127.0.0.1:9"})
def test_no_secret_in_any_error(secret: str, wrong: dict[str, Any]) -> None:
    entry = {"type": "s3", **options(secret), **wrong}
    with pytest.raises(LumosError) as caught:
        Registry.load().spec("source", entry, Path()).build().check(MemoryContext())
    assert MARK not in shown(caught.value)


@given(secrets, st.text(max_size=30), st.text(max_size=30))
def test_what_a_server_quotes_is_masked(secret: str, before: str, after: str) -> None:
    redact = Redactor([secret])
    for form in (secret, quote(secret, safe=""), quote_plus(secret)):
        answer = {"Error": {"Code": "Teapot", "Message": f"{before} {form} {after}"}}
        for error in (ClientError(answer, "GetObject"), EndpointConnectionError(endpoint_url=f"http://h/?x={form}")):
            assert form not in str(told(error, "it cannot be read", redact))


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789%/+=", min_size=1, max_size=30), st.sampled_from(["?", "&"]))
def test_what_signs_a_url_is_masked(value: str, mark: str) -> None:
    redact = Redactor()
    for name in ("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "Signature", "AWSAccessKeyId"):
        url = f"https://lake.s3.amazonaws.com/raw/a.csv{mark}{name}={MARK}{value}{MARK}"
        assert MARK not in redact(f"could not connect to {url}")
    assert MARK not in redact(f"bad endpoint http://someone:{MARK}@h:9000")


def test_a_configuration_never_shows_it() -> None:
    config = S3Config.model_validate(options(MARK, role_arn="arn:aws:iam::1:role/r", external_id=MARK))
    assert MARK not in repr(config) and MARK not in str(config.model_dump()) and MARK not in config.model_dump_json()
    with pytest.raises(ValidationError) as caught:
        S3Config.model_validate({"bucket": "b", "endpoint": f"http://u:{MARK}@h"})
    assert MARK not in str(caught.value.errors(include_input=False))


def test_an_address_that_is_discovered_never_shows_it() -> None:
    with pytest.raises(LumosError) as caught:
        list(suggest(f"s3://lake/raw?endpoint=http://u:{MARK}@127.0.0.1:9"))
    assert MARK not in shown(caught.value)


def test_credentials_of_the_chain_are_masked_too(monkeypatch: pytest.MonkeyPatch, line: Any, refusal: Any) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAX")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"{MARK}chain/{MARK}")
    monkeypatch.setenv("AWS_SESSION_TOKEN", f"{MARK}token")
    line.faults.when(method="GET").answer(*refusal(418, "Teapot", f"you sent {MARK}chain/{MARK} and {MARK}token"))
    connection = Connection(S3Config(bucket="lake", endpoint=line.url, max_attempts=1))
    with pytest.raises(LumosError) as caught:
        list(S3Storage(connection).list())
    assert "you sent" in str(caught.value) and MARK not in shown(caught.value)
    connection.close()


def test_no_log_holds_it(bucket: Any, read: Any, caplog: pytest.LogCaptureFixture) -> None:
    bucket.put("a.csv", "id\n1\n")
    login = {"access_key_id": f"AK{MARK}", "secret_access_key": MARK, "session_token": f"T{MARK}"}
    with caplog.at_level(logging.DEBUG):
        read({**bucket.options, **login})
        read({**bucket.options, **login, "endpoint": "http://127.0.0.1:9", "max_attempts": 1})
    assert MARK not in caplog.text and "Signature" not in caplog.text
