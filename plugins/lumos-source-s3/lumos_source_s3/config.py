"""Options of the source `s3`."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from lumos_lake import LakeConfig
from lumos_lake.config import DEFAULT_FORMATS
from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from lumos_core.plugin_api import FormatSpec, LocalPath, WatchConfig

QUEUE_ARN = re.compile(r"arn:(aws[a-z-]*):sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]{1,80}(?:\.fifo)?)")
"""Partition, region, account and name."""
QUEUE_URL = re.compile(r"https?://[^\s/@?#]+/[^\s?#]*[^\s/?#]")
_BUCKET = re.compile(r"[^\s/\\?#@]{1,255}")


def _address(value: str) -> str:
    """Prove that an endpoint is an address and holds no secret."""
    if not value:
        return value
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("not an address; write it as https://HOST or http://HOST:PORT") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("not an address; write it as https://HOST or http://HOST:PORT")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("an endpoint holds no user, password or query; keys have options of their own")
    return value.rstrip("/")


class S3Watch(WatchConfig):
    """How `lumos watch` learns of changes in a bucket."""

    sqs_queue: str = Field(
        default="",
        description="SQS queue that gets the bucket's notifications: its URL or its ARN. Without one, the bucket is "
        "looked at every `interval`.",
        examples=["arn:aws:sqs:eu-central-1:123456789012:shop-lake-events"],
    )
    sqs_endpoint: str = Field(
        default="",
        description="Address of the SQS service, where it is neither AWS nor the one that the URL of the queue names.",
    )
    foreign: Literal["keep", "delete"] = Field(
        default="keep",
        description="What becomes of notifications about other buckets and keys: they are left for whoever waits for "
        "them, or deleted. What is no notification at all is never deleted.",
    )

    _endpoint = field_validator("sqs_endpoint")(_address)

    @field_validator("sqs_queue")
    @classmethod
    def _queue(cls, value: str) -> str:
        if value and not QUEUE_ARN.fullmatch(value) and not QUEUE_URL.fullmatch(value):
            raise ValueError("neither the URL of a queue nor its ARN, arn:aws:sqs:REGION:ACCOUNT:NAME")
        return value


class S3Config(LakeConfig):
    """Which bucket, how it is reached, and what is read of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"bucket": "shop-lake", "prefix": "raw/"}]})

    bucket: str = Field(description="Name of the bucket, or alias of an access point.", examples=["shop-lake"])
    prefix: str = Field(
        default="",
        description="The folder to look at: a beginning of keys that ends at a `/`; empty = the whole bucket.",
        examples=["raw/"],
    )
    formats: list[FormatSpec] = Field(
        default=list(DEFAULT_FORMATS),
        validate_default=True,
        min_length=1,
        description='Formats to read, each a name or `{type: csv, delimiter: ";"}`; other files are never read.',
    )
    platform: str = Field(default="s3", min_length=1, description="Platform in the URNs.")
    overrides: Annotated[str, Field(pattern="^s3://")] | LocalPath | None = Field(  # type: ignore[assignment]
        default=None,
        description="A `discovery.yaml` that says which files are one table where the layout does not: a local file, "
        "or `s3://BUCKET/KEY`. The object of that name at `prefix` is used when this is not given.",
    )
    endpoint: str = Field(
        default="",
        description="Address of a server that speaks the protocol of S3, such as MinIO; AWS by default.",
        examples=["http://127.0.0.1:9000"],
    )
    region: str = Field(default="", description="Region of the bucket; found by asking by default.")
    aws_profile: str = Field(default="", description="Named profile of the AWS configuration files.")
    access_key_id: SecretStr | None = Field(
        default=None, description="Access key, where the AWS chain of credentials is not to be used."
    )
    secret_access_key: SecretStr | None = Field(default=None, description="Secret key that goes with it.")
    session_token: SecretStr | None = Field(default=None, description="Token that goes with temporary keys.")
    role_arn: str = Field(
        default="",
        description="Role to assume, with the credentials that are otherwise used.",
        examples=["arn:aws:iam::123456789012:role/lumos-reader"],
    )
    external_id: SecretStr | None = Field(default=None, description="External id that the role asks for.")
    role_session_name: str = Field(default="lumos", min_length=2, max_length=64, description="Name of the session.")
    anonymous: bool = Field(default=False, description="Send no credentials: for public buckets.")
    requester_pays: bool = Field(default=False, description="Accept that whoever reads pays, as some buckets demand.")
    path_style: bool | None = Field(
        default=None,
        description="Address the bucket in the path (`host/bucket`) rather than in the name (`bucket.host`); "
        "by default so with an `endpoint`.",
    )
    verify: bool = Field(default=True, description="Prove the certificate of the server.")
    ca_bundle: LocalPath | None = Field(default=None, description="Certificates of authorities to trust (PEM).")
    connect_timeout: Annotated[float, Field(gt=0, le=600)] = Field(
        default=10, description="Seconds to wait for a connection."
    )
    read_timeout: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=60, description="Seconds to wait for the next bytes of an answer."
    )
    max_attempts: Annotated[int, Field(ge=1, le=20)] = Field(
        default=5, description="How often a request is tried when the server is busy or the connection breaks."
    )
    parallel: Annotated[int, Field(ge=1, le=64)] = Field(
        default=8, description="Requests that are under way at once, in listing and in reading."
    )
    tags: bool | Literal["sample"] = Field(
        default=False,
        description="Read the tags of objects, one request each: of all, or of a `sample` spread evenly over each "
        "dataset. Tags of the bucket are always read where that is allowed.",
    )
    watch: S3Watch | None = Field(default=None, description="How `lumos watch` learns of changes.")

    _endpoint = field_validator("endpoint")(_address)

    @field_validator("bucket")
    @classmethod
    def _one_bucket(cls, value: str) -> str:
        if value.startswith("s3://"):
            raise ValueError("the name alone, without s3://; what follows the name goes into `prefix`")
        if not _BUCKET.fullmatch(value):
            raise ValueError("not the name of a bucket")
        return value

    @field_validator("prefix")
    @classmethod
    def _folder(cls, value: str) -> str:
        if len(value.encode()) > 1024:
            raise ValueError("keys have at most 1,024 bytes")
        return value if not value or value.endswith("/") else f"{value}/"

    @model_validator(mode="after")
    def _credentials(self) -> S3Config:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("`access_key_id` and `secret_access_key` go together")
        if self.session_token is not None and self.access_key_id is None:
            raise ValueError("`session_token` goes with `access_key_id` and `secret_access_key`")
        if self.access_key_id is not None and self.aws_profile:
            raise ValueError("give either `aws_profile` or keys")
        if self.anonymous and (self.access_key_id is not None or self.aws_profile or self.role_arn):
            raise ValueError("`anonymous` sends no credentials; leave the others out")
        if self.external_id is not None and not self.role_arn:
            raise ValueError("`external_id` goes with `role_arn`")
        if self.ca_bundle is not None and not self.verify:
            raise ValueError("`ca_bundle` says whom to trust, `verify: false` trusts everybody; give one of them")
        return self
