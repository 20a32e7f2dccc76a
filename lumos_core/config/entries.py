"""One component of a pipeline, as YAML gives it: a type, or a mapping with `type`, `name` and options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contracts.component import ComponentKind
from ..contracts.watch import WatchConfig
from ..errors import PluginError
from .problems import Problem
from .reading import validate
from .types import ComponentSpec, default_name
from .variables import Resolved, escape
from .watched import KEY, check_mode, check_watch, own_watch

if TYPE_CHECKING:
    from ..isolation.entries import Finder
    from ..loading.registry import Registry

COMMON = ("type", "name")
"""Keys of every entry; all others are the component's own options."""

ISOLATED: tuple[ComponentKind, ...] = ("source", "catalog")
"""Kinds that may run in another environment; their entries may say `environment:`."""

Checked = tuple[ComponentSpec | None, list[Problem]]


def check_entry(
    registry: Registry,
    kind: ComponentKind,
    entry: Any,
    base: Path,
    *,
    resolved: bool = False,
    environments: Finder | None = None,
) -> Checked:
    """Validate an entry and return every problem, instead of raising the first.

    Args:
        registry: What is installed.
        kind: The kind that is wanted.
        entry: Plain data.
        base: Folder that relative paths start from.
        resolved: Variables are filled in already: a `$` is a dollar sign.
        environments: How to find the environment that the entry names.

    Returns:
        The spec (None when there are problems), and the problems.
    """
    if isinstance(entry, str):
        spec, problems = check_entry(registry, kind, {"type": entry}, base, resolved=resolved)
        return spec, [item._replace(loc=()) if item.loc == ("type",) else item for item in problems]
    if not isinstance(entry, Mapping):
        words = kind.replace("_", " ")
        return None, [Problem((), f"expected the name of a {words}, or a mapping with a type")]
    written = escape(entry) if resolved else entry
    common = (*COMMON, "environment") if kind in ISOLATED else COMMON
    label = Resolved({key: written[key] for key in common if key in written})
    options = {key: value for key, value in written.items() if key not in common}
    problems = [*label.problems, *_common_problems(registry, kind, label.data)]
    type_ = label.data.get("type")
    if not isinstance(type_, str) or not type_.strip():
        return None, problems
    if "environment" in label.data:
        if label.data["environment"] is None and not problems:
            problems = [Problem(("environment",), "expected the name of an environment")]
        if problems:
            return None, problems
        from ..isolation.entries import check_isolated

        inside = {key: value for key, value in written.items() if key != "environment"}
        return check_isolated(kind, inside, base, label.data["environment"], environments)
    try:
        component, model = registry.classes(kind, type_, base)
    except PluginError as error:
        what = error.what + (f": {error.why}" if error.why else "")
        return None, [*problems, Problem(("type",), what, error.fix)]
    watch = None
    if kind == "source" and not own_watch(model):
        watch, found = check_watch(options, base)
        options.pop(KEY, None)
        problems += found
    config, found = validate(model, options, {"base": base, "registry": registry, "given": options.keys()})
    problems += found
    if kind == "source":
        watch = watch or getattr(config, KEY, None)
        problems += check_mode(component, watch)
    if problems or config is None:
        return None, problems
    name = label.data.get("name") or default_name(type_)
    watched = watch if isinstance(watch, WatchConfig) else None
    return ComponentSpec(kind, type_, options, name=name, base=base, config=config, watch=watched), []


def _common_problems(registry: Registry, kind: ComponentKind, label: Mapping[str, Any]) -> list[Problem]:
    problems = [
        Problem((key,), "expected text")
        for key, value in label.items()
        # None stands for a variable that is not set, which is said already.
        if value is not None and (not isinstance(value, str) or not value.strip())
    ]
    if "type" not in label:
        names = sorted({found.component.name for found in registry.components(kind)})
        problems.append(Problem((), "the key 'type' is required", f"installed: {', '.join(names)}" if names else ""))
    return problems
