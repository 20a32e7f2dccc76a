"""The document form: what YAML and JSON hold is what the lines hold, and text stays text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lumos_core.errors import SnapshotError
from lumos_core.model.coverage import Coverage
from lumos_core.model.elements import Description, StructuredValue
from lumos_core.model.entities import KINDS, Dataset, Field, Property, Stats, Tag
from lumos_core.model.record import AnyRecord, Record, canonical
from lumos_core.model.scope import Covered, Scope
from lumos_core.snapshot.api import read_snapshot, write_snapshot
from lumos_core.snapshot.document import PLURALS, read_document
from lumos_core.snapshot.frame import SourceInfo
from lumos_core.snapshot.yamlform import dump_yaml, load_yaml
from lumos_core.testing.strategies import record_lists

HEAD = "lumos_snapshot:\n  format: lumos-snapshot/1\n  exported_at: '2026-01-15T10:30:00Z'\n"
TRICKY = [
    "no", "on", "~", "null", "true", "1.10", "0x1", "1_000", "12:30", "2026-01-15", "=", "<<", "",
    " ", "- a", "#", "'", "\"", "a: b", "\ta", "a\n", "\na", "a\n\n b\n", "a\r\nb", "x\x85y",
    "x\u2028y", "\ufeff", "\x00", "a \nb", "|", "&a", "*a", "!!str", "%", "@", "`", "{}", "[", "1e3",
    ".5", "é😀",
]  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(record_lists(), st.sampled_from(["json", "yaml", "yml"]))
def test_a_document_gives_the_same_lines(
    tmp_path_factory: pytest.TempPathFactory, records: list[AnyRecord], form: str
) -> None:
    path = tmp_path_factory.mktemp("document") / f"a.lumos.{form}"
    coverage = Coverage(
        [
            Covered(Scope(types=frozenset({"dataset", "view"}), prefixes=("a.", "b")), frozenset({"record"})),
            Covered(Scope(urns=frozenset({"urn:lumos:tag:no"})), frozenset({"tags"}), "partial", "no"),
        ]
    )
    info = write_snapshot(path, records, coverage=coverage, sources=[SourceInfo("on", ("source", "manual"))])
    document = read_document(path)
    assert document.lines == sorted(map(canonical, records))
    assert document.coverage.declared() == coverage.declared()
    assert document.header.sources == (SourceInfo("on", ("source", "manual")),)
    assert info.count == len(records)
    assert read_snapshot(path).digests()[0] == info.digest
    if form != "json":
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))["lumos_snapshot"]
        assert sum(len(loaded.get(plural, [])) for plural in PLURALS.values()) == len(records)
    else:
        assert json.loads(path.read_text(encoding="utf-8"))["lumos_snapshot"]["format"] == "lumos-snapshot/1"


@given(st.text() | st.sampled_from(TRICKY))
@example("a\n  b")
def test_every_text_survives_yaml_here_and_in_other_readers(text: str) -> None:
    value = {"text": text, "more": [text, {"text": text}]}
    data = dump_yaml(value, indent=4)
    assert load_yaml(data, "x") == value
    assert yaml.safe_load(data) == value


@pytest.mark.parametrize("text", [*TRICKY, "\n", "\n\n", "a\n\n", " \n\n", "a\n\nb\n"])
def test_a_text_does_not_end_the_document(text: str) -> None:
    """What is written after a record whose last text ends in line feeds is read too."""
    both = dump_yaml({"first": text}, indent=2) + dump_yaml({"second": text}, indent=2)
    assert load_yaml(both, "x") == yaml.safe_load(both) == {"first": text, "second": text}


@pytest.mark.parametrize("text", TRICKY)
def test_tricky_texts_survive(text: str) -> None:
    assert yaml.safe_load(dump_yaml([text], indent=2)) == [text] == load_yaml(dump_yaml([text], indent=0), "x")


def read_yaml(tmp_path: Path, text: str) -> list[AnyRecord]:
    path = tmp_path / "a.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return list(read_snapshot(path).records())


def test_what_people_write_without_quotes_is_text_where_the_schema_says_text(tmp_path: Path) -> None:
    records = read_yaml(
        tmp_path,
        """
  datasets:
  - urn: urn:lumos:dataset:(postgres,b,PROD)
    name: no
    version: 1.10
    aliases: [[guid, 12], [fqn, 2026-01-15]]
    description: {source: true}
    created: {at: 2026-01-15T10:00:00Z}
    properties: [[size, 007], [yes, no]]
    fields:
    - {path: id, type: int64, id: 1, nullable: false, default: {initial: 0}}
    - {path: 12, native_type: 0x1f}
    structured:
    - {property: "urn:lumos:property:p", values: [1, "1", true, "true", no, {ref: "urn:lumos:user:a"}]}
    subtype:
  - urn: urn:lumos:dataset:(postgres,a,PROD)
  stats:
  - {urn: "urn:lumos:dataset:(postgres,a,PROD)#profile@2026-01-15T10:00:00Z", row_count: 7,
     fields: [[id, [[max, 12], [min, "99999999999999999999"]]]]}
""",
    )
    first, second, stats = records
    assert first.urn.endswith("a,PROD)") and first.value == Dataset()
    value = second.value
    assert (value.name, value.version, value.subtype) == ("no", "1.10", None)
    assert value.aliases == [("fqn", "2026-01-15"), ("guid", "12")]
    assert value.description == Description(source="true")
    assert value.created.at == "2026-01-15T10:00:00Z"
    assert value.properties == [("size", "007"), ("yes", "no")]
    assert value.fields[0].nullable is False
    assert (value.fields[0].id, value.fields[0].default.initial) == ("1", "0")
    assert value.fields[1] == Field("12", native_type="0x1f")
    assert value.structured[0].values[:5] == [1, "1", True, "true", "no"]
    assert stats.value == Stats(row_count=7, fields=[("id", [("max", 12), ("min", "99999999999999999999")])])


@pytest.mark.parametrize(
    "text, message",
    [
        ("  datasets:\n  - name: x\n", r"datasets\[0\].*has no `urn`"),
        ("  datasets:\n  - urn: urn:lumos:tag:a\n", "names a tag"),
        ("  datasets:\n  - {urn: 'urn:lumos:dataset:(a,b,PROD)', nmae: x}\n", "not valid here.*nmae"),
        ("  datasets:\n  - {urn: 'urn:lumos:dataset:(a,b,PROD)', fields: x}\n", "not valid here"),
        ("  datasets: x\n", "`datasets` is not a list"),
        ("  dataset: []\n", "unknown key `lumos_snapshot.dataset`.*did you mean `datasets`".replace("did", "Did")),
        ("  tags:\n  - {urn: 'urn:lumos:tag:a'}\n  - {urn: 'urn:lumos:tag:a'}\n", "two records are urn:lumos:tag:a"),
        ("  tags:\n  - &a {urn: 'urn:lumos:tag:a'}\n  - *a\n", "a.yaml:6: YAML aliases are not allowed"),
        ("  tags:\n  - urn: !!python/name:os.system x\n", "a.yaml:5: YAML tag.*not allowed"),
        ("  tags:\n  - urn: a\n    urn: b\n", "a.yaml:6: the key `urn` stands twice"),
        ("  tags:\n  - ? [a]\n    : b\n", "a key must be a text"),
        ("  tags: [\n", "not valid YAML"),
        ("  tags: " + "[" * 100 + "]" * 100 + "\n", "nested more than"),
        ("  coverage: [{scope: {}, aspects: [record], status: whole}]\n", "coverage: this is not valid"),
    ],
)  # fmt: skip
def test_a_bad_document_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SnapshotError, match=message):
        read_yaml(tmp_path, text)


@pytest.mark.parametrize(
    "text, message",
    [
        ("{}", "no key `lumos_snapshot`"),
        ("[]", "no key `lumos_snapshot`"),
        ("{", "not valid JSON"),
        ('{"lumos_snapshot":{"format":"lumos-snapshot/3","exported_at":""}}', "version 3"),
        ('{"lumos_snapshot":{"format":"lumos-snapshot/1"}}', "exported_at"),
        ('{"lumos_snapshot":{"format":"lumos-snapshot/1","format":"x"}}', "stands twice"),
        ('{"lumos_snapshot":{"format":1.5}}', "1.5 is not a whole number"),
        ('{"lumos_snapshot":{"format":NaN}}', "not a whole number"),
        ("[" * 100_000, "not valid JSON"),
        ("\ud800", "not valid JSON"),
    ],
)
def test_bad_json_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(SnapshotError, match=message):
        read_snapshot(path)


def test_an_empty_or_missing_document_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("")
    with pytest.raises(SnapshotError, match="not a Lumos snapshot"):
        read_snapshot(tmp_path / "a.yaml")
    with pytest.raises(SnapshotError, match="cannot read"):
        read_snapshot(tmp_path / "b.yaml")


def test_an_equal_document_is_left_alone(tmp_path: Path) -> None:
    records = [Record("urn:lumos:tag:a", Tag(name="a")), Record("urn:lumos:property:p", Property(allowed=["no"]))]
    path = tmp_path / "a.lumos.yaml"
    assert write_snapshot(path, records).written
    before = path.read_bytes()
    assert not write_snapshot(path, records).written
    assert path.read_bytes() == before
    assert write_snapshot(path, records[:1]).written
    path.write_text("broken: [")
    assert write_snapshot(path, records).written
    assert [p.name for p in tmp_path.iterdir()] == ["a.lumos.yaml"]


def test_every_kind_has_its_list() -> None:
    assert set(PLURALS) == set(KINDS)
    assert PLURALS["property"] == "properties"
    assert PLURALS["ownership_type"] == "ownership_types"
    assert len(set(PLURALS.values())) == len(PLURALS)


def test_values_that_are_texts_and_numbers_are_told_apart(tmp_path: Path) -> None:
    value = Dataset(structured=[StructuredValue("urn:lumos:property:p", values=[1, "1", True, "true", "1.5"])])
    record = Record("urn:lumos:dataset:(a,b,PROD)", value)
    for name in ("a.yaml", "a.json"):
        write_snapshot(tmp_path / name, [record])
        (found,) = read_snapshot(tmp_path / name).records()
        assert found == record
