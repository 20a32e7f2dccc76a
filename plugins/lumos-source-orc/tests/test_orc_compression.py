"""Blocks of every kind of compression that is read: whole, cut and changed."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_source_orc.compression import decompress

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BLOCK = 1 << 16


def deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


def arrow(codec: str) -> Callable[[bytes], bytes]:
    return lambda data: pa.Codec(codec).compress(data, asbytes=True)


KINDS: dict[str, Callable[[bytes], bytes]] = {
    "zlib": deflate,
    "zstd": zstd.compress,
    "snappy": arrow("snappy"),
    "lz4": arrow("lz4_raw"),
}
TEXTS = st.one_of(
    st.binary(min_size=1, max_size=2_000),
    st.builds(lambda part, times: part * times, st.binary(min_size=1, max_size=30), st.integers(1, 2_000)),
)


def blocks(parts: list[bytes], kind: str) -> bytes:
    """Compress each part, but leave every third one as it is."""
    out = b""
    for number, part in enumerate(parts):
        original = number % 3 == 2
        data = part if original else KINDS[kind](part)
        out += (len(data) << 1 | original).to_bytes(3, "little") + data
    return out


@pytest.mark.parametrize("kind", KINDS)
@given(parts=st.lists(TEXTS, max_size=5))
def test_what_was_compressed_comes_back(kind: str, parts: list[bytes]) -> None:
    assert decompress(blocks(parts, kind), kind, BLOCK, 5 * BLOCK) == b"".join(parts)


@pytest.mark.parametrize("kind", KINDS)
@given(data=TEXTS, place=st.integers(0, 10_000), byte=st.integers(0, 255), end=st.integers(0, 10_000))
def test_what_is_broken_ends_in_a_reason_or_in_as_much_as_a_block_holds(
    kind: str, data: bytes, place: int, byte: int, end: int
) -> None:
    chunk = bytearray(KINDS[kind](data))
    chunk[place % len(chunk)] = byte
    for broken in (bytes(chunk), bytes(chunk[: end % len(chunk)])):
        framed = (len(broken) << 1).to_bytes(3, "little") + broken
        try:
            assert len(decompress(framed, kind, BLOCK, BLOCK)) <= BLOCK
        except ValueError as error:
            if not str(error):
                raise


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_that_holds_more_than_it_may(kind: str) -> None:
    with pytest.raises(ValueError, match="more than it may"):
        decompress(blocks([bytes(BLOCK + 1)], kind), kind, BLOCK, 5 * BLOCK)
    with pytest.raises(ValueError, match="more than it may"):
        decompress(blocks([bytes(BLOCK)] * 3, kind), kind, BLOCK, 2 * BLOCK)


@pytest.mark.parametrize("kind", ["zlib", "zstd", "lz4"])
def test_a_block_that_is_cut_short(kind: str) -> None:
    whole = KINDS[kind](b"a text of some length, " * 40)
    framed = (len(whole) - 4 << 1).to_bytes(3, "little") + whole[:-4]
    with pytest.raises(ValueError, match=r"cut short|broken"):
        decompress(framed, kind, BLOCK, BLOCK)


def test_kinds_that_are_not_read() -> None:
    for kind in ("lzo", "brotli"):
        with pytest.raises(ValueError, match=kind):
            decompress(b"\x03\x00\x00a", kind, BLOCK, BLOCK)
