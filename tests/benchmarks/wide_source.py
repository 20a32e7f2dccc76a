"""A source of many records of twenty fields, for measuring what a worker adds."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field as Option

from lumos_core.plugin_api import AnyRecord, Config, Context, Dataset, Field, Record, Scope, Source, Unit, urns

PLATFORM = "wide"


class WideConfig(Config):
    """How much there is."""

    records: int = Option(1000, description="How many datasets.")


class WideSource(Source[WideConfig]):
    """One unit with all the records."""

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """One unit."""
        yield Unit(key="all", scope=Scope(platform=PLATFORM))

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Twenty fields each."""
        for number in range(self.config.records):
            fields = [Field(f"column_{i}", type="int64", native_type="bigint", nullable=True) for i in range(20)]
            name = f"table_{number:07}"
            yield Record(urns.dataset(PLATFORM, name), Dataset(name=name, captured=["fields"], fields=fields))
