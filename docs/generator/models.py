"""Sections for the keys of pydantic models."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lumos_core.loading.api import type_name

from .words import anchor, prose, shown, table


def models(root: type[BaseModel]) -> list[type[BaseModel]]:
    """Return a model and every model in its fields, each once, in the order of the fields."""
    found: list[type[BaseModel]] = []

    def visit(model: type[BaseModel]) -> None:
        if model not in found:
            found.append(model)
            for field in model.model_fields.values():
                for inner in nested(field.annotation):
                    visit(inner)

    visit(root)
    return found


def nested(hint: Any) -> Iterator[type[BaseModel]]:
    """Return the models inside a type."""
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias) and issubclass(hint, BaseModel):
        yield hint
    for inner in typing.get_args(hint):
        yield from nested(inner)


def keys_of(model: type[BaseModel], titles: dict[type[BaseModel], str]) -> str:
    """Return the table of a model's keys."""
    rows = []
    for name, field in model.model_fields.items():
        inner = [titles[found] for found in nested(field.annotation) if found in titles]
        words = type_name(field.annotation)
        for title in inner:
            words = words.replace("mapping", f"[{title}](#{anchor(title)})", 1)
        if field.is_required():
            default = "**required**"
        elif field.default_factory is not None:
            default = "its defaults" if words.startswith("[") else "none"
        else:
            default = "none" if field.default is PydanticUndefined else shown(_plain(field.default))
        rows.append((f"`{field.alias or name}`", words, default, field.description or ""))
    return table(("key", "value", "default", "meaning"), rows)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return value.as_posix()
    return sorted(value) if isinstance(value, (set, frozenset)) else value


def model_page(root: type[BaseModel], titles: dict[str, str]) -> str:
    """Return one section per model."""
    named = {model: titles.get(model.__name__, model.__name__) for model in models(root)}
    parts = []
    for model, title in named.items():
        parts.append(f"## {title}\n\n{prose(model.__doc__)}\n{keys_of(model, named)}")
    return "\n".join(parts)
