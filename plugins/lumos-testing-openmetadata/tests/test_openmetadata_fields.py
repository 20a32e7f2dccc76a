"""What becomes of each field when it is written again: by a bot, by a person, by a patch, in either family."""

from __future__ import annotations

from typing import Any

import pytest
from openmetadata_estate import Client, label, table

FQN = "shop.main.public.orders"
ID = {"name": "id", "dataType": "INT"}


def again(client: Client, **more: Any) -> Any:
    """PUT the table anew, and return what is then stored."""
    table(client, **more)
    return client.by_name("tables", FQN, "*")


def user(client: Client, name: str) -> dict[str, str]:
    made = client.ok("PUT", "/users", {"name": name, "email": f"{name}@example.com"})
    return {"id": made["id"], "type": "user"}


@pytest.fixture
def domains(bot: Client) -> Any:
    """Makes two domains; returns how a request names one."""
    for name in ("sales", "stock"):
        bot.ok("PUT", "/domains", {"name": name, "domainType": "Aggregate", "description": "d"})
    return (lambda name: {"domains": [name]}) if bot.fake.world.family == 2 else (lambda name: {"domain": name})


def domain_of(document: Any) -> list[str]:
    found = document.get("domains") or [one for one in [document.get("domain")] if one]
    return [one["name"] for one in found]


@pytest.mark.parametrize("field", ["description", "displayName"])
def test_a_bot_fills_a_text_and_is_then_silently_ignored(bot: Client, field: str) -> None:
    table(bot)
    assert again(bot, **{field: "one"})[field] == "one"
    assert again(bot, **{field: "two"})[field] == "one"
    assert again(bot)[field] == "one"


@pytest.mark.parametrize("field", ["description", "displayName"])
def test_a_person_overwrites_a_text_and_deletes_it_by_leaving_it_out(bot: Client, person: Client, field: str) -> None:
    table(bot, **{field: "one"})
    assert again(person, **{field: "two"})[field] == "two"
    assert field not in again(person)


@pytest.mark.parametrize("field", ["description", "displayName"])
def test_the_same_holds_for_columns_and_what_is_nested_in_them(bot: Client, person: Client, field: str) -> None:
    def columns(text: str) -> list[dict[str, Any]]:
        inner = {"name": "zip", "dataType": "STRING", **({field: text} if text else {})}
        return [{"name": "to", "dataType": "STRUCT", "children": [inner]}, {**ID, **({field: text} if text else {})}]

    def texts(document: Any) -> list[Any]:
        return [document["columns"][0]["children"][0].get(field), document["columns"][1].get(field)]

    table(bot, columns=columns("one"))
    assert texts(again(bot, columns=columns("two"))) == ["one", "one"]
    assert texts(again(person, columns=columns("two"))) == ["two", "two"]
    assert texts(again(person, columns=columns(""))) == [None, None]


def test_a_patch_overwrites_every_text(bot: Client) -> None:
    made = table(bot, description="one", columns=[{**ID, "description": "one"}])
    operations = (("replace", "/description", "two"), ("replace", "/columns/0/description", "two"))
    status, answer = bot.patch("tables", made["id"], *operations)
    assert (status, answer["description"], answer["columns"][0]["description"]) == (200, "two", "two")


def test_tags_are_merged_by_everyones_put_and_removed_by_a_patch(bot: Client, person: Client) -> None:
    made = table(bot, tags=[label("PersonalData.Personal")], columns=[{**ID, "tags": [label("PII.None")]}])
    for client in (bot, person):
        stored = again(client, tags=[label("Tier.Tier1")], columns=[ID])
        assert [tag["tagFQN"] for tag in stored["tags"]] == ["PersonalData.Personal", "Tier.Tier1"]
        assert [tag["tagFQN"] for tag in stored["columns"][0]["tags"]] == ["PII.None"]
    assert bot.patch("tables", made["id"], ("replace", "/tags", []), ("remove", "/columns/0/tags/0"))[0] == 200
    stored = bot.by_name("tables", FQN, "tags")
    assert (stored["tags"], stored["columns"][0]["tags"]) == ([], [])


def test_owners_are_overwritten_if_sent_and_kept_if_not(bot: Client, person: Client) -> None:
    ann, bob = user(bot, "ann"), user(bot, "bob")
    table(bot, owners=[ann])
    assert [one["name"] for one in again(bot, owners=[bob])["owners"]] == (
        ["bob"] if bot.fake.world.family == 1 else ["ann"]
    )
    assert [one["name"] for one in again(person, owners=[bob])["owners"]] == ["bob"]
    for client in (bot, person):
        assert [one["name"] for one in again(client)["owners"]] == ["bob"]
    made = bot.by_name("tables", FQN)
    assert bot.patch("tables", made["id"], ("add", "/owners", [ann]))[1]["owners"][0]["name"] == "ann"


def test_a_domain_is_kept_from_bots_once_set(bot: Client, person: Client, domains: Any) -> None:
    table(bot, **domains("sales"))
    assert domain_of(again(bot, **domains("stock"))) == ["sales"]
    assert domain_of(again(person)) == ["sales"]
    assert domain_of(again(person, **domains("stock"))) == ["stock"]


def test_custom_properties_are_ignored_from_bots_once_there_and_deleted_by_people_who_omit_them(
    bot: Client, person: Client
) -> None:
    define(bot, "lumos", "string")
    table(bot)
    assert again(bot, extension={"lumos": "1"})["extension"] == {"lumos": "1"}
    assert again(bot, extension={"lumos": "2"})["extension"] == {"lumos": "1"}
    assert again(person, extension={"lumos": "3"})["extension"] == {"lumos": "3"}
    assert again(bot)["extension"] == {"lumos": "3"}
    assert "extension" not in again(person)
    made = bot.by_name("tables", FQN)
    assert bot.patch("tables", made["id"], ("add", "/extension", {"lumos": "4"}))[1]["extension"] == {"lumos": "4"}


def define(client: Client, name: str, kind: str, **config: Any) -> tuple[int, Any]:
    owner, value = (client.by_name("metadata/types", one)["id"] for one in ("table", kind))
    told = {"name": name, "description": "d", "propertyType": {"id": value, "type": "type"}}
    return client(
        "PUT", f"/metadata/types/{owner}", {**told, **({"customPropertyConfig": {"config": config}} if config else {})}
    )


def test_custom_properties_must_be_defined_and_of_their_type(bot: Client) -> None:
    request = {"name": "orders", "databaseSchema": "shop.main.public", "columns": [ID]}
    assert bot("PUT", "/tables", {**request, "extension": {"lumos": "1"}})[0] == 400
    assert define(bot, "lumos", "string")[0] == 200
    assert define(bot, "count", "integer")[0] == 200
    assert define(bot, "size", "enum", multiSelect=False, values=["S", "L"])[0] == 200
    shown = bot.by_name("metadata/types", "table", "customProperties")["customProperties"]
    assert [one["propertyType"]["name"] for one in shown] == ["string", "integer", "enum"]
    good = {"lumos": "1", "count": 1, "size": ["S"]}
    assert bot("PUT", "/tables", {**request, "extension": good})[0] == 201
    for wrong in (
        {"lumos": 1},
        {"count": "1"},
        {"count": 1.5},
        {"size": ["M"]},
        {"size": ["S", "L"]},
        {"size": "S"},
        {"x": 1},
    ):
        assert bot("PUT", "/tables", {**request, "extension": wrong})[0] == 400, wrong


@pytest.mark.parametrize("who", ["bot", "person"])
def test_leaving_out_constraints_type_or_definition_deletes_them(bot: Client, person: Client, who: str) -> None:
    writer = {"bot": bot, "person": person}[who]
    constraints = [{"constraintType": "UNIQUE", "columns": ["id"]}]
    more = {"tableType": "View", "schemaDefinition": "select 1", "tableConstraints": constraints, "columns": [ID]}
    table(writer, **more)
    stored = again(writer, columns=[ID])
    kept = writer.fake.world.family == 2 and who == "bot"
    assert ("tableConstraints" in stored) == kept
    assert not {"tableType", "schemaDefinition"} & set(stored)


def test_a_constraint_of_an_unknown_column_is_400(bot: Client) -> None:
    request = {"name": "orders", "databaseSchema": "shop.main.public", "columns": [ID]}
    wrong = [{"constraintType": "UNIQUE", "columns": ["nowhere"]}]
    assert bot("PUT", "/tables", {**request, "tableConstraints": wrong})[0] == 400
    parts = {"columns": [{"columnName": "nowhere", "intervalType": "TIME-UNIT"}]}
    assert bot("PUT", "/tables", {**request, "tablePartition": parts})[0] == 400


def test_a_dropped_column_is_a_major_change_and_loses_what_people_wrote(bot: Client, clock: Any) -> None:
    note = {"name": "note", "dataType": "STRING"}
    made = table(bot, columns=[ID, note])
    bot.patch("tables", made["id"], ("add", "/columns/1/description", "by hand"))
    clock.now += 3600
    dropped = table(bot, columns=[ID])
    assert dropped["version"] == 1.2
    assert [change["name"] for change in dropped["changeDescription"]["fieldsDeleted"]] == ["columns"]
    assert "description" not in again(bot, columns=[ID, note])["columns"][1]


def test_a_change_of_type_is_major_and_keeps_what_people_wrote(bot: Client) -> None:
    made = table(bot, columns=[{**ID, "description": "by hand", "tags": [label("PII.None")]}])
    stored = again(bot, columns=[{"name": "id", "dataType": "BIGINT"}])
    assert (stored["version"], stored["columns"][0]["dataType"]) == (made["version"] + 1, "BIGINT")
    assert stored["columns"][0]["description"] == "by hand"
    assert [tag["tagFQN"] for tag in stored["columns"][0]["tags"]] == ["PII.None"]


def test_an_added_column_is_a_minor_change(bot: Client) -> None:
    table(bot, columns=[ID])
    assert table(bot, columns=[ID, {"name": "x", "dataType": "INT"}])["version"] == 0.2


def test_a_new_order_of_columns_is_answered_and_not_stored(bot: Client) -> None:
    other = {"name": "x", "dataType": "INT"}
    table(bot, columns=[ID, other])
    answer = table(bot, columns=[other, ID])
    assert [column["name"] for column in answer["columns"]] == ["x", "id"]
    assert [column["name"] for column in bot.by_name("tables", FQN)["columns"]] == ["id", "x"]


def test_tags_that_exclude_each_other_are_400(bot: Client) -> None:
    request = {"name": "orders", "databaseSchema": "shop.main.public", "columns": [ID]}
    both = [label("Tier.Tier1"), label("Tier.Tier2")]
    assert bot("PUT", "/tables", {**request, "tags": both})[0] == 400
    assert bot("PUT", "/tables", {**request, "tags": both[:1]})[0] == 201
    assert bot("PUT", "/tables", {**request, "tags": both[1:]})[0] == 400  # merged with the one that is there
    assert (
        bot(
            "PUT",
            "/tables",
            {**request, "tags": [label("PersonalData.Personal"), label("PersonalData.SpecialCategory")]},
        )[0]
        == 200
    )


def test_an_unknown_tag_is_404(bot: Client) -> None:
    request = {
        "name": "orders",
        "databaseSchema": "shop.main.public",
        "columns": [{**ID, "tags": [label("PII.Nothing")]}],
    }
    assert bot("PUT", "/tables", request)[0] == 404


def test_owners_are_up_to_five_users_or_one_team(bot: Client) -> None:
    users = [user(bot, f"u{number}") for number in range(6)]
    made = [bot.ok("PUT", "/teams", {"name": name, "teamType": "Group"})["id"] for name in ("one", "two")]
    teams = [{"id": one, "type": "team"} for one in made]
    request = {"name": "x", "service": "shop"}
    for owners, status in ((users[:5], 201), (users, 400), (teams[:1], 200), (teams, 400), ([users[0], teams[0]], 400)):
        assert bot("PUT", "/databases", {**request, "owners": owners})[0] == status, owners


def test_owners_and_domains_are_inherited_and_marked(bot: Client, domains: Any) -> None:
    ann = user(bot, "ann")
    bot.ok("PUT", "/databases", {"name": "main", "service": "shop", "owners": [ann], **domains("sales")})
    table(bot)
    stored = bot.by_name("tables", FQN, "owners," + ("domains" if bot.fake.world.family == 2 else "domain"))
    assert [(one["name"], one["inherited"]) for one in stored["owners"]] == [("ann", True)]
    assert domain_of(stored) == ["sales"]
    bot.patch("tables", stored["id"], ("add", "/description", "d"))  # does not make them its own
    bot.ok("PUT", "/databases", {"name": "main", "service": "shop"})
    database = bot.by_name("databases", "shop.main")
    assert bot.patch("databases", database["id"], ("replace", "/owners", []))[0] == 200
    assert bot.by_name("tables", FQN, "owners")["owners"] == []


def test_tasks_topics_and_containers_follow_the_rules_of_columns(bot: Client) -> None:
    bot.ok("PUT", "/services/pipelineServices", {"name": "air", "serviceType": "Airflow"})
    for text in ("one", "two"):
        bot.ok("PUT", "/pipelines", {"name": "p", "service": "air", "tasks": [{"name": "t", "description": text}]})
    assert bot.by_name("pipelines", "air.p", "tasks")["tasks"][0]["description"] == "one"
    bot.ok("PUT", "/services/messagingServices", {"name": "bus", "serviceType": "Kafka"})
    for text in ("one", "two"):
        schema = {
            "schemaType": "JSON",
            "schemaText": text,
            "schemaFields": [{"name": "f", "dataType": "STRING", "description": text}],
        }
        bot.ok("PUT", "/topics", {"name": "t", "service": "bus", "partitions": 1, "messageSchema": schema})
    stored = bot.by_name("topics", "bus.t")["messageSchema"]
    assert (stored["schemaText"], stored["schemaFields"][0]["description"]) == ("two", "one")


def test_bulk_answers_200_with_what_failed(bot: Client) -> None:
    good = {"name": "a", "databaseSchema": "shop.main.public", "columns": [ID]}
    status, answer = bot(
        "PUT", "/tables/bulk?async=false&overrideMetadata=false", [good, {**good, "databaseSchema": "no"}]
    )
    if bot.fake.world.family == 1:
        assert status == 500  # there is no such route, and `bulk` no id
        return
    assert (status, answer["numberOfRowsPassed"], answer["numberOfRowsFailed"]) == (200, 1, 1)
    assert (answer["failedRequest"][0]["status"], answer["status"]) == (404, "partialSuccess")
    assert bot("PUT", "/tables/bulk", {"name": "a"})[0] == 400


@pytest.mark.parametrize("fake", ["2.0"], indirect=True)
def test_bulk_skips_an_unchanged_hash_unless_metadata_are_overridden(bot: Client) -> None:
    column = {**ID, "description": "one", "displayName": "One"}
    request = {
        "name": "a",
        "databaseSchema": "shop.main.public",
        "description": "one",
        "sourceHash": "h",
        "columns": [column],
    }

    def bulk(override: str, **more: Any) -> Any:
        bot.ok("PUT", f"/tables/bulk?async=false&overrideMetadata={override}", [{**request, **more}])
        return bot.by_name("tables", "shop.main.public.a", "*")

    assert bulk("false")["description"] == "one"
    assert "tableType" not in bulk("false", tableType="View")
    assert bulk("false", tableType="View", sourceHash="i")["tableType"] == "View"
    changed = {**column, "description": "two", "displayName": "Two"}
    stored = bulk("true", description="two", columns=[changed])
    assert (stored["description"], stored["columns"][0]["description"]) == ("two", "two")
    assert stored["columns"][0]["displayName"] == "One"


def test_columns_look_untagged_unless_tags_are_asked_for(bot: Client) -> None:
    table(bot, columns=[{**ID, "tags": [label("PII.None")]}])
    assert bot.by_name("tables", FQN)["columns"][0]["tags"] == []
    assert bot.by_name("tables", FQN, "tags")["columns"][0]["tags"][0]["name"] == "None"


def test_a_retention_is_kept_from_bots_in_2_0(bot: Client) -> None:
    table(bot, retentionPeriod="P1D")
    assert again(bot).get("retentionPeriod") == ("P1D" if bot.fake.world.family == 2 else None)


def test_2_0_knows_more_kinds_of_labels_and_lineage(bot: Client) -> None:
    newer = bot.fake.world.family == 2
    made = table(bot)
    generated = label("PII.None", labelType="Generated")
    assert bot.patch("tables", made["id"], ("add", "/tags", [generated]))[0] == (200 if newer else 400)
    ends = [{"id": one["id"], "type": "table"} for one in (made, table(bot, "other"))]
    for details in ({"source": "ChildAssets"}, {"tempLineageTables": [{"fromEntity": "a", "toEntity": "b"}]}):
        edge = {"fromEntity": ends[0], "toEntity": ends[1], "lineageDetails": details}
        assert bot("PUT", "/lineage", {"edge": edge})[0] == (200 if newer else 400)


def test_a_patch_moves_and_copies(bot: Client) -> None:
    made = table(bot, description="d", tags=[label("PII.None")])
    operations = [
        {"op": "copy", "from": "/description", "path": "/displayName"},
        {"op": "move", "from": "/tags/0", "path": "/tags/-"},
    ]
    answer = bot.ok("PATCH", f"/tables/{made['id']}", operations)
    assert (answer["displayName"], len(answer["tags"])) == ("d", 1)


@pytest.mark.parametrize(
    "operations",
    [
        {},
        [{"op": "paint", "path": "/description"}],
        [{"op": "add", "path": "/description"}],
        [{"op": "add", "path": "description", "value": "x"}],
        [{"op": "add", "path": "/description/inner", "value": "x"}],
        [{"op": "move", "from": "/nothing", "path": "/description"}],
        [{"op": "remove", "path": "/columns/x"}],
    ],
)
def test_what_is_no_patch_is_unhandled(bot: Client, operations: Any) -> None:
    made = table(bot)
    assert bot("PATCH", f"/tables/{made['id']}", operations)[0] == 500


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("email", "a@example.com", "nobody"),
        ("number", 1.5, "1.5"),
        ("timestamp", 1_700_000_000_000, "now"),
        ("markdown", "# x", 1),
        ("timeInterval", {"start": 1, "end": 2}, "1-2"),
        ("entityReference", None, {"id": "nobody", "type": "user"}),
        ("entityReferenceList", [], "ann"),
    ],
)
def test_values_of_custom_properties_are_checked(bot: Client, kind: str, good: Any, bad: Any) -> None:
    define(bot, "p", kind)
    made = table(bot)
    if kind == "entityReference":
        good = user(bot, "ann")
    assert bot.patch("tables", made["id"], ("add", "/extension", {"p": bad}))[0] == 400
    assert bot.patch("tables", made["id"], ("add", "/extension", {"p": good}))[1]["extension"] == {"p": good}


def test_a_property_of_an_unknown_type_is_refused(bot: Client) -> None:
    made = table(bot)
    request = {"name": "p", "description": "d", "propertyType": {"id": made["id"], "type": "type"}}
    owner = bot.by_name("metadata/types", "table")["id"]
    assert bot("PUT", f"/metadata/types/{owner}", request)[0] == 404
    assert bot("PUT", f"/metadata/types/{made['id'][:-1]}0", request)[0] in (400, 404)
