"""A random valid instance of every type that a server has is carried to another server without loss."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from fake_atlas import FakeAtlas
from lumos_catalog_atlas import models
from lumos_catalog_atlas.catalog import AtlasCatalog
from lumos_catalog_atlas.config import AtlasConfig

from lumos_core.plugin_api import Operation, Scope
from lumos_core.testing.context import MemoryContext

_NUMBERS = ("byte", "short", "int", "long", "float", "double", "date", "biginteger", "bigdecimal")


def _value(type_: str, pick: Random) -> Any:
    """A value of a primitive type, or of a list or map of them; None for everything else."""
    if type_.startswith("array<"):
        inner = _value(type_[6:-1], pick)
        return None if inner is None else [inner, _value(type_[6:-1], pick)]
    if type_.startswith("map<"):
        key, _, inner = type_[4:-1].partition(",")
        inner = _value(inner.strip(), pick)
        return {f"k{pick.randrange(99)}": inner} if key == "string" and inner is not None else None
    if type_ == "string":
        return pick.choice(["plain", "ü, 'x' \"y\"", "a\nb", "  spaces "]) + str(pick.randrange(1000))
    if type_ == "boolean":
        return True
    return pick.randrange(1, 100) if type_ in _NUMBERS else None


def _instance(fake: Any, type_: str, pick: Random) -> dict[str, Any]:
    attributes = {
        name: value
        for name, item in fake._attributes(type_).items()
        if (value := _value(item["typeName"], pick)) is not None and name not in ("inputs", "outputs")
    }
    attributes |= {"qualifiedName": f"{type_}.{pick.randrange(10**6)}@elsewhere", "name": f"n {pick.randrange(1000)}"}
    if "owner" in attributes:
        attributes["owner"] = f"user{pick.randrange(9)}"
    return attributes


@pytest.fixture
def two() -> Iterator[tuple[Any, AtlasCatalog, Any, AtlasCatalog]]:
    """Two servers, each with a catalog."""

    def catalog(fake: Any) -> AtlasCatalog:
        options = {"server": fake.url, "user": "admin", "password": "secret", "retries": 1, "workers": 2}
        return AtlasCatalog(AtlasConfig.model_validate(options, context={}))

    with FakeAtlas() as one, FakeAtlas() as other:
        catalogs = catalog(one), catalog(other)
        yield one, catalogs[0], other, catalogs[1]
        for each in catalogs:
            each.close()


def _filled(fake: Any, seed: int) -> dict[tuple[str, str], dict[str, Any]]:
    """Put an instance of every type that may have entities of its own on a server; return their attributes."""
    pick, made = Random(seed), {}
    for type_ in sorted(fake.defs["entityDefs"]):
        if type_ in models.CHILDREN or type_.startswith("__") or "qualifiedName" not in fake._attributes(type_):
            continue
        attributes = _instance(fake, type_, pick)
        entity = fake._blank(type_, fake._guid(), attributes["qualifiedName"])
        entity["attributes"] |= attributes
        fake.entities[entity["guid"]] = entity
        fake._named[type_, attributes["qualifiedName"]] = entity["guid"]
        made[type_, attributes["qualifiedName"]] = attributes
    return made


@pytest.mark.parametrize("seed", range(3))
def test_every_type_is_carried_to_another_server(seed: int, two: tuple[Any, AtlasCatalog, Any, AtlasCatalog]) -> None:
    one, source, other, target = two
    ctx = MemoryContext()
    made = _filled(one, seed)
    assert {type_ for type_, _ in made} > {"rdbms_table", "jms_topic", "hdfs_path", "AtlasGlossaryTerm"}
    batch = [
        Operation(kind=item.kind, urn=item.urn, action="create", set=item.value)  # type: ignore[arg-type]
        for item in source.read(Scope(), ctx)
        if item.kind != "tag"
    ]
    assert {outcome.status for outcome in target.write(batch, ctx)} == {"written"}
    for key, attributes in made.items():
        there = other.alive(*key)
        assert there is not None, key
        held = {name: there["attributes"].get(name) for name in attributes}
        assert held == attributes, key
    assert {item.urn for item in target.read(Scope(), ctx)} == {item.urn for item in source.read(Scope(), ctx)}
