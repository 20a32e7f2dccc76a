"""Everything a plugin imports, in one place. What is not here is the kernel's own business.

Names are resolved when they are first used, so that a manifest, which needs only `Component` and `hookimpl`, costs
no more than these two.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .hookspecs import API_VERSION, hookimpl

if TYPE_CHECKING:
    from .config.api import load_pipeline
    from .config.types import ComponentSpec, FormatSpec, LocalPath
    from .contracts.catalog import Catalog, Hit, Operation, Outcome
    from .contracts.component import Config, Support
    from .contracts.context import Context
    from .contracts.cost import CostModel, Period
    from .contracts.descriptor import Component
    from .contracts.differ import Differ, Pair
    from .contracts.enricher import Enricher
    from .contracts.executor import Executor
    from .contracts.format import File, Format
    from .contracts.notifier import Gathered, Gatherer, NotifierConfig, Told, gather, tell
    from .contracts.profile import ProfileConfig, ProfileOption, profile_option
    from .contracts.reporter import (
        GateResult,
        Many,
        Notice,
        PublishResult,
        Reporter,
        RunResult,
        StageTiming,
        VersionChange,
    )
    from .contracts.source import Event, Explained, Source, Unit
    from .contracts.store import Entry, Row, Store, instant
    from .contracts.watch import WatchConfig
    from .errors import (
        Cancelled,
        CatalogError,
        ConfigError,
        DiskError,
        LockedError,
        LumosError,
        PluginError,
        ReportError,
        RetryableError,
        SnapshotError,
        StoreError,
        UnitError,
        UsageError,
    )
    from .files import atomic_write, read_yaml
    from .model import aspects, paths, types, urns
    from .model.change import BUMPS, SEVERITIES, Bump, Change, Finding, Role, Severity, Version
    from .model.elements import (
        Code,
        ColumnEdge,
        Created,
        DataProductLink,
        Default,
        Deprecated,
        Description,
        Grant,
        Key,
        Layout,
        Lifecycle,
        Lineage,
        LineageEdge,
        Link,
        Native,
        NativeSchema,
        Owner,
        PartitionField,
        RefValue,
        Relation,
        Schedule,
        Sla,
        SortField,
        StructuredValue,
        Style,
        TagLink,
        TermLink,
        Text,
    )
    from .model.entities import (
        KINDS,
        Assertion,
        Asset,
        Container,
        Contract,
        DataProduct,
        Dataset,
        Domain,
        Entity,
        Field,
        Foreign,
        Group,
        Job,
        OwnershipType,
        Property,
        Stats,
        Tag,
        Term,
        User,
    )
    from .model.event import ChangeEvent, SchemaField
    from .model.graph import Graph
    from .model.merge import carry_forward, unite
    from .model.record import (
        AnyRecord,
        Record,
        canonical,
        decode,
        digest,
        encode,
        line_key,
        line_kind,
        line_urn,
        make_key,
        normalise,
    )
    from .model.scope import NOTHING, Covered, Scope
    from .publish import shadow
    from .running.result_data import result_data
    from .snapshot.in_order import in_order
    from .sqlite_file.file import SqliteFile
    from .sqlite_file.kind import SqliteKind
    from .texts import visible

_WHERE = {
    "config.api": "load_pipeline",
    "config.types": "ComponentSpec FormatSpec LocalPath",
    "contracts.catalog": "Catalog Hit Operation Outcome",
    "contracts.component": "Config Support",
    "contracts.context": "Context",
    "contracts.cost": "CostModel Period",
    "contracts.descriptor": "Component",
    "contracts.differ": "Differ Pair",
    "contracts.enricher": "Enricher",
    "contracts.executor": "Executor",
    "contracts.format": "File Format",
    "contracts.notifier": "Gathered Gatherer NotifierConfig Told gather tell",
    "contracts.profile": "ProfileConfig ProfileOption profile_option",
    "contracts.reporter": "GateResult Many Notice PublishResult Reporter RunResult StageTiming VersionChange",
    "contracts.source": "Event Explained Source Unit",
    "contracts.store": "Entry Row Store instant",
    "contracts.watch": "WatchConfig",
    "errors": "Cancelled CatalogError ConfigError DiskError LockedError LumosError PluginError ReportError "
    "RetryableError SnapshotError StoreError UnitError UsageError",
    "files": "atomic_write read_yaml",
    "model.change": "BUMPS SEVERITIES Bump Change Finding Role Severity Version",
    "model.elements": "Code ColumnEdge Created DataProductLink Default Deprecated Description Grant Key Layout "
    "Lifecycle Lineage LineageEdge Link Native NativeSchema Owner PartitionField Relation RefValue Schedule Sla "
    "SortField StructuredValue Style TagLink TermLink Text",
    "model.entities": "KINDS Asset Assertion Container Contract DataProduct Dataset Domain Entity Field Foreign "
    "Group Job OwnershipType Property Stats Tag Term User",
    "model.event": "ChangeEvent SchemaField",
    "model.graph": "Graph",
    "model.merge": "carry_forward unite",
    "model.record": "AnyRecord Record canonical decode digest encode line_key line_kind line_urn make_key normalise",
    "model.scope": "NOTHING Covered Scope",
    "running.result_data": "result_data",
    "snapshot.in_order": "in_order",
    "sqlite_file.file": "SqliteFile",
    "sqlite_file.kind": "SqliteKind",
    "texts": "visible",
}
_MODULES = {
    "aspects": "model.aspects",
    "paths": "model.paths",
    "shadow": "publish.shadow",
    "types": "model.types",
    "urns": "model.urns",
}
_HOME = {name: module for module, names in _WHERE.items() for name in names.split()}

__all__ = [
    "API_VERSION",
    "BUMPS",
    "KINDS",
    "NOTHING",
    "SEVERITIES",
    "AnyRecord",
    "Assertion",
    "Asset",
    "Bump",
    "Cancelled",
    "Catalog",
    "CatalogError",
    "Change",
    "ChangeEvent",
    "Code",
    "ColumnEdge",
    "Component",
    "ComponentSpec",
    "Config",
    "ConfigError",
    "Container",
    "Context",
    "Contract",
    "CostModel",
    "Covered",
    "Created",
    "DataProduct",
    "DataProductLink",
    "Dataset",
    "Default",
    "Deprecated",
    "Description",
    "Differ",
    "DiskError",
    "Domain",
    "Enricher",
    "Entity",
    "Entry",
    "Event",
    "Executor",
    "Explained",
    "Field",
    "File",
    "Finding",
    "Foreign",
    "Format",
    "FormatSpec",
    "GateResult",
    "Gathered",
    "Gatherer",
    "Grant",
    "Graph",
    "Group",
    "Hit",
    "Job",
    "Key",
    "Layout",
    "Lifecycle",
    "Lineage",
    "LineageEdge",
    "Link",
    "LocalPath",
    "LockedError",
    "LumosError",
    "Many",
    "Native",
    "NativeSchema",
    "Notice",
    "NotifierConfig",
    "Operation",
    "Outcome",
    "Owner",
    "OwnershipType",
    "Pair",
    "PartitionField",
    "Period",
    "PluginError",
    "ProfileConfig",
    "ProfileOption",
    "Property",
    "PublishResult",
    "Record",
    "RefValue",
    "Relation",
    "ReportError",
    "Reporter",
    "RetryableError",
    "Role",
    "Row",
    "RunResult",
    "Schedule",
    "SchemaField",
    "Scope",
    "Severity",
    "Sla",
    "SnapshotError",
    "SortField",
    "Source",
    "SqliteFile",
    "SqliteKind",
    "StageTiming",
    "Stats",
    "Store",
    "StoreError",
    "StructuredValue",
    "Style",
    "Support",
    "Tag",
    "TagLink",
    "Term",
    "TermLink",
    "Text",
    "Told",
    "Unit",
    "UnitError",
    "UsageError",
    "User",
    "Version",
    "VersionChange",
    "WatchConfig",
    "aspects",
    "atomic_write",
    "canonical",
    "carry_forward",
    "decode",
    "digest",
    "encode",
    "gather",
    "hookimpl",
    "in_order",
    "instant",
    "line_key",
    "line_kind",
    "line_urn",
    "load_pipeline",
    "make_key",
    "normalise",
    "paths",
    "profile_option",
    "read_yaml",
    "result_data",
    "shadow",
    "tell",
    "types",
    "unite",
    "urns",
    "visible",
]


_DEPRECATED: dict[str, tuple[str, str]] = {}
"""Name that will go -> (version of the plugin API that deprecated it, what to write instead)."""


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name in _DEPRECATED:
        since, instead = _DEPRECATED[name]
        text = f"lumos_core.plugin_api.{name} is deprecated since plugin API {since}: {instead}"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return getattr(import_module(f"lumos_core.{_HOME[name]}"), name)  # not kept, so that every use is told
    if name in _HOME:
        value = getattr(import_module(f"lumos_core.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"lumos_core.{_MODULES[name]}")
    else:
        raise AttributeError(f"module 'lumos_core.plugin_api' has no attribute {name!r}")
    globals()[name] = value
    return value
