from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lumos_core.errors import PluginError
from lumos_core.loading.registry import Registry
from lumos_core.model.entities import Dataset
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext

CATALOG = """
from typing import ClassVar
from lumos_core.plugin_api import *
from lumos_core.plugin_api import urns

class ShelfConfig(Config):
    server: str

class Shelf(Catalog[ShelfConfig]):
    capabilities = {"fields": Support(read=True, write=True), "owners": Support(write=True)}
    system = "shelf"
    closed = False

    def read(self, scope, ctx):
        gone = Dataset(name="b", lifecycle=Lifecycle(removed=True))
        yield Record(urns.dataset("shelf", "a"), Dataset(name="a", captured=["fields"]))
        yield Record(urns.dataset("shelf", "b"), gone)

    def write(self, batch, ctx):
        return []

    def check(self, ctx):
        if self.config.server == "down":
            raise CatalogError("it is down")

    def close(self):
        self.closed = True
"""

MANIFEST = """
    from lumos_core.plugin_api import Component, hookimpl

    @hookimpl
    def lumos_catalogs():
        return [Component("shelf", "PACKAGE.parts:Shelf", "PACKAGE.parts:ShelfConfig")]
"""


def test_a_catalog_is_read_as_a_source(toolbox: Any, tmp_path: Path) -> None:
    toolbox.distribution(MANIFEST, modules={"parts": CATALOG})
    spec = Registry.load().spec("source", {"type": "catalog:shelf", "server": "here"}, tmp_path)
    source, ctx = spec.build(), MemoryContext()
    source.check(ctx)
    [unit] = list(source.plan(Scope(platform="shelf"), ctx))
    records = list(source.extract(unit, ctx))
    assert [record.value.name for record in records] == ["a"]
    assert isinstance(records[0].value, Dataset)
    [declared] = ctx.declared
    assert declared.scope == Scope(platform="shelf")
    assert declared.aspects == {"record", "fields"}
    source.close()
    assert source.catalog.closed is True


def test_nothing_is_declared_when_the_listing_breaks_off(toolbox: Any, tmp_path: Path) -> None:
    toolbox.distribution(
        MANIFEST,
        modules={
            "parts": CATALOG.replace(
                '        yield Record(urns.dataset("shelf", "b"), gone)', "        raise CatalogError('broke off')"
            )
        },
    )
    from lumos_core.errors import CatalogError

    source, ctx = (
        Registry.load().spec("source", {"type": "catalog:shelf", "server": "x"}, tmp_path).build(),
        MemoryContext(),
    )
    [unit] = list(source.plan(Scope(), ctx))
    with pytest.raises(CatalogError):
        list(source.extract(unit, ctx))
    assert ctx.declared == []


def test_an_unknown_catalog_is_named_as_a_catalog(toolbox: Any) -> None:
    with pytest.raises(PluginError, match="there is no catalog 'shelv'"):
        Registry.load().classes("source", "catalog:shelv")
