"""Identity: URN of Lumos <-> type and qualified name of Atlas, as pure functions.

A thing that Lumos writes has its URN in its qualified name, `URN@cluster`, so that any name survives: what Atlas or
its authoriser cannot take (newlines, for one) is percent-encoded in a URN. Where the hooks of Hadoop have a convention
(`db.table@cluster`, `topic@cluster`, `s3://bucket/key@cluster`), simple names follow it: Lumos and a hook then speak of
one entity. A thing that Lumos never wrote and that follows no convention is `(atlas.TYPE,QUALIFIED NAME,PROD)`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from lumos_core.plugin_api import urns

from . import models

_URN = "urn:lumos:"
_FOREIGN = "atlas."
_SIMPLE = re.compile(r"[a-z0-9_]+")
_HIVE_TABLE = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
_TOPIC = re.compile(r"[A-Za-z0-9._-]+")
_S3 = re.compile(r"[a-z0-9.-]+(/[A-Za-z0-9._=/-]*[A-Za-z0-9._=-])?")
_CONVENTIONS = {
    "hive_table": ("dataset", "hive", _HIVE_TABLE, ""),
    "hive_db": ("container", "hive", _SIMPLE, ""),
    "kafka_topic": ("dataset", "kafka", _TOPIC, ""),
    "aws_s3_v2_object": ("dataset", "s3", _S3, "s3://"),
    "aws_s3_v2_bucket": ("container", "s3", _S3, "s3://"),
}
"""Type -> (URN type, platform, names that follow the convention, what stands before them)."""

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
_PLAIN_TAG, _ESCAPED_TAG, _ESCAPED = "lumos.tag ", "lumos.classification ", re.compile(r"_([0-9a-f]+)_")


class NativeId(NamedTuple):
    """What identifies an entity in Atlas: type and qualified name."""

    type: str
    qualified: str


@lru_cache(maxsize=65_536)
def native_id(urn: str, cluster: str) -> NativeId:
    """Return where a record stands in Atlas.

    Raises:
        ValueError: When the URN is none, or that of a tag, which is a type there.
    """
    parsed = urns.parse(urn)
    if parsed.kind in ("tag", "foreign"):
        raise ValueError(f"a {parsed.kind} is no entity: {urn}")
    if parsed.platform.startswith(_FOREIGN) and parsed.env == "PROD":
        return NativeId(parsed.platform[len(_FOREIGN) :], urns.decode(parsed.name))
    if parsed.kind == "term" and "@" in parsed.name:
        name = urns.decode(parsed.name)
        return NativeId(models.GLOSSARY[parsed.type], name.removesuffix("@atlas"))
    type_ = models.type_of(parsed.type, parsed.platform)
    convention = _CONVENTIONS.get(type_)
    if convention is not None and parsed.env == "PROD" and convention[2].fullmatch(parsed.name):
        return NativeId(type_, f"{convention[3]}{parsed.name}@{cluster}")
    return NativeId(type_, f"{urn}@{cluster}")


@lru_cache(maxsize=65_536)
def urn_of(type_: str, qualified: str, cluster: str, base: str = "") -> str:
    """Return the URN of an entity; always the same one, whoever wrote it.

    Args:
        type_: Its type.
        qualified: Its qualified name.
        cluster: Name of our cluster.
        base: URN type of a type that Lumos does not know (`dataset`, `process`, `entity`).
    """
    own = qualified.removesuffix(f"@{cluster}")
    if own != qualified:
        convention = _CONVENTIONS.get(type_)
        wanted = []
        if own.startswith(_URN):
            wanted.append(own)
        elif convention is not None and own.startswith(convention[3]):
            wanted.append(urns.located(convention[0], convention[1], own[len(convention[3]) :]))
        for urn in wanted:
            if _leads_to(urn, cluster, NativeId(type_, qualified)):
                return urn
    glossary = models.GLOSSARY_TYPES.get(type_)
    if glossary is not None:
        return urns.plain(glossary, qualified if "@" in qualified else f"{qualified}@atlas")
    return urns.located(models.URN_TYPES.get(type_) or base or "entity", _FOREIGN + type_, qualified)


def _leads_to(urn: str, cluster: str, wanted: NativeId) -> bool:
    try:
        return native_id(urn, cluster) == wanted and not urns.parse(urn).fragment
    except ValueError:
        return False


def column_id(host: NativeId, urn: str, path: str, cluster: str) -> NativeId:
    """Return where a field of a record stands in Atlas."""
    model = models.model_of(host.type)
    if host.type == "hive_table" and not host.qualified.startswith(_URN) and _SIMPLE.fullmatch(path):
        return NativeId(model.column, f"{host.qualified.removesuffix('@' + cluster)}.{path}@{cluster}")
    return NativeId(model.column, f"{urn}#{path}@{cluster}")


def tag_type(urn: str) -> str:
    """Return the name of the classification type of a tag: a name that Atlas takes stands as it is."""
    parsed = urns.parse(urn)
    name = urns.decode(parsed.name)
    if parsed.type == "tag" and _TAG.fullmatch(name) and not name.startswith("lumos."):
        return name
    escaped = re.sub(r"[^A-Za-z0-9.]", lambda match: f"_{ord(match.group()):x}_", name)
    return (_PLAIN_TAG if parsed.type == "tag" else _ESCAPED_TAG) + escaped


def tag_urn(name: str) -> str:
    """Return the URN of a classification type."""
    for prefix, type_ in ((_PLAIN_TAG, "tag"), (_ESCAPED_TAG, "classification")):
        if name.startswith(prefix):
            plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name[len(prefix) :])
            urn = urns.plain(type_, plain) if plain else ""
            if urn and tag_type(urn) == name:
                return urn
    return urns.plain("tag", name)


def who(name: str) -> str:
    """Return the URN of one name of the attribute `owner`: a person, or `group:NAME`."""
    type_, mark, rest = name.partition(":")
    if mark and rest and type_ in ("group", "role"):
        return _plain(type_, rest)
    return _plain("user", name)


def _plain(type_: str, name: str) -> str:
    return urns.plain(type_, urns.decode(name) if "%" in name else name)


def called(urn: str) -> str:
    """Return how a person or group is written in the attribute `owner`; no comma or space is left in it."""
    parsed = urns.parse(urn)
    return parsed.name if parsed.type == "user" else f"{parsed.type}:{parsed.name}"
