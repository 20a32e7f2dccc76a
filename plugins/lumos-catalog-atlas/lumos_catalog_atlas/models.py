"""Which type of Atlas says what: the official models where they fit, `lumos_*` for what none of them can say."""

from __future__ import annotations

from typing import Any, NamedTuple

RDBMS = frozenset(
    [
        "postgres",
        "postgresql",
        "mysql",
        "mariadb",
        "oracle",
        "mssql",
        "sqlserver",
        "db2",
        "sqlite",
        "redshift",
        "snowflake",
        "teradata",
        "greenplum",
        "cockroachdb",
        "vertica",
        "hana",
        "sybase",
        "synapse",
        "clickhouse",
        "duckdb",
        "trino",
    ]
)
"""Platforms whose tables are `rdbms_table`."""

PROPERTY = "lumos"
POSITION = "lumos_position"
TOLD = "lumos_relations"
"""Custom attribute of a term: which relations it tells of those that both sides show alike."""
GONE = "lumos_removed"
"""Custom attributes: what Atlas cannot say, the place of a column, and a record as it was when it was removed."""

GLOSSARY = {"glossary": "AtlasGlossary", "category": "AtlasGlossaryCategory", "term": "AtlasGlossaryTerm"}
GLOSSARY_TYPES = {type_: name for name, type_ in GLOSSARY.items()}


class Model(NamedTuple):
    """How one type of Atlas is used.

    Attributes:
        column: Type of its columns.
        columns: Relation to them; empty where it can have none.
        host: Relation back.
        comment: Attribute for the description of the source; empty: there is only the one that people write.
        subtype: Attribute for the subtype.
        parent: Official relation to what holds it; (attribute, type of the other end, mandatory).
        official: Attributes that must have a value: (attribute, what: `name`, `zero`, `platform`).
        owns: Relations whose other ends are deleted with it.
    """

    column: str = "lumos_field"
    columns: str = "lumosFields"
    host: str = "lumosFieldOf"
    comment: str = ""
    subtype: str = ""
    parent: tuple[str, str, bool] | None = None
    official: tuple[tuple[str, str], ...] = ()
    owns: tuple[str, ...] = ()


OFFICIAL: dict[str, Model] = {
    "hive_table": Model(
        "hive_column", "columns", "table", "comment", "tableType", ("db", "hive_db", False), owns=("partitionKeys",)
    ),
    "hive_db": Model(official=(("clusterName", "cluster"),)),
    "spark_table": Model("spark_column", "columns", "table", "comment", "tableType", ("db", "spark_db", False)),
    "spark_db": Model(),
    "spark_process": Model(),
    "rdbms_table": Model("rdbms_column", "columns", "table", "comment", "type", ("db", "rdbms_db", True)),
    "rdbms_db": Model(parent=("instance", "rdbms_instance", True), owns=("tables",)),
    "rdbms_instance": Model(comment="comment", official=(("rdbms_type", "platform"),), owns=("databases",)),
    "kafka_topic": Model(official=(("topic", "name"), ("uri", "name"))),
    "aws_s3_v2_object": Model(parent=("container", "aws_s3_v2_bucket", True)),
    "aws_s3_v2_bucket": Model(owns=("contained",)),
    "hdfs_path": Model(official=(("path", "name"),)),
}
"""Official type -> how it is used."""

_OURS = Model(comment="comment", subtype="subtype")
_GLOSSARY = Model(column="", columns="", host="")
_OTHERS = Model()

_BY_PLATFORM = {
    ("dataset", "hive"): "hive_table",
    ("container", "hive"): "hive_db",
    ("dataset", "spark"): "spark_table",
    ("container", "spark"): "spark_db",
    ("process", "spark"): "spark_process",
    ("dataset", "kafka"): "kafka_topic",
    ("dataset", "s3"): "aws_s3_v2_object",
    ("container", "s3"): "aws_s3_v2_bucket",
    ("dataset", "hdfs"): "hdfs_path",
}
_RDBMS = {"dataset": "rdbms_table", "container": "rdbms_db", "service": "rdbms_instance"}
_OWN = {
    "dataset": "lumos_dataset",
    "container": "lumos_container",
    "service": "lumos_container",
    **dict.fromkeys(("flow", "task", "process", "query", "procedure", "notebook"), "lumos_job"),
    **{kind: f"lumos_{kind}" for kind in ("domain", "data_product", "property", "ownership_type", "user", "group")},
    "role": "lumos_group",
    "assertion": "lumos_assertion",
    "contract": "lumos_contract",
    **GLOSSARY,
}
URN_TYPES = {
    "hive_table": "dataset",
    "hive_db": "container",
    "spark_table": "dataset",
    "spark_db": "container",
    "spark_process": "process",
    "rdbms_table": "dataset",
    "rdbms_db": "container",
    "rdbms_instance": "service",
    "kafka_topic": "dataset",
    "aws_s3_v2_object": "dataset",
    "aws_s3_v2_bucket": "container",
    "aws_s3_v2_directory": "container",
    "hdfs_path": "dataset",
    "hbase_namespace": "container",
}
"""Official type -> URN type of what Lumos did not write."""

_DATA_SETS = frozenset(URN_TYPES) - {"hive_db", "hbase_namespace", "spark_process"} | {"lumos_dataset", "lumos_asset"}


def type_of(urn_type: str, platform: str) -> str:
    """Return the type of Atlas for a type and platform of URNs."""
    official = _BY_PLATFORM.get((urn_type, platform))
    if official is None and platform in RDBMS:
        official = _RDBMS.get(urn_type)
    return official or _OWN.get(urn_type, "lumos_asset")


def model_of(type_: str) -> Model:
    """Return how a type is used; one that is not known has the attributes of `Asset`."""
    if type_.startswith("lumos_"):
        return _OURS
    if type_ in GLOSSARY_TYPES:
        return _GLOSSARY
    return OFFICIAL.get(type_, _OTHERS)


def holds_data(type_: str, urn_type: str) -> bool:
    """Tell whether a process may have it as an input or output: whether it is a `DataSet`."""
    return type_ in _DATA_SETS or (urn_type == "dataset" and not type_.startswith("lumos_"))


def is_process(type_: str, urn_type: str) -> bool:
    """Tell whether it is a `Process`, with inputs and outputs of its own."""
    return type_ in ("lumos_job", "spark_process") or (urn_type == "process" and not type_.startswith("lumos_"))


CHILDREN = frozenset(
    [
        "lumos_field",
        "lumos_lineage",
        "lumos_column_lineage",
        "rdbms_column",
        "hive_column",
        "spark_column",
        "hive_storagedesc",
        "spark_storagedesc",
        "Referenceable",
        "Asset",
        "DataSet",
        "Infrastructure",
        "ProcessExecution",
        "AtlasServer",
    ]
)
"""Types that are no records: parts of others, and the abstract ones."""


def _attribute(name: str, type_: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "typeName": type_, "cardinality": "SINGLE", "isOptional": True, "isUnique": False} | more


def _entity(name: str, above: str, *attributes: dict[str, Any], about: str) -> dict[str, Any]:
    return {"name": name, "description": about, "superTypes": [above], "attributeDefs": list(attributes)}


def _relation(name: str, category: str, one: tuple[str, str], many: tuple[str, str]) -> dict[str, Any]:
    """A relation of one whole to many parts."""
    whole = {"type": one[0], "name": one[1], "isContainer": True, "cardinality": "SET"}
    part = {"type": many[0], "name": many[1], "isContainer": False, "cardinality": "SINGLE"}
    return {"name": name, "relationshipCategory": category, "endDef1": whole, "endDef2": part, "propagateTags": "NONE"}


_COMMON = (_attribute("displayName"), _attribute("comment"), _attribute("subtype"))
_LIST = {"cardinality": "SET", "valuesMinCount": 0, "valuesMaxCount": 2147483647}

TYPEDEFS: dict[str, list[dict[str, Any]]] = {
    "entityDefs": [
        _entity("lumos_dataset", "DataSet", *_COMMON, about="What holds rows or messages"),
        _entity("lumos_asset", "DataSet", *_COMMON, about="A chart, dashboard, model, metric, document, ..."),
        _entity("lumos_container", "Asset", *_COMMON, about="A service, database, schema, bucket or folder"),
        _entity("lumos_job", "Process", *_COMMON, about="What computes"),
        *(
            _entity(f"lumos_{kind}", "Asset", *_COMMON, about=about)
            for kind, about in (
                ("domain", "A business domain"),
                ("data_product", "A data product"),
                ("property", "The definition of a typed property"),
                ("ownership_type", "The definition of an owner type"),
                ("user", "A person or service account"),
                ("group", "A group of people"),
                ("assertion", "A promise that can be checked"),
                ("contract", "A data contract"),
            )
        ),
        _entity(
            "lumos_field",
            "DataSet",
            *_COMMON,
            _attribute("type"),
            _attribute("native_type"),
            _attribute("nullable", "boolean"),
            about="A field of something whose own model has no columns",
        ),
        _entity(
            "lumos_lineage",
            "Process",
            _attribute("sources", "array<string>", **_LIST),
            _attribute("targets", "array<string>", **_LIST),
            about="Lineage as Lumos knows it",
        ),
        _entity("lumos_column_lineage", "lumos_lineage", _attribute("expression"), about="Lineage between fields"),
    ],
    "relationshipDefs": [
        _relation("lumos_fields", "COMPOSITION", ("Asset", "lumosFields"), ("lumos_field", "lumosFieldOf")),
        _relation("lumos_contents", "AGGREGATION", ("Asset", "lumosContents"), ("Asset", "lumosParent")),
        _relation("lumos_lineages", "COMPOSITION", ("Asset", "lumosLineage"), ("lumos_lineage", "lumosLineageOf")),
    ],
}
"""What Lumos adds to the types of a server."""
