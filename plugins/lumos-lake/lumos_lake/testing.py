"""For tests of table formats: tables in folders, read as the crawler has them read, whole and spoiled.

>>> from lumos_lake.testing import mishaps, tables_below
>>> def test_what_is_spoiled_is_refused_or_read():  # doctest: +SKIP
...     assert mishaps(DeltaFormat(DeltaConfig()), tables_below(DATA), seed=1) == {"refused", "read"}
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lumos_core.plugin_api import AnyRecord, Context, Dataset, Format, LumosError, canonical, urns
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.kit.format import SampleFile

from .storage import LocalStorage

URN = urns.dataset("file", "t")
SWAPS = ((b'"long"', b"7"), (b"true", b'"x"'), (b'"fields"', b'"f"'), (b"[", b"{"), (b"null", b"[]"), (b"1", b"-1"))
"""What is put in the place of what: the text stays a text, and says nonsense."""


def tables_below(folder: Path) -> list[Path]:
    """Return the folders below a folder that hold a table each, in order."""
    return sorted(path for path in folder.iterdir() if path.is_dir())


def read_table(format: Format[Any], root: Path, ctx: Context | None = None) -> list[AnyRecord]:
    """Return what a format says of the table in a folder, under the URN `URN`.

    Args:
        format: With a folder as its first marker.
        root: The folder that holds the marker.
        ctx: For warnings; one of its own where none is given.
    """
    storage = LocalStorage(root)
    marker = format.markers[0].partition("/")[0] + "/"
    files = [storage.file(entry, URN) for entry in storage.list() if entry.path.startswith(marker)]
    return list(format.inspect(files, ctx or MemoryContext()))


def mishaps(
    format: Format[Any],
    tables: Sequence[Path],
    seed: int,
    swaps: Sequence[tuple[bytes, bytes]] = SWAPS,
    times: int = 50,
) -> set[str]:
    """Spoil two files of a table at random, again and again, and return what became of it.

    Args:
        format: Reads them.
        tables: Folders of sound tables.
        seed: Of the dice.
        swaps: Bytes, and what may be put in their place.
        times: How often.

    Returns:
        Of `read` and `refused` what happened, and every refusal without a cause, a remedy and a place.

    Raises:
        AssertionError: When a stream was left open, or what was read is no table or not canonical.
    """
    dice = random.Random(seed)
    outcomes = set()
    for _ in range(times):
        root = dice.choice(list(tables))
        held = {path.relative_to(root.parent).as_posix(): path.read_bytes() for path in _files(root)}
        for name in dice.sample(sorted(held), min(2, len(held))):
            if (data := _spoiled(held.pop(name), dice, swaps)) is not None:
                held[name] = data
        files = [SampleFile(name, held[name]) for name in sorted(held)]
        for file in files:
            file.urn = URN
        outcomes.add(_outcome(format, files))
    return outcomes


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def _outcome(format: Format[Any], files: list[SampleFile]) -> str:
    try:
        records = list(format.inspect(files, MemoryContext()))
    except LumosError as error:
        outcome = "refused" if error.why and error.fix and error.where else f"without a remedy: {error}"
    else:
        assert [isinstance(record.value, Dataset) for record in records][:1] == [True] * bool(files), "no table"
        assert all(canonical(record) for record in records), "not canonical"
        outcome = "read"
    assert all(stream.closed for file in files for stream in file.streams), "a stream was left open"
    return outcome


def _spoiled(data: bytes, dice: random.Random, swaps: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """Return what became of a file; None for gone."""
    kind = dice.randrange(5)
    if kind == 0 or not data:
        return None
    if kind == 1:
        return data[: dice.randrange(len(data) + 1)]
    if kind == 2:
        noise = bytearray(data)
        for _ in range(dice.randrange(1, 20)):
            noise[dice.randrange(len(noise))] = dice.randrange(256)
        return bytes(noise)
    if kind == 3:
        start, end = dice.randrange(len(data)), dice.randrange(len(data))
        return data[:start] + data[end : end + 200] + data[start:]
    for old, new in dice.sample(list(swaps), 2):
        data = data.replace(old, new, dice.randrange(1, 3))
    return data
