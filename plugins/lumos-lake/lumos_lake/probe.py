"""Looking into files and folders for discovery: schemas, first bytes, and what to suggest for a folder."""

from __future__ import annotations

import os
from typing import Any

from lumos_core.plugin_api import ComponentSpec, Context, Format, LumosError

from .config import DEFAULT_FORMATS
from .discovery import Signature, layout
from .discovery.noise import never_listed
from .reading import peek
from .schema_union import family
from .storage import Entry, LocalStorage, Storage

_SUGGEST_LIMIT = 20_000


def extensions(formats: dict[str, Format[Any]]) -> dict[str, str]:
    """Return extension -> name of its format."""
    return {extension: name for name, format in formats.items() for extension in format.extensions}


def signature(
    formats: dict[str, Format[Any]], storage: Storage, ctx: Context, peeked: set[str], name: str, entry: Entry
) -> Signature | None:
    """Return the schema of one file as discovery compares it, and note its path in `peeked`; None when unreadable."""
    value = peek(entry, formats[name], storage, ctx)
    if value is None:
        return None
    peeked.add(entry.path)
    return frozenset((field.path.casefold(), family(field.type)) for field in value.fields)


def sniff(formats: dict[str, Format[Any]], storage: Storage, entry: Entry) -> str:
    """Return the format whose magic a file begins with; empty for none."""
    if not any(format.magic for format in formats.values()):
        return ""
    try:
        with storage.file(entry, "").open() as file:
            head = file.read(16)
    except OSError:
        return ""
    for name, format in formats.items():
        if any(head.startswith(magic) for magic in format.magic):
            return name
    return ""


def suggest(path: str) -> list[dict[str, Any]]:
    """Suggest a `files` source for a folder; nothing when it holds no data.

    Table formats are found by their markers. Only formats that are installed are named.
    """
    if not os.path.isdir(path):  # noqa: PTH112
        return []
    listing = []
    for entry in LocalStorage(path, prune=never_listed).list():
        listing.append(entry)
        if len(listing) == _SUGGEST_LIMIT:
            break
    found = {format for grouping in layout(listing).groupings for format in (grouping.format, *grouping.also)}
    if not found:
        return []
    # A pipeline that names what is not installed would not even start; the run itself names what it does not read.
    readable = sorted(format for format in found if _installed(format))
    formats = readable or [format for format in DEFAULT_FORMATS if _installed(format)]
    return [{"type": "files", "path": ".", "formats": formats}] if formats else []


def _installed(format: str) -> bool:
    try:
        ComponentSpec("format", format).validated()
    except LumosError:
        return False
    return True
