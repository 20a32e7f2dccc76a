"""What a version of the plugin API promised is kept by every later one of the same major version.

`tests/plugin_api/1.0.txt` lists hooks, contracts and records as they were when that version came out, a line per
parameter, field and method. A line may never go: that would be version 2.0. What is new goes into the file of a new
minor version: raise `API_VERSION` and write it with `python tests/test_plugin_api_promise.py`.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from packaging.version import Version

from lumos_core import hookspecs, plugin_api

FOLDER = Path(__file__).parent / "plugin_api"


def surface() -> set[str]:
    """Every promise of the present code."""
    lines = {f"name {name}" for name in plugin_api.__all__}
    for name, hook in vars(hookspecs).items():
        if name.startswith("lumos_"):
            lines |= {f"hook {line}" for line in _function(name, hook)}
    for name in plugin_api.__all__:
        value = getattr(plugin_api, name)
        if inspect.isclass(value):
            lines |= set(_class(name, value))
        elif inspect.isfunction(value):
            lines |= set(_function(name, value))
    return lines


def _class(name: str, value: type) -> Iterator[str]:
    if issubclass(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            need = "required" if field.required else "optional"
            yield f"{name}.{field.name}: {need}"
    for member, function in inspect.getmembers(value, inspect.isfunction):
        if not member.startswith("_") and function.__module__.startswith("lumos_core."):
            must = " (must be written)" if getattr(function, "__isabstractmethod__", False) else ""
            yield from _function(f"{name}.{member}", function, must)
    if typing.is_typeddict(value) or (issubclass(value, tuple) and hasattr(value, "_fields")):
        yield from (f"{name}.{field}" for field in getattr(value, "_fields", value.__annotations__))


def _function(name: str, function: typing.Any, must: str = "") -> Iterator[str]:
    yield f"{name}(){must}"
    for parameter in inspect.signature(function).parameters.values():
        need = "required" if parameter.default is parameter.empty else "optional"
        yield f"{name}({parameter.name}): {parameter.kind.description}, {need}"


def recorded() -> dict[Version, set[str]]:
    """Version -> its promises."""
    return {Version(path.stem): set(path.read_text().splitlines()) for path in FOLDER.glob("*.txt")}


@pytest.mark.parametrize("version", sorted(recorded()), ids=str)
def test_what_was_promised_is_kept(version):
    present = Version(plugin_api.API_VERSION)
    if version.major == present.major:
        gone = recorded()[version] - surface()
        assert not gone, f"plugin API {version} promised this: keep it, or begin version {present.major + 1}.0"


def test_what_is_new_has_a_version():
    newest = max(recorded())
    assert newest == Version(plugin_api.API_VERSION), "write the file of this version"
    new = surface() - recorded()[newest]
    assert not new, f"raise API_VERSION above {newest} and write its file: python tests/test_plugin_api_promise.py"


def test_a_deprecated_name_says_what_to_write_instead(monkeypatch):
    monkeypatch.setitem(plugin_api._DEPRECATED, "Unit", ("1.7", "use Piece"))
    monkeypatch.delitem(vars(plugin_api), "Unit", raising=False)
    for _ in range(2):
        with pytest.warns(DeprecationWarning, match="Unit is deprecated since plugin API 1.7: use Piece") as caught:
            _ = plugin_api.Unit
        assert caught[0].filename == __file__


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{plugin_api.API_VERSION}.txt").write_text("\n".join(sorted(surface())) + "\n")
