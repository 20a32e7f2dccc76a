"""Identity both ways, for names as hostile as they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_catalog_openmetadata import fqn
from lumos_catalog_openmetadata.names import DEFINITIONS, Names, Place

from lumos_core.plugin_api import KINDS, Entity, urns
from lumos_core.testing.strategies import urns_of

KINDS_OF_RECORDS = sorted(kind for kind, value in KINDS.items() if issubclass(value, Entity))
HOSTILE = [
    "a.b",
    'q"uote',
    '"q"',
    "a::b",
    " lead",
    "trail ",
    "new\nline",
    "",
    "läng/ü",
    "🦉",
    "x" * 300,
    "lumos~x",
    "50%",
    "%3A",
    ".",
]
TEXTS = st.text(max_size=12) | st.sampled_from(HOSTILE)
SAID = st.text(min_size=1, max_size=10).filter(lambda text: fqn.encode(text) == text)
"""Names that people may give things in OpenMetadata itself."""


def allowed(name: str) -> bool:
    return 1 <= len(name) <= 256 and "::" not in name and not {"\n", "\r", '"'} & set(name)


@given(TEXTS)
def test_any_text_becomes_a_name_that_the_server_takes(text: str) -> None:
    name = fqn.encode(text)
    assert allowed(name)
    if len(text) < 40:
        assert fqn.decode(name) == text


@given(st.text(min_size=1, max_size=20).filter(allowed))
def test_two_texts_never_share_a_name(text: str) -> None:
    assert fqn.encode(text + "x") != fqn.encode(text)
    assert fqn.encode("a" * 300 + text) != fqn.encode("a" * 300)


@given(st.lists(SAID, min_size=1, max_size=5))
def test_qualified_names_are_split_as_they_were_joined(parts: list[str]) -> None:
    assert fqn.split(fqn.join(parts)) == parts


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", 'a"b', '"a', '"a"b'])
def test_what_is_no_qualified_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a fully qualified name"):
        fqn.split(text)


@pytest.mark.parametrize(
    ("urn", "place"),
    [
        ("urn:lumos:dataset:(postgres,shop.public.orders,PROD)", Place("table", "postgres.shop.public.orders")),
        ("urn:lumos:dataset:(postgres,eu:shop.public.orders,DEV)", Place("table", "eu#DEV.shop.public.orders")),
        ("urn:lumos:dataset:(mysql,shop.orders,PROD)", Place("table", "mysql.default.shop.orders")),
        ("urn:lumos:dataset:(csv,orders,PROD)", Place("table", "csv.default.default.orders")),
        ("urn:lumos:dataset:(s3,lake/raw/orders,PROD)", Place("container", "s3.lake.raw/orders")),
        ("urn:lumos:dataset:(kafka,shop.orders,PROD)", Place("topic", 'kafka."shop.orders"')),
        ("urn:lumos:dataset:(elasticsearch,orders,PROD)", Place("searchIndex", "elasticsearch.orders")),
        ("urn:lumos:container:(s3,lake,PROD)", Place("container", "s3.lake")),
        ("urn:lumos:container:(postgres,shop,PROD)", Place("database", "postgres.shop")),
        ("urn:lumos:container:(postgres,shop.public,PROD)", Place("databaseSchema", "postgres.shop.public")),
        ("urn:lumos:container:(mysql,shop,PROD)", Place("databaseSchema", "mysql.default.shop")),
        ("urn:lumos:service:(postgres,eu,PROD)", Place("databaseService", "eu")),
        ("urn:lumos:service:(airflow,airflow,PROD)", Place("pipelineService", "airflow")),
        ("urn:lumos:flow:(airflow,load,PROD)", Place("pipeline", "airflow.load")),
        ("urn:lumos:task:(airflow,load/orders,PROD)", Place("pipeline", "airflow.load", "orders")),
        ("urn:lumos:notebook:(databricks,a/b,PROD)", Place("pipeline", "databricks.notebook/a/b")),
        ("urn:lumos:dashboard:(superset,12,PROD)", Place("dashboard", "superset.12")),
        ("urn:lumos:chart:(superset,7,PROD)", Place("chart", "superset.7")),
        ("urn:lumos:ml_model:(mlflow,churn,PROD)", Place("mlmodel", "mlflow.churn")),
        ("urn:lumos:metric:(looker,revenue,PROD)", Place("metric", "looker:revenue")),
        ("urn:lumos:tag:pii.email", Place("tag", "pii.email")),
        ("urn:lumos:tag:gold", Place("tag", "Lumos.gold")),
        ("urn:lumos:classification:pii", Place("classification", "pii")),
        ("urn:lumos:glossary:shop", Place("glossary", "shop")),
        ("urn:lumos:term:shop.order", Place("glossaryTerm", "shop.order")),
        ("urn:lumos:domain:sales.eu", Place("domain", "sales.eu")),
        ("urn:lumos:data_product:orders", Place("dataProduct", "orders")),
        ("urn:lumos:foreign:(datahub,x%2Cy)", Place("glossaryTerm", "Lumos.foreign.datahub:x,y")),
        ("urn:lumos:user:ann", Place("user", "ann")),
        ("urn:lumos:user:ann.lee@example.org", Place("user", '"ann.lee@example.org"')),
        ("urn:lumos:group:checkout", Place("team", "checkout")),
        *((f"urn:lumos:{kind}:x", Place("glossaryTerm", f"Lumos.{kind}.x")) for kind in DEFINITIONS),
    ],
)
def test_the_table_of_places_holds_both_ways(urn: str, place: Place) -> None:
    names = Names(2)
    assert names.place(urn) == place
    assert names.urn(place) == urn


@pytest.mark.parametrize("kind", KINDS_OF_RECORDS)
def test_every_record_has_a_place_that_the_server_takes(kind: str) -> None:
    @given(urns_of(kind))
    def holds(urn: str) -> None:
        place = Names(2).place(urn)
        assert all(allowed(part) for part in place.parts)
        assert Names(2).place(urn) == place, "the same URN, another place"

    holds()


_SERVED = st.sampled_from(
    ["table", "databaseSchema", "database", "container", "topic", "searchIndex", "pipeline", "dashboard"]
)
_DEPTHS = {"table": 4, "databaseSchema": 3, "database": 2}


@st.composite
def _people_made(draw: st.DrawFn) -> tuple[Place, str]:
    type_ = draw(_SERVED)
    depth = _DEPTHS.get(type_, 2)
    parts = [draw(SAID.filter(lambda text: "#" not in text)), *(draw(SAID) for _ in range(depth - 1))]
    if type_ == "container":
        parts = [part.replace("/", "-") for part in parts]
    service_type = draw(st.sampled_from(["Postgres", "Mysql", "CustomDatabase", "S3", "Kafka", ""]))
    return Place(type_, fqn.join(parts)), service_type


@given(_people_made())
def test_what_people_made_is_found_by_the_urn_that_is_read(made: tuple[Place, str]) -> None:
    place, service_type = made
    known = {"table": "databaseService", "databaseSchema": "databaseService", "database": "databaseService"}
    services = {**known, "container": "storageService", "topic": "messagingService", "pipeline": "pipelineService"}
    key = (services.get(place.type, ""), place.parts[0])
    names = Names(2, known={key: service_type})
    urn = names.urn(place)
    urns.parse(urn)
    found = names.place(urn)
    if found.type == place.type:  # a platform of another category has its places elsewhere
        assert found == place


@given(st.sampled_from(["tag", "glossaryTerm"]), st.lists(SAID, min_size=2, max_size=4))
def test_tags_and_terms_of_people_are_found_by_the_urn_that_is_read(type_: str, parts: list[str]) -> None:
    names, place = Names(2), Place(type_, fqn.join(parts))
    if parts[0] != "Lumos":
        assert names.place(names.urn(place)) == place


def test_configured_services_are_known_both_ways() -> None:
    names = Names(2, {"postgres": "shop_pg", "postgres:eu": "europe"})
    for urn, name in (
        ("urn:lumos:dataset:(postgres,a.b.c,PROD)", "shop_pg.a.b.c"),
        ("urn:lumos:dataset:(postgres,eu:a.b.c,PROD)", "europe.a.b.c"),
        ("urn:lumos:dataset:(postgres,eu:a.b.c,DEV)", "europe#DEV.a.b.c"),
    ):
        assert names.place(urn).fqn == name
        assert names.urn(names.place(urn)) == urn


@pytest.mark.parametrize("urn", ["urn:lumos:foreign:(openmetadata,x)", "nonsense", "urn:lumos:policy:x"])
def test_what_has_no_place_is_refused(urn: str) -> None:
    with pytest.raises(ValueError, match=r"no place|not a URN|never written"):
        Names(2).place(urn)
