"""Which metadata file of a table is current, as far as a file system can tell.

A file-system table (`v3.metadata.json`) counts its versions, and `version-hint.text` names one of the last. The files
of a table that a catalog keeps (`00003-<uuid>.metadata.json`) are counted too, but which of them is current stands in
that catalog alone: the one with the highest number is taken. A table that has moved from one way of counting to the
other is what was written last.

Source: the Apache Iceberg table specification, "File System Tables" and "Metastore Tables"; the walk from the hint is
that of its Java library (`HadoopTableOperations`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from lumos_lake.tables import whole

from lumos_core.plugin_api import Context, File, RetryableError, UnitError

from .metadata import Metadata, decode

HINT = "version-hint.text"
_COUNTED = re.compile(r"v(\d{1,18})(?:\.gz)?\.metadata\.json(?:\.gz)?")
_CATALOGUED = re.compile(r"(\d{1,18})-.+?\.metadata\.json(?:\.gz)?")
_ANY = re.compile(r".+\.metadata\.json(?:\.gz)?")
_HINT_LIMIT = 65_536
_MOST_RIVALS = 16
"""Files of one number that are compared."""


class Current(NamedTuple):
    """A metadata file that may be the current one."""

    file: File
    metadata: Metadata


def current(files: Sequence[File], limit: int, ctx: Context) -> list[Current]:
    """Return the metadata files that may be current, the newest first: one, but where several have its number.

    Args:
        files: Every file below `metadata/`.
        limit: Bytes that one may have.
        ctx: Warnings.

    Raises:
        UnitError: When there is none, the hint names one that is not there, or one cannot be read.
        RetryableError: When one changed since it was listed.
    """
    named = {name: file for file in files if "/" not in (name := _name(file))}
    counted = {int(match[1]): file for name, file in sorted(named.items()) if (match := _COUNTED.fullmatch(name))}
    hint = named.get(HINT)
    chosen = _hinted(hint, named, counted, ctx) if hint is not None else None
    groups = [[chosen]] if chosen is not None else _highest(named, counted)
    if not groups:
        raise UnitError(
            "the table has no metadata",
            why="no metadata file is there",
            fix="restore the folder `metadata` from a copy, or remove what is left of the table",
            where=files[0].path,
        )
    found = []
    for group in groups:
        if len(group) > _MOST_RIVALS:
            raise not_to_be_told(group[0], f"{len(group)} files have the highest number")
        read = [Current(file, decode(whole(file, limit), file)) for file in group]
        found.append(sorted(read, key=lambda one: -one.metadata.last_updated_ms))
    return max(found, key=lambda group: group[0].metadata.last_updated_ms)


def not_to_be_told(file: File, why: str) -> UnitError:
    """Return the error for a table of which several metadata files may be current."""
    return UnitError(
        "which metadata of the table is current is not known",
        why=why,
        fix="read the table through its catalog, or remove the files that failed commits left behind",
        where=file.path,
    )


def _name(file: File) -> str:
    """Return the name of a file below `metadata/`."""
    return file.path.rpartition("metadata/")[2]


def _hinted(hint: File, named: dict[str, File], counted: dict[int, File], ctx: Context) -> File | None:
    """Return the file that the hint leads to; None when the hint says nothing."""
    try:
        text = whole(hint, _HINT_LIMIT).decode("utf-8", "replace").strip()
    except RetryableError:
        return None  # it was overwritten by a version that is newer than the listing
    number = text[1:] if text.startswith("v") else text
    if number.isascii() and number.isdigit() and len(number) <= 18:
        version = int(number)
        if version not in counted:
            raise _to_nothing(hint, f"version {version}")
        while version + 1 in counted:
            version += 1
        return counted[version]
    name = text.rpartition("/")[2]
    if re.fullmatch(r"[\w.-]{1,300}", name) and ("-" in name or name.endswith(".metadata.json")):
        known = named.get(name) or named.get(f"{name}.metadata.json")
        if known is None or not _ANY.fullmatch(_name(known)):
            raise _to_nothing(hint, name)
        return known
    ctx.warn("iceberg-version-hint", "it names no version, so that the highest is taken", hint.path)
    return None


def _highest(named: dict[str, File], counted: dict[int, File]) -> list[list[File]]:
    """Return the files of the highest number, for each way of counting; without numbers all of them."""
    found = [[counted[max(counted)]]] if counted else []
    catalogued: dict[int, list[File]] = {}
    for name, file in sorted(named.items()):
        if match := _CATALOGUED.fullmatch(name):
            catalogued.setdefault(int(match[1]), []).append(file)
    if catalogued:
        found.append(catalogued[max(catalogued)])
    others = [file for name, file in sorted(named.items()) if _ANY.fullmatch(name)]
    return found or ([others] if others else [])


def _to_nothing(hint: File, what: str) -> UnitError:
    return UnitError(
        "the metadata of the table is not there",
        why=f"`{HINT}` names {what}, and no such metadata file is there",
        fix=f"run again; if that does not help, restore the file, or correct `{HINT}`",
        where=hint.path,
    )
