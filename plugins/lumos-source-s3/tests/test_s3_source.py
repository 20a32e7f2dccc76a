"""The source on real servers: what is found, named, counted, and not asked for a second time."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lumos_source_s3.config import S3Config
from lumos_source_s3.source import S3Source
from pydantic import ValidationError

from lumos_core import validate
from lumos_core.plugin_api import ConfigError, Scope, urns
from lumos_core.testing.context import MemoryContext

CSV = "id,total\n1,2.5\n"
TABLES = ["orders", "customers", "products", "suppliers", "invoices", "payments", "returns", "visits", "carts"]


def parquet(rows: int = 3) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(rows)), "name": [str(row) * 50 for row in range(rows)]}), buffer)
    return buffer.getvalue()


def through(line: Any, bucket: Any, **more: Any) -> dict[str, Any]:
    return {**bucket.options, "endpoint": line.url, **more}


def test_datasets_folders_and_the_bucket_have_their_names(bucket: Any, read: Any) -> None:
    for day in (1, 2):
        bucket.put(f"raw/shop/orders/day=2026-01-0{day}/p.csv", CSV)
    bucket.put("raw/customers.json", '{"id": 1}\n')
    bucket.put("else/x.csv", CSV)
    got = read({**bucket.options, "prefix": "raw"})
    assert not got.errors
    name = bucket.name
    assert got.names == [f"{name}/raw/customers.json", f"{name}/raw/shop/orders"]
    orders = got.datasets[urns.dataset("s3", f"{name}/raw/shop/orders")]
    assert [field.path for field in orders.fields] == ["id", "total", "day"]
    assert orders.layout.location == f"s3://{name}/raw/shop/orders"
    assert orders.parent == urns.container("s3", f"{name}/raw/shop")
    parents = {urns.parse(urn).name: value.parent for urn, value in got.containers.items()}
    assert parents == {
        name: None,
        f"{name}/raw": urns.container("s3", name),
        f"{name}/raw/shop": urns.container("s3", f"{name}/raw"),
    }
    assert {value.subtype for urn, value in got.containers.items()} == {"bucket", "folder"}
    for urn in [*got.datasets, *got.containers]:
        assert got.ctx.coverage.complete(urn)
    assert not got.ctx.coverage.complete(urns.dataset("s3", f"{name}/else/x.csv"))
    assert not got.ctx.coverage.complete(urns.dataset("s3", f"{name}/raw2/x.csv"))


def test_a_bucket_that_is_one_dataset_is_named_after_it(bucket: Any, read: Any) -> None:
    for part in range(3):
        bucket.put(f"part-0000{part}.parquet", parquet())
    got = read(bucket.options)
    assert got.names == [bucket.name]
    (value,) = got.datasets.values()
    assert value.name == bucket.name and value.layout.location == f"s3://{bucket.name}/"


ODD = {
    "a//b.csv": "a/%2F/b.csv",
    "/lead.csv": "%2F/lead.csv",
    "./dot.csv": "%2E/dot.csv",
    "up/../dots.csv": "up/%2E%2E/dots.csv",
    "%2F/lead.csv": "%252F/lead.csv",
    "50%/x+y z.csv": "50%/x+y z.csv",
    "plus+%2B.csv": "plus+%2B.csv",
    "caf\u00e9/n.csv": "caf\u00e9/n.csv",
    "cafe\u0301/n.csv": "cafe\u0301/n.csv",
    "tab\there & <there>.csv": "tab\there & <there>.csv",
    "long/" + "x" * 1010 + ".csv": "long/" + "x" * 1010 + ".csv",
}


def test_odd_keys_are_neither_lost_nor_confused(bucket: Any, read: Any) -> None:
    keys = {key: path for key, path in ODD.items() if bucket.keeps(key)}
    for number, key in enumerate(keys):
        bucket.put(key, f"c{number}\n1\n")
    got = read(bucket.options)
    assert not got.errors
    by_location = {value.layout.location: value for value in got.datasets.values()}
    for number, key in enumerate(keys):
        assert [f.path for f in by_location[f"s3://{bucket.name}/{key}"].fields] == [f"c{number}"], key
    wanted = sorted(urns.dataset("s3", f"{bucket.name}/{path}") for path in keys.values())
    assert sorted(got.datasets) == wanted


def test_markers_of_folders_are_no_files(bucket: Any, read: Any) -> None:
    bucket.put("raw/", b"")
    bucket.put("raw/orders/", b"")
    bucket.put("raw/orders/a.csv", CSV)
    got = read({**bucket.options, "prefix": "raw/"})
    assert got.names == [f"{bucket.name}/raw/orders/a.csv"]
    assert not got.ctx.warnings


def test_old_versions_and_delete_markers_are_not_there(bucket: Any, read: Any) -> None:
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    bucket.put("a.csv", CSV)
    bucket.put("a.csv", "sku\n1\n")
    bucket.put("gone.csv", CSV)
    bucket.delete("gone.csv")
    got = read(bucket.options)
    assert got.names == [f"{bucket.name}/a.csv"]
    assert [field.path for field in got.datasets[urns.dataset("s3", f"{bucket.name}/a.csv")].fields] == ["sku"]


def test_unchanged_objects_are_not_asked_for_again(bucket: Any, line: Any, read: Any) -> None:
    for table in TABLES[:3]:
        for part in range(4):
            bucket.put(f"{table}/part-{part}.parquet", parquet(part + 1))
    ctx = MemoryContext()
    first = read(through(line, bucket), ctx=ctx)
    assert line.kinds["get"] - 1 == 12, "one request for each file, and one for the overrides"
    line.log.clear()
    second = read(through(line, bucket), ctx=ctx)
    assert line.kinds == {"list": 1, "head bucket": 1, "get": 1, "tagging": 1}
    assert second.datasets == first.datasets
    bucket.put("customers/part-2.parquet", parquet(50))
    line.log.clear()
    third = read(through(line, bucket), ctx=ctx)
    assert not third.errors, third.errors
    assert line.kinds["get"] - 1 == 1
    assert third.stats[urns.dataset("s3", f"{bucket.name}/customers")].row_count == 1 + 2 + 50 + 4


def test_what_reading_took_is_told(bucket: Any, line: Any, read: Any) -> None:
    bucket.put("orders/a.parquet", parquet(2000))
    bucket.put("orders/b.parquet", parquet(2000))
    got = read(through(line, bucket))
    spent = {
        record.urn.partition("#")[0]: dict(record.value.metrics) for record in got.records if "#audit@" in record.urn
    }
    root = urns.container("s3", bucket.name)
    assert spent[root]["requests.list"] == line.kinds["list"] == 1
    assert sum(one.get("requests.get", 0) for one in spent.values()) == line.kinds["get"] - 1
    assert 0 < sum(one.get("bytes.read", 0) for one in spent.values()) <= 2 * 64 * 1024


def test_a_part_is_looked_at_by_listing_that_part(bucket: Any, line: Any, read: Any) -> None:
    for table in TABLES:
        bucket.put(f"raw/{table}/part-0.csv", CSV)
        bucket.put(f"raw/{table}/part-1.csv", CSV)
    ctx = MemoryContext()
    read(through(line, bucket), ctx=ctx)
    bucket.put("raw/payments/part-2.csv", "id,total,note\n1,2,x\n")
    line.log.clear()
    one = urns.dataset("s3", f"{bucket.name}/raw/payments")
    got = read(through(line, bucket), ctx=ctx, within=Scope(urns=frozenset({one})))
    assert list(got.datasets) == [one]
    assert [f.path for f in got.datasets[one].fields] == ["id", "total", "note"]
    listed = [call.query for call in line.log if "list-type" in call.query]
    assert len(listed) == 1 and "prefix=raw%2Fpayments%2F" in listed[0]
    assert line.kinds["get"] - 1 == 1
    assert got.ctx.coverage.complete(one)


def test_classes_of_storage_are_counted(bucket: Any, read: Any) -> None:
    if bucket.server.kind != "moto":
        pytest.skip(f"{bucket.server.kind} keeps one class of storage only")
    bucket.put("t/part-0.csv", CSV)
    bucket.put("t/part-1.csv", CSV, StorageClass="STANDARD_IA")
    bucket.put("t/part-2.csv", CSV * 2, StorageClass="GLACIER")
    got = read(bucket.options)
    (stats,) = [record.value for record in got.records if "#profile@" in record.urn]
    assert stats.file_count == 3 and stats.size_bytes == 4 * len(CSV)
    assert dict(stats.metrics) == {
        "storage.bytes.STANDARD": len(CSV),
        "storage.bytes.STANDARD_IA": len(CSV),
        "storage.bytes.GLACIER": 2 * len(CSV),
        "storage.files.STANDARD": 1,
        "storage.files.STANDARD_IA": 1,
        "storage.files.GLACIER": 1,
    }
    (urn,) = got.datasets
    assert "withheld" in got.codes and not got.errors
    assert got.ctx.coverage.complete(urn) and not got.ctx.coverage.complete(urn, "fields")


def test_what_a_table_keeps_in_storage_is_counted_beside_what_its_log_says(bucket: Any, read: Any) -> None:
    schema = '{\\"type\\": \\"struct\\", \\"fields\\": []}'
    said = f'"id": "1", "format": {{"provider": "parquet"}}, "schemaString": "{schema}", "partitionColumns": []'
    log = '{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}\n'
    log += f'{{"metaData": {{{said}, "configuration": {{}}, "createdTime": 1767225600000}}}}\n'
    log += '{"add": {"path": "a.parquet", "partitionValues": {}, "size": 7, "modificationTime": 1767225600000}}\n'
    bucket.put("t/_delta_log/00000000000000000000.json", log)
    bucket.put("t/a.parquet", "x" * 7)
    older = {} if bucket.server.kind != "moto" else {"StorageClass": "GLACIER"}
    bucket.put("t/forgotten.parquet", "y" * 50, **older)
    got = read({**bucket.options, "formats": ["delta"]})
    assert not got.errors
    (stats,) = [record.value for record in got.records if "#profile@" in record.urn]
    assert (stats.size_bytes, stats.file_count) == (7, 1)
    metrics = dict(stats.metrics)
    assert (metrics.pop("storage.bytes"), metrics.pop("storage.files")) == (57 + len(log), 3)
    classes = {"STANDARD": (7 + len(log), 2), "GLACIER": (50, 1)} if older else {}
    assert metrics == {f"storage.bytes.{name}": size for name, (size, _) in classes.items()} | {
        f"storage.files.{name}": count for name, (_, count) in classes.items()
    }


def test_a_file_that_was_read_before_it_was_archived_is_known(bucket: Any, read: Any) -> None:
    if bucket.server.kind != "moto":
        pytest.skip(f"{bucket.server.kind} keeps one class of storage only")
    ctx = MemoryContext()
    bucket.put("t/a.csv", CSV)
    bucket.put("t/b.csv", CSV)
    before = read(bucket.options, ctx=ctx)
    bucket.put("t/b.csv", CSV, StorageClass="DEEP_ARCHIVE")
    after = read(bucket.options, ctx=ctx)
    assert after.datasets == before.datasets and "withheld" not in after.codes


def test_tags_of_the_bucket_are_properties(bucket: Any, read: Any) -> None:
    bucket.put("a.csv", CSV)
    bucket.client.put_bucket_tagging(
        Bucket=bucket.name, Tagging={"TagSet": [{"Key": "team", "Value": "shop"}, {"Key": "cost", "Value": "7"}]}
    )
    got = read(bucket.options)
    properties = dict(got.containers[urns.container("s3", bucket.name)].properties)
    assert (properties["s3.tag.team"], properties["s3.tag.cost"]) == ("shop", "7")


@pytest.mark.parametrize("tags, asked", [(False, 0), ("sample", 10), (True, 25)])
def test_tags_of_objects_are_read_where_that_is_asked(bucket: Any, line: Any, read: Any, tags: Any, asked: int) -> None:
    for part in range(25):
        team = "shop" if part % 5 else "crm"
        bucket.put(f"t/part-{part:02}.csv", CSV, Tagging=f"team={team}")
    got = read(through(line, bucket, tags=tags))
    assert line.kinds["tagging"] == asked + 1
    (stats,) = [record.value for record in got.records if "#profile@" in record.urn]
    metrics = dict(stats.metrics)
    files = {key: number for key, number in metrics.items() if key.startswith("tag.files.")}
    assert sum(files.values()) == asked
    if tags is True:
        assert files == {"tag.files.team=crm": 5, "tag.files.team=shop": 20}
        assert metrics["tag.bytes.team=crm"] == 5 * len(CSV)
    assert ("tags.sampled" in dict(stats.properties)) == (tags == "sample")


def test_overrides_lie_at_the_prefix(bucket: Any, read: Any) -> None:
    bucket.put("raw/us_sales.csv", CSV)
    bucket.put("raw/eu_sales.csv", CSV)
    options = {**bucket.options, "prefix": "raw"}
    assert len(read(options).names) == 2
    bucket.put("raw/discovery.yaml", "version: 1\ntables:\n  - {path: '{region}_sales.csv', name: sales}\n")
    assert read(options).names == [f"{bucket.name}/raw/sales"]
    bucket.put("elsewhere.yaml", "exclude: ['us*']\n")
    assert read({**options, "overrides": f"s3://{bucket.name}/elsewhere.yaml"}).names == [
        f"{bucket.name}/raw/eu_sales.csv"
    ]


@pytest.mark.parametrize("text", ["tables: [", "nonsense: 1", "- 1", "exclude: [1]", "extends: /etc/passwd"])
def test_overrides_that_are_not_valid_are_told(bucket: Any, read: Any, text: str) -> None:
    bucket.put("a.csv", CSV)
    bucket.put("discovery.yaml", text)
    got = read(bucket.options)
    (error,) = got.errors
    assert "the overrides are not valid" in str(error) and f"s3://{bucket.name}/discovery.yaml" in str(error)


def test_local_overrides_are_checked_without_the_bucket(tmp_path: Path) -> None:
    nowhere = {"type": "s3", "bucket": "gone", "endpoint": "http://127.0.0.1:1", "formats": ["csv"]}
    (tmp_path / "mine.yaml").write_text("tabels: []")
    pipeline = tmp_path / "lumos.yaml"
    pipeline.write_text(json.dumps({"sources": [{**nowhere, "overrides": "mine.yaml"}]}))
    with pytest.raises(ConfigError, match="Did you mean 'tables'"):
        validate(pipeline)
    for elsewhere in (nowhere, {**nowhere, "overrides": "s3://gone/discovery.yaml"}):
        pipeline.write_text(json.dumps({"sources": [elsewhere]}))
        validate(pipeline)


def test_overrides_in_a_bucket_read_no_variables(bucket: Any, read: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("LUMOS_TEST_SECRET", "hush")
    bucket.put("a.csv", CSV)
    bucket.put("discovery.yaml", "tables: [{path: '*.csv', name: 'x${LUMOS_TEST_SECRET}'}]")
    got = read(bucket.options)
    assert "hush" not in repr(got.datasets)


def test_no_more_than_the_budget_is_listed(bucket: Any, read: Any) -> None:
    for table in "abc":
        for part in range(4):
            bucket.put(f"{table}/part-{part}.csv", CSV)
    ctx = MemoryContext()
    got = read({**bucket.options, "max_objects": 6}, ctx=ctx)
    assert got.names == [f"{bucket.name}/a", f"{bucket.name}/b"]
    urn = {name: urns.dataset("s3", f"{bucket.name}/{name}") for name in "abc"}
    assert not any(ctx.coverage.complete(one) for one in urn.values())
    assert ctx.coverage.complete(urn["a"], "fields") and not ctx.coverage.complete(urn["b"], "fields")
    assert "max_objects" in got.texts()


def test_public_buckets_need_no_login(bucket: Any, read: Any) -> None:
    bucket.put("a.csv", CSV)
    if bucket.server.kind != "moto":
        pytest.skip("this server asks everybody who they are")
    options = {key: value for key, value in bucket.options.items() if "key" not in key}
    assert read({**options, "anonymous": True}).names == [f"{bucket.name}/a.csv"]


def test_a_role_is_assumed(bucket: Any, read: Any, monkeypatch: Any) -> None:
    if bucket.server.kind != "moto":
        pytest.skip("this server knows no roles")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", bucket.server.endpoint)
    bucket.put("a.csv", CSV)
    role = {"role_arn": "arn:aws:iam::123456789012:role/reader", "external_id": "x-1"}
    assert read({**bucket.options, **role}).names == [f"{bucket.name}/a.csv"]


def test_who_pays_is_said(bucket: Any, line: Any, read: Any) -> None:
    bucket.put("a.csv", CSV)
    seen: list[str] = []
    line.faults.when().alter(
        lambda request, answer: seen.append(request.headers.get("x-amz-request-payer", "")) or answer
    )
    read(through(line, bucket, requester_pays=True))
    read_of_objects = [one for one in seen if one]
    assert set(read_of_objects) == {"requester"} and len(read_of_objects) >= 3


@pytest.mark.parametrize(
    "options, told",
    [
        ({"bucket": "s3://lake/x"}, "without s3://"),
        ({"bucket": "la ke"}, "not the name of a bucket"),
        ({"bucket": "b", "endpoint": "localhost:9000"}, "not an address"),
        ({"bucket": "b", "endpoint": "http://u:hush@h"}, "holds no user"),
        ({"bucket": "b", "endpoint": "http://h:port"}, "not an address"),
        ({"bucket": "b", "access_key_id": "x"}, "go together"),
        ({"bucket": "b", "session_token": "x"}, "goes with"),
        ({"bucket": "b", "anonymous": True, "aws_profile": "x"}, "sends no credentials"),
        ({"bucket": "b", "prefix": "x" * 1025}, "1,024 bytes"),
        ({"bucket": "b", "ca_bundle": "x.pem", "verify": False}, "one of them"),
    ],
)
def test_options_that_do_not_fit_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told) as caught:
        S3Config.model_validate(options)
    assert "hush" not in str(caught.value.errors(include_input=False))


def test_keys_and_paths_of_a_source() -> None:
    source = S3Source(S3Config(bucket="lake", prefix="raw"))
    assert source.path_of("raw/a//b.csv") == "a/%2F/b.csv" and source.path_of("else/x") is None
    assert source.location("a/%2F/b.csv") == "s3://lake/raw/a//b.csv" and source.location("") == "s3://lake/raw/"


def test_a_listing_goes_on_behind_any_path(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumos_source_s3.storage.PAGE", 3)
    names = ["a.csv", "a/b.csv", "a/c/d.csv", "a0.csv", "b/", "b/c.csv", "b/d.csv", "c/d/e.csv", "c/d/f.csv", "z.csv"]
    for name in names:
        bucket.put(f"raw/{name}", "" if name.endswith("/") else CSV)
    options = {key: value for key, value in bucket.options.items() if key != "type"}
    source = S3Source(S3Config.model_validate({**options, "prefix": "raw"}))
    place = source.storage([], [])
    whole = sorted(name for name in names if not name.endswith("/"))
    assert [entry.path for entry in place.list()] == whole
    for start in [*whole, "a", "b", "b/", "zz"]:
        assert [one.path for one in place.list(start_after=start)] == [path for path in whole if path > start]
        under = [one.path for one in place.list(start_after=start, under=["c/d", "a", "b"])]
        assert under == [path for path in whole if path > start and path.startswith(("a/", "b/", "c/d/"))]
    entry = next(one for one in place.list() if one.path == "a/b.csv")
    assert place.stat("a/b.csv").etag == entry.etag and place.stat("a/b.csv").size == entry.size
    with pytest.raises(FileNotFoundError):
        place.stat("a/none.csv")
    source.close()
