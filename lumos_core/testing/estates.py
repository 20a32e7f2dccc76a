"""A whole estate, made up but true to life: the same records for the same numbers, one after the other.

Where `samples` gives one value of every aspect and `strategies` gives anything at random, an estate hangs together:
tables in schemas in databases, nested fields, lineage down to columns, tags in classifications, terms in a glossary,
owners of several types, domains, data products, jobs, dashboards, assertions, contracts, profiles and usage, and
descriptions that the source, people and generators wrote. Nothing is held: any size streams, in the order of a
snapshot.

Example:
    ```python
    from lumos_core import write_snapshot
    from lumos_core.testing.estates import Estate

    write_snapshot("estate.lumos.jsonl", Estate(datasets=10_000, fields=20).records())
    ```
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from ..model import urns
from ..model.aspects import present
from ..model.elements import (
    Code,
    ColumnEdge,
    DataProductLink,
    Default,
    Deprecated,
    Description,
    Key,
    Layout,
    Lifecycle,
    Lineage,
    LineageEdge,
    Link,
    Owner,
    PartitionField,
    Relation,
    Schedule,
    Sla,
    StructuredValue,
    TagLink,
    TermLink,
    Text,
)
from ..model.entities import (
    Assertion,
    Asset,
    Container,
    Contract,
    DataProduct,
    Dataset,
    Entity,
    Field,
    Job,
    Stats,
)
from ..model.record import AnyRecord, Record, canonical, decode
from . import estate_words
from .estate_words import DOMAINS, NOUNS, TAGS, owner_type

_PARTS = ("id", "email", "amount", "currency", "status", "country", "note", "score", "source", "created_at")
_TYPES = {
    "id": ("int64", "bigint"),
    "amount": ("decimal(18,2)", "numeric(18,2)"),
    "score": ("float64", "double precision"),
    "created_at": ("timestamp(us)", "timestamp without time zone"),
}
_DAY = "2026-01-15T10:00:00Z"
_PER_SCHEMA, _PER_DATABASE = 25, 4


class Estate:
    """The records of a made-up estate.

    Args:
        datasets: How many tables and views.
        fields: Of each of them; at least four, three of which are a struct and its members.
        platform: Where they lie.
        stats: Give profiles and usage, too: of every fifth dataset.
    """

    def __init__(
        self, datasets: int = 100, fields: int = 20, *, platform: str = "postgres", stats: bool = True
    ) -> None:
        self.datasets, self.fields, self.platform, self.stats = datasets, max(fields, 4), platform, stats
        self._digits = max(5, len(str(datasets)))

    def records(self) -> Iterator[AnyRecord]:
        """Return every record in the order of (kind, URN), in canonical form."""
        for make in (
            self._assertions,
            self._assets,
            self._containers,
            self._contracts,
            self._data_products,
            self._datasets,
            estate_words.domains,
            estate_words.groups,
            self._jobs,
            estate_words.ownership_types,
            estate_words.properties,
            self._stats,
            estate_words.tags,
            estate_words.terms,
            estate_words.users,
        ):
            for urn, value in make():
                if isinstance(value, Entity):
                    value.captured = sorted(present(value))
                yield decode(canonical(Record(urn, value)))

    def dataset(self, number: int) -> str:
        """Return the URN of a dataset."""
        return urns.dataset(self.platform, self._table(number))

    def _number(self, number: int) -> str:
        return str(number).zfill(self._digits)

    def _schema(self, number: int) -> str:
        schema = number // _PER_SCHEMA
        return f"shop{self._number(schema // _PER_DATABASE)}.area{self._number(schema)}"

    def _table(self, number: int) -> str:
        return f"{self._schema(number)}.t{self._number(number)}_{NOUNS[number % len(NOUNS)]}"

    def _every(self, step: int) -> range:
        return range(0, self.datasets, step)

    def _datasets(self) -> Iterator[tuple[str, Any]]:
        for number in range(self.datasets):
            yield self.dataset(number), self._one(number)

    def _one(self, number: int) -> Dataset:
        pick = Random(number)
        noun, name = NOUNS[number % len(NOUNS)], self._table(number).rpartition(".")[2]
        view = number % 7 == 3
        return Dataset(
            name=name,
            subtype="view" if view else "table",
            parent=urns.container(self.platform, self._schema(number)),
            display_name=Text(manual=f"All {noun} ({number})") if number % 4 == 0 else None,
            description=_described(f"One row for each of the {noun}, number {number}", number),
            owners=self._owners(pick),
            tags=_tags(pick),
            terms=[TermLink(urns.plain("term", f"shop.{noun}"), layer="manual")] if number % 2 else [],
            domains=[urns.plain("domain", pick.choice(DOMAINS))],
            data_products=[DataProductLink(self._product(number // 25 * 25))] if number % 5 == 0 else [],
            links=[Link(f"https://wiki.example.org/{name}", label=f"About {noun}")] if number % 3 == 0 else [],
            properties=[("cost_center", f"CC{number % 40:03}"), ("retention", f"{number % 9 + 1} years")],
            structured=[StructuredValue(urns.plain("property", "criticality"), values=[pick.randint(1, 5)])]
            if number % 6 == 0
            else [],
            relations=[Relation(type="replaced_by", target=self.dataset(number + 1))]
            if number % 50 == 49 and number + 1 < self.datasets
            else [],
            lifecycle=Lifecycle(deprecated=Deprecated(at=_DAY, note=f"Use the next of the {noun}"))
            if number % 50 == 49
            else None,
            fields=self._fields(number),
            keys=[Key(type="primary", columns=["id"], name=f"{name}_pkey", enforced=True)],
            layout=Layout(
                format="heap", partition_by=[PartitionField("created_at", transform="day")] if number % 8 == 0 else []
            ),
            code=[Code(role="definition", language="sql", text=f"select * from {self._table(number - 1)}")]
            if view
            else [],
            lineage=self._lineage(number, pick),
        )

    def _fields(self, number: int) -> list[Field]:
        made = [
            Field("id", type="int64", native_type="bigint", nullable=False, description=Description(source="The key")),
            Field("address", type="struct", nullable=True, description=Description(manual="Where it goes")),
            Field("address.zip", type="varchar(10)", native_type="varchar(10)", nullable=True),
            Field(
                "created_at",
                type="timestamp(us)",
                native_type="timestamp",
                nullable=False,
                default=Default(write="now()"),
            ),
        ]
        for index in range(len(made), self.fields):
            part = _PARTS[index % len(_PARTS)]
            type_, native = _TYPES.get(part, ("string", "text"))
            made.append(
                Field(
                    f"{part}_{index:02}",
                    type=type_,
                    native_type=native,
                    nullable=index % 3 != 0,
                    description=_described(f"The {part} of {NOUNS[number % len(NOUNS)]}", number + index),
                    tags=[TagLink(urns.plain("tag", "pii.email"), layer="manual")] if part == "email" else [],
                    terms=[TermLink(urns.plain("term", "shop.money"))] if part == "amount" and number % 3 == 0 else [],
                )
            )
        return made

    def _lineage(self, number: int, pick: Random) -> Lineage | None:
        if number == 0:
            return None
        via = self._task(number // 10 * 10) if number % 10 in (1, 2) else None
        before = sorted({pick.randrange(max(0, number - 40), number) for _ in range(2)})
        edges = [LineageEdge(self.dataset(other), type="transformed", via=via) for other in before]
        columns = [
            ColumnEdge(
                from_=[urns.field(self.dataset(other), path)], to=[f"#{path}"], type="direct", subtype="identity"
            )
            for other, path in zip(before, ("id", "created_at"), strict=False)
        ]
        return Lineage(upstreams=edges, columns=columns)

    def _owners(self, pick: Random) -> list[Owner]:
        found = [Owner(urns.plain("group", f"team{pick.randrange(10)}"), type=owner_type("technical_owner"))]
        if pick.random() < 0.5:
            user = urns.plain("user", f"user{pick.randrange(40):02}")
            found.append(Owner(user, type=owner_type("steward"), layer="manual"))
        return found

    def _task(self, number: int) -> str:
        return urns.located("task", "airflow", f"load{self._number(number)}/{NOUNS[number % 10]}")

    def _product(self, number: int) -> str:
        return urns.plain("data_product", f"product{self._number(number)}")

    def _assertions(self) -> Iterator[tuple[str, Any]]:
        for number in self._every(10):
            yield (
                urns.plain("assertion", f"unique{self._number(number)}"),
                Assertion(
                    name=f"The ids of {self._table(number)} are unique",
                    about=urns.field(self.dataset(number), "id"),
                    metric="unique_count",
                    operator="equals",
                    arguments=[("value", "row_count")],
                    severity="error",
                    description=Description(source="Every key stands once"),
                ),
            )

    def _assets(self) -> Iterator[tuple[str, Any]]:
        for number in self._every(20):
            yield (
                urns.located("chart", "superset", self._number(number)),
                Asset(
                    name=f"Chart {number}",
                    subtype="chart",
                    description=_described(f"What happened to number {number}", number),
                    lineage=Lineage(upstreams=[LineageEdge(self.dataset(number))]),
                ),
            )
        for number in self._every(40):
            charts = [other for other in (number, number + 20) if other < self.datasets]
            yield (
                urns.located("dashboard", "superset", self._number(number)),
                Asset(
                    name=f"Dashboard {number}",
                    subtype="dashboard",
                    owners=self._owners(Random(number)),
                    links=[Link(f"https://bi.example.org/{number}", type="source")],
                    relations=[
                        Relation(type="contains", target=urns.located("chart", "superset", self._number(other)))
                        for other in charts
                    ],
                ),
            )

    def _containers(self) -> Iterator[tuple[str, Any]]:
        schemas = -(-self.datasets // _PER_SCHEMA)
        service = urns.located("service", self.platform, "production")
        for first in range(0, schemas, _PER_DATABASE):
            database = self._schema(first * _PER_SCHEMA).partition(".")[0]
            urn = urns.container(self.platform, database)
            yield urn, Container(name=database, subtype="database", parent=service)
            for schema in range(first, min(first + _PER_DATABASE, schemas)):
                full = self._schema(schema * _PER_SCHEMA)
                text = Description(source=f"Everything of area {schema}")
                value = Container(name=full.partition(".")[2], subtype="schema", parent=urn, description=text)
                yield urns.container(self.platform, full), value
        text = Description(manual="The servers that customers reach")
        yield service, Container(name="production", subtype="service", description=text)

    def _contracts(self) -> Iterator[tuple[str, Any]]:
        for number in self._every(50):
            yield (
                urns.plain("contract", f"contract{self._number(number)}"),
                Contract(
                    name=f"Contract of {self._table(number)}",
                    about=self.dataset(number),
                    version="1.2.0",
                    assertions=[urns.plain("assertion", f"unique{self._number(number)}")],
                    sla=[Sla(property="latency", value="4", unit="h")],
                    description=Description(source="What readers may rely on"),
                ),
            )

    def _data_products(self) -> Iterator[tuple[str, Any]]:
        for number in self._every(25):
            noun = NOUNS[number % len(NOUNS)].capitalize()
            yield (
                self._product(number),
                DataProduct(
                    name=f"{noun} {number}",
                    domains=[urns.plain("domain", DOMAINS[number % len(DOMAINS)])],
                    owners=self._owners(Random(-number)),
                    description=Description(manual=f"{noun} for everybody"),
                ),
            )

    def _jobs(self) -> Iterator[tuple[str, Any]]:
        for number in self._every(10):
            text = Description(source=f"Loads number {number} to {number + 9}")
            schedule = Schedule(cron="0 6 * * *", time_zone="Europe/Berlin")
            value = Job(name=f"load{self._number(number)}", subtype="dag", description=text, schedule=schedule)
            yield urns.located("flow", "airflow", f"load{self._number(number)}"), value
        for number in self._every(10):
            flow = urns.located("flow", "airflow", f"load{self._number(number)}")
            inputs = [LineageEdge(self.dataset(number))]
            outputs = [LineageEdge(self.dataset(other)) for other in (number + 1, number + 2) if other < self.datasets]
            value = Job(name=NOUNS[number % 10], subtype="task", parent=flow)
            value.lineage = Lineage(upstreams=inputs, downstreams=outputs)
            yield self._task(number), value

    def _stats(self) -> Iterator[tuple[str, Any]]:
        for number in self._every(5) if self.stats else ():
            rows = Random(number).randrange(10, 10_000)
            profile = Stats(row_count=rows, size_bytes=rows * 200)
            profile.fields = [("id", [("null_count", 0), ("unique_count", rows)])]
            yield f"{self.dataset(number)}#profile@{_DAY}", profile
            yield f"{self.dataset(number)}#usage@{_DAY}", Stats(metrics=[("queries", rows % 100), ("users", rows % 7)])


def _described(text: str, number: int) -> Description | None:
    """Words of the source, of people, of both, of a generator, or none."""
    made: tuple[Callable[[], Description | None], ...] = (
        lambda: Description(source=text),
        lambda: Description(manual=f"{text}, as *people* say"),
        lambda: Description(source=text, manual=f"{text}, said better"),
        lambda: Description(source=text, others=[("generated", f"{text}, a machine believes")]),
        lambda: None,
    )
    return made[number % len(made)]()


def _tags(pick: Random) -> list[TagLink]:
    tags = [TagLink(urns.plain("tag", f"tier.{pick.choice(TAGS['tier'])}"))]
    if pick.random() < 0.3:
        tags.append(TagLink(urns.plain("tag", "pii.name"), layer="manual", state="confirmed"))
    return tags


__all__ = ["Estate"]
