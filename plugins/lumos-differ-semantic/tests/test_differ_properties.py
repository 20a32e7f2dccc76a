"""What must hold of any two records: the algebra of the differ."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lumos_differ_semantic.config import SemanticConfig
from lumos_differ_semantic.differ import SemanticDiffer
from lumos_differ_semantic.rules import RULES

from lumos_core.plugin_api import (
    SEVERITIES,
    Change,
    ColumnEdge,
    DataProductLink,
    Dataset,
    Default,
    Deprecated,
    Description,
    Field,
    Grant,
    Key,
    Layout,
    Lifecycle,
    Lineage,
    LineageEdge,
    Link,
    Owner,
    Pair,
    PartitionField,
    Record,
    Schedule,
    SortField,
    TagLink,
    TermLink,
    aspects,
    normalise,
    urns,
)
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.strategies import records

QUICK = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
ALL = frozenset(aspects.of_kind("dataset"))
URN = urns.dataset("file", "orders")
WORSE = {severity: rank for rank, severity in enumerate(reversed(SEVERITIES))}

TYPE_RULES = frozenset(rule.id for rule in RULES.values() if rule.kind == "type")

NAMES = ("a", "b", "B", "c", "s", "s.x", "s.y", "t", "t.x")
TYPES = (
    "int32", "int64", "uint32", "float32", "float64", "decimal(10,2)", "decimal(12,2)", "string", "varchar(5)",
    "varchar(9)", "char(3)", "bytes", "fixed(4)", "date", "timestamp(us)", "timestamp(ms)", "timestamptz(us)", "bool",
    "uuid", "json", "enum('a','b')", "enum('b','a')", "enum('a','b','c')", "enum('a',...)", "list<int32>",
    "list<int64?>", "map<string,int64>", "map<int32,int64>", "struct", "union<int64,string>", "unknown", "opaque('x')",
)  # fmt: skip
TAGS = [TagLink(tag=f"urn:lumos:tag:{name}") for name in ("pii", "gold", "tier1", "tier2", "restricted", "internal")]
TIMES = st.sampled_from([None, "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"])
TEXT = st.sampled_from([None, "x", "y"]).map(lambda text: None if text is None else Description(source=text))
LIFE = st.none() | st.builds(
    Lifecycle,
    removed=st.booleans(),
    status=st.sampled_from([None, "active", "deprecated", "retired"]),
    deprecated=st.none() | st.builds(Deprecated, at=TIMES),
    retention=st.sampled_from([None, "P7D", "30 days", "forever"]),
)


def some(*values: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), unique_by=repr, max_size=len(values))


@st.composite
def fields(draw: st.DrawFn) -> list[Field]:
    made = []
    for name in draw(st.permutations(NAMES).map(lambda names: names[:4])):
        made.append(
            Field(
                path=name,
                type=draw(st.sampled_from(TYPES)),
                nullable=draw(st.sampled_from([True, False])),
                id=draw(st.sampled_from([None, None, name, "1"])),
                default=draw(st.sampled_from([None, Default(write="0"), Default(initial="1", write="2")])),
                generated=draw(st.sampled_from([None, None, "a + b"])),
                tags=draw(some(*TAGS[:2])),
                description=draw(TEXT),
                properties=draw(st.sampled_from([[], [("unit", "EUR")], [("unit", "ct"), ("masking_policy", "p")]])),
            )
        )
    return made


KEYS = (
    Key(type="primary", columns=["a"]),
    Key(type="unique", columns=["b"]),
    Key(type="unique", columns=["a", "c"], enforced=True),
    Key(type="foreign", columns=["c"], references=["urn:lumos:dataset:(file,x,PROD)#id"]),
    Key(type="foreign", columns=["c"], references=["urn:lumos:dataset:(file,y,PROD)#id"]),
    Key(type="check", name="k", expression="a > 0"),
    Key(type="check", expression="a > 1"),
    Key(type="index", columns=["a"]),
)
LAYOUT = st.none() | st.builds(
    Layout,
    format=st.sampled_from([None, "csv", "parquet", "delta"]),
    location=st.sampled_from([None, "s3://a", "s3://b"]),
    partition_by=some(PartitionField("a"), PartitionField("b", "day"), PartitionField("b", "month")),
    sort_by=some(SortField("a"), SortField("b", "desc")),
    options=st.sampled_from([[], [("compression", "gzip")], [("compression", "zstd"), ("encryption", "aes")]]),
)
LINEAGE = st.none() | st.builds(
    Lineage,
    upstreams=some(
        *(LineageEdge(urn=urns.dataset("file", n), via=v) for n in "xy" for v in (None, "urn:lumos:task:j"))
    ),
    columns=some(
        *(ColumnEdge(from_=[f"{urns.dataset('file', 'x')}#{n}"], to=[f"#{t}"], expression=e)
          for n in "mn" for t in "ab" for e in (None, "f(x)"))
    ),
)  # fmt: skip


def consistent(value: Dataset) -> Dataset:
    """Leave out keys, partitions and column edges of fields that are not there."""
    known = {field.path for field in value.fields}
    value = msgspec.structs.replace(value, keys=[key for key in value.keys if known.issuperset(key.columns)])
    if value.layout is not None:
        parts = [part for part in value.layout.partition_by if part.path in known]
        sort = [part for part in value.layout.sort_by if part.path in known]
        value.layout = msgspec.structs.replace(value.layout, partition_by=parts, sort_by=sort)
    if value.lineage is not None:
        columns = [edge for edge in value.lineage.columns if edge.to[0][1:] in known]
        value.lineage = msgspec.structs.replace(value.lineage, columns=columns)
    return value


DATASETS = st.builds(
    Dataset,
    subtype=st.sampled_from([None, "table", "view"]),
    version=st.sampled_from([None, "1.0.0", "2.0.0"]),
    fields=fields(),
    keys=some(*KEYS),
    layout=LAYOUT,
    lineage=LINEAGE,
    lifecycle=LIFE,
    description=TEXT,
    owners=some(
        Owner(owner="urn:lumos:user:ada"),
        Owner(owner="urn:lumos:user:bob", type="urn:lumos:ownership_type:technical"),
        Owner(owner="urn:lumos:user:bob", type="urn:lumos:ownership_type:business"),
    ),
    tags=some(*TAGS),
    terms=some(TermLink(term="urn:lumos:term:revenue"), TermLink(term="urn:lumos:term:pii")),
    domains=some("urn:lumos:domain:sales", "urn:lumos:domain:finance"),
    data_products=some(DataProductLink(product="urn:lumos:data_product:p")),
    links=some(Link(url="https://w"), Link(url="https://s", type="support")),
    properties=st.sampled_from([[], [("team", "a")], [("region", "eu"), ("team", "b")], [("legal_hold", "1")]]),
    access=some(*(Grant(to=f"urn:lumos:group:{name}", privilege="select") for name in ("public", "sales"))),
    schedule=st.none()
    | st.builds(
        Schedule,
        cron=st.sampled_from([None, "0 5 * * *", "0 6 * * *"]),
        grain=st.sampled_from([None, "day", "hour"]),
        lag_max=st.sampled_from([None, 5, 6]),
    ),
)


@st.composite
def related(draw: st.DrawFn) -> tuple[Dataset, Dataset]:
    """Two datasets that share most keys, so that changes stand alone often enough."""
    first, second = draw(DATASETS), draw(DATASETS)
    same = draw(st.sets(st.sampled_from(sorted(set(Dataset.__struct_fields__) - {"captured"}))))
    second = msgspec.structs.replace(second, **{key: getattr(first, key) for key in same})
    return consistent(first), consistent(second)


def diff(before: Dataset, after: Dataset, captured: frozenset[str] = ALL, **config: Any) -> list[Change]:
    old, new = (Record(URN, msgspec.structs.replace(value, captured=sorted(captured))) for value in (before, after))
    differ = SemanticDiffer(SemanticConfig.model_validate(config))
    old, new = normalise(old), normalise(new)
    return list(differ.diff(iter([Pair(old, new, captured | {"record"})]), MemoryContext([new])))


@QUICK
@given(records())
def test_equal_records_do_not_differ(record: Record[Any]) -> None:
    pair = Pair(record, record, frozenset({"record", *getattr(record.value, "captured", ())}))
    assert list(SemanticDiffer(SemanticConfig()).diff(iter([pair]), MemoryContext([record]))) == []


@st.composite
def any_pair(draw: st.DrawFn) -> tuple[Record[Any], Record[Any]]:
    before = draw(records())
    after = msgspec.structs.replace(draw(records(before.kind)), urn=before.urn)
    return normalise(before), normalise(after)


@QUICK
@given(any_pair())
def test_any_difference_has_a_change_and_every_change_is_whole(pair: tuple[Record[Any], Record[Any]]) -> None:
    before, after = pair
    captured = {"record"} | {*getattr(before.value, "captured", ())} & {*getattr(after.value, "captured", ())}
    differ = SemanticDiffer(SemanticConfig())
    found = list(differ.diff(iter([Pair(before, after, frozenset(captured))]), MemoryContext([after])))
    assert bool(found) == (before.value != after.value and before.kind != "stats")
    for change in found:
        assert change.urn == after.urn and change.kind == after.kind
        assert change.message and change.why and change.fix
        assert change.before != change.after
    assert Counter(c.fingerprint for c in found).most_common(1)[0][1] == 1 if found else True


@QUICK
@given(related())
def test_backwards_gives_the_mirrors(pair: tuple[Dataset, Dataset]) -> None:
    there, back = diff(*pair), diff(*reversed(pair))
    told = {(change.rule, change.path) for change in back}
    # A rename stands at the old path, which is the new one on the way back.
    told |= {(change.rule, change.after) for change in back if RULES[change.rule].action == "rename"}
    # An id that was reused stands at its new field, which is the old one on the way back.
    told |= {(change.rule, change.before.split()[0]) for change in back if change.rule == "field-id-reused"}
    before = {change.after: change.path for change in there if RULES[change.rule].action == "rename"}
    for change in there:
        rule, path = RULES[change.rule], before.get(change.path, change.path)
        # Of several things that happen to one type at once (an enum opens and loses a value) the worst gives the
        # name, and which is the worst depends on the direction.
        mirrors = TYPE_RULES.union(rule.mirrors) if rule.kind == "type" else rule.mirrors
        if not rule.one_way:
            assert any((mirror, path) in told for mirror in mirrors), (change, sorted(told))


@QUICK
@given(related())
def test_full_is_the_worse_of_history_and_consumer(pair: tuple[Dataset, Dataset]) -> None:
    history, consumer, full = (
        {change.fingerprint: change for change in diff(*pair, policy=policy)}
        for policy in ("history", "consumer", "full")
    )
    for key, change in full.items():
        if change.rule in ("version-not-bumped", "major-not-bumped"):
            continue  # they follow from a breaking change, which one of the two may lack
        assert WORSE[change.severity] == max(WORSE[history[key].severity], WORSE[consumer[key].severity])


def same(change: Change) -> tuple[str | None, ...]:
    """What a change is under every policy; the part of a type that gives it its name may be another."""
    rule = "type" if change.rule in TYPE_RULES else change.rule
    return rule, change.path, change.before, change.after


@QUICK
@given(related())
def test_stricter_policies_are_never_milder(pair: tuple[Dataset, Dataset]) -> None:
    lenient, standard, strict = (diff(*pair, policy=policy) for policy in ("lenient", "standard", "strict"))
    for milder, harder in ((lenient, standard), (standard, strict)):
        by_key = {same(change): change for change in harder}
        for change in milder:
            other = by_key[same(change)]
            assert WORSE[change.severity] <= WORSE[other.severity], (change, other)


OTHER = {"a": "k", "b": "l", "B": "L", "c": "m", "s": "v", "t": "w", "x": "y2", "y": "z2"}


def renamed(value: Any) -> Any:
    """Rename every field of a dataset, wherever its name stands."""

    def path(text: str) -> str:
        return ".".join(OTHER[name] for name in text.split("."))

    def part(item: Any) -> Any:
        if isinstance(item, list):
            return [part(one) for one in item]
        if isinstance(item, Field):
            return msgspec.structs.replace(item, path=path(item.path), id=item.id and f"{item.id}'")
        if isinstance(item, Key):
            return msgspec.structs.replace(item, columns=[path(one) for one in item.columns])
        if isinstance(item, (PartitionField, SortField)):
            return msgspec.structs.replace(item, path=path(item.path))
        if isinstance(item, ColumnEdge):
            return msgspec.structs.replace(item, to=[f"#{path(one[1:])}" for one in item.to])
        if isinstance(item, (Dataset, Layout, Lineage)):
            return msgspec.structs.replace(item, **{n: part(getattr(item, n)) for n in item.__struct_fields__})
        return item

    return part(value)


@QUICK
@given(related())
def test_consistent_renaming_changes_no_class(pair: tuple[Dataset, Dataset]) -> None:
    plain, other = diff(*pair), diff(*(renamed(value) for value in pair))
    assert Counter((c.rule, c.severity) for c in plain) == Counter((c.rule, c.severity) for c in other)


@QUICK
@given(related(), st.sets(st.sampled_from(sorted(ALL))))
def test_absent_is_not_removed(pair: tuple[Dataset, Dataset], looked: set[str]) -> None:
    before, after = (msgspec.structs.replace(value, version=None) for value in pair)
    of_fields = {aspect for aspect in looked if aspect.startswith("fields.") or aspect == "lineage.columns"}
    for change in diff(before, after, frozenset(looked)):
        rule = RULES[change.rule]
        if rule.action not in ("add", "remove"):
            continue
        if change.path in ALL:
            assert change.path in looked, change
        elif not change.path:
            assert "lifecycle" in looked, change
        elif rule.area == "schema":
            assert "fields" in looked or change.rule == "field-duplicate-introduced", change
        else:
            assert of_fields, change


@QUICK
@given(related())
def test_a_rename_is_never_milder_than_what_it_replaces(pair: tuple[Dataset, Dataset]) -> None:
    before, after = pair
    gone = [f.path for f in before.fields if "." not in f.path and f.path not in {g.path for g in after.fields}]
    fresh = [f.path for f in after.fields if "." not in f.path and f.path not in {g.path for g in before.fields}]
    if not gone or not fresh:
        return
    declared = [{"from": gone[0], "to": fresh[0]}]
    for policy in ("consumer", "standard", "strict"):
        plain, told = diff(before, after, policy=policy), diff(before, after, policy=policy, renames=declared)
        worst = max(WORSE[change.severity] for change in plain if change.area == "schema")
        assert max(WORSE[change.severity] for change in told if change.area == "schema") >= worst
