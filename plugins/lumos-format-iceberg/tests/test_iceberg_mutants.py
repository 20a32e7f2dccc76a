"""Tables whose files are cut, removed and scribbled over: refused with a remedy, or read, and nothing in between."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from lumos_format_iceberg.config import IcebergConfig
from lumos_format_iceberg.format import IcebergFormat

from lumos_core.plugin_api import Dataset, LumosError, canonical
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.kit.format import SampleFile

DATA = Path(__file__).parent / "data"
TABLES = sorted(path for path in DATA.iterdir() if path.is_dir())
SWAPS = [(b'"long"', b"7"), (b"true", b'"x"'), (b'"fields"', b'"f"'), (b"[", b"{"), (b"null", b"[]"), (b"1", b"-1")]


def spoiled(data: bytes, dice: random.Random) -> bytes | None:
    """Return what became of a file; None for gone."""
    kind = dice.randrange(5)
    if kind == 0:
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
    for old, new in dice.sample(SWAPS, 2):
        data = data.replace(old, new, dice.randrange(1, 3))
    return data


@pytest.mark.parametrize("seed", range(8))
def test_what_is_spoiled_is_refused_or_read(seed):
    dice = random.Random(seed)
    outcomes = set()
    for _ in range(50):
        root = dice.choice(TABLES)
        held = {path.relative_to(DATA).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for name in dice.sample(sorted(held), min(2, len(held))):
            if (data := spoiled(held.pop(name), dice)) is not None:
                held[name] = data
        files = [SampleFile(name, held[name]) for name in sorted(held)]
        for file in files:
            file.urn = "urn:lumos:dataset:(file,t,PROD)"
        try:
            records = list(IcebergFormat(IcebergConfig()).inspect(files, MemoryContext()))
        except LumosError as error:
            outcomes.add("refused" if error.why and error.fix and error.where else f"without a remedy: {error}")
        else:
            assert [isinstance(record.value, Dataset) for record in records][:1] == [True] * bool(files)
            assert all(canonical(record) for record in records)
            outcomes.add("read")
        assert all(stream.closed for file in files for stream in file.streams)
    assert outcomes == {"refused", "read"}
