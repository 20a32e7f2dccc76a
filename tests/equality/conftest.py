"""The catalogs that must be equal, each behind one line of YAML.

DataHub and OpenMetadata are the strict fakes of `lumos-testing-datahub` and `lumos-testing-openmetadata`; Atlas is the
real one of `lumos_core.testing.servers.atlas`, a server for each place, in the session `servers` only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from lumos_core.config.types import ComponentSpec
from lumos_core.loading.registry import Registry
from lumos_core.model.record import AnyRecord, canonical, decode
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.servers import atlas, running

NAMES = ("local", "datahub", "openmetadata", "atlas")

Line = dict[str, Any]
"""What stands in `catalogs:`."""

Records = dict[str, AnyRecord]
"""URN -> record."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`name` is each catalog in turn, `pair` each ordered pair; Atlas only where servers are."""

    def marked(value: Any, *names: str) -> Any:
        return pytest.param(value, marks=pytest.mark.servers if "atlas" in names else (), id="-".join(names))

    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", [marked(name, name) for name in NAMES])
    if "pair" in metafunc.fixturenames:
        metafunc.parametrize("pair", [marked(pair, *pair) for pair in permutations(NAMES, 2)])


class Places:
    """Opens catalogs, and looks into them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._numbers = iter(range(100))

    def open(self, name: str) -> Line:
        """Open a new, empty catalog and return its line."""
        if name == "local":
            return {"type": "local", "path": str(self._folder / f"catalog-{next(self._numbers)}.db")}
        if name == "datahub":
            from lumos_testing_datahub import DataHubFake

            return {"type": "datahub", "server": self._stack.enter_context(DataHubFake()).url}
        if name == "openmetadata":
            from lumos_testing_openmetadata import OpenMetadataFake

            fake = self._stack.enter_context(OpenMetadataFake("2.0"))
            return {"type": "openmetadata", "server": fake.url, "token": fake.bot_token}
        folder = self._folder / f"atlas-{next(self._numbers)}"
        folder.mkdir()
        server = self._stack.enter_context(running(atlas, folder))
        address = f"http://{server.host}:{server.port}"
        return {"type": "atlas", "server": address, "user": server.user, "password": server.password}

    def pipeline(self, line: Line, snapshot: Path | None = None) -> Path:
        """Write a pipeline with one catalog; what a snapshot holds goes into it."""
        folder = self._folder / f"pipeline-{next(self._numbers)}"
        folder.mkdir()
        sources = [] if snapshot is None else ["sources:", f"  - {{type: snapshot, path: {json.dumps(str(snapshot))}}}"]
        text = "\n".join(["version: 1", "name: equal", *sources, "catalogs:", f"  - {json.dumps(line)}", ""])
        path = folder / "lumos.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    @staticmethod
    def facts(name: str) -> frozenset[str]:
        """Return the types of facts that a catalog takes."""
        component, _ = Registry.load().classes("catalog", name)
        types: frozenset[str] = component.stats
        return types

    @staticmethod
    def held(line: Line) -> Records:
        """Return what a catalog holds."""
        options = {key: value for key, value in line.items() if key != "type"}
        catalog: Any = ComponentSpec("catalog", line["type"], options).build()
        try:
            return {record.urn: plain(record) for record in catalog.read(Scope(), MemoryContext())}
        finally:
            catalog.close()


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """What opens catalogs; they end with the test."""
    with ExitStack() as stack:
        yield Places(tmp_path, stack)


def plain(record: AnyRecord) -> AnyRecord:
    """Return a copy of a record without `aliases` (they gather on the way) and `captured`."""
    copy = decode(canonical(record))
    for key in ("aliases", "captured"):
        if hasattr(copy.value, key):
            setattr(copy.value, key, [])
    return copy


@pytest.fixture
def plainly() -> Any:
    """`plain`, for what did not come out of a catalog."""
    return plain


@pytest.fixture
def differences() -> Any:
    """A function that says where two sets of records differ, key by key."""

    def told(one: Records, other: Records) -> list[str]:
        lines = [f"only here: {urn}" for urn in sorted(one.keys() - other.keys())]
        lines += [f"only there: {urn}" for urn in sorted(other.keys() - one.keys())]
        for urn in sorted(one.keys() & other.keys()):
            left, right = one[urn].value, other[urn].value
            lines += [
                f"{urn} {key}: {getattr(left, key)!r:.300} is {getattr(right, key, None)!r:.300}"
                for key in type(left).__struct_fields__
                if getattr(left, key) != getattr(right, key, None)
            ]
        return lines

    return told
