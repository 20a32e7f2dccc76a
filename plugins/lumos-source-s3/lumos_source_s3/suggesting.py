"""What `lumos discover s3://bucket/prefix` writes."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl

from lumos_lake.discovery import Overrides
from lumos_lake.probe import SUGGEST_LIMIT, examine, reviewed
from lumos_lake.records import ROOT
from pydantic import ValidationError

from lumos_core.plugin_api import ConfigError, visible

from . import overrides
from .client import Connection
from .config import S3Config
from .pages import KEY, Page
from .storage import S3Storage

_TEXTS = {"endpoint": "endpoint", "region": "region", "profile": "aws_profile", "role": "role_arn"}
_SWITCHES = ("anonymous", "requester_pays", "path_style")
_KNOWN = (*_TEXTS, *_SWITCHES)
_BESIDE = 10
"""Names that a hint tells."""
_SCHEMES = ("s3", "s3a", "s3n")


def suggest(target: str) -> Iterator[dict[str, Any]]:
    """Yield the entry for a bucket or a folder in it, and its `discovery.yaml`; nothing for any other text.

    Args:
        target: `s3://BUCKET/PREFIX`, with `?endpoint=`, `region=`, `profile=`, `role=`, `anonymous=true`,
            `requester_pays=true` or `path_style=true` where these are needed.

    Raises:
        ConfigError: When the target is not an address of that form.
        LumosError: When the bucket cannot be read.
    """
    scheme, colon, rest = target.partition("://")
    if not colon or scheme.lower() not in _SCHEMES:
        return
    options = _options(rest)
    try:
        connection = Connection(S3Config.model_validate(options))
    except ValidationError as error:
        told = error.errors(include_input=False, include_url=False)
        why = "; ".join(str(one["msg"]).removeprefix("Value error, ") for one in told)
        raise ConfigError("the address cannot be used", why=why, fix="write it as s3://BUCKET/PREFIX") from None
    config = connection.config
    try:
        connection.find_bucket()
        own = overrides.read(connection, config.bucket, config.prefix + overrides.NAME, named=False)
        found, formats, missing = examine(S3Storage(connection), overrides=own, root_name=ROOT)
        hint = "" if found.groupings else _hint(connection, found.seen, own)
    finally:
        connection.close()
    many = "the first " if found.seen >= SUGGEST_LIMIT else ""
    absent = f" Not installed: {', '.join(missing)}." if missing else ""
    entry: dict[str, Any] = {"type": "s3", **options, "formats": list(formats)}
    if found.groupings and own == Overrides():
        entry |= {"overrides": overrides.NAME, "#files": {overrides.NAME: reviewed(found, formats)}}
    if hint:
        entry["#hint"] = hint
    yield {"#": f"Looked at {many}{found.seen:,} objects.{absent}", **entry}


def _hint(connection: Connection, seen: int, own: Overrides) -> str:
    """Say where nothing was found, and what to try; one more request shows what lies beside an empty prefix."""
    config = connection.config
    place = visible(f"s3://{config.bucket}/{config.prefix}")
    if seen:
        return (
            f"Nothing was found: none of the {seen:,} objects below {place} is known data. `lumos discover --explain` "
            "says what they are."
        )
    if own.include or own.exclude:
        return f"Nothing was found: {overrides.NAME} at {place} leaves everything out. Correct it."
    text = f"Nothing was found: 0 objects were listed below {place}."
    above = config.prefix.rstrip("/").rpartition("/")[0]
    above = f"{above}/" if above else ""
    beside = _beside(connection, above) if config.prefix else []
    if beside:
        there = visible(f"s3://{config.bucket}/{above}")
        return f"{text} A prefix names a whole folder, as `raw/` does; {there} holds {', '.join(beside)}"
    return f"{text} Try another bucket or prefix; `?region=` and `?endpoint=` where another server knows such a bucket."


def _beside(connection: Connection, above: str) -> list[str]:
    """Return the first folders and objects at a prefix; nothing where that may not be asked."""
    payer = {"RequestPayer": "requester"} if connection.config.requester_pays else {}
    try:
        page: Page = connection.s3.list_objects_v2(
            Bucket=connection.config.bucket, Prefix=above, Delimiter="/", MaxKeys=_BESIDE, **payer
        )[KEY]
    except Exception:  # a courtesy: the right to list may end at the prefix
        return []
    keys = [*page.folders, *(entry.path for entry in page.entries)]
    names = [visible(key[len(above) :]) for key in keys if key != above]
    return [*names, "..."] if page.more else names


def _options(rest: str) -> dict[str, Any]:
    """Return the options that an address holds; what comes behind `?` counts where all of it is known.

    A key may hold `?` too, the name of a bucket never does, and nobody means a key by what is nearly an option.

    Raises:
        ConfigError: When an option is unknown.
    """
    place, mark, query = rest.rpartition("?")
    pairs = parse_qsl(query, keep_blank_values=True) if mark else []
    unknown = [key for key, _ in pairs if key not in _TEXTS and key not in _SWITCHES]
    for key in unknown:
        near = get_close_matches(key, _KNOWN, 1, 0.75)
        if near or "/" not in place:
            fix = f"did you mean {near[0]!r}?" if near else f"known options: {', '.join(_KNOWN)}"
            raise ConfigError("the address cannot be used", why=f"unknown option {key!r}", fix=fix)
    if not pairs or unknown:
        place, pairs = rest, []
    bucket, _, prefix = place.partition("/")
    options: dict[str, Any] = {"bucket": bucket}
    if prefix:
        options["prefix"] = prefix if prefix.endswith("/") else f"{prefix}/"
    options |= {_TEXTS[key]: value for key, value in pairs if key in _TEXTS}
    return options | {key: value.lower() in ("true", "1", "yes") for key, value in pairs if key in _SWITCHES}
