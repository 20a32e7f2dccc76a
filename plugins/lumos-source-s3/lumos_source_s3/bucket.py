"""Records of the bucket itself, and of the folders between it and the prefix."""

from __future__ import annotations

from collections.abc import Iterator

from lumos_lake.records import Names

from lumos_core.plugin_api import AnyRecord, Container, Context, Record

from .client import Connection
from .failures import code_of, transient


def above(base: str) -> list[str]:
    """Return the names of the bucket and of the folders down to the prefix, the bucket first."""
    parts = base.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def records(connection: Connection, names: Names, ctx: Context) -> Iterator[AnyRecord]:
    """Yield the bucket with its tags and its region, and the folders down to the prefix."""
    outside = Names(names.platform, names.env, names.instance)
    parent: str | None = None
    for name in above(names.base):
        urn = outside.container(name)
        value = Container(name=name.rpartition("/")[2], subtype="folder", parent=parent)
        if parent is None:
            value = Container(name=name, subtype="bucket", captured=["properties"])
            value.properties = sorted(_facts(connection, ctx))
        yield Record(urn, value)
        parent = urn


def _facts(connection: Connection, ctx: Context) -> Iterator[tuple[str, str]]:
    config = connection.config
    if region := connection.bucket_region:
        yield "s3.region", region
    try:
        answer = connection.s3.get_bucket_tagging(Bucket=config.bucket)
    except Exception as error:
        if code_of(error) != "NoSuchTagSet" and transient(error):
            raise
        return
    for tag in answer.get("TagSet", ()):
        yield f"s3.tag.{tag['Key']}", str(tag["Value"])
