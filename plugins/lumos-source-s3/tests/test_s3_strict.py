"""What only servers that check signatures and policies can prove; in the session `servers`."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from lumos_core.plugin_api import ConfigError, UnitError, urns

CSV = "id,total\n1,2.5\n"


@pytest.fixture(scope="session")
def s3_server(strict_server: Any) -> Any:
    """Moto lets everybody in."""
    return strict_server


def error_of(got: Any) -> Exception:
    (error,) = got.errors
    assert not got.ctx.declared and not got.datasets
    return error


def test_a_wrong_secret_and_an_unknown_key(bucket: Any, read: Any) -> None:
    bucket.put("a.csv", CSV)
    wrong = error_of(read({**bucket.options, "secret_access_key": "x" * 24}))
    assert isinstance(wrong, ConfigError) and "the secret key does not belong to the access key" in str(wrong)
    unknown = error_of(read({**bucket.options, "access_key_id": "nobody"}))
    assert isinstance(unknown, ConfigError) and "the access key is not known" in str(unknown)


def test_a_clock_that_is_off(bucket: Any, read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("a.csv", CSV)
    late = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(hours=5)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: late)
    error = error_of(read(bucket.options))
    assert isinstance(error, ConfigError) and "set the clock" in str(error).lower()


def test_another_region_is_found_or_named(bucket: Any, read: Any) -> None:
    bucket.put("a.csv", CSV)
    got = read({**bucket.options, "region": "eu-central-1"})
    if got.errors:
        error = error_of(got)
        assert isinstance(error, ConfigError) and "region" in str(error)
    else:
        assert got.names == [f"{bucket.name}/a.csv"]


def allow(bucket: Any, *statements: dict[str, Any]) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", **one} for one in statements],
    }
    bucket.client.put_bucket_policy(Bucket=bucket.name, Policy=json.dumps(policy))


def anonymous(bucket: Any, **more: Any) -> dict[str, Any]:
    return {"type": "s3", "bucket": bucket.name, "endpoint": bucket.server.endpoint, "anonymous": True, **more}


def test_rights_may_hold_for_a_prefix_alone(bucket: Any, read: Any) -> None:
    if bucket.server.kind != "minio":
        pytest.skip("versitygw knows no conditions of policies")
    bucket.put("open/a.csv", CSV)
    bucket.put("shut/b.csv", CSV)
    whole, inside = f"arn:aws:s3:::{bucket.name}", f"arn:aws:s3:::{bucket.name}/open/*"
    condition = {"StringLike": {"s3:prefix": ["open/*"]}}
    allow(
        bucket,
        {"Action": "s3:ListBucket", "Resource": whole, "Condition": condition},
        {"Action": "s3:GetObject", "Resource": inside},
    )
    assert read(anonymous(bucket, prefix="open")).names == [f"{bucket.name}/open/a.csv"]
    error = error_of(read(anonymous(bucket)))
    assert isinstance(error, UnitError) and "s3:ListBucket" in str(error)
    assert isinstance(error_of(read(anonymous(bucket, prefix="shut"))), UnitError)


def test_an_object_that_may_not_be_read_is_a_gap(bucket: Any, read: Any) -> None:
    bucket.put("open/a.csv", CSV)
    bucket.put("shut/b.csv", CSV)
    allow(
        bucket,
        {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket.name}"},
        {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket.name}/open/*"},
    )
    got = read(anonymous(bucket))
    assert got.names == [f"{bucket.name}/open/a.csv", f"{bucket.name}/shut/b.csv"] and not got.errors
    fields = [got.ctx.coverage.complete(urns.dataset("s3", name), "fields") for name in got.names]
    assert fields == [True, False] and "access is denied" in got.texts()
