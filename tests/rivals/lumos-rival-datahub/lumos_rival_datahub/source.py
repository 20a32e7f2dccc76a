"""Reads DataHub's own file format with DataHub's own classes."""

from __future__ import annotations

from collections.abc import Iterable

import sqlglot
from datahub.ingestion.source.file import read_metadata_file
from datahub.metadata.schema_classes import MetadataChangeEventClass, SchemaMetadataClass
from pydantic import Field as Option

from lumos_core.plugin_api import (
    AnyRecord,
    Config,
    Context,
    Covered,
    Dataset,
    Field,
    LocalPath,
    Record,
    Scope,
    Source,
    Unit,
    urns,
)


class RivalConfig(Config):
    """Where the file is."""

    path: LocalPath = Option(description="File of metadata change events, as the `file` sink of DataHub writes it.")


class RivalSource(Source[RivalConfig]):
    """Every dataset snapshot of the file is a dataset."""

    capabilities = frozenset({"record", "fields", "properties"})

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """One unit: the file."""
        yield Unit(key=self.config.path.name, scope=Scope(platform="rival_datahub"))
        if within.everything:
            ctx.covered(Covered(Scope(platform="rival_datahub"), frozenset({"record"})))

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Let the SDK decode, and keep what the model can say."""
        for event in read_metadata_file(self.config.path):
            assert isinstance(event, MetadataChangeEventClass)
            aspects = event.proposedSnapshot.aspects
            (schema,) = [aspect for aspect in aspects if isinstance(aspect, SchemaMetadataClass)]
            fields = [
                Field(column.fieldPath, native_type=column.nativeDataType, type="string") for column in schema.fields
            ]
            properties = [("sqlglot", sqlglot.__version__)]
            value = Dataset(
                name=schema.schemaName, captured=["fields", "properties"], fields=fields, properties=properties
            )
            yield Record(urns.dataset("rival_datahub", schema.schemaName), value)
        ctx.covered(Covered(unit.scope, frozenset({"fields", "properties"})))
