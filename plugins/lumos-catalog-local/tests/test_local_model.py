"""The catalog against a plain dict, under random operations; the index against one made anew from the lines."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lumos_catalog_local.catalog import LocalCatalog
from lumos_catalog_local.config import LocalCatalogConfig

from lumos_core.plugin_api import (
    Dataset,
    Description,
    Entity,
    Field,
    Lifecycle,
    Operation,
    Owner,
    Record,
    Scope,
    Stats,
    TagLink,
    Text,
    canonical,
    decode,
    urns,
)
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.strategies import records

NAMES = ["orders", "order_items", "customers", "Kunden/Straße", "a b", "x'y\"z", "日本", "😀", "cafe\u0301"]
TEXTS = ["all orders", "customer e-mail", "", "NULL AND OR", "Größe der Bestellung"]
PATHS = ["id", "email", "customer.email", "customerEmail", "größe", "`a.b`"]

fields = st.lists(
    st.builds(
        lambda path, text, tags: Field(path, type="string", description=text, tags=tags),
        st.sampled_from(PATHS),
        st.none() | st.builds(lambda text: Description(source=text), st.sampled_from(TEXTS)),
        st.lists(
            st.builds(lambda tag: TagLink(urns.plain("tag", tag)), st.sampled_from(["pii", "pii.email"])), max_size=1
        ),
    ),
    max_size=3,
    unique_by=lambda field: field.path,
)
values = st.builds(
    Dataset,
    name=st.none() | st.sampled_from(NAMES),
    subtype=st.none() | st.sampled_from(["table", "view"]),
    display_name=st.none() | st.builds(lambda text: Text(manual=text), st.sampled_from(NAMES)),
    description=st.none() | st.builds(lambda text: Description(source=text), st.sampled_from(TEXTS)),
    owners=st.lists(st.builds(lambda name: Owner(urns.plain("group", name)), st.sampled_from(NAMES)), max_size=2),
    domains=st.lists(st.sampled_from([urns.plain("domain", "sales"), urns.plain("domain", "sales.eu")]), max_size=1),
    lifecycle=st.none() | st.just(Lifecycle(status="live")),
    fields=fields,
)
operations = st.builds(
    lambda name, action, value, unset: Operation(
        kind="dataset",
        urn=urns.dataset("file", name),
        action=action,
        set=None if action == "restore" else value,
        unset=unset,
    ),
    st.sampled_from(NAMES[:4]),
    st.sampled_from(["create", "update", "remove", "restore"]),
    values,
    st.frozensets(st.sampled_from(["description", "owners", "fields", "lifecycle", "name"]), max_size=2),
)
batches = st.lists(st.lists(operations, min_size=1, max_size=5), min_size=1, max_size=5)


@pytest.fixture
def catalog(tmp_path: Path) -> Any:
    made = LocalCatalog(LocalCatalogConfig(path=tmp_path / "catalog.db"))
    yield made
    made.close()


def expected(operation: Operation, held: Dataset | None) -> Dataset | None:
    """What the contract says the record is afterwards."""
    if held is None and operation.action == "remove":
        return None
    value = msgspec.structs.replace(held) if held is not None else Dataset()
    blank = Dataset()
    for key in operation.unset:
        setattr(value, key, getattr(blank, key))
    for key in Dataset.__struct_fields__ if operation.set is not None else ():
        new = getattr(operation.set, key)
        if new not in (None, []):
            setattr(value, key, new)
    if operation.action in ("remove", "restore"):
        status = value.lifecycle.status if value.lifecycle else None
        removed = operation.action == "remove"
        value.lifecycle = Lifecycle(removed=removed, status=status) if removed or status else None
    return value


def index_of(catalog: LocalCatalog) -> dict[str, Any]:
    """Everything that searching reads, without the numbers of rows."""
    with catalog._file.reading() as connection:
        return {
            "documents": connection.execute(
                "SELECT r.urn, r.facets, r.card, d.name, d.fields, d.details, d.tags, d.owners, d.description, d.facets"
                " FROM document d JOIN record r ON r.id = d.id ORDER BY r.urn"
            ).fetchall(),
            "words": connection.execute("SELECT text FROM word ORDER BY text").fetchall(),
            "grams": connection.execute(
                "SELECT g.gram, g.size, w.text FROM gram g JOIN word w ON w.id = g.word ORDER BY 1, 2, 3"
            ).fetchall(),
            "loose": connection.execute("SELECT count(*) FROM gram WHERE word NOT IN (SELECT id FROM word)").fetchall(),
            "postings": postings(connection),
        }


def postings(connection: Any) -> list[Any]:
    connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.posting USING fts5vocab(main, search, instance)")
    rows = connection.execute(
        "SELECT p.term, r.urn, p.col, p.offset FROM temp.posting p JOIN record r ON r.id = p.doc ORDER BY 1, 2, 3, 4"
    ).fetchall()
    connection.execute("DROP TABLE temp.posting")
    return rows


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches)
def test_it_holds_what_a_dict_would_hold(history: list[list[Operation]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        catalog = LocalCatalog(LocalCatalogConfig(path=Path(folder) / "catalog.db"))
        model: dict[str, bytes] = {}
        for batch in history:
            statuses = []
            for operation in batch:
                held = model.get(operation.urn)
                after = expected(operation, None if held is None else decode(held).value)
                line = held if after is None else canonical(Record(operation.urn, after))
                statuses.append("unchanged" if line == held else "written")
                if line is not None:
                    model[operation.urn] = line
            outcomes = list(catalog.write(batch, MemoryContext()))
            assert [outcome.urn for outcome in outcomes] == [operation.urn for operation in batch]
            assert [outcome.status for outcome in outcomes] == statuses
        read = [canonical(record) for record in catalog.read(Scope(), MemoryContext())]
        assert read == [model[urn] for urn in sorted(model)]
        if model:
            kept = index_of(catalog)
            assert catalog.rebuild() == len(model)
            assert index_of(catalog) == kept
            with catalog._file.writing() as connection:
                connection.execute("INSERT INTO search(search) VALUES('integrity-check')")
            alive = {urn for urn, line in model.items() if not is_removed(decode(line).value)}
            assert {hit.urn for hit in catalog.explore("", limit=99).hits} == alive
            assert {hit.urn for hit in catalog.explore("", limit=99, include_removed=True).hits} == set(model)
        catalog.close()


def is_removed(value: Any) -> bool:
    return value.lifecycle is not None and value.lifecycle.removed


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records(), max_size=4, unique_by=lambda record: (record.kind, record.urn)), st.text(max_size=12))
def test_any_record_is_kept_and_any_text_is_a_query(many: list[Any], query: str) -> None:
    lines = {(record.kind, record.urn): canonical(record) for record in many}
    with tempfile.TemporaryDirectory() as folder:
        catalog = LocalCatalog(LocalCatalogConfig(path=Path(folder) / "catalog.db"))
        batch = [Operation(kind=r.kind, urn=r.urn, action="create", set=decode(canonical(r)).value) for r in many]
        outcomes = list(catalog.write(batch, MemoryContext()))
        assert {outcome.status for outcome in outcomes} <= {"written"}
        read = {(r.kind, r.urn): canonical(r) for r in catalog.read(Scope(), MemoryContext())}
        assert read == lines
        page = catalog.explore(query)
        assert page.total >= 0
        named = [r for r in many if isinstance(r.value, Entity)]
        for record in named:
            place = urns.name(record.urn).encode("utf-8", "replace").decode()
            found = catalog.explore(f'name:"{place}"', limit=99, include_removed=True)
            from lumos_catalog_local.words import words

            if words(place):
                assert record.urn in {hit.urn for hit in found.hits}
        catalog.close()


def test_scopes_are_read_in_order(catalog: LocalCatalog) -> None:
    names = ["a", "a/b", "a$", "ä🙂"]
    batch = [
        *(
            Operation(kind="dataset", urn=urns.dataset("csv", name), action="create", set=Dataset(name=name))
            for name in names
        ),
        Operation(
            kind="stats",
            urn=f"{urns.dataset('csv', 'a')}#profile@2026-01-15T10:00:00Z",
            action="create",
            set=Stats(row_count=3),
        ),
    ]
    assert {outcome.status for outcome in catalog.write(batch, MemoryContext())} == {"written"}
    wanted = {urns.dataset("csv", "a"), urns.dataset("csv", "ä🙂")}
    for scope, count in (
        (Scope(urns=frozenset(wanted)), 3),
        (Scope(types=frozenset({"dataset"})), 5),
        (Scope(platform="csv", prefixes=("a",)), 4),
        (Scope(prefixes=("a/",), urns=frozenset(wanted)), 4),
        (Scope(env="DEV"), 0),
    ):
        read = list(catalog.read(scope, MemoryContext()))
        every = [r for r in catalog.read(Scope(), MemoryContext()) if scope.matches(r.urn)]
        assert [canonical(r) for r in read] == [canonical(r) for r in every], scope
        assert len(read) == count, scope
