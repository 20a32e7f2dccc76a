"""The overrides that lie in a bucket: `discovery.yaml` at the prefix, or the object that `overrides` names.

Unlike a file beside the pipeline, an object is written by whoever may write to the bucket. So `${VAR}` and `extends:`
mean nothing in it, and it is read up to a limit.
"""

from __future__ import annotations

from contextlib import closing

import yaml
from lumos_lake.discovery import Overrides
from pydantic import ValidationError

from lumos_core.plugin_api import ConfigError

from .client import Connection
from .failures import code_of, denied, gone, told

NAME = "discovery.yaml"
LIMIT = 2**20
"""Bytes of an overrides file."""


def read(connection: Connection, bucket: str, key: str, *, named: bool) -> Overrides:
    """Read overrides.

    Args:
        connection: Whom to ask.
        bucket: Bucket in which they lie.
        key: Object that holds them.
        named: The configuration names them; otherwise there may be none.

    Raises:
        ConfigError: When they are named and missing, or are not valid.
    """
    place = f"s3://{bucket}/{key}"
    payer = {"RequestPayer": "requester"} if connection.config.requester_pays else {}
    try:
        with closing(connection.s3.get_object(Bucket=bucket, Key=key, **payer)["Body"]) as body:
            text: bytes = body.read(LIMIT + 1)
    except Exception as error:
        if not named and code_of(error) != "NoSuchBucket" and (gone(error) or denied(error)):
            return Overrides()
        if named and gone(error):
            raise ConfigError("there are no overrides", why=f"{place} does not exist", where="overrides") from None
        raise told(error, "the overrides cannot be read", connection.redact, place) from None
    if len(text) > LIMIT:
        raise ConfigError("the overrides are too long", why=f"they have more than {LIMIT:,} bytes", where=place)
    try:
        return Overrides.model_validate(yaml.safe_load(text) or {})
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False)]
        why = "; ".join(problems)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        why = f"line {mark.line + 1}: not YAML" if mark is not None else "not YAML"
    raise ConfigError("the overrides are not valid", why=why, fix="correct the object", where=place)
