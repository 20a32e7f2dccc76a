"""Pages of a listing, read without botocore's model: that takes ten times as long as the listing's own XML.

The answer still goes the way of every answer (signing, retries, redirects, errors); only `ListObjectsV2` is read here,
before botocore would.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from lumos_lake import Entry

KEY = "LumosPage"
"""Where the page stands in the answer of `list_objects_v2`."""
_EMPTY = b"<?xml version='1.0' encoding='UTF-8'?><ListBucketResult/>"


class Page(NamedTuple):
    """One page of a listing; keys are whole, without any prefix taken off.

    Attributes:
        entries: Objects, in order of key.
        folders: Common prefixes, where a delimiter was given.
        more: There are further pages.
        token: Where the next begins.
    """

    entries: list[Entry]
    folders: list[str]
    more: bool
    token: str


def install(client: Any) -> None:
    """Have the pages of a client read here; each stands under `KEY` in its answer."""
    client.meta.events.register("before-parse.s3.ListObjectsV2", _before_parse)


def _before_parse(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] != 200:
        return
    page = read(response_dict["body"])
    if page is not None:
        customized_response_dict[KEY] = page
        response_dict["body"] = _EMPTY


def read(body: bytes) -> Page | None:
    """Return the page that an answer holds; None when it is something else, which botocore then explains."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return None
    space, _, name = root.tag.rpartition("}")
    if name != "ListBucketResult":
        return None
    space += "}" if space else ""
    text = {child.tag[len(space) :]: child.text or "" for child in root if not len(child)}
    encoded = text.get("EncodingType") == "url"
    names = tuple(space + one for one in ("Key", "Size", "LastModified", "ETag", "StorageClass"))
    entries = []
    for item in root.iterfind(f"{space}Contents"):
        facts = {child.tag: child.text or "" for child in item}
        key, size, time, tag, store = (facts.get(one, "") for one in names)
        tag = tag.strip('"')
        if store not in ("", "STANDARD"):
            tag = f"{tag} {store}"
        entries.append(Entry(unquote_plus(key) if encoded else key, int(size or 0), _nanoseconds(time), tag))
    folders = [child.text or "" for child in root.iterfind(f"{space}CommonPrefixes/{space}Prefix")]
    return Page(
        entries,
        [unquote_plus(folder) for folder in folders] if encoded else folders,
        text.get("IsTruncated", "").lower() == "true",
        text.get("NextContinuationToken", ""),
    )


def _nanoseconds(time: str) -> int:
    """Return an ISO 8601 time of UTC as nanoseconds since 1970, to the millisecond; 0 for none."""
    if len(time) < 19:
        return 0
    whole = int(datetime.fromisoformat(f"{time[:19]}+00:00").timestamp())
    fraction = time[20:23] if time[19:20] == "." else ""
    return whole * 1_000_000_000 + (int(f"{fraction:0<3}") * 1_000_000 if fraction.isdigit() else 0)
