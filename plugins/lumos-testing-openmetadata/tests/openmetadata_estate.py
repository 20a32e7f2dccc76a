"""A client of a few lines, and an estate that has one of everything, for the tests of the fake."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import quote, urlsplit

from lumos_testing_openmetadata import OpenMetadataFake

PATCH = "application/json-patch+json"


def label(fqn: str, source: str = "Classification", **more: Any) -> dict[str, Any]:
    return {"tagFQN": fqn, "source": source, "labelType": "Manual", "state": "Confirmed", **more}


class Client:
    """Requests over one kept connection."""

    def __init__(self, fake: OpenMetadataFake, token: str | None = None) -> None:
        self.fake = fake
        self.token = fake.bot_token if token is None else token
        self.connection = http.client.HTTPConnection(urlsplit(fake.url).netloc)
        self.headers: dict[str, str] = {}

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Send a request; returns the status and the parsed answer."""
        kind = PATCH if method == "PATCH" else "application/json"
        sent = {"Content-Type": kind, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        raw = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        self.connection.request(method, f"/api/v1{path}", raw, sent)
        answer = self.connection.getresponse()
        data = answer.read()
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, json.loads(data) if data else None

    def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        status, answer = self(method, path, body, **headers)
        assert status in (200, 201), (status, answer)
        return answer

    def by_name(self, route: str, fqn: str, fields: str = "", include: str = "") -> Any:
        asked = "&".join(f"{name}={value}" for name, value in (("fields", fields), ("include", include)) if value)
        return self.ok("GET", f"/{route}/name/{quote(fqn, safe='')}?{asked}")

    def patch(self, route: str, identity: str, *operations: tuple[Any, ...], **headers: str) -> tuple[int, Any]:
        made = [dict(zip(("op", "path", "value"), one, strict=False)) for one in operations]
        return self("PATCH", f"/{route}/{identity}", made, **headers)


def tables(client: Client, schema: str = "shop.main.public") -> None:
    """A service, a database, a schema."""
    client.ok("PUT", "/services/databaseServices", {"name": "shop", "serviceType": "Postgres"})
    client.ok("PUT", "/databases", {"name": "main", "service": "shop"})
    client.ok("PUT", "/databaseSchemas", {"name": "public", "database": "shop.main"})


def table(client: Client, name: str = "orders", **more: Any) -> Any:
    columns = [{"name": "id", "dataType": "INT"}, {"name": "note", "dataType": "VARCHAR", "dataLength": 20}]
    request = {"name": name, "databaseSchema": "shop.main.public", "columns": columns, **more}
    return client.ok("PUT", "/tables", request)


def everything(client: Client) -> None:
    """One of every kind, with most of what it may hold."""
    two = client.fake.world.family == 2
    domain = {"domains": ["sales"]} if two else {"domain": "sales"}
    people = [client.ok("PUT", "/users", {"name": name, "email": f"{name}@example.com"}) for name in ("ann", "b.c")]
    owners = [{"id": one["id"], "type": "user"} for one in people]
    client.ok("PUT", "/teams", {"name": "crew", "teamType": "Group", "users": [people[0]["id"]], "description": "us"})
    policies = client.ok("GET", "/policies")["data"]
    client.ok("PUT", "/roles", {"name": "reader", "policies": [policies[0]["fullyQualifiedName"]]})
    client.ok("PUT", "/personas", {"name": "analyst", "users": [people[0]["id"]]})
    client.ok("PUT", "/domains", {"name": "sales", "domainType": "Aggregate", "description": "d", "experts": ["ann"]})
    client.ok("PUT", "/domains", {"name": "emea", "domainType": "Aggregate", "description": "d", "parent": "sales"})
    product = {"name": "revenue", "description": "d", "owners": owners, **domain}
    client.ok("PUT", "/dataProducts", product)
    client.ok("PUT", "/classifications", {"name": "Level", "description": "d", "mutuallyExclusive": True})
    for name in ("high", "low"):
        client.ok(
            "PUT", "/tags", {"name": name, "classification": "Level", "description": "d", "style": {"color": "#fff"}}
        )
    client.ok("PUT", "/glossaries", {"name": "words", "description": "d", "owners": owners[:1]})
    client.ok("PUT", "/glossaryTerms", {"name": "money", "glossary": "words", "description": "d", "synonyms": ["cash"]})
    term = {"name": "price", "glossary": "words", "parent": "words.money", "description": "d"}
    term["relatedTerms"] = ["words.money"]
    term["references"] = [{"name": "book", "endpoint": "https://example.com/"}]
    client.ok("PUT", "/glossaryTerms", term)
    kind = client.by_name("metadata/types", "table")
    value = client.by_name("metadata/types", "string")
    told = {"name": "lumos", "description": "d", "propertyType": {"id": value["id"], "type": "type"}}
    client.ok("PUT", f"/metadata/types/{kind['id']}", told)
    about = {"owners": owners, "tags": [label("Level.high"), label("words.money.price", "Glossary")], **domain}
    about |= {"description": "d", "displayName": "D", "dataProducts": ["revenue"]}
    services = (
        *(
            ("database", "shop", "Postgres"),
            ("storage", "s3", "S3"),
            ("messaging", "bus", "Kafka"),
            ("pipeline", "air", "Airflow"),
        ),
        *(("dashboard", "bi", "Superset"), ("search", "es", "ElasticSearch"), ("mlmodel", "ml", "Mlflow")),
        *(("api", "rest", "Rest" if two else "REST"), ("metadata", "meta", "Amundsen")),
    )
    for word, name, service in services:
        more = {key: value for key, value in about.items() if key != "dataProducts" or word != "metadata"}
        client.ok("PUT", f"/services/{word}Services", {"name": name, "serviceType": service, **more})
    client.ok("PUT", "/databases", {"name": "main", "service": "shop", **about})
    client.ok(
        "PUT", "/databaseSchemas", {"name": "public", "database": "shop.main", **about, "retentionPeriod": "P30D"}
    )
    nested = [{"name": "zip", "dataType": "STRING", "tags": [label("PII.Sensitive")]}]
    columns = [
        {"name": "id", "dataType": "INT", "constraint": "PRIMARY_KEY", "description": "the key"},
        {"name": "to.whom", "dataType": "STRUCT", "children": nested},
        {"name": "items", "dataType": "ARRAY", "arrayDataType": "INT"},
    ]
    constraints = [{"constraintType": "PRIMARY_KEY", "columns": ["id"]}]
    parts = {"columns": [{"columnName": "id", "intervalType": "COLUMN-VALUE", "interval": "1"}]}
    whole = {
        **about,
        "tableConstraints": constraints,
        "tablePartition": parts,
        "tableType": "Regular",
        "sourceHash": "x",
    }
    whole |= {"extension": {"lumos": "{}"}, "schemaDefinition": "create table", "sourceUrl": "https://example.com/t"}
    whole |= {"dataModel": {"modelType": "DBT", "sql": "select 1", "columns": []}}
    table(client, "orders", **{**whole, "columns": columns})
    table(client, "lines.2")
    code = {"language": "SQL", "code": "select 1"}
    body = {"name": "tidy", "databaseSchema": "shop.main.public", "storedProcedureCode": code, **about}
    client.ok("PUT", "/storedProcedures", body)
    query = client.ok("PUT", "/queries", {"query": "select 1", "service": "shop", "users": ["ann"], "duration": 1.5})
    assert query["name"] == query["checksum"]
    bucket = client.ok("PUT", "/containers", {"name": "bucket", "service": "s3", **about, "numberOfObjects": 2.0})
    model = {"isPartitioned": False, "columns": [{"name": "a", "dataType": "INT"}]}
    inner = {"name": "in/ner", "service": "s3", "parent": {"id": bucket["id"], "type": "container"}, "dataModel": model}
    client.ok("PUT", "/containers", {**inner, "fileFormats": ["parquet"], "fullPath": "s3://bucket/in/ner"})
    schema = {
        "schemaType": "Avro",
        "schemaText": "{}",
        "schemaFields": [{"name": "r", "dataType": "RECORD", "children": []}],
    }
    client.ok("PUT", "/topics", {"name": "events", "service": "bus", "partitions": 3, "messageSchema": schema, **about})
    tasks = [{"name": "load", "taskType": "Sql", "downstreamTasks": ["tell"]}, {"name": "tell"}]
    client.ok(
        "PUT",
        "/pipelines",
        {"name": "nightly", "service": "air", "tasks": tasks, "scheduleInterval": "@daily", **about},
    )
    client.ok("PUT", "/charts", {"name": "pie", "service": "bi", "chartType": "Pie", **about})
    columns = [{"name": "a", "dataType": "INT"}]
    cube = {"name": "cube", "service": "bi", "dataModelType": "SupersetDataModel", "columns": columns, **about}
    client.ok("PUT", "/dashboard/datamodels", cube)
    client.ok(
        "PUT",
        "/dashboards",
        {"name": "board", "service": "bi", "charts": ["bi.pie"], "dataModels": ["bi.model.cube"], **about},
    )
    features = [{"name": "f", "dataType": "numerical", "featureSources": [{"name": "x", "dataType": "integer"}]}]
    client.ok(
        "PUT", "/mlmodels", {"name": "guess", "service": "ml", "algorithm": "lr", "mlFeatures": features, **about}
    )
    fields = [{"name": "title", "dataType": "TEXT"}]
    client.ok("PUT", "/searchIndexes", {"name": "books", "service": "es", "fields": fields, **about})
    client.ok(
        "PUT", "/apiCollections", {"name": "v1", "service": "rest", "endpointURL": "https://example.com/", **about}
    )
    schema = {"schemaType": "JSON", "schemaFields": [{"name": "r", "dataType": "STRING"}]}
    end = {
        "name": "get",
        "apiCollection": "rest.v1",
        "endpointURL": "https://example.com/get",
        "responseSchema": schema,
    }
    client.ok("PUT", "/apiEndpoints", end)
    client.ok("PUT", "/metrics", {"name": "margin", "metricType": "RATIO", "metricExpression": code, **about})
    quality(client, two)
    status = {"timestamp": 1_700_000_000_000, "executionStatus": "Successful", "taskStatus": []}
    client.ok("PUT", "/pipelines/air.nightly/status", status)
    lineage(client)


def quality(client: Client, two: bool) -> None:
    """A suite, a test, its result, a profile."""
    suite = {"name": "shop.main.public.orders.testSuite", "executableEntityReference": "shop.main.public.orders"}
    client.ok("PUT", "/dataQuality/testSuites", {"name": "all", "description": "d"})
    client.ok("POST", "/dataQuality/testSuites", suite)
    case = {"name": "unique", "testDefinition": "columnValuesToBeUnique"}
    case["entityLink"] = "<#E::table::shop.main.public.orders::columns::id>"
    case.update({} if two else {"testSuite": suite["name"]})
    made = client.ok("PUT", "/dataQuality/testCases", case)
    result = {"timestamp": 1_700_000_000_000, "testCaseStatus": "Success", "testResultValue": []}
    client.ok("PUT", f"/dataQuality/testCases/{made['fullyQualifiedName']}/testCaseResult", result)
    orders = client.by_name("tables", "shop.main.public.orders")
    profile = {"tableProfile": {"timestamp": 1_700_000_000_000, "rowCount": 3.0, "columnCount": 3.0}}
    profile["columnProfile"] = [{"name": "id", "timestamp": 1_700_000_000_000, "nullCount": 0.0, "min": 1.0}]
    client.ok("PUT", f"/tables/{orders['id']}/tableProfile", profile)


def lineage(client: Client) -> None:
    """An edge with columns, and one through a pipeline."""
    ends = [client.by_name("tables", name) for name in ("shop.main.public.orders", 'shop.main.public."lines.2"')]
    refs = [{"id": end["id"], "type": "table"} for end in ends]
    columns = [
        {
            "fromColumns": [ends[0]["columns"][0]["fullyQualifiedName"]],
            "toColumn": ends[1]["columns"][0]["fullyQualifiedName"],
        }
    ]
    pipeline = client.by_name("pipelines", "air.nightly")
    details = {"sqlQuery": "insert", "columnsLineage": columns, "pipeline": {"id": pipeline["id"], "type": "pipeline"}}
    edge = {"fromEntity": refs[0], "toEntity": refs[1], "lineageDetails": details}
    client.ok("PUT", "/lineage", {"edge": edge})
