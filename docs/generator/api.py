"""The pages of the Python API and of the plugin API."""

from __future__ import annotations

import functools
import inspect
import typing
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
from packaging.version import Version

import lumos_core
from lumos_core import hookspecs, plugin_api

from .words import MADE, prose, signature, table

CONTRACTS = ("component", "descriptor", "context", "source", "format", "enricher", "cost", "differ", "catalog")
CONTRACTS += ("store", "reporter", "executor")


def python_api() -> str:
    """Return the page of the public Python functions."""
    parts = [
        "# Python API\n",
        MADE,
        "The whole public surface of `lumos_core`. The command line calls the same functions, and nothing is imported "
        "before it is used. [Use it from Python](../how-to/use-from-python.md) shows them at work; results and records "
        "are described in [the plugin API](plugin-api.md).\n",
    ]
    for name in sorted(name for name in lumos_core.__all__ if not name.startswith("_")):
        function = getattr(lumos_core, name)
        parts.append(f"## {name}\n\n```py\n{signature(inspect.unwrap(function))}\n```\n\n{prose(function.__doc__)}")
    return "\n".join(parts)


def plugin_page() -> str:
    """Return the page of the plugin API: hooks, contracts, and every other name."""
    names = [name for name in vars(hookspecs) if name.startswith("lumos_")]
    parts = [
        "# Plugin API\n",
        MADE,
        f"Version {plugin_api.API_VERSION}. Everything a plugin imports is in `lumos_core.plugin_api`. "
        "[Write a plugin](../how-to/write-a-plugin.md) shows how the parts fit.\n",
        "## Hooks\n",
        f"{prose(hookspecs.__doc__)}",
    ]
    for name in names:
        hook = getattr(hookspecs, name)
        parts.append(f"### `{signature(hook)}`\n\n{prose(hook.__doc__)}")
    parts.append("## Contracts\n")
    done: set[str] = set()
    for name in CONTRACTS:
        module = import_module(f"lumos_core.contracts.{name}")
        parts.append(f"### Module `lumos_core.contracts.{name}`\n\n{prose(module.__doc__)}")
        for value in vars(module).values():
            ours = inspect.isclass(value) and value.__module__ == module.__name__
            if ours and (value.__name__ in plugin_api.__all__ or value.__name__ == "BaseComponent"):
                done.add(value.__name__)
                parts.append(_class(value))
    parts.append("## Other names\n")
    parts += [_name(name, getattr(plugin_api, name)) for name in sorted(set(plugin_api.__all__) - done, key=str.lower)]
    return "\n".join(parts)


@functools.cache
def _promises() -> list[tuple[str, frozenset[str]]]:
    """(version, what it promised), the oldest first; the test of the plugin API's promises keeps these files."""
    files = (Path(__file__).parents[2] / "tests" / "plugin_api").glob("*.txt")
    found = sorted((Version(file.stem), frozenset(file.read_text(encoding="utf-8").splitlines())) for file in files)
    return [(str(version), lines) for version, lines in found]


def _since(promise: str) -> str:
    """The version that a promise appeared in, in words."""
    return next((f"Since {version}.\n" for version, lines in _promises() if promise in lines), "")


def _class(value: type) -> str:
    since = _since(f"name {value.__name__}")
    parts = [f"#### `{value.__name__}`\n", since, prose(value.__doc__ if "__doc__" in vars(value) else "")]
    struct = isinstance(value, type) and issubclass(value, msgspec.Struct)
    if struct:
        parts.append(_fields(value))
    for name, method in vars(value).items():
        if name.startswith("_") or not inspect.isfunction(method):
            continue
        must = "Must be written. " if getattr(method, "__isabstractmethod__", False) else ""
        later = _since(f"{value.__name__}.{name}(){' (must be written)' if must else ''}")
        must += f"{later.strip()} " if later and later != since else ""
        parts.append(f"##### `{value.__name__}.{signature(method, method=True)}`\n\n{must}{prose(method.__doc__)}")
    return "\n".join(parts)


def _fields(struct: type[msgspec.Struct]) -> str:
    annotations: dict[str, Any] = {}
    for base in reversed(struct.__mro__):
        annotations |= inspect.get_annotations(base)
    rows = [(f"`{name}`", f"`{annotations[name]}`") for name in struct.__struct_fields__ if name in annotations]
    return table(("field", "type"), rows) if rows else ""


def _name(name: str, value: Any) -> str:
    if inspect.isclass(value):
        return _class(value)
    if inspect.isfunction(value):
        return f"#### `{signature(value)}`\n\n{_since(f'name {name}')}\n{prose(value.__doc__)}"
    if inspect.ismodule(value):
        functions = [
            f"- `{signature(member)}`: {(member.__doc__ or '').strip().splitlines()[0]}"
            for key, member in sorted(vars(value).items())
            if inspect.isfunction(member) and member.__module__.startswith(value.__name__) and not key.startswith("_")
        ]
        return f"#### `{name}`\n\n{_since(f'name {name}')}\n{prose(value.__doc__)}\n" + "\n".join(functions) + "\n"
    words = "marks the functions of a manifest." if name == "hookimpl" else f"is `{_constant(value)}`."
    return f"#### `{name}`\n\n{_since(f'name {name}')}\n`{name}` {words}\n"


def _constant(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(value)) + "}"
    if isinstance(value, str):
        return value
    if typing.get_origin(value) is typing.Annotated:
        return f"Annotated[{getattr(typing.get_args(value)[0], '__name__', '')}, ...]"
    return str(value).replace("typing.", "").replace("lumos_core.model.record.", "")
