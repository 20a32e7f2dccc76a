"""Versions, deleting and restoring, lineage, search, people, profiles and tests."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
from lumos_testing_openmetadata import OpenMetadataFake
from lumos_testing_openmetadata import __main__ as program
from openmetadata_estate import Client, everything, label, table

FQN = "shop.main.public.orders"
WHEN = 1_700_000_000_000


def patched(client: Client, made: Any, path: str, value: Any, **headers: str) -> Any:
    status, answer = client.patch("tables", made["id"], ("add", path, value), **headers)
    assert status == 200, answer
    return answer


def test_patches_of_one_person_share_a_version_for_ten_minutes(bot: Client, clock: Any) -> None:
    made = table(bot)
    versions = [
        patched(bot, made, "/description", "one")["version"],
        patched(bot, made, "/displayName", "One")["version"],
    ]
    clock.now += 599
    versions.append(patched(bot, made, "/description", "two")["version"])
    clock.now += 601
    versions.append(patched(bot, made, "/description", "three")["version"])
    assert versions == [0.2, 0.2, 0.2, 0.3]


def test_the_description_of_a_shared_version_tells_all_its_changes(bot: Client) -> None:
    made = table(bot)
    patched(bot, made, "/description", "one")
    change = patched(bot, made, "/displayName", "One")["changeDescription"]
    assert sorted(one["name"] for one in change["fieldsAdded"]) == ["description", "displayName"]
    assert change["previousVersion"] == 0.1


def test_a_version_goes_down_when_a_change_is_taken_back(bot: Client) -> None:
    made = table(bot)
    assert patched(bot, made, "/description", "one")["version"] == 0.2
    assert bot.patch("tables", made["id"], ("remove", "/description"))[1]["version"] == 0.1
    assert len(bot.ok("GET", f"/tables/{made['id']}/versions")["versions"]) == 1


def test_another_persons_patch_is_another_version(bot: Client, person: Client) -> None:
    made = table(bot)
    patched(bot, made, "/description", "one")
    assert patched(person, made, "/description", "two")["version"] == 0.3


def test_versions_are_json_strings_newest_first(bot: Client) -> None:
    made = table(bot)
    patched(bot, made, "/description", "one")
    told = bot.ok("GET", f"/tables/{made['id']}/versions")
    assert [json.loads(text)["version"] for text in told["versions"]] == [0.2, 0.1]
    assert "description" not in bot.ok("GET", f"/tables/{made['id']}/versions/0.1")
    assert bot("GET", f"/tables/{made['id']}/versions/7.7")[0] == 404


def test_if_match_takes_the_weak_tag_of_the_version(bot: Client) -> None:
    made = table(bot)
    bot.ok("GET", f"/tables/{made['id']}")
    tag = bot.headers.get("etag")
    assert (tag is not None) == (bot.fake.world.family == 2)
    stale = bot.patch("tables", made["id"], ("add", "/description", "x"), If_Match='W/"7.7"')[0]
    assert stale == (412 if bot.fake.world.family == 2 else 200)
    if tag is not None:  # a strong hash of the body, which never matches
        assert not tag.startswith("W/")
        assert bot.patch("tables", made["id"], ("add", "/description", "x"), If_Match=tag)[0] == 412
    version = bot.by_name("tables", FQN)["version"]
    patched(bot, made, "/description", "y", If_Match=f'W/"{version}"')


def test_what_may_not_be_patched_stays(bot: Client) -> None:
    made = table(bot)
    answer = bot.patch("tables", made["id"], ("replace", "/name", "x"), ("replace", "/version", 9.0))[1]
    assert (answer["name"], answer["version"]) == ("orders", 0.1)
    assert bot.patch("tables", made["id"], ("add", "/colour", "red"))[0] == 400
    assert bot.patch("tables", made["id"], ("remove", "/columns"))[0] == 400


def test_deleting_is_soft_and_include_shows_it(bot: Client) -> None:
    made = table(bot)
    assert bot("DELETE", f"/tables/{made['id']}")[1]["deleted"] is True
    assert bot.headers["x-openmetadata-change"] == "entitySoftDeleted"
    for include, status in (("", 404), ("non-deleted", 404), ("deleted", 200), ("all", 200)):
        assert bot("GET", f"/tables/{made['id']}?include={include}")[0] == status
    totals = [bot.ok("GET", f"/tables?include={one}")["paging"]["total"] for one in ("non-deleted", "deleted", "all")]
    assert totals == [0, 1, 1]
    assert bot("GET", "/tables?include=perhaps")[0] == 404
    assert bot("DELETE", f"/tables/{made['id']}")[0] == 404


def test_a_patch_of_what_is_deleted_is_404_and_a_put_restores_it(bot: Client) -> None:
    made = table(bot, description="kept")
    bot.ok("DELETE", f"/tables/{made['id']}")
    assert bot.patch("tables", made["id"], ("add", "/displayName", "x"))[0] == 404
    assert table(bot)["deleted"] is False
    stored = bot.by_name("tables", FQN)
    assert (stored["id"], stored["description"]) == (made["id"], "kept")


def test_what_is_not_empty_is_deleted_only_recursively(bot: Client) -> None:
    table(bot)
    schema = bot.by_name("databaseSchemas", "shop.main.public")
    assert bot("DELETE", f"/databaseSchemas/{schema['id']}")[0] == 400
    bot.ok("DELETE", f"/databaseSchemas/{schema['id']}?recursive=true")
    assert bot("GET", f"/tables/name/{FQN}")[0] == 404


def test_restoring_a_parent_restores_also_what_was_deleted_before(bot: Client) -> None:
    made, before = table(bot), table(bot, "before")
    bot.ok("DELETE", f"/tables/{before['id']}")
    schema = bot.by_name("databaseSchemas", "shop.main.public")
    bot.ok("DELETE", f"/databaseSchemas/{schema['id']}?recursive=true")
    assert bot.ok("PUT", "/databaseSchemas/restore", {"id": schema["id"]})["deleted"] is False
    assert {bot.ok("GET", f"/tables/{one['id']}")["deleted"] for one in (made, before)} == {False}


def test_hard_deletion_leaves_nothing(bot: Client) -> None:
    everything(bot)
    schema = bot.by_name("databases", "shop.main")
    bot.ok("DELETE", f"/databases/{schema['id']}?recursive=true&hardDelete=true")
    assert bot.ok("GET", "/tables?include=all")["paging"]["total"] == 0
    assert len(bot.fake.world.edges) == 0
    assert bot.ok("PUT", "/databases", {"name": "main", "service": "shop"})["id"] != schema["id"]


def test_domains_are_deleted_for_good_and_forgotten(bot: Client) -> None:
    everything(bot)
    sales = bot.by_name("domains", "sales")
    bot.ok("DELETE", f"/domains/{sales['id']}?recursive=true")
    assert bot("GET", f"/domains/{sales['id']}?include=all")[0] == 404
    stored = bot.by_name("tables", FQN, "*")
    assert not stored.get("domain") and not stored.get("domains")


def test_system_tags_stay(bot: Client) -> None:
    tag = bot.by_name("tags", "PII.Sensitive")
    assert bot("DELETE", f"/tags/{tag['id']}?hardDelete=true")[0] == 400


def edge(ends: list[Any], **details: Any) -> dict[str, Any]:
    first, second = ({"id": end["id"], "type": "table"} for end in ends)
    return {"edge": {"fromEntity": first, "toEntity": second, "lineageDetails": details}}


def test_a_second_edge_replaces_the_details_of_the_first(bot: Client) -> None:
    ends = [table(bot, "one"), table(bot, "two")]
    columns = [{"fromColumns": ["shop.main.public.one.id"], "toColumn": "shop.main.public.two.id"}]
    assert bot("PUT", "/lineage", edge(ends, columnsLineage=columns, sqlQuery="select"))[0] == 200
    assert bot("PUT", "/lineage", edge(ends, description="later"))[0] == 200
    (found,) = bot.ok("GET", f"/lineage/table/{ends[1]['id']}")["upstreamEdges"]
    assert found["lineageDetails"].get("columnsLineage") is None
    assert "sqlQuery" not in found["lineageDetails"]
    assert found["lineageDetails"]["description"] == "later"


def test_lineage_of_unknown_columns_and_ends_is_refused(bot: Client) -> None:
    ends = [table(bot, "one"), table(bot, "two")]
    for column in (
        {"fromColumns": ["shop.main.public.one.x"], "toColumn": "shop.main.public.two.id"},
        {"toColumn": "x"},
    ):
        assert bot("PUT", "/lineage", edge(ends, columnsLineage=[column]))[0] == 400
    assert bot("PUT", "/lineage", edge([ends[0], {"id": str(uuid.uuid4())}]))[0] == 404


def test_lineage_is_shown_three_deep_at_most_and_can_be_deleted(bot: Client) -> None:
    chain = [table(bot, f"t{number}") for number in range(6)]
    for ends in pairwise(chain):
        bot.ok("PUT", "/lineage", edge(list(ends)))
    first, last = chain[0]["id"], chain[1]["id"]
    shown = bot.ok("GET", f"/lineage/table/{first}?downstreamDepth=3&upstreamDepth=0")
    assert [node["name"] for node in shown["nodes"]] == ["t1", "t2", "t3"]
    assert bot("GET", f"/lineage/table/{first}?downstreamDepth=4")[0] == 400
    assert (
        bot.ok("GET", "/lineage/table/name/shop.main.public.t2?upstreamDepth=2")["upstreamEdges"][1]["fromEntity"]
        == first
    )
    assert bot.ok("GET", f"/lineage/getLineageEdge/{first}/{last}")["edge"]["source"] == "Manual"
    assert bot("DELETE", f"/lineage/table/{first}/table/{last}")[0] == 200
    assert bot("DELETE", f"/lineage/table/{first}/table/{last}")[0] == 404
    assert bot.ok("GET", f"/lineage/table/{first}?downstreamDepth=3")["downstreamEdges"] == []


def test_a_label_tells_of_its_tag_and_follows_its_renaming(bot: Client) -> None:
    everything(bot)
    term = bot.by_name("glossaryTerms", "words.money")
    assert bot.patch("glossaryTerms", term["id"], ("replace", "/name", "cash"))[1]["fullyQualifiedName"] == "words.cash"
    tags = bot.by_name("tables", FQN, "tags")["tags"]
    assert sorted(tag["tagFQN"] for tag in tags) == ["Level.high", "words.cash.price"]
    assert [tag["style"] for tag in tags if tag["tagFQN"] == "Level.high"] == [{"color": "#fff"}]
    assert bot.by_name("glossaryTerms", "words.cash.price", "parent")["parent"]["name"] == "cash"
    assert bot("GET", "/glossaryTerms/name/words.money")[0] == 404


def test_a_term_moves_below_another_by_a_patch(bot: Client) -> None:
    everything(bot)
    price = bot.by_name("glossaryTerms", "words.money.price")
    assert bot.patch("glossaryTerms", price["id"], ("remove", "/parent"))[1]["fullyQualifiedName"] == "words.price"
    assert bot.patch("glossaryTerms", price["id"], ("replace", "/name", "money"))[0] == 409


def test_related_terms_have_a_type_in_2_0(bot: Client) -> None:
    everything(bot)
    (related,) = bot.by_name("glossaryTerms", "words.money.price", "relatedTerms")["relatedTerms"]
    term = related["term"] if bot.fake.world.family == 2 else related
    assert (term["name"], related.get("relationType")) == ("money", "relatedTo" if bot.fake.world.family == 2 else None)


def test_terms_are_listed_by_the_id_of_the_glossary_and_by_parent(bot: Client) -> None:
    everything(bot)
    glossary = bot.by_name("glossaries", "words", "termCount")
    assert glossary["termCount"] == 2
    assert bot.ok("GET", f"/glossaryTerms?glossary={glossary['id']}")["paging"]["total"] == 2
    assert bot.ok("GET", "/glossaryTerms?directChildrenOf=words")["data"][0]["name"] == "money"
    assert bot.ok("GET", f"/glossaryTerms?glossary={uuid.uuid4()}")["data"] == []
    assert bot.ok("GET", "/tags?parent=Level")["paging"]["total"] == 2
    assert bot.ok("GET", "/containers?root=true")["data"][0]["name"] == "bucket"


def test_teams_know_their_users(bot: Client) -> None:
    team = bot.ok("PUT", "/teams", {"name": "crew", "teamType": "Group"})
    bot.ok("PUT", "/users", {"name": "ann", "email": "a@example.com", "teams": [team["id"]]})
    shown = bot.by_name("teams", "crew", "users,userCount")
    assert ([one["name"] for one in shown["users"]], shown["userCount"]) == (["ann"], 1)
    assert bot.ok("GET", "/users?isBot=true")["data"][0]["name"] == "ingestion-bot"


def test_search_lags_behind(clock: Any) -> None:
    with OpenMetadataFake("2.0", lag=2.0, clock=clock) as fake, Client(fake) as bot:
        bot.ok("PUT", "/services/databaseServices", {"name": "s.x", "serviceType": "Postgres"})
        wanted = quote('fullyQualifiedName:"\\"s.x\\""')
        assert bot.ok("GET", f"/search/query?q={wanted}")["hits"]["total"]["value"] == 0
        clock.now += 3
        for query in (f"q={wanted}&index=database_service_search_index", "q=s.x", "fieldName=name&fieldValue=s.*"):
            route = "fieldQuery" if query.startswith("field") else "query"
            (hit,) = bot.ok("GET", f"/search/{route}?{query}")["hits"]["hits"]
            assert (hit["_source"]["name"], hit["_source"]["entityType"]) == ("s.x", "databaseService")
        assert bot.ok("GET", f"/search/query?q={wanted}&index=table_search_index")["hits"]["hits"] == []


def test_profiles_are_kept_by_time(bot: Client) -> None:
    made = table(bot)
    for at, rows in ((WHEN, 1.0), (WHEN + 1000, 2.0)):
        profile = {
            "tableProfile": {"timestamp": at, "rowCount": rows},
            "columnProfile": [{"name": "id", "timestamp": at}],
        }
        bot.ok("PUT", f"/tables/{made['id']}/tableProfile", profile)
    wrong = {"tableProfile": {"timestamp": WHEN}, "columnProfile": [{"name": "x", "timestamp": WHEN}]}
    assert bot("PUT", f"/tables/{made['id']}/tableProfile", wrong)[0] == 400
    span = f"startTs={WHEN}&endTs={WHEN + 5000}"
    assert [one["rowCount"] for one in bot.ok("GET", f"/tables/{FQN}/tableProfile?{span}")["data"]] == [2.0, 1.0]
    assert len(bot.ok("GET", f"/tables/{FQN}.id/columnProfile?{span}")["data"]) == 2
    assert bot("GET", f"/tables/{FQN}/tableProfile")[0] == 400
    latest = bot.ok("GET", f"/tables/{FQN}/tableProfile/latest")
    assert (latest["profile"]["rowCount"], latest["columns"][0]["profile"]["timestamp"]) == (2.0, WHEN + 1000)
    assert bot("PUT", f"/tables/{made['id']}/sampleData", {"columns": ["id"], "rows": [[1]]})[0] == 200
    assert "sampleData" not in bot.by_name("tables", FQN, "sampleData")


def test_a_test_hangs_below_what_it_is_about(bot: Client) -> None:
    everything(bot)
    case = bot.by_name("dataQuality/testCases", f"{FQN}.id.unique")
    assert (case["entityFQN"], case["testDefinition"]["name"]) == (f"{FQN}.id", "columnValuesToBeUnique")
    span = f"startTs={WHEN}&endTs={WHEN}"
    results = bot.ok("GET", f"/dataQuality/testCases/{FQN}.id.unique/testCaseResult?{span}")
    assert results["data"][0]["testCaseStatus"] == "Success"
    link = quote(f"<#E::table::{FQN}>")
    assert bot.ok("GET", f"/dataQuality/testCases?entityLink={link}")["paging"]["total"] == 1
    wrong = {"name": "x", "testDefinition": "columnValuesToBeUnique", "entityLink": f"<#E::table::{FQN}::columns::no>"}
    wrong |= {} if bot.fake.world.family == 2 else {"testSuite": f"{FQN}.testSuite"}
    assert bot("PUT", "/dataQuality/testCases", wrong)[0] == 400
    assert bot("PUT", "/dataQuality/testCases", {**wrong, "entityLink": "orders"})[0] == 400
    status = bot.ok("GET", f"/pipelines/air.nightly/status?{span}")["data"]
    assert status[0]["executionStatus"] == "Successful"


@pytest.mark.parametrize("fake", ["2.0"], indirect=True)
def test_what_is_stale_is_deleted_softly(bot: Client) -> None:
    table(bot, "one")
    table(bot, "two")
    request = {
        "scopeFqn": "shop.main",
        "scopeEntityType": "database",
        "seenFqns": ["shop.main.public.one"],
        "recursive": True,
    }
    answer = bot.ok("DELETE", "/tables/deleteStale", request)
    assert [one["request"] for one in answer["successRequest"]] == ["shop.main.public.two"]
    assert bot.ok("GET", "/tables?include=deleted")["data"][0]["name"] == "two"


def test_every_kind_is_read_again_as_it_was_answered(bot: Client) -> None:
    everything(bot)
    kinds = {what for what, _ in bot.fake.answers()}
    assert len(kinds) == 42
    for _, raw in bot.fake.answers():
        document = json.loads(raw)
        assert document["href"].startswith(bot.fake.url)
    assert bot.fake.defects == []


def test_what_comes_is_recorded_when_asked_for(bot: Client) -> None:
    bot.fake.record = True
    table(bot, tags=[label("PII.None")])
    ((what, body),) = bot.fake.recorded
    assert (what, json.loads(body)["name"]) == ("create table", "orders")


def test_it_is_a_program_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    served: list[OpenMetadataFake] = []
    monkeypatch.setattr(OpenMetadataFake, "run", lambda fake: served.append(fake))
    program.main(["--port", "0", "--version", "2.0"])
    token = capsys.readouterr().out.splitlines()[1]
    assert served[0].world.version == "2.0.6"
    with served[0], Client(served[0], token) as bot:
        assert bot("GET", "/tables")[0] == 200


def test_the_program_answers_for_its_options() -> None:
    command = [sys.executable, "-m", "lumos_testing_openmetadata", "--help"]
    assert "--version" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_put_revives_also_what_is_below(bot: Client) -> None:
    made = table(bot)
    schema = bot.by_name("databaseSchemas", "shop.main.public")
    bot.ok("DELETE", f"/databaseSchemas/{schema['id']}?recursive=true")
    bot.ok("PUT", "/databaseSchemas", {"name": "public", "database": "shop.main"})
    assert bot.ok("GET", f"/tables/{made['id']}")["deleted"] is False


def test_a_tag_that_is_gone_is_gone_everywhere(bot: Client) -> None:
    bot.ok("PUT", "/classifications", {"name": "Mine", "description": "d"})
    tag = bot.ok("PUT", "/tags", {"name": "x", "classification": "Mine", "description": "d"})
    table(bot, tags=[label("Mine.x"), label("PII.None")])
    bot.ok("DELETE", f"/tags/{tag['id']}?hardDelete=true")
    assert [one["tagFQN"] for one in bot.by_name("tables", FQN, "tags")["tags"]] == ["PII.None"]
