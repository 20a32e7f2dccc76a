"""Records of kind `foreign`: what is left of a native object, made when reading, added to what is written.

Example:
    ```python
    # reading: `understood` is what our mapping would write of the record that it read from `native`
    rest = make(record.urn, "datahub", "datasetProperties", native, understood, rules=RULES, find=find)
    if rest is not None:
        yield rest

    # publishing that record, with its foreign record, to the same vendor
    written = restore(rest, to_native(record), find=find, back=native_of)
    if written.stale:
        ctx.warn("stale-residue", f"{written.type} was edited since it was read; its residue is left out", record.urn)
    ```
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from lumos_core.plugin_api import AnyRecord, Foreign, Record, urns

from .references import Back, Find, canonical, mark, put_in, resolve, take_out
from .residue import Rules, add, strip, subtract


class Restored(NamedTuple):
    """What is written to a catalog.

    Attributes:
        type: The native type that the foreign record says.
        value: The native object; with the residue, unless it is stale.
        stale: The understood part would be written differently now than when the residue was read.
        missing: URNs that the residue refers to and the catalog does not know; they are left out.
    """

    type: str
    value: Any
    stale: bool
    missing: list[str]


def urn_of(system: str, type: str, *, host: str = "", id: str = "") -> str:
    """Return the URN of a foreign record: a part of a record of ours (`host`), or a native thing of its own (`id`)."""
    if host:
        return f"{host}#{urns.encode(system)}/{urns.encode(type)}"
    return f"urn:lumos:foreign:({urns.encode(system)},{urns.encode(id)})"


def make(
    host: str,
    system: str,
    type: str,
    native: Any,
    understood: Mapping[str, Any] | None = None,
    *,
    rules: Rules | None = None,
    find: Find | None = None,
    id: str = "",
) -> AnyRecord | None:
    """Make the foreign record of a native object; None when nothing is left of it.

    Args:
        host: URN of the record that it belongs to; "" for a native thing that no record stands for.
        system: The vendor, as in aliases: `datahub`, `openmetadata`, `atlas`.
        type: The native type: the aspect, the entity type.
        native: What the catalog holds.
        understood: What our mapping writes of it; None when it is not understood at all.
        rules: How the two are compared, and what of `native` means nothing.
        find: Where references stand in both.
        id: The native id, without a host.
    """
    marked = strip(mark(native, find), rules or Rules())
    base = None
    if understood is not None:
        ours = mark(understood, find)
        marked, base = subtract(marked, ours, rules or Rules()), _digest(ours)
    if marked in ({}, [], None):
        return None
    body, refs = take_out(marked)
    value = Foreign(body=canonical(body).decode(), refs=refs, base=base)
    return Record(urn_of(system, type, host=host, id=id), value)


def _digest(marked: Any) -> str:
    """The digest of the understood part; references count as what they mean."""
    return "sha256:" + hashlib.sha256(canonical(marked)).hexdigest()


def parts(record: AnyRecord) -> tuple[str, str, str]:
    """Return host ("" for a thing of its own), system, and type (with a host) or native id (without) of a record.

    Raises:
        ValueError: Its URN is not one of a foreign record.
    """
    host, mark, fragment = record.urn.partition("#")
    if mark:
        system, slash, type = fragment.partition("/")
        if slash:
            return host, urns.decode(system), urns.decode(type)
    else:
        urn = urns.parse(record.urn)
        if urn.type == "foreign":
            return "", urns.decode(urn.platform), urns.decode(urn.name)
    raise ValueError(f"not the URN of a foreign record: {record.urn!r}")


def restore(
    record: AnyRecord,
    understood: Mapping[str, Any] | None = None,
    *,
    find: Find | None = None,
    back: Back | None = None,
) -> Restored:
    """Return what is written: the understood part with the residue, unless that is stale.

    Args:
        record: The foreign record.
        understood: What our mapping writes now; not used for what is not understood at all.
        find: As when the record was made.
        back: The native value for a URN; needed where the record has references.

    Raises:
        ValueError: It is not a foreign record, or its body is not JSON.
    """
    _, _, type = parts(record)
    value: Foreign = record.value
    ours = {} if understood is None else mark(understood, find)
    if value.base is not None and _digest(ours) != value.base:
        return Restored(type, understood, True, [])
    body, astray = put_in(msgspec.json.decode(value.body), value.refs)
    if value.base is not None:
        if not isinstance(body, Mapping):
            raise ValueError(f"a residue is an object: {record.urn!r}")
        body = add(ours, body)
    whole, missing = resolve(body, back)
    return Restored(type, whole, False, [*astray, *missing])
