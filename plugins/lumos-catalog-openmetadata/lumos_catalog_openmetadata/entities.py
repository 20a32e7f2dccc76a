"""The types of entities that are read and written, as data."""

from __future__ import annotations

from typing import NamedTuple

from . import platforms


class EntityType(NamedTuple):
    """A type of entity.

    Attributes:
        name: As references name it.
        route: Below `/api/v1`.
        rank: Entities of a lower rank are written first.
        create: Keys of the mapped document that a create request takes.
        patch: Keys that only a patch sets.
        fields: Further keys that a GET gives only when asked.
        extension: It has custom properties; else the text `lumos` is a comment at the end of its description.
        soft: It can be soft-deleted.
        lineage: It can have lineage.
        children: (entity type, argument of its listing, what that takes of the parent: `fqn`, `id` or `service`).
        described: The server insists on a description.
    """

    name: str
    route: str
    rank: int
    create: frozenset[str]
    patch: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()
    extension: bool = False
    soft: bool = True
    lineage: bool = False
    children: tuple[tuple[str, str, str], ...] = ()
    described: bool = False

    @property
    def keys(self) -> frozenset[str]:
        """All keys of the mapped document."""
        return self.create | self.patch | ({"extension"} if self.extension else frozenset())

    def asked(self, family: int) -> str:
        """The value of `fields=` that gives all that is mapped."""
        domain = "domain" if family == 1 else "domains"
        shown = [domain if name == "domains" and self.name not in ("user", "team") else name for name in self.fields]
        return ",".join([*shown, *(["extension"] if self.extension else [])])


_PLAIN = "displayName description"
_ASSET = f"{_PLAIN} owners tags domains dataProducts"
_SHOWN = "owners tags domains dataProducts"


def _type(name: str, route: str, rank: int, create: str, fields: str = "", **more: object) -> EntityType:
    patch = frozenset(str(more.pop("patch", "")).split())
    return EntityType(name, route, rank, frozenset(create.split()), patch, tuple(fields.split()), **more)  # type: ignore[arg-type]


_SERVED = {
    "databaseService": ("database",),
    "storageService": ("container",),
    "messagingService": ("topic",),
    "pipelineService": ("pipeline",),
    "dashboardService": ("dashboard", "chart"),
    "mlmodelService": ("mlmodel",),
    "searchService": ("searchIndex",),
}

_ALL = (
    *(
        _type(
            category.service,
            f"services/{category.service}s",
            2,
            f"{_PLAIN} owners tags domains serviceType",
            "owners tags domains",
            children=tuple((name, "service", "fqn") for name in _SERVED[category.service]),
        )
        for category in platforms.CATEGORIES.values()
    ),
    _type("team", "teams", 0, f"{_PLAIN} teamType email", "parents"),
    _type("user", "users", 1, f"{_PLAIN} email teams", "teams"),
    _type(
        "classification",
        "classifications",
        0,
        f"{_PLAIN} mutuallyExclusive",
        patch="disabled",
        described=True,
        children=(("tag", "parent", "fqn"),),
    ),
    _type(
        *("tag", "tags", 1, f"{_PLAIN} mutuallyExclusive style"),
        patch="disabled",
        described=True,
        children=(("tag", "parent", "fqn"),),
    ),
    _type("domain", "domains", 2, f"{_PLAIN} owners style", "owners experts", soft=False, described=True),
    _type(
        *("dataProduct", "dataProducts", 3, f"{_PLAIN} owners domains style", "owners domains experts"),
        soft=False,
        described=True,
    ),
    _type(
        "glossary",
        "glossaries",
        2,
        f"{_PLAIN} owners tags domains",
        "owners tags domains reviewers",
        described=True,
        children=(("glossaryTerm", "glossary", "id"),),
    ),
    _type(
        "glossaryTerm",
        "glossaryTerms",
        3,
        f"{_PLAIN} owners tags synonyms style relatedTerms references",
        "owners tags relatedTerms reviewers",
        children=(("glossaryTerm", "parent", "id"),),
        extension=True,
        described=True,
    ),
    _type(
        *("database", "databases", 4, f"{_ASSET} sourceUrl", _SHOWN),
        extension=True,
        children=(("databaseSchema", "database", "fqn"),),
    ),
    _type(
        *("databaseSchema", "databaseSchemas", 5, f"{_ASSET} sourceUrl", _SHOWN),
        extension=True,
        children=(("table", "databaseSchema", "fqn"),),
    ),
    _type(
        "table",
        "tables",
        6,
        f"{_ASSET} sourceUrl columns tableConstraints tablePartition tableType schemaDefinition",
        f"{_SHOWN} columns tableConstraints schemaDefinition",
        extension=True,
        lineage=True,
    ),
    _type(
        *(
            "container",
            "containers",
            6,
            f"{_ASSET} sourceUrl dataModel fileFormats fullPath",
            f"{_SHOWN} dataModel parent",
        ),
        children=(("container", "service", "service"),),
        extension=True,
        lineage=True,
    ),
    _type("topic", "topics", 6, f"{_ASSET} sourceUrl messageSchema", _SHOWN, extension=True, lineage=True),
    _type("searchIndex", "searchIndexes", 6, f"{_ASSET} fields", f"{_SHOWN} fields", extension=True, lineage=True),
    _type(
        *("pipeline", "pipelines", 6, f"{_ASSET} sourceUrl scheduleInterval tasks", f"{_SHOWN} tasks"),
        extension=True,
        lineage=True,
    ),
    _type("chart", "charts", 6, f"{_ASSET} sourceUrl", _SHOWN, lineage=True),
    _type(
        *("dashboard", "dashboards", 7, f"{_ASSET} sourceUrl charts", f"{_SHOWN} charts"),
        extension=True,
        lineage=True,
    ),
    _type("mlmodel", "mlmodels", 6, f"{_ASSET} sourceUrl mlFeatures", _SHOWN, extension=True, lineage=True),
    _type("metric", "metrics", 6, f"{_ASSET} metricExpression", _SHOWN, extension=True, lineage=True),
)

TEST_CASE = _type("testCase", "dataQuality/testCases", 6, "", "owners")

OTHERS = (
    TEST_CASE,
    _type("storedProcedure", "storedProcedures", 6, "", "owners tags"),
    _type("dashboardDataModel", "dashboard/datamodels", 6, "", "owners tags"),
    _type("apiCollection", "apiCollections", 6, "", "owners tags"),
    _type("apiEndpoint", "apiEndpoints", 6, "", "owners tags"),
    _type("query", "queries", 6, "", "owners tags", soft=False),
    _type("testDefinition", "dataQuality/testDefinitions", 6, "", "owners"),
    _type("testSuite", "dataQuality/testSuites", 6, "", "owners"),
)
"""Types of things that are read as they are, and never written (but for the test cases beside assertions)."""

TYPES: dict[str, EntityType] = {one.name: one for one in _ALL}
"""Entity types by their names."""
