"""What a new server holds: an administrator, the ingestion bot, roles, the root team, system tags, types and tests."""

from __future__ import annotations

from .kinds import KINDS, extensible
from .people import ADMIN, ADMIN_MAIL, BOT
from .store import Document
from .world import World
from .writing import place, stamp

SYSTEM = "admin"
_ROLES = ("DataConsumer", "DataSteward", "IngestionBotRole", "Admin")
_TAGS = {
    "Tier": ("Data tiers", ("Tier1", "Tier2", "Tier3", "Tier4", "Tier5")),
    "PII": ("Personally identifiable information", ("None", "NonSensitive", "Sensitive")),
    "PersonalData": ("Personal data", ("Personal", "SpecialCategory")),
}
_VALUE_TYPES = (
    *(
        "string",
        "integer",
        "number",
        "markdown",
        "email",
        "timestamp",
        "timeInterval",
        "duration",
        "date-cp",
        "dateTime-cp",
    ),
    *("time-cp", "enum", "entityReference", "entityReferenceList", "sqlQuery"),
)
_NEWER_VALUE_TYPES = ("table-cp", "hyperlink-cp")
_STEPS = ("CheckAccess", "GetSchemas", "GetTables", "GetViews")
_TESTS = {
    "TABLE": (
        *("tableRowCountToBeBetween", "tableRowCountToEqual", "tableColumnCountToEqual", "tableColumnNameToExist"),
        *("tableCustomSQLQuery", "tableColumnToMatchSet"),
    ),
    "COLUMN": (
        *("columnValuesToBeNotNull", "columnValuesToBeUnique", "columnValuesToBeBetween", "columnValuesToBeInSet"),
        *(
            "columnValuesToBeNotInSet",
            "columnValuesToMatchRegex",
            "columnValueLengthsToBeBetween",
            "columnValueMaxToBeBetween",
        ),
        *("columnValueMinToBeBetween", "columnValueMeanToBeBetween", "columnValuesMissingCount"),
    ),
}


def seed(world: World) -> None:
    """Fill a new server."""
    kinds = {kind.name: kind for kind in KINDS}

    def add(kind: str, **made: object) -> Document:
        document: Document = dict(made)
        parent = place(world, kinds[kind], document)
        return stamp(world, document, kind, parent, SYSTEM)

    def reference(kind: str, document: Document) -> Document:
        return {"id": document["id"], "type": kind}

    policy = add("policy", name="OrganizationPolicy", rules=[_RULE], enabled=True, provider="system")
    policies = [reference("policy", policy)]
    roles = {name: add("role", name=name, policies=policies, provider="system") for name in _ROLES}
    add("team", name="Organization", teamType="Organization", isJoinable=True, policies=policies)
    add("user", name=ADMIN, email=ADMIN_MAIL, isAdmin=True, isBot=False)
    role = [reference("role", roles["IngestionBotRole"])]
    bot = add("user", name=BOT, email=f"{BOT}@open-metadata.org", isBot=True, isAdmin=False, roles=role)
    add("bot", name=BOT, botUser=reference("user", bot), provider="system")
    for name, (description, tags) in _TAGS.items():
        exclusive = name in ("Tier", "PII")
        told = {"description": description, "provider": "system"}
        classification = reference(
            "classification", add("classification", name=name, mutuallyExclusive=exclusive, **told)
        )
        for tag in tags:
            told = {"description": f"{name} {tag}", "provider": "system"}
            add("tag", name=tag, classification=classification, mutuallyExclusive=False, **told)
    values = (*_VALUE_TYPES, *(_NEWER_VALUE_TYPES if world.family == 2 else ()))
    for name in values:
        add("type", name=name, category="field", nameSpace="basic", schema="{}", description=name)
    for name in extensible():
        if "extension" in kinds[name].fields(world.family):
            add(
                "type",
                name=name,
                category="entity",
                nameSpace="data",
                schema="{}",
                description=name,
                customProperties=[],
            )
    for name in sorted(world.schema.enums["DatabaseServiceType"]):
        steps = [{"name": step, "description": step, "mandatory": step == "CheckAccess"} for step in _STEPS]
        made: Document = {"name": name, "fullyQualifiedName": f"{name}.testConnectionDefinition", "steps": steps}
        stamp(world, made, "testConnectionDefinition", "", SYSTEM)
    for level, names in _TESTS.items():
        for name in names:
            platforms = ["OpenMetadata"]
            told = {"description": name, "entityType": level, "provider": "system"}
            add("testDefinition", name=name, testPlatforms=platforms, **told)


_RULE = {
    "name": "OrganizationPolicy-NoOwner-Rule",
    "resources": ["all"],
    "operations": ["EditOwners"],
    "effect": "allow",
}
