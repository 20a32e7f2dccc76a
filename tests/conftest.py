"""Fixtures for tests of the kernel: distributions that are not installed anywhere but in a test's own folder."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

_numbers = itertools.count()

os.environ.pop("COLUMNS", None)  # the terminal that tests run in is no part of them
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So a shell starts what runs in the background, and every program that is started from there would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

COMPONENT = '''
from collections.abc import Iterable
from typing import Literal
from lumos_core.plugin_api import *
from pydantic import Field, SecretStr

class ToyConfig(Config):
    """Options of the toy."""

    path: LocalPath = Field(description="Where.")
    port: int = Field(default=5, ge=1, description="Which.")
    mode: Literal["fast", "slow"] = Field(default="fast", description="How.")
    password: SecretStr = Field(default=SecretStr(""), description="Who.")
    formats: list[FormatSpec] = Field(default=[], description="What.")

class Toy(Source[ToyConfig]):
    """A toy."""

    capabilities = frozenset({"fields", "owners"})

    def plan(self, within, ctx):
        return [Unit(key="one", scope=within)]

    def extract(self, unit, ctx):
        return []

    def suggest(self, path):
        yield {"type": "TOYNAME", "path": "data", "formats": ["a"]}

class DotConfig(Config):
    """Options of the format."""

    delimiter: str = Field(default=",", max_length=1, description="Between values.")

class Dot(Format[DotConfig]):
    """A format."""

    def inspect(self, files, ctx):
        return []
'''

WORLD = '''
from lumos_core.plugin_api import *
from pydantic import Field, SecretStr

class PathConfig(Config):
    """Options of the store."""

    path: LocalPath = Field(default="own.db", description="Where.")

class Nothing(Config):
    """No options."""

class WorldStore(Store[PathConfig]):
    def resolve(self, ref): return None
    def lines(self, ref, scope=Scope()): return iter(())
    def get(self, ref, kind, urn): return None
    def commit(self, ref, expect, changed, meta): return ""
    def log(self, urn=None, ref="head"): return iter(())
    def refs(self): return {}

class WorldDiffer(Differ[Nothing]):
    def diff(self, pairs, ctx): return []
    def rules(self): return [{"id": "field-removed", "area": "schema", "severity": "breaking", "fix": ["a", "b"]}]

class ServerConfig(Config):
    """Options of the catalog."""

    server: str = Field(default="", description="Where.")
    token: SecretStr = Field(default=SecretStr(""), description="Who.")

class WorldCatalog(Catalog[ServerConfig]):
    capabilities = {"owners": Support(read=True, write=True, limit="9 owners")}
    def read(self, scope, ctx): return []
    def write(self, batch, ctx): return []
'''
REAL = "lumos-store-sqlite, lumos-differ-semantic, lumos-catalog-local"


class Toolbox:
    """Writes distributions into a folder that is on `sys.path` for one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def distribution(
        self,
        manifest: str | None,
        *,
        name: str = "",
        version: str = "1.0",
        requires: tuple[str, ...] = ("lumos-core>=0.1",),
        entry: str = "",
        modules: dict[str, str] | None = None,
        points: str = "",
        metadata: str | None = None,
    ) -> str:
        """Write a plugin; returns the name of its package. `PACKAGE` in a text is that name."""
        package = f"toy_plugin_{next(_numbers)}"
        name = name or package.replace("_", "-")
        root = self.folder / package
        root.mkdir()
        (root / "__init__.py").write_text("")
        if manifest is not None:
            (root / "plugin.py").write_text(dedent(manifest).replace("PACKAGE", package))
        for module, text in (modules or {}).items():
            (root / f"{module}.py").write_text(dedent(text).replace("PACKAGE", package))
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {line}" for line in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n" if metadata is None else metadata)
        text = f"[lumos.plugins]\n{entry or package} = {package}.plugin\n" if manifest is not None else ""
        (info / "entry_points.txt").write_text(text + points.replace("PACKAGE", package))
        return package

    def toy(self, component: str, **options: object) -> str:
        """Write a healthy plugin with the source `component` and the format `component`."""
        manifest = f"""
            from lumos_core.plugin_api import Component, hookimpl

            @hookimpl
            def lumos_sources():
                return [Component("{component}", "PACKAGE.parts:Toy", "PACKAGE.parts:ToyConfig", "A toy source")]

            @hookimpl
            def lumos_formats():
                return [Component("{component}", "PACKAGE.parts:Dot", "PACKAGE.parts:DotConfig", "A toy format")]
        """
        parts = {"parts": COMPONENT.replace("TOYNAME", component)}
        return self.distribution(manifest, modules=parts, **options)  # type: ignore[arg-type]

    def world(self, monkeypatch: pytest.MonkeyPatch) -> str:
        """Write a plugin with everything that a pipeline has by default, in place of the real ones."""
        monkeypatch.setenv("LUMOS_DISABLE_PLUGINS", REAL)
        manifest = """
            from lumos_core.plugin_api import Component, hookimpl

            @hookimpl
            def lumos_stores():
                return [Component("sqlite", "PACKAGE.parts:WorldStore", "PACKAGE.parts:PathConfig", "A store")]

            @hookimpl
            def lumos_differs():
                return [Component("semantic", "PACKAGE.parts:WorldDiffer", "PACKAGE.parts:Nothing", "A differ")]

            @hookimpl
            def lumos_catalogs():
                return [Component("local", "PACKAGE.parts:WorldCatalog", "PACKAGE.parts:ServerConfig", "A catalog")]
        """
        return self.distribution(manifest, modules={"parts": WORLD})


@pytest.fixture
def toolbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toolbox]:
    folder = tmp_path / "site"
    folder.mkdir()
    # In front of everything, and seen by nothing that was cached before.
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delenv("LUMOS_DISABLE_PLUGINS", raising=False)
    before = set(sys.modules)
    yield Toolbox(folder)
    for module in set(sys.modules) - before:
        if module.startswith("toy_plugin_"):
            del sys.modules[module]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return path

    return write_file
