"""Relations between terms: what Atlas shows of them, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_catalog_atlas import relations
from lumos_catalog_atlas.catalog import AtlasCatalog
from lumos_catalog_atlas.config import AtlasConfig
from lumos_catalog_atlas.relations import WAYS, marked, told

from lumos_core.plugin_api import Operation, Relation, Scope, Term, urns
from lumos_core.testing.context import MemoryContext

A, B, NOWHERE = (urns.plain("term", f"rel.{name}") for name in ("a", "b", "nowhere"))
FIELDS = {"is_a": "classifies", "preferred": "preferredToTerms", "replaced_by": "replacementTerms"}
FIELDS |= {"translation": "translationTerms", "value": "validValuesFor"}


class At:
    """A catalog, and a person who uses the same server."""

    def __init__(self, fake: Any) -> None:
        self.fake, self.ctx = fake, MemoryContext()
        options = {"server": fake.url, "user": "admin", "password": "secret", "retries": 0}
        self.config = AtlasConfig.model_validate(options, context={})
        self.catalog = AtlasCatalog(self.config)
        for urn in (B, A):
            assert self.write(urn, "create") == "written"

    def write(self, urn: str, action: Any = "update", relations: Any = (), unset: Any = ()) -> str:
        value = Term(relations=list(relations)) if action == "update" else Term(name=urn[-1], relations=list(relations))
        operation = Operation(kind="term", urn=urn, action=action, set=value, unset=frozenset(unset))
        (outcome,) = self.catalog.write([operation], self.ctx)
        return outcome.status

    def said(self, urn: str) -> list[Relation]:
        fresh = AtlasCatalog(self.config)
        try:
            (record,) = fresh.read(Scope(urns=frozenset({urn})), self.ctx)
            return list(record.value.relations)
        finally:
            fresh.close()

    def guid(self, urn: str) -> str:
        return next(
            guid
            for guid, entity in self.fake.entities.items()
            if entity["typeName"] == relations.TERM and urn.rsplit(":", 1)[1] in entity["attributes"]["qualifiedName"]
        )

    def shown(self, urn: str, attribute: str) -> list[str]:
        related = self.catalog._server.by_guid([self.guid(urn)])["entities"][0]["relationshipAttributes"]  # type: ignore[union-attr]
        return [end["guid"] for end in related[attribute] if end["relationshipStatus"] == "ACTIVE"]

    def relate(self, definition: str, one: str, two: str) -> None:
        self.catalog._server.relate(definition, self.guid(one), self.guid(two))  # type: ignore[union-attr]


@pytest.fixture
def at(fake_atlas: Any) -> Iterator[At]:
    made = At(fake_atlas)
    yield made
    made.catalog.close()


@pytest.mark.parametrize("teller", [A, B])
@pytest.mark.parametrize("type_", sorted(WAYS))
def test_a_relation_is_one_of_atlas_told_by_who_wrote_it(at: At, type_: str, teller: str) -> None:
    other = B if teller == A else A
    relation = Relation(type=type_, target=other, description="why", attributes=[("k", "v")])
    assert at.write(teller, relations=[relation]) == "written"
    assert at.said(teller) == [relation]
    assert at.said(other) == []
    attribute = WAYS[type_].attribute
    assert at.shown(teller, attribute) == [at.guid(other)]
    assert at.shown(other, FIELDS.get(type_, attribute)) == [at.guid(teller)]
    at.fake.log.clear()
    assert at.write(teller, relations=[relation]) == "unchanged"
    assert all(call.method == "GET" or "/search/" in call.path for call in at.fake.log)
    assert at.write(other, "update", unset=["description"]) in ("written", "unchanged")
    assert at.said(teller) == [relation]
    assert at.write(teller, unset=["relations"]) == "written"
    assert (at.said(teller), at.shown(teller, attribute)) == ([], [])


def test_of_several_one_is_taken_away(at: At) -> None:
    both = [Relation(type="synonym", target=B), Relation(type="is_a", target=B)]
    at.write(A, relations=both)
    assert at.write(A, relations=both[1:], unset=["relations"]) == "written"
    assert at.said(A) == both[1:]
    assert (at.shown(A, "synonyms"), at.shown(A, "isA")) == ([], [at.guid(B)])


@pytest.mark.parametrize("one", [A, B])
def test_what_people_relate_is_read_once_and_may_be_taken_away(at: At, one: str) -> None:
    at.relate("AtlasGlossarySynonym", one, B if one == A else A)
    at.relate("AtlasGlossaryIsARelationship", A, B)
    assert at.said(A) == [Relation(type="synonym", target=B, layer="manual")]
    assert at.said(B) == [Relation(type="is_a", target=A, layer="manual")]
    assert at.write(A, relations=at.said(A)) == "unchanged"
    at.write(A, relations=[*at.said(A), Relation(type="antonym", target=B)])
    assert {relation.type for relation in at.said(A)} == {"synonym", "antonym"}
    assert at.said(B) == [Relation(type="is_a", target=A, layer="manual")]
    at.write(A, unset=["relations"])
    assert at.said(A) == []
    assert at.said(B) == [Relation(type="is_a", target=A, layer="manual")]


def test_what_people_end_is_gone_and_the_rest_keeps_its_words(at: At) -> None:
    kept = Relation(type="is_a", target=B, description="why")
    at.write(A, relations=[kept, Relation(type="related", target=B, description="so")])
    for rows in at.fake._rows.values():
        for row in rows:
            if row["type"] == "AtlasGlossaryRelatedTerm":
                row["status"] = "DELETED"
    assert at.said(A) == [kept]


def test_both_may_tell_it_and_one_may_stop(at: At) -> None:
    at.write(A, relations=[Relation(type="synonym", target=B)])
    at.write(B, relations=[Relation(type="synonym", target=A)])
    assert at.said(A) == [Relation(type="synonym", target=B)]
    assert at.said(B) == [Relation(type="synonym", target=A)]
    assert at.shown(A, "synonyms") == [at.guid(B)]
    at.write(A, unset=["relations"])
    assert at.said(A) == []
    assert at.said(B) == [Relation(type="synonym", target=A)]


def test_what_atlas_cannot_say_is_kept(at: At) -> None:
    kept = [Relation(type="sibling", target=B), Relation(type="synonym", target=NOWHERE)]
    kept += [Relation(type="is_a", target=A), Relation(type="is_a", target=urns.dataset("kit", "x"))]
    at.write(A, relations=kept)
    assert sorted(map(str, at.said(A))) == sorted(map(str, kept))
    assert at.shown(A, "synonyms") == at.shown(A, "isA") == []


def test_relations_of_one_batch_find_each_other(at: At) -> None:
    made = [urns.plain("term", f"rel.new{number}") for number in range(3)]
    batch = [
        Operation(
            kind="term",
            urn=urn,
            action="create",
            set=Term(
                name=urn[-4:], relations=[Relation(type="related", target=other) for other in made if other != urn]
            ),
        )
        for urn in made
    ]
    assert [outcome.status for outcome in at.catalog.write(batch, at.ctx)] == ["written"] * 3
    for operation in batch:
        assert {relation.target for relation in at.said(operation.urn)} == set(made) - {operation.urn}
        assert len(at.shown(operation.urn, "seeAlso")) == 2
    at.fake.log.clear()
    assert [outcome.status for outcome in at.catalog.write(batch, at.ctx)] == ["unchanged"] * 3
    assert all(call.method == "GET" or "/search/" in call.path for call in at.fake.log)


@given(st.sets(st.sampled_from(sorted(relations.BOTH))), st.booleans(), st.booleans())
def test_what_both_show_is_told_by_at_least_one(shown: set[str], one: bool, two: bool) -> None:
    ours = {(attribute, B) for attribute in shown} if one else set()
    theirs = {(attribute, A) for attribute in shown} if two else set()
    here = told(A, [(attribute, B) for attribute in shown], ours, {B: theirs})
    there = told(B, [(attribute, A) for attribute in shown], theirs, {A: ours})
    assert len(here) == (len(shown) if one or not two else 0)
    assert len(there) == (len(shown) if two else 0)


def test_a_mark_that_somebody_edited_says_nothing() -> None:
    ties = [("synonyms", B), ("isA", B)]
    assert marked(relations.mark(ties)) == {("synonyms", B)}
    assert relations.mark([("isA", B)]) == ""
    assert marked("{") == marked("3") == marked("[1]") == set()
