# ruff: noqa: E501 - the example stands here as the format page has it
"""Reading fails closed: a damaged file is an error, never a smaller snapshot."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumos_core.errors import SnapshotError
from lumos_core.model.entities import Dataset, Tag
from lumos_core.model.record import AnyRecord, Record, canonical
from lumos_core.snapshot import blocks, hasher, zstd
from lumos_core.snapshot.blocks import Limits
from lumos_core.snapshot.reader import SnapshotReader
from lumos_core.testing.strategies import record_lists

EXAMPLE = b"""\
{"exported_at":"2026-01-15T10:30:00Z","format":"lumos-snapshot/1","sources":[{"layers":["source"],"name":"postgres"}]}
{"kind":"asset","urn":"urn:lumos:dashboard:(superset,12,PROD)","value":{"captured":["links","relations"],"links":[{"type":"source","url":"https://bi/12"}],"name":"Sales","relations":[{"target":"urn:lumos:chart:(superset,7,PROD)","type":"contains"}],"subtype":"dashboard"}}
{"kind":"dataset","urn":"urn:lumos:dataset:(postgres,shop.public.orders,PROD)","value":{"captured":["description","fields","fields.description","fields.tags","keys","lineage","owners","tags"],"description":{"manual":"Orders of the shop","source":"One row per order"},"fields":[{"id":"1","native_type":"bigint","nullable":false,"path":"id","type":"int64"},{"nullable":true,"path":"customer","type":"struct"},{"description":{"source":"Where to write"},"nullable":true,"path":"customer.email","tags":[{"from":"urn:lumos:dataset:(s3,shop-lake/raw/orders,PROD)#mail","layer":"propagated","tag":"urn:lumos:tag:pii.email"}],"type":"varchar(64)"}],"keys":[{"columns":["customer.email"],"enforced":true,"references":["urn:lumos:dataset:(postgres,shop.public.customers,PROD)#email"],"type":"foreign"}],"lineage":{"columns":[{"from":["urn:lumos:dataset:(s3,shop-lake/raw/orders,PROD)#mail"],"subtype":"identity","to":["#customer.email"],"type":"direct"}],"upstreams":[{"type":"transformed","urn":"urn:lumos:dataset:(s3,shop-lake/raw/orders,PROD)","via":"urn:lumos:task:(airflow,load_shop/orders,PROD)"}]},"name":"orders","owners":[{"owner":"urn:lumos:group:checkout","type":"urn:lumos:ownership_type:technical_owner"}],"parent":"urn:lumos:container:(postgres,shop.public,PROD)","subtype":"table"}}
{"kind":"foreign","urn":"urn:lumos:dataset:(postgres,shop.public.orders,PROD)#datahub/datasetProperties","value":{"base":"sha256:5d41...","body":"{\\"uri\\":\\"pg://shop/orders\\"}"}}
{"kind":"stats","urn":"urn:lumos:dataset:(postgres,shop.public.orders,PROD)#profile@2026-01-15T10:00:00Z","value":{"fields":[["id",[["null_count",0]]]],"row_count":120,"size_bytes":8192}}
{"kind":"term","urn":"urn:lumos:term:shop.order","value":{"captured":["relations","synonyms"],"name":"Order","parent":"urn:lumos:glossary:shop","relations":[{"target":"urn:lumos:term:shop.document","type":"is_a"}],"subtype":"term","synonyms":["Purchase"]}}
"""
COVERED = b'"coverage":[{"aspects":["fields","keys","lineage","record"],"scope":{"env":"PROD","platform":"postgres","prefixes":["shop.public."]},"status":"complete"}]'
URN = "urn:lumos:dataset:(postgres,t%d,PROD)"


def seal(body: bytes, count: int | None = None, coverage: bytes = b'"coverage":[]') -> bytes:
    """Put a true trailer behind lines that may be anything."""
    count = body.count(b"\n") - 1 if count is None else count
    sha256 = hashlib.sha256(body).hexdigest().encode()
    return body + b'{"kind":"~end","urn":"","value":{"count":%d,%s,"sha256":"%s"}}\n' % (count, coverage, sha256)


HEADER = b'{"exported_at":"2026-01-15T10:30:00Z","format":"lumos-snapshot/1","sources":[]}\n'


def tag(name: str, value: str = "{}") -> bytes:
    return f'{{"kind":"tag","urn":"urn:lumos:tag:{name}","value":{value}}}\n'.encode()


def read(path: Path, content: bytes) -> list[AnyRecord]:
    path.write_bytes(content)
    return list(SnapshotReader(path).records())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.lumos.jsonl"


def test_the_example_of_the_format_is_read(path: Path) -> None:
    records = read(path, seal(EXAMPLE, coverage=COVERED))
    assert [record.kind for record in records] == ["asset", "dataset", "foreign", "stats", "term"]
    reader = SnapshotReader(path)
    assert reader.coverage.complete(records[1].urn, "keys")
    assert not reader.coverage.complete(records[1].urn, "owners")
    assert reader.header.sources[0].layers == ("source",)
    lines = EXAMPLE.splitlines(keepends=True)[1:]
    meaning = b"".join(line for line in lines if b'"stats"' not in line)
    assert reader.digest() == hashlib.sha256(meaning).hexdigest()


@settings(deadline=None, max_examples=50)
@given(record_lists(), st.booleans())
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, save, records, compressed) -> None:
    path = tmp_path_factory.mktemp("read") / f"a.lumos.jsonl{'.zst' if compressed else ''}"
    info = save(path, records)
    reader = SnapshotReader(path)
    found = list(reader.records())
    if info.stats_path is not None:
        assert reader.stats_path == info.stats_path
        found += SnapshotReader(info.stats_path).records()
    assert sorted(map(canonical, found)) == sorted(map(canonical, records))
    assert reader.coverage.declared() == info.coverage.declared()
    if info.counts.keys() - {"stats"}:
        assert reader.digest() == info.digest


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory, save) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sealed")
    records = [Record(URN % n, Dataset(name=f"t{n}", captured=["fields"])) for n in range(6)]
    records.append(Record("urn:lumos:tag:x", Tag(name="é")))
    return {end: save(folder / f"a.lumos.jsonl{end}", records).path.read_bytes() for end in ("", ".zst")}


def outcome(path: Path, content: bytes) -> list[bytes] | None:
    """What a damaged file gives: all of its lines, or an error."""
    path.write_bytes(content)
    try:
        reader = SnapshotReader(path)
        lines = list(map(canonical, reader.records()))
        assert reader.coverage is not None
        return lines
    except SnapshotError:
        return None


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(["", ".zst"]), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_any_changed_byte_is_an_error(tmp_path_factory, sealed, ending: str, place: float, bits: int) -> None:
    path = tmp_path_factory.getbasetemp() / f"flip.lumos.jsonl{ending}"
    content = bytearray(sealed[ending])
    whole = outcome(path, bytes(content))
    content[int(place * len(content))] ^= bits
    assert whole is not None
    found = outcome(path, bytes(content))
    if found is not None:
        # The hash covers all bytes before the trailer; of the trailer, its own form, and zstd's checksum when there
        # is one. Some bits of a zstd frame carry no content.
        assert found == whole
        assert ending == ".zst" or int(place * len(content)) > content.index(b'"coverage"')


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["", ".zst"]), st.floats(0, 1, exclude_max=True))
def test_any_truncated_file_is_an_error(tmp_path_factory, sealed, ending: str, place: float) -> None:
    path = tmp_path_factory.getbasetemp() / f"cut.lumos.jsonl{ending}"
    assert outcome(path, sealed[ending][: int(place * len(sealed[ending]))]) is None


@pytest.mark.parametrize("ending", ["", ".zst"])
@pytest.mark.parametrize("more", [b"\n", b"x", tag("z"), tag("z") * 3])
def test_anything_after_the_trailer_is_an_error(tmp_path: Path, sealed, ending: str, more: bytes) -> None:
    path = tmp_path / f"a.lumos.jsonl{ending}"
    if ending:
        compressor = zstd.compressor()
        more = compressor.compress(more) + compressor.flush()
    path.write_bytes(sealed[ending] + more)
    with pytest.raises(SnapshotError, match="after its trailer"):
        list(SnapshotReader(path).lines())


@pytest.mark.parametrize("chunk", [1, 10, 100])
@pytest.mark.parametrize("ending", ["", ".zst"])
def test_blocks_may_end_anywhere(
    tmp_path: Path, sealed, monkeypatch: pytest.MonkeyPatch, ending: str, chunk: int
) -> None:
    whole = outcome(tmp_path / f"a.lumos.jsonl{ending}", sealed[ending])
    monkeypatch.setattr(blocks, "CHUNK", chunk)
    assert outcome(tmp_path / f"a.lumos.jsonl{ending}", sealed[ending]) == whole
    monkeypatch.setattr(hasher, "_INLINE", 0)
    assert outcome(tmp_path / f"a.lumos.jsonl{ending}", sealed[ending]) == whole
    assert outcome(tmp_path / f"a.lumos.jsonl{ending}", sealed[ending][:-9]) is None


@pytest.mark.parametrize(
    "lines, line, message",
    [
        ([tag("b"), tag("a")], 3, "urn:lumos:tag:a comes after urn:lumos:tag:b"),
        ([tag("a"), tag("a", '{"name":"x"}')], 3, "two records are urn:lumos:tag:a"),
        ([tag("a"), b"\n"], 3, "not a record"),
        ([tag("a"), b"[]\n"], 3, "not a record"),
        ([b'{"kind":"tag","urn":"urn:lumos:tag:a"}\n'], 2, "not a record"),
        ([b'{"kind":"widget","urn":"urn:lumos:widget:a","value":{}}\n'], 2, "unknown kind 'widget'.*newer"),
        ([tag("a", '{"name": "x"}')], 2, "not in canonical form.*at byte"),
        ([tag("a", '{"name":"x","captured":["tags"]}')], 2, "not in canonical form"),
        ([tag("a", '{"name":"x","name":"y"}')], 2, "not in canonical form"),
        ([tag("a", '{"name":null}')], 2, "not in canonical form"),
        ([tag("a", '{"tags":[]}')], 2, "not in canonical form"),
        ([tag("a", '{"captured":["tags","owners"]}')], 2, "not in canonical form"),
        ([tag("a", '{"captured":["tags","tags"]}')], 2, "not in canonical form"),
        ([tag("a", '{"name":"\\u00e9"}')], 2, "not in canonical form"),
        ([tag("a", '{"widget":1}')], 2, "not a record of this version.*widget"),
        ([tag("a", '{"exclusive":1.0}')], 2, "not a record of this version"),
        ([b'{"kind":"tag","urn":"urn:lumos:tag:a","more":1,"value":{}}\n'], 2, "not in canonical form|not a record"),
        ([b'{"kind":"tag","urn":"urn:lumos:term:a","value":{}}\n'], 2, "names a term"),
        ([b'{"kind":"tag","urn":"a","value":{}}\n'], 2, "not a URN"),
        ([b'{"kind":"tag","urn":"urn:lumos:tag:a b","value":{}}\n'], 2, "not a URN"),
        ([b'\xef\xbb\xbf{"kind":"tag","urn":"urn:lumos:tag:a","value":{}}\n'], 2, "not a record"),
        ([b'{"kind":"tag","urn":"urn:lumos:tag:\xff","value":{}}\n'], 2, "not a record of this version"),
    ],
)
def test_a_bad_line_is_named(path: Path, lines: list[bytes], line: int, message: str) -> None:
    with pytest.raises(SnapshotError, match=f"{path.name}:{line}: .*({message})"):
        read(path, seal(HEADER + b"".join(lines)))


@pytest.mark.parametrize(
    "header, message",
    [
        (b"", "truncated|not a Lumos snapshot|no header"),
        (b"hello\n", "not a Lumos snapshot"),
        (HEADER.replace(b"snapshot/1", b"snapshot/2"), "version 2.*pip install -U lumos-core"),
        (HEADER.replace(b"lumos-snapshot/1", b"other/1"), "unknown snapshot format 'other/1'"),
        (HEADER.replace(b"[]}", b'[],"x":1}'), "header is damaged.*x"),
        (HEADER.replace(b":[]", b": []"), "header is not in canonical form"),
        (b'{"exported_at":1,"format":"lumos-snapshot/1","sources":[]}\n', "header is damaged"),
        (b'{"exported_at":}\n', "header is damaged"),
        (b'{"exported_at":"","format":7}\n', "unknown snapshot format"),
    ],
)
def test_a_bad_header_is_named(path: Path, header: bytes, message: str) -> None:
    with pytest.raises(SnapshotError, match=message):
        read(path, seal(header + tag("a")))


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "truncated: its trailer is missing"),
        (HEADER, "truncated: its trailer is missing"),
        (HEADER + tag("a"), "truncated: its trailer is missing"),
        (seal(HEADER + tag("a"), count=2), "counts 2 records, the file holds 1"),
        (seal(HEADER + tag("a")).replace(b"tag:a", b"tag:b"), "do not have the hash"),
        (seal(HEADER + tag("a")).replace(b'"coverage":[],', b""), "trailer is not in canonical|trailer is damaged"),
        (seal(HEADER + tag("a")).replace(b'"count":1', b'"count": 1'), "trailer is not in canonical form"),
        (seal(HEADER + tag("a")).replace(b'"count":1', b'"count":"1"'), "trailer is damaged"),
        (seal(HEADER + tag("a"))[:-1], "truncated: its trailer is missing"),
        (seal(b""), "no header"),
        (seal(HEADER) + seal(HEADER), "after its trailer"),
    ],
)
def test_a_bad_end_is_named(path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SnapshotError, match=message):
        read(path, content)
    assert SnapshotError("x").exit_code == 2


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="cannot read the snapshot: No such file"):
        SnapshotReader(tmp_path / "none.lumos.jsonl")
    with pytest.raises(SnapshotError, match="cannot read the snapshot"):
        SnapshotReader(tmp_path)


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.lumos.jsonl.zst"
    compressor = zstd.compressor()
    body = [compressor.compress(b"0" * 2**20) for _ in range(64)]
    path.write_bytes(b"".join([compressor.compress(HEADER), *body, compressor.flush()]))
    assert path.stat().st_size < 2**16
    with pytest.raises(SnapshotError, match="longer than 33554432 bytes"):
        list(SnapshotReader(path, Limits(line=2**25)).lines())
    with pytest.raises(SnapshotError, match=r"1000 times its size.*zstd -d"):
        list(SnapshotReader(path, Limits(free=2**20)).lines())


def test_a_line_may_not_be_too_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK", 10)
    path.write_bytes(seal(HEADER + tag("a", '{"name":"%s"}' % ("x" * 500))))
    assert len(list(SnapshotReader(path).lines())) == 1
    with pytest.raises(SnapshotError, match="longer than 300 bytes"):
        list(SnapshotReader(path, Limits(line=300)).lines())


def test_what_is_no_zstd_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.lumos.jsonl.zst"
    path.write_bytes(seal(HEADER + tag("a")))
    with pytest.raises(SnapshotError, match="compressed file is damaged"):
        SnapshotReader(path)
    path.write_bytes(b"")
    with pytest.raises(SnapshotError, match="compressed file is truncated"):
        SnapshotReader(path)


def test_a_file_compressed_by_another_tool_is_read(tmp_path: Path) -> None:
    """One frame for all: coverage is found by reading the whole."""
    path = tmp_path / "a.lumos.jsonl.zst"
    path.write_bytes(zstd.zstd.compress(seal(HEADER + tag("a"), coverage=COVERED)))
    assert SnapshotReader(path).coverage.complete("urn:lumos:dataset:(postgres,shop.public.a,PROD)", "keys")
    assert len(list(SnapshotReader(path).lines())) == 1


def test_coverage_is_found_without_reading_everything(path: Path) -> None:
    body = HEADER + b"".join(tag(f"t{n:06d}") for n in range(5000))
    path.write_bytes(seal(body, coverage=COVERED)[:200] + b"!" + seal(body, coverage=COVERED)[201:])
    assert len(SnapshotReader(path).coverage.declared()) == 1


def test_a_trailer_larger_than_the_window_is_found(path: Path) -> None:
    urns = ",".join(f'"urn:lumos:tag:t{n:06d}"' for n in range(9000)).encode()
    coverage = b'"coverage":[{"aspects":["record"],"scope":{"urns":[%s]},"status":"complete"}]' % urns
    path.write_bytes(seal(HEADER + tag("a"), coverage=coverage))
    assert len(SnapshotReader(path).coverage.declared()[0].scope.urns) == 9000


def test_a_file_replaced_while_it_is_read_is_noticed(path: Path) -> None:
    path.write_bytes(seal(HEADER + tag("a")))
    reader = SnapshotReader(path)
    assert reader.trailer().value.count == 1
    path.write_bytes(seal(HEADER + tag("a") + tag("b")))
    with pytest.raises(SnapshotError, match="replaced while it was read"):
        list(reader.lines())
