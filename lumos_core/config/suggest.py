"""`lumos init`: look at a folder, ask every source what it would read there, write a commented pipeline."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..errors import ConfigError
from ..files import atomic_write
from ..loading.guarded import quiet_stdout
from ..loading.registry import Found, Registry
from .pipeline import FILE


def init(folder: str | os.PathLike[str] = ".") -> str:
    """Write `lumos.yaml` into a folder, after asking every installed source what it finds there.

    Args:
        folder: An existing folder.

    Returns:
        The path of the file.

    Raises:
        ConfigError: When there is no such folder, or it has a `lumos.yaml` already.
        DiskError: When the file cannot be written.
    """
    place = Path(folder)
    if not place.is_dir():
        why = "it is a file" if place.exists() else "it does not exist"
        raise ConfigError(f"{place} is not a folder", why=why, fix="name a folder that holds your data")
    target = place / FILE
    if os.path.lexists(target):
        fix = f"edit it, check it with `lumos validate {target}`, or move it away"
        raise ConfigError("there is a pipeline already", fix=fix, where=str(target))
    registry = Registry.load()
    text = render(place.resolve().name, list(suggestions(registry, place)), registry)
    with atomic_write(target) as file:
        file.write(text)
    return str(target)


def suggestions(registry: Registry, folder: Path) -> Iterator[dict[str, Any]]:
    """Ask every installed source for entries that would read a folder.

    Of several that would read the same path, the one that reads most kinds of file is kept. A source that fails is
    passed over: the user asked for a file, not for that source.
    """
    found: dict[str, dict[str, Any]] = {}
    for offer in registry.components("source"):
        for entry in _ask(registry, offer, folder):
            key = repr(entry.get("path", sorted(entry.items(), key=repr)))
            if key not in found or _breadth(entry) > _breadth(found[key]):
                found[key] = entry
    yield from found.values()


def _ask(registry: Registry, offer: Found, folder: Path) -> list[dict[str, Any]]:
    try:
        component, model = registry.classes("source", f"{offer.distribution}/{offer.component.name}")
        with quiet_stdout():
            # Nobody has configured it yet: it gets its own defaults, and the folder where it has a `path`.
            values = {"path": folder} if "path" in model.model_fields else {}
            made: Any = component(model.model_construct(None, **values))
            entries = [dict(entry) for entry in made.suggest(str(folder))]
    except Exception:  # the user asked for a file, not for this source
        return []
    return [entry for entry in entries if isinstance(entry.get("type"), str)]


def _breadth(entry: Mapping[str, Any]) -> int:
    formats = entry.get("formats")
    return len(formats) if isinstance(formats, list) else 0


def render(name: str, sources: list[dict[str, Any]], registry: Registry) -> str:
    """Return the text of a pipeline file."""
    lines = [
        "# A Lumos pipeline: what is read, and what is done with it. Check it with `lumos validate`,",
        "# run it with `lumos run`. Paths are relative to this file; ${VAR} reads the environment.",
        "version: 1",
        f"name: {_flow(re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-') or 'pipeline')}",
        "",
    ]
    if sources:
        lines += ["# What was found here.", "sources:", *(f"  - {_flow(entry)}" for entry in sources)]
    else:
        names = sorted({found.component.name for found in registry.components("source")})
        known = f" Installed: {', '.join(names)}." if names else ""
        lines += [
            f"# No source recognised anything in this folder.{known} `lumos describe source NAME` shows the options.",
            "sources: []",
        ]
    lines += [
        "",
        "# Owners, tags, descriptions and lineage from a file of your own:",
        "# enrich:",
        "#   - {type: rules, path: rules.yaml}",
        "",
        "# Fail the run (exit code 1) when a change breaks consumers:",
        "# gate: {fail_on: breaking, waivers: lumos-waivers.yaml}",
        "",
        "# The catalog is the embedded one; its search is `lumos search`. History is kept in .lumos/store.db.",
        "# catalogs:",
        "#   - {type: local}",
        "",
        "# A page for people; the summary in the terminal comes by itself.",
        *(["reports:", "  - {type: html, path: out/report.html}"] if _has_html(registry) else ["# reports: []"]),
        "",
    ]
    return "\n".join(lines)


def _has_html(registry: Registry) -> bool:
    return any(found.component.name == "html" for found in registry.components("reporter"))


def _flow(value: Any) -> str:
    """One value on one line, as YAML that reads back the same; a `$` is taken literally."""
    from .variables import escape

    text: str = yaml.safe_dump(
        escape(value), default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return text.removesuffix("...\n").strip()
