"""Reads OpenMetadata's own requests with OpenMetadata's own models."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import sqlglot
from metadata.generated.schema.api.data.createTable import CreateTableRequest
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

    path: LocalPath = Option(description="JSON lines, a request to create a table each.")


class RivalSource(Source[RivalConfig]):
    """Every request of the file is a dataset."""

    capabilities = frozenset({"record", "fields", "properties"})

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """One unit: the file."""
        yield Unit(key=self.config.path.name, scope=Scope(platform="rival_openmetadata"))
        if within.everything:
            ctx.covered(Covered(Scope(platform="rival_openmetadata"), frozenset({"record"})))

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Let the SDK decode, and keep what the model can say."""
        for line in self.config.path.read_bytes().splitlines():
            request = CreateTableRequest.model_validate(msgspec.json.decode(line))
            name = f"{request.databaseSchema.root}.{request.name.root}"
            fields = [
                Field(column.name.root, native_type=column.dataType.value, type="string") for column in request.columns
            ]
            properties = [("sqlglot", sqlglot.__version__)]
            value = Dataset(name=name, captured=["fields", "properties"], fields=fields, properties=properties)
            yield Record(urns.dataset("rival_openmetadata", name), value)
        ctx.covered(Covered(unit.scope, frozenset({"fields", "properties"})))
