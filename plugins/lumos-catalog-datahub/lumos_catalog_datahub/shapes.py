"""What DataHub's entities are made of, as far as records of Lumos use it: data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

NOBODY = "urn:li:corpuser:unknown"
"""Who stands in a stamp that nobody gave; replaced by the writer when it is sent."""
STAMP: dict[str, Any] = {"time": 0, "actor": NOBODY}
"""A stamp that DataHub demands and a record does not have."""

_GOVERNED = "ownership globalTags glossaryTerms domains institutionalMemory deprecation status structuredProperties"
_LOCATED = f"{_GOVERNED} dataProducts subTypes dataPlatformInstance"


class Shape(NamedTuple):
    """An entity.

    Attributes:
        info: Aspect that names and describes it.
        aspects: Further aspects that mean something in Lumos.
        name: Member of `info` that holds the name; empty when there is none.
        text: Member of `info` that holds the description.
        editable: Aspect of what people typed; empty: DataHub does not keep it apart, and all is people's.
        url: Member of `info` that holds the address of the thing's own page.
        custom: `info` has `customProperties`.
        created: What `info.created` is: a stamp with or without an actor, or inside of `lastModified`.
        parent: Member of `info` that holds the parent, and the entity that it must be.
        required: Members that `info` must have, with what they hold when a record does not say.
        unnamed: The name must be there: a record without one is called as its id ends.
    """

    info: str
    aspects: frozenset[str]
    name: str = "name"
    text: str = "description"
    editable: str = ""
    url: str = "externalUrl"
    custom: bool = True
    created: Literal["", "stamp", "audit", "change"] = ""
    parent: tuple[str, str] = ("", "")
    required: Mapping[str, Any] = {}
    unnamed: bool = False


def _shape(info: str, aspects: str, **more: Any) -> Shape:
    return Shape(info, frozenset(aspects.split()), **more)


SHAPES: dict[str, Shape] = {
    "dataset": _shape(
        "datasetProperties",
        f"{_LOCATED} container schemaMetadata editableSchemaMetadata upstreamLineage viewProperties access siblings "
        "logicalParent",
        editable="editableDatasetProperties",
        created="stamp",
    ),
    "container": _shape(
        "containerProperties",
        f"{_LOCATED} container access",
        editable="editableContainerProperties",
        created="stamp",
        unnamed=True,
    ),
    "dataPlatformInstance": _shape(
        "dataPlatformInstanceProperties", "deprecation globalTags institutionalMemory ownership status"
    ),
    "dataFlow": _shape(
        "dataFlowInfo",
        f"{_LOCATED} container versionInfo",
        editable="editableDataFlowProperties",
        created="stamp",
        unnamed=True,
    ),
    "dataJob": _shape(
        "dataJobInfo",
        f"{_LOCATED} container versionInfo dataJobInputOutput dataTransformLogic",
        editable="editableDataJobProperties",
        created="stamp",
        parent=("flowUrn", "dataFlow"),
        required={"type": {"string": "COMMAND"}},
        unnamed=True,
    ),
    "query": _shape(
        "queryProperties",
        "status subTypes dataPlatformInstance",
        url="",
        created="audit",
        required={
            "statement": {"value": "", "language": "UNKNOWN"},
            "source": "SYSTEM",
            "created": STAMP,
            "lastModified": STAMP,
        },
    ),
    "notebook": _shape(
        "notebookInfo",
        "ownership globalTags glossaryTerms domains institutionalMemory status dataProducts subTypes "
        "dataPlatformInstance",
        name="title",
        editable="editableNotebookProperties",
        required={"changeAuditStamps": {}},
        unnamed=True,
    ),
    "chart": _shape(
        "chartInfo",
        f"{_LOCATED} container chartQuery",
        name="title",
        editable="editableChartProperties",
        url="chartUrl",
        created="change",
        required={"description": "", "lastModified": {}},
        unnamed=True,
    ),
    "dashboard": _shape(
        "dashboardInfo",
        f"{_LOCATED} container access",
        name="title",
        editable="editableDashboardProperties",
        url="dashboardUrl",
        created="change",
        required={"description": "", "lastModified": {}},
        unnamed=True,
    ),
    "mlModel": _shape(
        "mlModelProperties", f"{_LOCATED} container", editable="editableMlModelProperties", created="stamp"
    ),
    "mlModelGroup": _shape(
        "mlModelGroupProperties", f"{_LOCATED} container", editable="editableMlModelGroupProperties", created="stamp"
    ),
    "mlFeature": _shape("mlFeatureProperties", _LOCATED, name="", editable="editableMlFeatureProperties", url=""),
    "mlFeatureTable": _shape(
        "mlFeatureTableProperties", _LOCATED, name="", editable="editableMlFeatureTableProperties", url=""
    ),
    "mlPrimaryKey": _shape(
        "mlPrimaryKeyProperties",
        _LOCATED,
        name="",
        editable="editableMlPrimaryKeyProperties",
        url="",
        required={"sources": []},
    ),
    "application": _shape(
        "applicationProperties",
        "domains globalTags glossaryTerms institutionalMemory ownership status structuredProperties subTypes",
        parent=("parentApplication", "application"),
    ),
    "glossaryNode": _shape(
        "glossaryNodeInfo",
        "displayProperties domains globalTags institutionalMemory ownership status structuredProperties subTypes",
        text="definition",
        url="",
        parent=("parentNode", "glossaryNode"),
        required={"definition": ""},
    ),
    "glossaryTerm": _shape(
        "glossaryTermInfo",
        "displayProperties domains globalTags institutionalMemory ownership status structuredProperties subTypes "
        "deprecation glossaryRelatedTerms",
        text="definition",
        url="sourceUrl",
        parent=("parentNode", "glossaryNode"),
        required={"definition": "", "termSource": "INTERNAL"},
    ),
    "tag": _shape("tagProperties", "deprecation ownership status", url="", custom=False, unnamed=True),
    "domain": _shape(
        "domainProperties",
        "deprecation displayProperties institutionalMemory ownership structuredProperties",
        url="",
        created="audit",
        parent=("parentDomain", "domain"),
        unnamed=True,
    ),
    "dataProduct": _shape(
        "dataProductProperties", f"{_GOVERNED} subTypes", parent=("parentDataProduct", "dataProduct")
    ),
    "corpuser": _shape(
        "corpUserInfo",
        "globalTags status structuredProperties subTypes groupMembership nativeGroupMembership",
        name="fullName",
        text="",
        editable="corpUserEditableInfo",
        url="",
        required={"active": True},
    ),
    "corpGroup": _shape(
        "corpGroupInfo",
        "globalTags ownership status structuredProperties subTypes",
        name="displayName",
        editable="corpGroupEditableInfo",
        url="",
        custom=False,
        created="audit",
        required={"admins": [], "members": [], "groups": []},
    ),
    "role": _shape(
        "roleProperties", "", url="requestUrl", custom=False, created="audit", required={"type": ""}, unnamed=True
    ),
    "structuredProperty": _shape(
        "propertyDefinition",
        "institutionalMemory status",
        name="displayName",
        url="",
        custom=False,
        created="audit",
        required={"qualifiedName": "", "valueType": "urn:li:dataType:datahub.string", "entityTypes": []},
    ),
    "ownershipType": _shape(
        "ownershipTypeInfo",
        "status",
        url="",
        custom=False,
        created="audit",
        required={"created": STAMP, "lastModified": STAMP},
        unnamed=True,
    ),
    "assertion": _shape(
        "assertionInfo",
        "dataPlatformInstance globalTags ownership status",
        name="",
        required={"type": "CUSTOM"},
    ),
    "dataContract": _shape(
        "dataContractProperties", "status structuredProperties", name="", text="", url="", custom=False
    ),
}
"""Entity -> its shape."""

EMPTY: dict[str, Any] = {
    "ownership": {"owners": []},
    "globalTags": {"tags": []},
    "glossaryTerms": {"terms": [], "auditStamp": STAMP},
    "domains": {"domains": []},
    "dataProducts": {"dataProducts": []},
    "institutionalMemory": {"elements": []},
    "deprecation": {"deprecated": False, "note": "", "actor": NOBODY},
    "structuredProperties": {"properties": []},
    "subTypes": {"typeNames": []},
    "editableSchemaMetadata": {"editableSchemaFieldInfo": []},
    "upstreamLineage": {"upstreams": []},
    "dataJobInputOutput": {"inputDatasets": [], "outputDatasets": []},
    "access": {"roles": []},
    "siblings": {"siblings": [], "primary": False},
    "logicalParent": {},
    "dataTransformLogic": {"transforms": []},
    "displayProperties": {},
    "glossaryRelatedTerms": {},
    "groupMembership": {"groups": []},
    "nativeGroupMembership": {"nativeGroups": []},
    "status": {"removed": False},
}
"""What an aspect holds when nothing is to be said in it any more; others are deleted, or lose what is not required."""

LEFT_OUT = frozenset(
    [
        "dataHubAccessToken",
        "dataHubAction",
        "dataHubConnection",
        "dataHubExecutionRequest",
        "dataHubFile",
        "dataHubIngestionSource",
        "dataHubOpenAPISchema",
        "dataHubPageModule",
        "dataHubPageTemplate",
        "dataHubPersona",
        "dataHubPolicy",
        "dataHubRetention",
        "dataHubRole",
        "dataHubSecret",
        "dataHubStepState",
        "dataHubUpgrade",
        "dataHubView",
        "dataPlatform",
        "dataType",
        "entityType",
        "globalSettings",
        "inviteToken",
        "lifecycleStageType",
        "post",
        "searchTemplate",
        "telemetry",
    ]
)
"""Entities that are DataHub's own: rights, secrets, pages, settings, registries. Never read, never written."""

DERIVED = frozenset(
    [
        "browsePaths",
        "browsePathsV2",
        "incidentsSummary",
        "usageFeatures",
        "storageFeatures",
        "testResults",
        "assertionRunSummary",
        "datahubIngestionCheckpoint",
        "datahubIngestionRunSummary",
        "semanticContent",
        "corpUserCredentials",
        "corpUserSettings",
        "assetSettings",
        "forms",
    ]
)
"""Aspects that the server derives or keeps for itself; never read, never written."""

STATS = {"datasetProfile": "profile", "datasetUsageStatistics": "usage", "operation": "operation"}
"""Time series aspect -> type of volatile fact."""

RESOURCE = "platformResource"
"""Entity that holds the property `lumos` of what has no custom properties, and foreign things of other vendors."""
RESOURCE_TYPE = "lumos"
"""`resourceType` of those that are ours."""
