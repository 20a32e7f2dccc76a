"""Errors, creating, paging, names and tokens, fact by fact."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_testing_openmetadata import OpenMetadataFake, fqn
from openmetadata_estate import Client, label, table, tables

from lumos_core.testing.servers.http import Refusal

ABSENT = str(uuid.uuid4())
COLUMNS = [{"name": "id", "dataType": "INT"}]


def unhandled(answer: tuple[int, Any]) -> bool:
    return answer[0] == 500 and answer[1]["errorType"] == "UNHANDLED_SERVER_EXCEPTION"


def test_what_is_meant_has_a_code_and_a_message(bot: Client) -> None:
    status, answer = bot("GET", f"/tables/{ABSENT}")
    assert (status, answer["code"]) == (404, 404)
    assert ABSENT in answer["message"]


def test_a_malformed_id_a_wrong_method_and_an_empty_body_are_unhandled(bot: Client) -> None:
    assert unhandled(bot("GET", "/tables/not-an-id"))
    assert unhandled(bot("DELETE", "/tables"))
    assert unhandled(bot("PUT", "/tables"))


def test_a_patch_of_another_content_type_is_unhandled(bot: Client) -> None:
    made = table(bot)
    assert unhandled(bot("PATCH", f"/tables/{made['id']}", [], Content_Type="application/json"))


def test_a_bad_cursor_is_unhandled(bot: Client) -> None:
    assert unhandled(bot("GET", "/tables?after=nonsense"))


def test_a_patch_without_a_place_is_unhandled(bot: Client) -> None:
    made = table(bot)
    assert unhandled(bot.patch("tables", made["id"], ("replace", "/displayName", "x")))
    assert unhandled(bot.patch("tables", made["id"], ("remove", "/displayName")))
    assert unhandled(bot.patch("tables", made["id"], ("add", "/columns/9/description", "x")))


def test_a_failed_test_of_a_patch_is_unhandled_and_changes_nothing(bot: Client) -> None:
    made = table(bot)
    answer = bot.patch("tables", made["id"], ("add", "/description", "x"), ("test", "/name", "other"))
    assert unhandled(answer)
    assert "description" not in bot.by_name("tables", made["fullyQualifiedName"])


def test_restoring_what_lives_is_unhandled(bot: Client) -> None:
    assert unhandled(bot("PUT", "/tables/restore", {"id": table(bot)["id"]}))


def test_an_unknown_field_and_an_unknown_value_are_400(bot: Client) -> None:
    service = {"name": "x", "serviceType": "Postgres"}
    assert bot("PUT", "/services/databaseServices", {**service, "colour": "red"})[0] == 400
    assert bot("PUT", "/services/databaseServices", {**service, "serviceType": "Abacus"})[0] == 400
    assert bot("PUT", "/services/databaseServices", {"name": "x"})[0] == 400
    assert bot("PUT", "/services/databaseServices", b"{")[0] == 400


def test_values_of_another_type_are_400(bot: Client) -> None:
    request = {"name": "t", "databaseSchema": "shop.main.public", "columns": COLUMNS}
    for wrong in ({"columns": {}}, {"columns": [1]}, {"description": 3}, {"extension": []}, {"name": 7}):
        assert bot("PUT", "/tables", {**request, **wrong})[0] == 400, wrong


def test_without_a_good_token_nobody_comes_in(bot: Client) -> None:
    for token in ("", "nonsense", "a.b.c", bot.token[:-2] + "xx"):
        with Client(bot.fake, token) as stranger:
            assert stranger("GET", "/tables")[0] == 401
            assert stranger("GET", "/system/version")[0] == 200


def test_a_token_expires(bot: Client, clock: Any) -> None:
    with Client(bot.fake, bot.fake.people.token("admin", 10)) as admin:
        assert admin("GET", "/tables")[0] == 200
        clock.now += 11
        assert admin("GET", "/tables") == (401, {"code": 401, "message": "Expired token!"})


def test_any_person_may_patch_descriptions_and_tags_and_no_more(bot: Client) -> None:
    made = table(bot)
    with Client(bot.fake, bot.fake.person("ann")) as ann:
        assert ann("GET", "/tables")[0] == 200
        assert ann.patch("tables", made["id"], ("add", "/description", "mine"))[0] == 200
        assert ann.patch("tables", made["id"], ("add", "/columns/0/tags/0", label("PII.None")))[0] == 200
        assert ann.patch("tables", made["id"], ("add", "/displayName", "mine"))[0] == 403
        assert ann("DELETE", f"/tables/{made['id']}")[0] == 403
        assert ann("PUT", "/databases", {"name": "x", "service": "shop"})[0] == 403
    with Client(bot.fake, bot.fake.person("bob", roles=("DataSteward",))) as bob:
        assert bob.patch("tables", made["id"], ("add", "/displayName", "ours"))[0] == 200


def test_login_takes_the_password_in_base64(fake: OpenMetadataFake) -> None:
    fake.person("ann", password="s3cret")
    password = base64.b64encode(b"s3cret").decode()
    with Client(fake, "") as nobody:
        login = {"email": "ann@example.com", "password": password}
        given = nobody.ok("POST", "/users/login", login)
        assert nobody("POST", "/users/login", {**login, "email": "nobody@example.com"})[0] == 400
        assert nobody("POST", "/users/login", {**login, "password": base64.b64encode(b"no").decode()})[0] == 401
        assert nobody("POST", "/users/login", {**login, "password": "s3cret!"})[0] == 400
    assert given["tokenType"] == "Bearer"
    with Client(fake, given["accessToken"]) as ann:
        assert ann.ok("GET", "/users/loggedInUser")["name"] == "ann"


def test_the_token_of_the_bot_is_found_by_way_of_its_user(fake: OpenMetadataFake) -> None:
    with Client(fake, fake.admin_token) as admin:
        user = admin.by_name("bots", "ingestion-bot")["botUser"]
        token = admin.ok("GET", f"/users/auth-mechanism/{user['id']}")["config"]["JWTToken"]
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        assert (claims["sub"], claims["isBot"]) == ("ingestion-bot", True)
        person = admin.by_name("users", "admin")
        assert admin("GET", f"/users/auth-mechanism/{person['id']}")[0] == 400
    with Client(fake, token) as bot:
        assert bot("GET", "/tables")[0] == 200


def test_post_creates_once(bot: Client) -> None:
    request = {"name": "extra", "service": "shop"}
    assert bot("POST", "/databases", request)[0] == 201
    assert bot("POST", "/databases", request)[0] == 409


def test_put_creates_and_then_updates_and_an_identical_one_changes_nothing(bot: Client, clock: Any) -> None:
    request = {"name": "extra", "service": "shop"}
    status, first = bot("PUT", "/databases", request)
    assert (status, bot.headers["x-openmetadata-change"]) == (201, "entityCreated")
    clock.now += 60
    status, second = bot("PUT", "/databases", request)
    assert (status, bot.headers["x-openmetadata-change"]) == (200, "entityNoChange")
    assert (second["version"], second["updatedAt"]) == (first["version"], first["updatedAt"])
    bot.ok("PUT", "/databases", {**request, "description": "d"})
    assert bot.headers["x-openmetadata-change"] == "entityUpdated"


def test_an_unknown_parent_is_404(bot: Client) -> None:
    assert bot("PUT", "/databases", {"name": "x", "service": "nowhere"})[0] == 404
    assert bot("PUT", "/tables", {"name": "x", "databaseSchema": "shop.main.nowhere", "columns": COLUMNS})[0] == 404


def test_a_put_on_the_heels_of_the_first_is_409_when_asked_for() -> None:
    with OpenMetadataFake("1.6", race=60.0) as fake, Client(fake) as bot:
        request = {"name": "shop", "serviceType": "Postgres"}
        assert bot("PUT", "/services/databaseServices", request)[0] == 201
        assert bot("PUT", "/services/databaseServices", request)[0] == 409


@pytest.mark.parametrize(
    "column",
    [
        *({"name": "a", "dataType": kind} for kind in ("VARCHAR", "CHAR", "BINARY", "ARRAY", "STRUCT")),
        {"name": "a", "dataType": "STRUCT", "children": [{"name": "b", "dataType": "CHAR"}]},
        {"name": "id", "dataType": "INT"},
        {"name": "a\nb", "dataType": "INT"},
    ],
)
def test_wrong_columns_are_400(bot: Client, column: dict[str, Any]) -> None:
    request = {"name": "t", "databaseSchema": "shop.main.public", "columns": [*COLUMNS, column]}
    assert bot("PUT", "/tables", request)[0] == 400


def test_names_of_columns_are_case_sensitive(bot: Client) -> None:
    columns = [{"name": "id", "dataType": "INT"}, {"name": "ID", "dataType": "INT"}]
    assert len(table(bot, columns=columns)["columns"]) == 2


def test_only_1_6_limits_the_names_of_columns(bot: Client) -> None:
    columns = [{"name": "x" * 300, "dataType": "INT"}]
    request = {"name": "t", "databaseSchema": "shop.main.public", "columns": columns}
    assert bot("PUT", "/tables", request)[0] == (400 if bot.fake.world.family == 1 else 201)


def test_a_plain_get_lacks_what_must_be_asked_for(bot: Client) -> None:
    owner = bot.ok("PUT", "/users", {"name": "ann", "email": "ann@example.com"})
    made = table(bot, tags=[label("PII.None")], owners=[{"id": owner["id"], "type": "user"}])
    plain = bot.ok("GET", f"/tables/{made['id']}")
    assert not {"tags", "owners", "domain", "domains", "extension", "tableConstraints"} & set(plain)
    asked = bot.ok("GET", f"/tables/{made['id']}?fields=tags,owners")
    assert [asked["tags"][0]["tagFQN"], asked["owners"][0]["name"]] == ["PII.None", "ann"]


def test_an_unknown_field_asked_for_is_400(bot: Client) -> None:
    assert bot("GET", "/tables?fields=tags,colour")[0] == 400
    wrong = "domains" if bot.fake.world.family == 1 else "domain"
    assert bot("GET", f"/tables?fields={wrong}")[0] == 400
    assert bot("GET", "/tables?fields=*")[0] == 200


def test_pages_are_ordered_by_name_and_end_without_a_cursor(bot: Client) -> None:
    for name in ("c", "a", "e", "b", "d"):
        table(bot, name)
    seen, after, pages = [], "", 0
    while True:
        page = bot.ok("GET", f"/tables?limit=2&after={quote(after)}" if after else "/tables?limit=2")
        seen += [one["name"] for one in page["data"]]
        pages += 1
        assert page["paging"]["total"] == 5
        if "after" not in page["paging"]:
            break
        after = page["paging"]["after"]
        base64.b64decode(after, validate=True)
    assert (seen, pages) == (["a", "b", "c", "d", "e"], 3)
    before = bot.ok("GET", f"/tables?limit=2&before={quote(page['paging']['before'])}")
    assert [one["name"] for one in before["data"]] == ["c", "d"]


def test_limit_is_ten_and_none_gives_only_the_total(bot: Client) -> None:
    for number in range(12):
        table(bot, f"t{number}")
    assert len(bot.ok("GET", "/tables")["data"]) == 10
    assert bot.ok("GET", "/tables?limit=0") == {"data": [], "paging": {"total": 12}}
    assert bot("GET", "/tables?limit=-1")[0] == 400
    assert bot("GET", "/tables?limit=many")[0] == 404


def test_a_list_below_an_unknown_parent_is_empty(bot: Client) -> None:
    table(bot)
    assert bot.ok("GET", "/tables?databaseSchema=shop.main.nowhere")["paging"] == {"total": 0}
    assert bot.ok("GET", "/tables?databaseSchema=shop.main.public")["paging"] == {"total": 1}


@pytest.mark.parametrize("name", ["", "x" * 257, "a::b", "a\nb", 'a"b'])
def test_names_that_are_refused(bot: Client, name: str) -> None:
    assert bot("PUT", "/databases", {"name": name, "service": "shop"})[0] == 400


@pytest.mark.parametrize("name", ["a b", "größe", "a/b", "a\\b", "it's", "<a>", "100%", "a#b?c", "$a", "x" * 256])
def test_names_that_are_taken(bot: Client, name: str) -> None:
    made = bot.ok("PUT", "/databases", {"name": name, "service": "shop"})
    assert made["fullyQualifiedName"] == f"shop.{name}"
    assert bot.by_name("databases", f"shop.{name}")["id"] == made["id"]


def test_a_part_with_a_dot_is_quoted(bot: Client) -> None:
    bot.ok("PUT", "/databaseSchemas", {"name": "s.dot", "database": "shop.main"})
    made = bot.ok("PUT", "/tables", {"name": "t.dot", "databaseSchema": 'shop.main."s.dot"', "columns": COLUMNS})
    assert made["fullyQualifiedName"] == 'shop.main."s.dot"."t.dot"'
    assert made["columns"][0]["fullyQualifiedName"] == 'shop.main."s.dot"."t.dot".id'
    assert bot.by_name("tables", 'shop.main."s.dot"."t.dot"')["id"] == made["id"]


def test_a_name_in_quotes_is_the_name_without_them(bot: Client) -> None:
    first = bot.ok("PUT", "/databases", {"name": "q", "service": "shop"})
    status, second = bot("PUT", "/databases", {"name": '"q"', "service": "shop"})
    assert (status, second["id"], second["name"]) == (200, first["id"], "q")


_NAME = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters='"\n\r'), min_size=1, max_size=20)


@given(st.lists(_NAME.filter(lambda name: "::" not in name), min_size=1, max_size=5))
def test_quoting_can_be_undone(parts: list[str]) -> None:
    made = ""
    for part in parts:
        made = fqn.add(made, part)
    assert fqn.split(made) == parts
    assert fqn.normal(made) == made


@pytest.mark.parametrize("text", ["", "a..b", '"a', 'a"b"', '"a"b', "."])
def test_what_does_not_follow_the_grammar_of_names(text: str) -> None:
    with pytest.raises(Refusal):
        fqn.split(text)


def test_the_wrong_spelling_of_domains_is_400(bot: Client) -> None:
    bot.ok("PUT", "/domains", {"name": "sales", "domainType": "Aggregate", "description": "d"})
    spellings = [{"domain": "sales"}, {"domains": ["sales"]}]
    right = bot.fake.world.family - 1
    statuses = [bot("PUT", "/databases", {"name": "x", "service": "shop", **spelling})[0] for spelling in spellings]
    assert (statuses[right], statuses[1 - right]) == (201, 400)


def test_what_must_be_described(bot: Client) -> None:
    assert bot("PUT", "/classifications", {"name": "x"})[0] == 400
    assert bot("PUT", "/tags", {"name": "x", "classification": "PII"})[0] == 400
    assert bot("PUT", "/tags", {"name": "x", "description": "d"})[0] == 400
    assert bot("PUT", "/domains", {"name": "x", "domainType": "Aggregate"})[0] == 400
    assert bot("PUT", "/domains", {"name": "x", "description": "d"})[0] == 400
    assert bot("PUT", "/dataProducts", {"name": "x"})[0] == 400


def test_faults_stand_before_the_truth(fake: OpenMetadataFake) -> None:
    fake.faults.when(method="PUT", path="/api/v1/databases", times=1).answer(503)
    with Client(fake) as bot:
        tables_of = {"name": "main", "service": "shop"}
        bot.ok("PUT", "/services/databaseServices", {"name": "shop", "serviceType": "Postgres"})
        assert bot("PUT", "/databases", tables_of)[0] == 503
        assert bot("PUT", "/databases", tables_of)[0] == 201


def test_many_tables_are_paged_without_loss(bot: Client) -> None:
    for number in range(45):
        table(bot, f"t{number:02}")
    seen, after = [], ""
    while True:
        page = bot.ok("GET", f"/tables?limit=7&after={quote(after)}" if after else "/tables?limit=7")
        seen += [one["name"] for one in page["data"]]
        after = page["paging"].get("after", "")
        if not after:
            break
    assert seen == [f"t{number:02}" for number in range(45)]


def test_two_fakes_share_nothing() -> None:
    with OpenMetadataFake() as one, OpenMetadataFake() as other, Client(one) as here, Client(other) as there:
        tables(here)
        assert there.ok("GET", "/databases")["paging"]["total"] == 0
        with Client(other, one.bot_token) as stranger:
            assert stranger("GET", "/databases")[0] == 401
