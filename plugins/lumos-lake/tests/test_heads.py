"""What formats do with a file: bounded heads, compression by magic, and proof that the file stood still."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_lake.heads import Head, check_unchanged, empty, profile, read_head, run_time
from lumos_lake.storage import LocalStorage, StoredFile

from lumos_core.plugin_api import RetryableError, Stats, UnitError
from lumos_core.testing.context import MemoryContext

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

URN = "urn:lumos:dataset:(file,t,PROD)"
COMPRESS = {"gzip": gzip.compress, "bzip2": bz2.compress, "zstd": zstd.compress, "xz": lzma.compress}


def stored(path: Path) -> StoredFile:
    storage = LocalStorage(path.parent)
    return storage.file(storage.stat(path.name), URN)


def head(tmp_path: Path, content: bytes, limit: int) -> Head:
    (tmp_path / "f").write_bytes(content)
    return read_head(stored(tmp_path / "f"), limit)


@pytest.mark.parametrize("size, whole", [(0, True), (9, True), (10, True), (11, False)])
def test_a_plain_head(tmp_path: Path, size: int, whole: bool) -> None:
    content = b"0123456789abc"[:size]
    assert head(tmp_path, content, 10) == Head(content[:10], whole)


@pytest.mark.parametrize("name", COMPRESS)
def test_a_compressed_head_is_bounded_before_and_after(tmp_path: Path, name: str) -> None:
    compress: Any = COMPRESS[name]
    assert head(tmp_path, compress(b"hello"), 100) == Head(b"hello", True, name)
    assert head(tmp_path, compress(b"hello") + compress(b" world"), 500) == Head(b"hello world", True, name)
    assert head(tmp_path, compress(b"\0" * 5_000_000), 8192) == Head(b"\0" * 8192, False, name)
    noise = os.urandom(50_000)
    found = head(tmp_path, compress(noise), 10_000)
    assert not found.whole
    assert noise.startswith(found.data)
    with pytest.raises(UnitError, match="cut short"):
        head(tmp_path, compress(noise)[:-1000], 100_000)


@pytest.mark.parametrize("name", COMPRESS)
def test_a_broken_stream_names_the_file(tmp_path: Path, name: str) -> None:
    content = bytearray(COMPRESS[name](" ".join(map(str, range(3000))).encode()))  # type: ignore[operator]
    content[20:200] = b"\xff" * 180
    with pytest.raises(UnitError, match="stream is") as caught:
        head(tmp_path, bytes(content), 100_000)
    assert caught.value.where == "f"
    assert caught.value.fix


@given(st.binary(max_size=300), st.integers(16, 400), st.sampled_from(sorted(COMPRESS)))
def test_a_head_is_a_beginning(content: bytes, limit: int, name: str) -> None:
    data = COMPRESS[name](content)  # type: ignore[operator]

    class Remote(StoredFile):
        def open(self) -> Any:
            import io

            return io.BytesIO(data)

    found = read_head(Remote("f", len(data), "e", None, URN), limit)
    assert found.compression == name
    assert content.startswith(found.data)
    assert found.data == content or not found.whole
    assert found.whole or limit <= max(len(content), len(data))
    assert len(found.data) <= limit


def test_a_file_must_stand_still(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"1")
    listed = stored(path)
    check_unchanged(listed)
    os.utime(path, ns=(5, 5))
    with pytest.raises(RetryableError, match="changed"):
        check_unchanged(listed)
    path.unlink()
    with pytest.raises(UnitError, match="removed"):
        check_unchanged(listed)
    with pytest.raises(UnitError, match="removed"):
        read_head(listed, 10)


def test_facts_of_a_file_are_dated_by_the_run(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"123")
    ctx = MemoryContext()
    record = profile(stored(tmp_path / "f"), ctx, rows=2)
    assert record.urn == f"{URN}#profile@2026-01-15T10:30:00Z"
    assert record.value == Stats(row_count=2, size_bytes=3, file_count=1)
    ctx.run_id = "by hand"
    assert run_time(ctx).endswith("Z")


def test_an_empty_file_concludes_nothing(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    ctx = MemoryContext()
    record = empty(stored(tmp_path / "f"), "csv", ctx)
    assert record.value.captured == ["layout"]
    assert [(w.code, w.where) for w in ctx.warnings] == [("empty-file", "f")]
