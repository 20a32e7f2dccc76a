"""Platforms: which category of service holds their things, what OpenMetadata calls them, and how deep they nest."""

from __future__ import annotations

from typing import NamedTuple


class Category(NamedTuple):
    """A category of services.

    Attributes:
        service: Entity type of the services.
        custom: `serviceType` of platforms that OpenMetadata does not know.
        types: Platform -> `serviceType`; those that all of 1.6 to 2.x know.
        newer: Those that only 1.13 and later know.
    """

    service: str
    custom: str
    types: dict[str, str]
    newer: dict[str, str] = {}


def _names(text: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in text.split())
    return {(platform or name).lower(): name for name, _, platform in pairs}


CATEGORIES: dict[str, Category] = {
    "database": Category(
        "databaseService",
        "CustomDatabase",
        _names(
            "BigQuery BigTable Mysql Redshift Snowflake Postgres Mssql Oracle Athena Hive Impala Presto Trino Vertica "
            "Glue MariaDB Druid Db2 Clickhouse Databricks AzureSQL DynamoDB SingleStore SQLite DeltaLake=delta-lake "
            "Salesforce PinotDB=pinot MongoDB=mongo Couchbase Greenplum Doris UnityCatalog=unity-catalog SAS Teradata "
            "SapErp=sap-erp SapHana=hana Synapse Dbt"
        ),
        _names("Timescale Cassandra StarRocks Exasol Cockroach=cockroachdb Dremio MicrosoftFabric=fabric QuestDB"),
    ),
    "storage": Category("storageService", "CustomStorage", _names("S3 ADLS GCS")),
    "messaging": Category("messagingService", "CustomMessaging", _names("Kafka Redpanda Kinesis"), _names("PubSub")),
    "pipeline": Category(
        "pipelineService",
        "CustomPipeline",
        _names(
            "Airflow GluePipeline=glue Airbyte Fivetran Flink Dagster Nifi DatabricksPipeline=databricks Spline Spark "
            "OpenLineage KafkaConnect=kafka-connect DBTCloud=dbt"
        ),
        _names("Prefect Matillion Stitch DataFactory=azure-data-factory SSIS Snowplow Mulesoft"),
    ),
    "dashboard": Category(
        "dashboardService",
        "CustomDashboard",
        _names("Superset Looker Tableau Redash Metabase PowerBI Mode QuickSight QlikSense Lightdash QlikCloud"),
        _names("MicroStrategy Sigma ThoughtSpot Grafana Hex"),
    ),
    "mlmodel": Category(
        "mlmodelService", "CustomMlModel", _names("Mlflow Sklearn SageMaker"), _names("VertexAI=vertex-ai")
    ),
    "search": Category("searchService", "CustomSearch", _names("ElasticSearch OpenSearch")),
}
"""Category -> what it is."""

BY_SERVICE = {category.service: name for name, category in CATEGORIES.items()}
"""Entity type of a service -> category."""

_MESSAGING = {"kafka", "redpanda", "kinesis", "pubsub", "pulsar", "rabbitmq", "nats", "eventhubs", "sqs", "sns"}
_SEARCH = {"elasticsearch", "opensearch", "solr"}
_STORAGE = {"s3", "gcs", "adls", "abs", "azure", "hdfs", "webhdfs", "file", "ftp", "sftp", "minio"}
_TWO_LEVELS = {
    *("mysql", "mariadb", "hive", "glue", "athena", "impala", "mongo", "mongodb", "clickhouse", "druid", "pinot"),
    *("doris", "singlestore", "cassandra", "dynamodb", "couchbase", "teradata", "questdb", "sqlite", "starrocks"),
}


def home(platform: str) -> str:
    """Return the category that holds what a platform stores."""
    if platform in _STORAGE:
        return "storage"
    if platform in _MESSAGING:
        return "messaging"
    return "search" if platform in _SEARCH else "database"


def root(platform: str) -> str:
    """Return the category of the service that stands for a platform as a whole."""
    held = home(platform)
    if held != "database" or platform in CATEGORIES["database"].types:
        return held
    others = ("pipeline", "dashboard", "mlmodel")
    known = (name for name in others if platform in CATEGORIES[name].types or platform in CATEGORIES[name].newer)
    return next(known, held)


def levels(platform: str) -> int:
    """Return how many levels stand above a table: 1 (`shop.orders`) or 2 (`shop.public.orders`)."""
    return 1 if platform in _TWO_LEVELS else 2


def service_type(category: str, platform: str, family: int) -> str:
    """Return the `serviceType` of a platform."""
    known = CATEGORIES[category]
    newer = known.newer if family >= 2 else {}
    return known.types.get(platform) or newer.get(platform) or known.custom


def platform_of(category: str, service_type: str, service: str) -> str:
    """Return the platform of a service: by its type, and by its name where the type is a custom one."""
    known = CATEGORIES[category]
    if service_type in (known.custom, ""):
        return service
    return next(
        (name for table in (known.types, known.newer) for name, value in table.items() if value == service_type),
        service_type.lower(),
    )
