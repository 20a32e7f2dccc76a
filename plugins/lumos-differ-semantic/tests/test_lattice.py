"""The lattice of type changes: the table of the design, where verdicts point, and what else decides."""

from __future__ import annotations

import pytest
from lumos_differ_semantic.lattice import SAME, classify, classify_nullable, worst

from lumos_core.plugin_api import types

# old, new, class, history, consumer codegen, consumer sql, rule
TABLE = """
int32 int64 widen-lossless ok breaking risky type-widened-lossless
uint8 uint64 widen-lossless ok breaking risky type-widened-lossless
uint8 int16 widen-lossless ok breaking risky type-widened-lossless
uint8 int8 narrow breaking breaking breaking type-narrowed
int8 uint64 narrow breaking breaking breaking type-narrowed
int64 int32 narrow breaking ok ok type-narrowed
float32 float64 widen-lossless ok breaking risky type-widened-lossless
float64 float32 narrow breaking ok risky type-narrowed
int8 float32 widen-lossless ok breaking risky type-widened-lossless
int16 float32 widen-lossless ok breaking risky type-widened-lossless
int32 float64 widen-lossless ok breaking risky type-widened-lossless
int32 float32 widen-lossy risky breaking risky type-widened-lossy
int64 float32 widen-lossy risky breaking risky type-widened-lossy
int64 float64 widen-lossy risky breaking risky type-widened-lossy
float64 int64 narrow breaking breaking breaking type-narrowed
decimal(10,2) decimal(12,2) widen-lossless ok breaking risky decimal-precision-increased
decimal(10,2) decimal(12,4) widen-lossless ok breaking risky decimal-scale-changed
decimal(10,2) decimal(11,4) narrow breaking breaking risky decimal-scale-changed
decimal(10,2) decimal(8,2) narrow breaking ok risky decimal-precision-decreased
decimal(10,2) decimal(10,1) narrow breaking breaking risky decimal-scale-changed
int8 decimal(3) widen-lossless ok breaking risky type-widened-lossless
int16 decimal(7,2) widen-lossless ok breaking risky type-widened-lossless
int32 decimal(10) widen-lossless ok breaking risky type-widened-lossless
int64 decimal(20) widen-lossless ok breaking risky type-widened-lossless
int64 decimal(18) disjoint breaking breaking breaking type-incompatible
decimal(18) int64 narrow risky risky risky type-narrowed
decimal(19) int64 disjoint breaking breaking breaking type-incompatible
varchar(9) varchar(10) widen-lossless ok breaking ok string-length-increased
varchar(9) string widen-lossless ok breaking ok string-bound-removed
varchar(9) varchar(8) narrow breaking ok ok string-length-decreased
string varchar(9) narrow breaking ok ok string-bound-added
char(3) char(4) reinterpret breaking breaking risky type-reinterpreted
char(3) varchar(3) widen-lossless ok risky ok type-widened-lossless
char(3) string widen-lossless ok risky ok type-widened-lossless
fixed(3) fixed(4) reinterpret breaking breaking breaking type-reinterpreted
fixed(3) bytes widen-lossless ok risky ok type-widened-lossless
string bytes reinterpret risky breaking breaking type-reinterpreted
bytes string reinterpret risky breaking breaking type-reinterpreted
string uuid narrow breaking ok ok type-narrowed
uuid string widen-lossless ok breaking breaking type-widened-lossless
string json narrow breaking ok ok type-narrowed
json string widen-lossless ok breaking breaking type-widened-lossless
string variant narrow breaking ok ok type-narrowed
string enum('a') narrow breaking ok ok type-narrowed
enum('a') string widen-lossless ok breaking breaking type-widened-lossless
enum('a') enum('a','b') widen-lossless ok breaking risky enum-value-added
enum('a',...) enum('a','b',...) widen-lossless ok risky risky enum-value-added
enum('a',default'a') enum('a','b',default'a') widen-lossless ok risky risky enum-value-added
enum('a','b') enum('a') narrow breaking ok ok enum-value-removed
enum('a','b') enum('a',default'a') narrow risky ok ok enum-value-removed
enum('a','b') enum('b','a') reinterpret risky risky ok enum-reordered
enum('a') enum('a',...) widen-lossless ok risky risky enum-opened
enum('a',...) enum('a') narrow risky ok ok enum-closed
enum('a') enum('a',default'a') relabel ok ok ok default-changed
date timestamp(us) widen-lossless ok breaking risky type-widened-lossless
date timestamptz(us) reinterpret breaking breaking breaking type-reinterpreted
timestamp(ms) timestamp(us) widen-lossy risky breaking risky temporal-unit-changed
timestamp(us) timestamp(ms) narrow breaking risky risky temporal-unit-changed
timestamp(us) timestamptz(us) reinterpret breaking breaking breaking timezone-semantics-changed
timestamptz(us) timestamp(ms) reinterpret breaking breaking breaking timezone-semantics-changed
timestampoffset(us) timestamptz(us) reinterpret breaking breaking breaking timezone-semantics-changed
timestamp(us) date narrow breaking breaking breaking type-narrowed
time(us) time(ns) narrow breaking breaking breaking temporal-unit-changed
bool int8 disjoint breaking breaking breaking type-incompatible
int8 bool disjoint breaking breaking breaking type-incompatible
int32 string disjoint breaking breaking breaking type-incompatible
date string disjoint breaking breaking breaking type-incompatible
unknown int64 widen-lossless ok ok ok type-widened-lossless
int64 unknown disjoint breaking breaking breaking type-incompatible
int64 opaque('X') disjoint breaking breaking breaking type-became-opaque
opaque('X') opaque('Y') disjoint breaking breaking breaking type-incompatible
string union<string,int32> widen-lossless ok breaking risky union-branch-added
union<string,int32> string narrow breaking ok ok union-branch-removed
union<string,int32> union<string,int64> widen-lossless ok breaking risky type-widened-lossless
union<string,int32> union<int32,string> relabel ok ok ok type-native-relabelled
string union<int32,bool> disjoint breaking breaking breaking type-incompatible
list<int32> list<int64> widen-lossless ok breaking risky type-widened-lossless
list<int64> list<int64?> widen-lossless ok breaking risky element-nullability-changed
list<int64?> list<int64> narrow breaking ok ok element-nullability-changed
list<int8,3> list<int8> widen-lossless ok breaking risky type-widened-lossless
list<int8> list<int8,3> narrow breaking ok ok type-narrowed
list<int8,3> list<int8,4> reinterpret breaking breaking breaking type-reinterpreted
map<string,int32> map<string,int64> widen-lossless ok breaking risky type-widened-lossless
map<string,int32> map<string,int32?> widen-lossless ok breaking risky element-nullability-changed
map<int32,bool> map<int64,bool> reinterpret breaking breaking risky map-key-type-changed
struct{a:int8} struct{a:int16} widen-lossless ok breaking risky type-widened-lossless
struct{a:int8} struct{a:int8,b:bool?} widen-lossless ok ok ok field-added-nullable
struct{a:int8} struct{a:int8,b:bool} narrow breaking ok ok field-added-required
struct{a:int8,b:bool} struct{a:int8} narrow ok breaking breaking field-removed
struct{a:int8,b:bool} struct{b:bool,a:int8} relabel risky risky ok field-reordered
struct{a:int8} struct{a:int8?} widen-lossless ok breaking risky required-to-nullable
struct struct{a:int8} reinterpret risky risky risky type-reinterpreted
int32 struct disjoint breaking breaking breaking type-incompatible
struct map<string,int8> disjoint breaking breaking breaking type-incompatible
list<int8> map<int8,int8> disjoint breaking breaking breaking type-incompatible
int32 list<int32> disjoint breaking breaking breaking cardinality-changed
list<struct> struct disjoint breaking breaking breaking cardinality-changed
list<int32> list<list<int32>> disjoint breaking breaking breaking cardinality-changed
geometry geometry('EPSG:4326') reinterpret risky risky risky type-reinterpreted
geometry('EPSG:3857') geometry('EPSG:4326') reinterpret breaking breaking breaking type-reinterpreted
"""


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_the_table_of_the_design(line: str) -> None:
    old, new, *expected = line.split(" ")
    v = classify(old, new)
    assert [v.cls, v.history, v.consumer_codegen, v.consumer_sql, v.rule_id] == expected
    assert v.note


@pytest.mark.parametrize(
    "old, new, path, rule",
    [
        ("list<map<string,int32>>", "list<map<string,int64>>", "[]{value}", "type-widened-lossless"),
        ("struct{`a.b`:list<int8>}", "struct{`a.b`:list<int8?>}", "`a.b`[]", "element-nullability-changed"),
        ("map<int8,int8>", "map<int16,int16>", "{key}", "map-key-type-changed"),
        ("union<x:int8,y:bool>", "union<x:int16,y:bool>", "<x>", "type-widened-lossless"),
        ("union<bool,string>", "union<bool,list<int8>>", "<string>", "union-branch-removed"),
        ("struct{a:int8,b:int8}", "struct{a:int16}", "b", "field-removed"),
    ],
)
def test_the_verdict_says_where_the_worst_part_is(old: str, new: str, path: str, rule: str) -> None:
    assert (classify(old, new).path, classify(old, new).rule_id) == (path, rule)


def test_parts_add_up_for_each_reader_by_itself() -> None:
    verdict = classify("enum('a','b')", "enum('b','c')")
    assert verdict == worst([classify("enum('a','b')", "enum('b')"), classify("enum('b')", "enum('b','c')")])
    assert (verdict.history, verdict.consumer_codegen, verdict.consumer_sql) == (
        "breaking",
        "breaking",
        "risky",
    )
    both = classify("varchar(9) collate 'A'", "varchar(8) collate 'B'")
    assert (both.history, both.consumer_codegen, both.cls) == ("breaking", "risky", "narrow")


@pytest.mark.parametrize(
    "old, new, expected",
    [
        (False, True, ("widen-lossless", "ok", "risky", "breaking", "required-to-nullable")),
        (True, False, ("narrow", "breaking", "ok", "ok", "nullable-to-required")),
        (True, True, SAME[:5]),
        (None, False, SAME[:5]),
        (True, None, SAME[:5]),
    ],
)
def test_nullability(old: bool | None, new: bool | None, expected: tuple[str, ...]) -> None:
    assert classify_nullable(old, new)[:5] == expected


def test_native_names_tell_a_relabelling_from_a_change() -> None:
    assert classify("int64", "int64", old_native="INTEGER", new_native="BIGINT").cls == "relabel"
    assert classify("int64", "int64", old_native="INTEGER", new_native="INTEGER") == SAME
    assert classify("int64", "int64", old_native="INTEGER") == SAME
    assert classify("int64", "int32", old_native="A", new_native="B") == classify("int64", "int32")
    lost = classify("geometry", "opaque('G')", old_native="G", new_native="G")
    assert (lost.rule_id, lost.history, lost.consumer_sql) == ("type-became-opaque", "risky", "risky")
    learned = classify("opaque('G')", "geometry", old_native="G", new_native="G")
    assert (learned.rule_id, learned.history) == ("type-native-relabelled", "ok")
    assert classify("geometry", "opaque('H')", old_native="G", new_native="H").history == "breaking"


def test_lenient_strings_take_any_leaf_for_text() -> None:
    for old in ("int32", "date", "bool", "bytes", "uuid", "enum('a')"):
        v = classify(old, "string", lenient_strings=True)
        assert "breaking" not in (v.history, v.consumer_sql)
        assert v.consumer_codegen == "breaking"
    for old, new in [("list<int8>", "string"), ("string", "varchar(3)"), ("int8", "bool")]:
        assert classify(old, new, lenient_strings=True) == classify(old, new)
    assert classify("list<int8>", "list<string>", lenient_strings=True).history == "risky"


def test_text_that_is_no_type_is_opaque() -> None:
    assert classify("int33", "int33") == SAME
    assert classify("int64", "int33").rule_id == "type-became-opaque"
    assert classify("int33", "int64").rule_id == "type-incompatible"


@pytest.mark.parametrize("wrap", ["list<@?>", "map<string,@>", "struct{a:@}", "union<a:@,b:string>"])
def test_types_as_deep_as_they_may_be_are_judged(wrap: str) -> None:
    text = "int8"
    for _ in range(types.MAX_DEPTH - 1):
        text = wrap.replace("@", text)
    assert classify(text, text.replace("int8", "int16")).cls == "widen-lossless"
    assert classify(text, text.replace("int8", "bool")).history == "breaking"


def test_wide_and_deep_types_are_judged_in_reasonable_work() -> None:
    wide = [f"union<{','.join(f'fixed({n + shift})' for n in range(90))}>" for shift in (0, 30)]
    assert classify(*wide).history == "breaking"
    deep = ["int8", "int16"]
    for _ in range(40):
        deep = [f"union<list<{t}>,map<string,{t}>>" if len(t) < 1000 else f"list<{t}>" for t in deep]
    assert classify(*deep).cls == "widen-lossless"
