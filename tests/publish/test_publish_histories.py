"""Random histories of source changes, human edits, faults and crashes: nothing is lost, nothing is invented.

The oracle does not merge. It remembers, for each text and each element, who wrote it last, and forgets nothing that a
person did. Where two things that nobody can tell apart have happened (a person took away what may never have arrived),
it allows both.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lumos_core.contracts.catalog import Catalog, Operation, Outcome
from lumos_core.contracts.component import Support
from lumos_core.errors import CatalogError, RetryableError
from lumos_core.model.aspects import ASPECTS, RECORD
from lumos_core.model.elements import Description, TagLink
from lumos_core.model.entities import Dataset, Field, Foreign, Stats
from lumos_core.model.record import AnyRecord, Record, canonical, decode, line_key
from lumos_core.model.urns import dataset
from lumos_core.publish.engine import Engine, Plan
from lumos_core.publish.ledger import StoreLedger
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.memory_store import MemoryStore

HISTORIES = 1000
NAMES = ("a", "b", "c")
FOUND = "c"
"""What the catalog holds before Lumos comes."""

STRANGER = dataset("other", "stranger")
TAGS = ("red", "green", "blue")
FIELDS = ("id", "name")


class Crash(BaseException):
    """The process is gone."""


class Faults:
    """What goes wrong during one run; nothing, without a seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._on = bool(seed)
        self.clean = True

    def strike(self, *choices: str, rate: float = 0.2) -> str:
        """Draw one of the faults that can happen here."""
        if not self._on or self._random.random() > rate:
            return ""
        self.clean = False
        return self._random.choice(choices)

    def part(self, names: Sequence[str]) -> list[str]:
        """Draw a part of what should be done."""
        return [name for name in names if self._random.random() < 0.5]


class Shelf(Catalog[Any]):
    """A catalog that does what it wants: refuses, does half, loses answers, takes the process down."""

    capabilities = {aspect: Support(read=True, write=True, lossless=True) for aspect in ASPECTS - {RECORD}}
    foreign = True
    stats = frozenset({"profile"})
    deferred = frozenset({"tags"})

    def __init__(self) -> None:
        self.records: dict[str, AnyRecord] = {}
        self.faults = Faults()
        self.calls = 0

    def read(self, scope: Any, ctx: Any) -> Iterator[AnyRecord]:
        for record in sorted(self.records.values(), key=lambda item: (item.kind, item.urn.encode())):
            if scope.matches(record.urn):
                if self.faults.strike("crash", "error", rate=0.02) == "crash":
                    raise Crash
                yield decode(canonical(record))
        if not self.faults.clean and self.faults.strike("error", rate=0.02):
            raise CatalogError("the listing was cut")

    def write(self, batch: Sequence[Operation], ctx: Any) -> Iterator[Outcome]:
        for operation in batch:
            self.calls += 1
            fault = self.faults.strike(
                "refused", "refused late", "half", "retry", "retry late", "error late", "defect", "silent", "crash",
                "crash late", "crash half",
            )  # fmt: skip
            if fault == "crash":
                raise Crash
            if fault == "retry":
                raise RetryableError("busy")
            if fault == "refused":
                yield Outcome(operation.urn, "failed", fault)
                continue
            self.records_after(operation, half=fault in ("half", "crash half"))
            if fault in ("crash late", "crash half"):
                raise Crash
            if fault == "retry late":
                raise RetryableError("the answer was lost")
            if fault == "error late":
                raise CatalogError("the connection was cut")
            if fault == "defect":
                raise ZeroDivisionError
            if fault in ("refused late", "half"):
                yield Outcome(operation.urn, "failed", fault)
            elif fault != "silent":
                yield Outcome(operation.urn, "written")

    def records_after(self, operation: Operation, *, half: bool) -> None:
        """Do what is asked, or some of it."""
        present = self.records.get(operation.urn)
        if operation.kind == "foreign" and operation.action == "remove":
            self.records.pop(operation.urn, None)
            return
        if half and isinstance(operation.set, Dataset):
            filled = [key for key in Dataset.__struct_fields__ if getattr(operation.set, key) not in (None, [])]
            some = Dataset(**{key: getattr(operation.set, key) for key in self.faults.part(filled)})
            operation = replace(operation, set=some, unset=frozenset(self.faults.part(sorted(operation.unset))))
        self.records[operation.urn] = decode(canonical(operation.apply(present)))


class Disk(MemoryStore):
    """A store whose process may die before or after any commit."""

    faults = Faults()

    def commit(self, ref: str, expect: Any, changed: Iterable[Any], meta: Any) -> str:
        fault = self.faults.strike("before", "after", rate=0.1)
        if fault == "before":
            raise Crash
        state = super().commit(ref, expect, changed, meta)
        if fault == "after":
            raise Crash
        return state


class Person:
    """What people did to one record, and what is not known for sure; the oracle.

    Attributes:
        texts: Place -> what somebody typed last.
        added: Tags that somebody put there.
        dropped: Tags of the source that somebody took away.
        either: Tags, and `foreign`, of which both states are right until a run without faults settles it.
        foreign: What somebody made of the foreign record; None: nobody did.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.added: set[str] = set()
        self.dropped: set[str] = set()
        self.either: set[str] = set()
        self.foreign: str | None = None
        self.confirmed: set[str] = set()
        self.known: set[str] = set()
        self.attempted = False


class Truth:
    """What the source says of one record."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.tags: set[str] = set()
        self.types = dict.fromkeys(FIELDS, "int64")
        self.foreign = "{}"
        self.rows = 0

    def records(self, name: str) -> Iterator[AnyRecord]:
        """Return its lines."""
        urn = dataset("memory", name)
        fields = [Field(path, type=self.types[path], description=_text(self.texts.get(path))) for path in FIELDS]
        value = Dataset(
            name=name,
            fields=fields,
            description=_text(self.texts.get("")),
            tags=[TagLink(f"urn:lumos:tag:{tag}") for tag in sorted(self.tags)],
            captured=["description", "fields", "fields.description", "tags"],
        )
        yield Record(urn, value)
        yield Record(f"{urn}#memory/raw", Foreign(body=self.foreign))
        yield Record(f"{urn}#profile@2026-01-{self.rows % 28 + 1:02}T00:00:00Z", Stats(row_count=self.rows))


def _text(text: str | None) -> Description | None:
    return None if text is None else Description(source=text)


class History:
    """One history: the source, the catalog, what is remembered, and the oracle."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.catalog, self.store = folder, Shelf(), Disk()
        self.truth: dict[str, Truth] = {}
        self.people = {name: Person() for name in NAMES}
        self.number = 0
        found = Dataset(name="found", description=Description(source="typed long ago"))
        found.tags = [TagLink("urn:lumos:tag:old")]
        self.catalog.records[dataset("memory", FOUND)] = Record(dataset("memory", FOUND), found)
        self.people[FOUND].texts[""] = "typed long ago"
        self.people[FOUND].added.add("old")
        self.catalog.records[STRANGER] = Record(STRANGER, Dataset(name="stranger"))
        self.drifted = False

    def unique(self, who: str) -> str:
        """A text that nobody wrote before."""
        self.number += 1
        return f"{who} {self.number}"

    # ---- what happens

    def source(self, name: str, place: int) -> None:
        """Something changes at the source."""
        truth = self.truth.setdefault(name, Truth())
        what = ("", *FIELDS, *TAGS, "type", "foreign", "rows", "clear")[place % 10]
        if what in ("", *FIELDS):
            truth.texts[what] = self.unique("source")
        elif what in TAGS:
            truth.tags ^= {what}
            if what in truth.tags:
                self.people[name].confirmed.discard(what)
        elif what == "type":
            truth.types["id"] = "string" if truth.types["id"] == "int64" else "int64"
        elif what == "foreign":
            truth.foreign = f'"{self.unique("foreign")}"'
        elif what == "rows":
            self.number += 1
            truth.rows = self.number
        else:
            truth.texts.pop("", None)

    def vanish(self, name: str) -> None:
        """The source has it no more."""
        self.truth.pop(name, None)

    def edit(self, name: str, place: int) -> None:
        """Somebody edits the catalog."""
        urn, person = dataset("memory", name), self.people[name]
        if urn not in self.catalog.records:
            return
        value = decode(canonical(self.catalog.records[urn])).value
        what = ("", "id", "add", "drop", "foreign", "no foreign", "type")[place % 7]
        text = self.unique("person")
        if what == "":
            value.description = Description(source=text)
            person.texts[""] = text
        elif what == "id" and value.fields:
            value.fields[0].description = Description(source=text)
            person.texts["id"] = text
        elif what == "add":
            value.tags = [*value.tags, TagLink(f"urn:lumos:tag:p{self.number:04}")]
            person.added.add(f"p{self.number:04}")
        elif what == "drop":
            tag = TAGS[place % 3]
            if any(link.tag.endswith(f":{tag}") for link in value.tags):
                value.tags = [link for link in value.tags if not link.tag.endswith(f":{tag}")]
                (person.dropped if tag in person.confirmed else person.either).add(tag)
        elif what == "foreign" and f"{urn}#memory/raw" in self.catalog.records:
            self.catalog.records[f"{urn}#memory/raw"] = Record(f"{urn}#memory/raw", Foreign(body=f'"{text}"'))
            person.foreign = f'"{text}"'
            person.either.discard("foreign")
        elif what == "no foreign" and f"{urn}#memory/raw" in self.catalog.records:
            del self.catalog.records[f"{urn}#memory/raw"]
            person.foreign = ""
            if "foreign" not in person.confirmed:
                person.either.add("foreign")
        elif what == "type" and value.fields:
            value.fields[0].type = "boolean"
            self.drifted = True
        self.catalog.records[urn] = decode(canonical(Record(urn, value)))

    def destroy(self, name: str) -> None:
        """Somebody deletes it for good, with all that people wrote."""
        urn = dataset("memory", name)
        for key in [key for key in self.catalog.records if key.partition("#")[0] == urn]:
            del self.catalog.records[key]
        self.people[name] = Person()
        self.drifted = True

    def run(self, seed: int = 0, *, full: bool = False) -> Plan | None:
        """Plan and apply; with a seed, things go wrong."""
        faults = Faults(seed)
        self.catalog.faults = self.store.faults = faults
        lines = sorted((canonical(r) for n, t in self.truth.items() for r in t.records(n)), key=line_key)
        engine = Engine(
            self.catalog, MemoryContext(), StoreLedger(self.store, "shelf", {}), folder=self.folder, retries=1
        )
        plan, done = None, False
        for name in self.truth:
            self.people[name].attempted = True
        try:
            plan = engine.plan(lambda: iter(lines), full=full)
            for _ in engine.apply(plan):
                pass
            done = True
        except (Crash, CatalogError):
            assert seed, "without faults nothing fails"
        finally:
            self.catalog.faults = self.store.faults = Faults()
        self._learn(clean=done and faults.clean)
        return plan

    def _learn(self, *, clean: bool) -> None:
        """A run without faults settles what was open; one with faults opens what it may have touched."""
        for name, person in self.people.items():
            truth = self.truth.get(name)
            tags = truth.tags if truth is not None else set()
            held = self.catalog.records.get(dataset("memory", name))
            shown = {link.tag.rpartition(":")[2] for link in held.value.tags} if held is not None else set()
            for tag in TAGS:
                if clean and truth is not None:
                    person.confirmed.add(tag)
                    if tag not in tags:
                        person.dropped.discard(tag)
                        person.either.discard(tag)
                    elif tag in person.either:
                        person.either.discard(tag)
                        (person.dropped.discard if tag in shown else person.dropped.add)(tag)
                elif tag in person.dropped and tag not in tags:
                    person.either.add(tag)
            if truth is None:
                person.confirmed.discard("foreign")
                if person.foreign == "":
                    person.either.add("foreign")
            elif clean and truth is not None:
                person.confirmed.add("foreign")
                if "foreign" in person.either and person.foreign == "":
                    person.either.discard("foreign")
                    raw = f"{dataset('memory', name)}#memory/raw"
                    person.foreign = None if raw in self.catalog.records else ""
            if clean and truth is not None:
                person.known.add("record")

    # ---- what must be

    def check(self, *, whole: bool) -> None:
        """Compare the catalog with what the oracle says; `whole` after a full run."""
        held = self.catalog.records
        assert held[STRANGER].value == Dataset(name="stranger"), "what we do not know is left alone"
        for name in NAMES:
            urn, truth, person = dataset("memory", name), self.truth.get(name), self.people[name]
            record = held.get(urn)
            alive = record is not None and not (record.value.lifecycle and record.value.lifecycle.removed)
            if truth is None:
                if name == FOUND and "record" not in person.known:
                    assert alive or person.attempted or record is None, "it was never ours to remove"
                else:
                    assert not alive, f"{name} is gone"
                if record is not None:
                    self._words(record, None, person)
                continue
            if record is None and not whole:
                continue  # deleted by hand, and not looked at
            assert record is not None and alive, f"{name} is there"
            self._words(record, truth, person)
            self._parts(urn, truth, person)
            if whole:
                assert {field.path: field.type for field in record.value.fields} == truth.types

    def _words(self, record: AnyRecord, truth: Truth | None, person: Person) -> None:
        value = record.value
        texts = {"": value.description, **{field.path: field.description for field in value.fields}}
        for place, text in texts.items():
            shown = text.source if text is not None else None
            if place in person.texts:
                assert shown == person.texts[place], f"somebody typed it: {place}"
            elif truth is not None:
                assert shown == truth.texts.get(place), f"nobody but the source wrote it: {place}"
        shown_tags = {link.tag.rpartition(":")[2] for link in value.tags}
        assert person.added <= shown_tags, "what somebody added stays"
        if truth is not None:
            ours = shown_tags & set(TAGS)
            assert ours - person.either == truth.tags - person.dropped - person.either
            assert ours <= truth.tags

    def _parts(self, urn: str, truth: Truth, person: Person) -> None:
        raw = self.catalog.records.get(f"{urn}#memory/raw")
        body = "" if raw is None else raw.value.body
        if "foreign" not in person.either:
            assert body == (truth.foreign if person.foreign is None else person.foreign)
        facts = list(truth.records("x"))[2]
        assert self.catalog.records[f"{urn}#{facts.urn.partition('#')[2]}"].value == facts.value


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("source"), st.sampled_from(NAMES), st.integers(0, 9)),
        st.tuples(st.just("source"), st.sampled_from(NAMES), st.integers(0, 9)),
        st.tuples(st.just("edit"), st.sampled_from(NAMES), st.integers(0, 41)),
        st.tuples(st.just("edit"), st.sampled_from(NAMES), st.integers(0, 41)),
        st.tuples(st.just("vanish"), st.sampled_from(NAMES), st.just(0)),
        st.tuples(st.just("destroy"), st.sampled_from(NAMES), st.just(0)),
        st.tuples(st.just("run"), st.just(""), st.just(0)),
        st.tuples(st.just("run"), st.just(""), st.integers(1, 10_000)),
        st.tuples(st.just("run"), st.just(""), st.integers(1, 10_000)),
        st.tuples(st.just("full"), st.just(""), st.integers(0, 10_000)),
    ),
    min_size=4,
    max_size=24,
)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits, and no disk is asked to be sure."""
    monkeypatch.setattr("lumos_core.publish.apply.time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(STEPS)
def test_every_history_ends_in_the_one_right_state(
    quick: None, tmp_path: Path, steps: list[tuple[str, str, int]]
) -> None:
    history = History(tmp_path)
    for action, name, number in steps:
        if action == "run":
            history.run(number)
        elif action == "full":
            history.run(number, full=True)
        else:
            getattr(history, action)(*([name] if action in ("vanish", "destroy") else [name, number]))
    history.run()
    history.check(whole=not history.drifted)
    history.catalog.calls = 0
    history.run()
    assert history.drifted or history.catalog.calls == 0, "a second run writes nothing"
    history.catalog.calls = 0
    history.run(full=True)
    assert history.drifted or history.catalog.calls == 0, "there was nothing to mend"
    history.check(whole=True)
    history.catalog.calls = 0
    history.run(full=True)
    assert history.catalog.calls == 0
    assert list(history.store.lines("publishing/shelf")) == [], "nothing is in doubt"
