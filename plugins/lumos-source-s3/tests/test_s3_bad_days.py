"""Bad days: what can be retried is, what cannot is told with its remedy, and nothing is concluded from a gap."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import pytest
from lumos_lake import crawler
from lumos_lake.resuming import resumed
from lumos_source_s3 import storage
from lumos_source_s3.config import S3Config
from lumos_source_s3.source import S3Source

from lumos_core.plugin_api import ConfigError, LumosError, RetryableError, Scope, UnitError, urns
from lumos_core.testing.context import MemoryContext

CSV = "id,total\n1,2.5\n"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backoff takes no time: botocore's, and ours between the tries of a page and of a listing."""
    monkeypatch.setattr(storage, "PAUSE", 0.01)
    monkeypatch.setattr(crawler, "resumed", partial(resumed, pause=lambda seconds: None))
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0.01)
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda self, amount=1, block=True: True)


@pytest.fixture
def lake(bucket: Any) -> Any:
    for table in ("orders", "customers", "visits"):
        for part in range(3):
            bucket.put(f"raw/{table}/part-{part}.csv", CSV)
    return bucket


def through(line: Any, bucket: Any, **more: Any) -> dict[str, Any]:
    return {**bucket.options, "endpoint": line.url, "max_attempts": 2, **more}


def whole(got: Any, bucket: Any) -> bool:
    return not got.errors and got.names == [f"{bucket.name}/raw/{name}" for name in ("customers", "orders", "visits")]


def test_no_such_bucket(s3_server: Any, read: Any) -> None:
    got = read({"type": "s3", "bucket": "lake-that-is-not-there", **s3_server.login})
    (error,) = got.errors
    assert (
        isinstance(error, ConfigError) and "no such bucket" in str(error) and "correct `bucket`" in str(error).lower()
    )
    assert not got.ctx.declared


@pytest.mark.parametrize(
    "status, code, kind, told",
    [
        (403, "AccessDenied", UnitError, "s3:ListBucket"),
        (400, "ExpiredToken", ConfigError, "have expired"),
        (403, "InvalidAccessKeyId", ConfigError, "access key is not known"),
        (403, "SignatureDoesNotMatch", ConfigError, "secret key does not belong"),
        (403, "RequestTimeTooSkewed", ConfigError, "set the clock"),
        (400, "InvalidToken", ConfigError, "session token"),
        (418, "Teapot", UnitError, "API reference"),
    ],
)
def test_a_listing_that_is_refused(
    lake: Any, line: Any, read: Any, refusal: Any, status: int, code: str, kind: type[LumosError], told: str
) -> None:
    line.faults.when(path="list-type").answer(*refusal(status, code, "The words of the server."))
    got = read(through(line, lake))
    (error,) = got.errors
    assert isinstance(error, kind) and told.lower() in str(error).lower()
    assert not got.ctx.declared, "nothing was seen"
    assert line.kinds["list"] == 1, "what cannot succeed is not tried again"


def test_a_folder_that_is_denied_hides_what_was_in_it(lake: Any, line: Any, read: Any, refusal: Any) -> None:
    ctx = MemoryContext()
    read(through(line, lake), ctx=ctx)
    ctx.declared.clear()
    line.faults.when(path="prefix=raw%2Forders").answer(*refusal(403, "AccessDenied", "Access Denied"))
    asked = [urns.dataset("s3", f"{lake.name}/raw/{name}") for name in ("orders", "visits")]
    got = read(through(line, lake), ctx=ctx, within=Scope(urns=frozenset(asked)))
    assert list(got.datasets) == asked[1:] and not got.errors
    assert not ctx.coverage.complete(asked[0]) and ctx.coverage.complete(asked[1])
    assert "cannot-list" in got.codes and "access is denied" in got.texts()


def test_a_connection_that_is_cut_in_a_listing(lake: Any, line: Any, read: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(storage, "PAGE", 2)
    line.faults.when(path="list-type", after=2, times=3).cut()
    got = read(through(line, lake, parallel=1))
    assert whole(got, lake)
    starts = [
        call.query.partition("start-after=")[2].partition("&")[0] for call in line.log if "list-type" in call.query
    ]
    assert starts.count("") == 1, "it goes on behind the last key, not from the beginning"
    assert len(starts) == 5 + 3 and len(set(starts)) == 5


@pytest.mark.parametrize("parallel", [1, 4])
def test_a_listing_that_breaks_for_good(lake: Any, line: Any, read: Any, monkeypatch: Any, parallel: int) -> None:
    monkeypatch.setattr(storage, "PAGE", 2)
    line.faults.when(path="list-type", after=2).close()
    got = read(through(line, lake, parallel=parallel))
    (error,) = got.errors
    assert isinstance(error, RetryableError) and not got.ctx.declared and not got.datasets


@pytest.mark.parametrize("status, code", [(503, "SlowDown"), (500, "InternalError"), (429, "TooManyRequests")])
def test_a_busy_server_is_asked_again(lake: Any, line: Any, read: Any, refusal: Any, status: int, code: str) -> None:
    line.faults.when(path="list-type", times=1).answer(*refusal(status, code, "Please reduce your request rate."))
    line.faults.when(method="GET", path=r"\.csv", times=2).answer(*refusal(status, code))
    assert whole(read(through(line, lake)), lake)


def test_chaos(lake: Any, line: Any, read: Any) -> None:
    line.faults.when(path=r"list-type|\.csv", share=0.25, seed=3).answer(503, b"").close().lose_answer().cut().page()
    got = read(through(line, lake, max_attempts=6))
    assert whole(got, lake)
    assert sum(1 for call in line.log if call.fault) >= 3


def test_a_slow_server_is_given_up(lake: Any, line: Any, read: Any) -> None:
    line.faults.when(path="list-type").delay(1.0)
    began = time.monotonic()
    got = read(through(line, lake, read_timeout=0.1, max_attempts=1))
    (error,) = got.errors
    assert isinstance(error, RetryableError) and time.monotonic() - began < 10


def test_nobody_is_there(read: Any) -> None:
    got = read(
        {"type": "s3", "bucket": "lake", "endpoint": "http://127.0.0.1:9", "max_attempts": 1, "connect_timeout": 2}
        | {"access_key_id": "a", "secret_access_key": "b"}
    )
    (error,) = got.errors
    assert isinstance(error, RetryableError) and "can be reached" in str(error)


def test_a_token_that_expires_half_way(lake: Any, line: Any, read: Any, refusal: Any) -> None:
    line.faults.when(method="GET", path=r"\.csv", after=4).answer(
        *refusal(400, "ExpiredToken", "The token has expired.")
    )
    got = read(through(line, lake))
    assert got.errors and all(isinstance(error, ConfigError) for error in got.errors)
    assert "have expired" in str(got.errors[0])
    assert line.kinds["get"] <= 1 + 4 + 3 + 8, "every unit that fails asks for one file, and those in advance"


def test_a_file_that_is_denied_is_one_gap(lake: Any, line: Any, read: Any, refusal: Any) -> None:
    line.faults.when(path="orders/part-1").answer(*refusal(403, "AccessDenied", "Access Denied"))
    got = read(through(line, lake))
    assert not got.errors and len(got.datasets) == 3
    orders = urns.dataset("s3", f"{lake.name}/raw/orders")
    assert got.ctx.coverage.complete(orders) and not got.ctx.coverage.complete(orders, "fields")
    assert "part-1.csv" in got.texts() and "access is denied" in got.texts()


def test_a_file_that_is_replaced_while_it_is_read(lake: Any, line: Any, read: Any) -> None:
    def replace(request: Any, answer: Any) -> Any:
        lake.put("raw/orders/part-1.csv", "id,total,note\n1,2,x\n")
        return answer

    line.faults.when(path="list-type", times=1).alter(replace)
    got = read(through(line, lake))
    assert not got.errors
    orders = got.datasets[urns.dataset("s3", f"{lake.name}/raw/orders")]
    assert [field.path for field in orders.fields] == ["id", "total", "note"], "the new one is read, not a mixture"
    refused = [call for call in line.log if call.status == 412]
    assert refused and all("part-1" in call.path for call in refused)


def test_a_file_that_is_replaced_between_two_ranges(bucket: Any) -> None:
    bucket.put("big.csv", b"id,total\n" + b"1,2\n" * 100_000)
    source = S3Source(S3Config.model_validate({k: v for k, v in bucket.options.items() if k != "type"}))
    place = source.storage([], [])
    (entry,) = place.list()
    with place.file(entry, "urn").open() as stream:
        assert stream.read(8) == b"id,total"
        bucket.put("big.csv", b"sku,total\n" + b"1,2\n" * 100_000)
        stream.seek(200_000)
        with pytest.raises(RetryableError, match="changed"):
            stream.read(8)
    source.close()


def test_a_file_that_goes_while_it_is_read(lake: Any, line: Any, read: Any) -> None:
    def delete(request: Any, answer: Any) -> Any:
        lake.delete("raw/orders/part-1.csv")
        return answer

    line.faults.when(path="list-type", times=1).alter(delete)
    got = read(through(line, lake))
    orders = urns.dataset("s3", f"{lake.name}/raw/orders")
    assert orders in got.datasets and not got.ctx.coverage.complete(orders, "fields")


def test_an_answer_that_is_cut_short_is_asked_for_again(lake: Any, line: Any, read: Any) -> None:
    line.faults.when(method="GET", path=r"orders/part-1", times=2).cut()
    assert whole(read(through(line, lake)), lake)


def test_another_region_is_followed_or_named(lake: Any, line: Any, read: Any, refusal: Any) -> None:
    more = "<Region>eu-central-1</Region>"
    body = refusal(
        400, "AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong; expecting 'eu-central-1'", more
    )
    line.faults.when(method="GET").answer(*body)
    line.faults.when(method="HEAD").answer(400, b"", {"x-amz-bucket-region": "eu-central-1"})
    got = read(through(line, lake, region="us-east-1"))
    (error,) = got.errors
    assert isinstance(error, ConfigError) and "region: eu-central-1" in str(error)


def test_an_answer_that_is_no_s3(lake: Any, line: Any, read: Any) -> None:
    line.faults.when(path="list-type").page(200, "Please log in")
    got = read(through(line, lake))
    (error,) = got.errors
    assert isinstance(error, RetryableError), "a proxy may stand before the server for a while"
    assert "html" not in str(error) and not got.ctx.declared


def test_no_credentials(lake: Any, read: Any, monkeypatch: Any, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    got = read({"type": "s3", "bucket": lake.name, "endpoint": lake.server.endpoint})
    (error,) = got.errors
    assert isinstance(error, ConfigError) and "no credentials were found" in str(error) and "aws_profile" in str(error)
    got = read({"type": "s3", "bucket": lake.name, "endpoint": lake.server.endpoint, "aws_profile": "nobody"})
    (error,) = got.errors
    assert isinstance(error, ConfigError) and "nobody" in str(error) and "`aws_profile`" in str(error)


def test_credentials_of_the_chain_and_of_a_profile(lake: Any, read: Any, monkeypatch: Any, tmp_path: Any) -> None:
    server = lake.server
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
    options = {"type": "s3", "bucket": lake.name, "endpoint": server.endpoint}
    assert whole(read(options), lake)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    login = f"[shop]\naws_access_key_id = {server.key}\naws_secret_access_key = {server.secret}\n"
    (tmp_path / "login").write_text(login)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "login"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
    assert whole(read({"type": "s3", "bucket": lake.name, "aws_profile": "shop", "path_style": True}), lake)


@pytest.fixture
def broken_footers(bucket: Any) -> Any:
    bucket.put("raw/a.parquet", b"PAR1" + b"\0" * 100)
    bucket.put("raw/b.csv", CSV)
    return bucket


def test_a_broken_file_is_one_gap(broken_footers: Any, read: Any) -> None:
    got = read(broken_footers.options)
    bad = urns.dataset("s3", f"{broken_footers.name}/raw/a.parquet")
    assert not got.errors and len(got.datasets) == 2 and not got.ctx.coverage.complete(bad, "fields")
