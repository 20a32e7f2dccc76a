"""S3 servers for the tests of this plugin, a line between that fails on demand, and readers."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import boto3
import botocore.config
import pytest

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import AnyRecord, Scope
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.servers import Server, minio, moto, running, versitygw
from lumos_core.testing.servers.line import Line, refusal

_numbers = itertools.count(1)


class S3Server(NamedTuple):
    """A server that speaks the protocol of S3; every test has buckets of its own.

    Attributes:
        kind: `moto`, `minio`, `versitygw`.
        endpoint: Where it listens.
        key, secret: Who may do everything there.
    """

    kind: str
    endpoint: str
    key: str
    secret: str

    def client(self, service: str = "s3") -> Any:
        """A client of boto3 that may do everything."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=botocore.config.Config(s3={"addressing_style": "path"}),
        )

    @property
    def login(self) -> dict[str, Any]:
        """Options that lead to the server."""
        return {"endpoint": self.endpoint, "access_key_id": self.key, "secret_access_key": self.secret}


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(moto, tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def minio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(minio, tmp_path_factory.mktemp("minio")) as server:
        yield server


@pytest.fixture(scope="session")
def versitygw_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(versitygw, tmp_path_factory.mktemp("versitygw")) as server:
        yield server


STRICT = [pytest.param(name, marks=pytest.mark.servers) for name in ("minio", "versitygw")]


@pytest.fixture(scope="session", params=["moto", *STRICT])
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    """Every server in turn; those that are built first run in the session `servers` only."""
    return _server_of(request)


@pytest.fixture(scope="session", params=STRICT)
def strict_server(request: pytest.FixtureRequest) -> S3Server:
    """Every server that checks signatures and policies, in turn."""
    return _server_of(request)


def _server_of(request: pytest.FixtureRequest) -> S3Server:
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return S3Server(request.param, server.dsn, server.user, server.password)


class Bucket:
    """A bucket, and what a test puts into it."""

    def __init__(self, server: S3Server, client: Any) -> None:
        self.server, self.client = server, client
        self.name = f"lake-{next(_numbers)}"
        client.create_bucket(Bucket=self.name)

    def put(self, key: str, content: bytes | str = b"id,total\n1,2.5\n", **more: Any) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.client.put_object(Bucket=self.name, Key=key, Body=body, **more)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)

    def keeps(self, key: str) -> bool:
        """Tell whether the server can keep an object of this key at all."""
        if self.server.kind == "moto":
            return "\n" not in key
        odd = {"", ".", ".."} & set(key.split("/"))  # their objects are files of a file system
        return not odd and all(len(segment.encode()) <= 255 for segment in key.split("/"))

    @property
    def options(self) -> dict[str, Any]:
        return {"type": "s3", "bucket": self.name, **self.server.login}


@cache
def _client_of(server: S3Server) -> Any:
    return server.client()


@pytest.fixture
def s3_client(s3_server: S3Server) -> Any:
    return _client_of(s3_server)


@pytest.fixture
def bucket(s3_server: S3Server, s3_client: Any) -> Bucket:
    return Bucket(s3_server, s3_client)


@pytest.fixture
def s3_login(s3_server: S3Server) -> dict[str, Any]:
    return s3_server.login


class CountedLine(Line):
    """A line whose requests are counted by their kind."""

    @property
    def kinds(self) -> Counter[str]:
        """How many requests of each kind came: list, get, head, ..."""
        return Counter(map(_kind, self.log))


def _kind(call: Any) -> str:
    query = parse_qs(call.query, keep_blank_values=True)
    if "list-type" in query:
        return "list"
    for name in ("tagging", "location", "uploads"):
        if name in query:
            return name
    in_bucket = call.path.count("/") > 1 and not call.path.endswith("/")
    return f"{call.method.lower()}" if in_bucket else f"{call.method.lower()} bucket"


@pytest.fixture
def line(s3_server: S3Server) -> Iterator[CountedLine]:
    with CountedLine(s3_server.endpoint) as made:
        yield made


@pytest.fixture(name="refusal")
def _refusal() -> Callable[..., tuple[int, bytes, dict[str, str]]]:
    return refusal


class Reading:
    """What reading everything gave."""

    def __init__(self, records: list[AnyRecord], ctx: MemoryContext, errors: list[Exception]) -> None:
        self.records, self.ctx, self.errors = records, ctx, errors
        self.datasets = {record.urn: record.value for record in records if record.kind == "dataset"}
        self.containers = {record.urn: record.value for record in records if record.kind == "container"}
        self.stats = {record.urn.partition("#")[0]: record.value for record in records if record.kind == "stats"}

    @property
    def names(self) -> list[str]:
        """Names of the datasets, bucket and all."""
        return [urn.split(",")[1] for urn in sorted(self.datasets)]

    @property
    def codes(self) -> set[str]:
        return {warning.code for warning in self.ctx.warnings}

    def texts(self) -> str:
        """Everything that a user could see."""
        said = [warning.message + warning.where for warning in self.ctx.warnings]
        said += [covered.reason for covered in self.ctx.declared] + [str(error) for error in self.errors]
        return "\n".join(said)


Read = Callable[..., Reading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read everything of a source, as a run would, failed units included."""

    def read(options: dict[str, Any], *, ctx: MemoryContext | None = None, within: Scope | None = None) -> Reading:
        ctx = ctx or MemoryContext()
        source = Registry.load().spec("source", options, tmp_path).build()
        records: list[AnyRecord] = []
        errors: list[Exception] = []
        try:
            source.check(ctx)
            for unit in source.plan(within or Scope(), ctx):
                try:
                    records += list(source.extract(unit, ctx))
                except Exception as error:  # what a run would report
                    errors.append(error)
        except Exception as error:
            errors.append(error)
        finally:
            source.close()
        return Reading(records, ctx, errors)

    return read


@pytest.fixture
def s3_line_options(bucket: Bucket, line: Line) -> dict[str, Any]:
    """Options that lead to the bucket of a test, over a line that can fail."""
    return {"bucket": bucket.name, **bucket.server.login, "endpoint": line.url}
