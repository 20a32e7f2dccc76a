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

from lumos_core.plugin_api import ConfigError

from . import overrides
from .client import Connection
from .config import S3Config
from .storage import S3Storage

_TEXTS = {"endpoint": "endpoint", "region": "region", "profile": "aws_profile", "role": "role_arn"}
_SWITCHES = ("anonymous", "requester_pays", "path_style")
_KNOWN = (*_TEXTS, *_SWITCHES)
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
    finally:
        connection.close()
    many = "the first " if found.seen >= SUGGEST_LIMIT else ""
    absent = f" Not installed: {', '.join(missing)}." if missing else ""
    entry: dict[str, Any] = {"type": "s3", **options, "formats": list(formats)}
    if found.groupings and own == Overrides():
        entry |= {"overrides": overrides.NAME, "#files": {overrides.NAME: reviewed(found, formats)}}
    yield {"#": f"Looked at {many}{found.seen:,} objects.{absent}", **entry}


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
