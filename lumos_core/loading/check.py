"""`check_plugin`: the static half of the conformance kit, on an installed distribution; no component is made."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import importlib_metadata
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from .. import __version__
from ..config.problems import did_you_mean
from ..errors import LumosError, PluginError
from .api import summary_of
from .component_checks import Verdict, check_component
from .distributions import GROUP, KERNEL, Candidate, candidates
from .purity import FIX, purity
from .registry import PluginInfo, Registry
from .targets import kind_words, resolve


def check_plugin(distribution: str) -> list[Verdict]:
    """Check an installed distribution the way its users and the kernel look at it.

    Metadata, entry points, the cost of its manifest, and everything of its components that shows without making
    one: options, docstrings, signatures, secrets, claims. What a component does is proven by the conformance kit.

    Args:
        distribution: Its name, such as `lumos-source-csv`.

    Returns:
        One verdict per check, in a stable order; `status` is `ok` or `failed`, and `fix` says what to do.

    Raises:
        PluginError: When no such distribution is installed.

    Example:
        >>> import lumos_core
        >>> {verdict.status for verdict in lumos_core.check_plugin("lumos-core")}
        {'ok'}
    """
    found = _distribution(distribution)
    name = found.metadata["Name"]
    mine = [item for item in candidates() if canonicalize_name(item.distribution) == canonicalize_name(name)]
    return [*_metadata(found, name, mine), *_plugins(name, mine), *_commands(found, name)]


def _distribution(name: str) -> Any:
    try:
        return importlib_metadata.distribution(name)
    except (importlib_metadata.PackageNotFoundError, ValueError):
        known = {item.distribution for item in candidates()}
        why = did_you_mean(name, known) or "`lumos plugins` lists what is"
        fix = "install it, or run `pip install -e .` in its folder"
        raise PluginError(f"no distribution '{name}' is installed", why=why, fix=fix) from None


def _verdict(check: str, subject: str, problem: str, sound: str, fix: str) -> Verdict:
    return Verdict(check, subject, "failed", problem, fix) if problem else Verdict(check, subject, "ok", sound)


def _metadata(found: Any, name: str, mine: list[Candidate]) -> Iterator[Verdict]:
    metadata = found.metadata
    if canonicalize_name(name) != KERNEL:
        yield _kernel_range(found.requires or (), name)
    python = metadata.get("Requires-Python") or ""
    problem = "" if python else "it does not say which Python it needs"
    yield _verdict("python-range", name, problem, f"Python {python}", 'add `requires-python = ">=3.10"` to [project]')
    summary = metadata.get("Summary") or ""
    problem = "" if summary.strip() else "it has no summary"
    yield _verdict("summary", name, problem, summary, "add `description` to [project]: one line about what it brings")
    payload = metadata.get_payload()
    readme = metadata.get("Description") or (payload if isinstance(payload, str) else "")
    problem = "" if readme.strip() else "it has no README"
    yield _verdict("readme", name, problem, "it has a README", 'add `readme = "README.md"` to [project]')
    licence = metadata.get("License-Expression") or metadata.get("License") or metadata.get("License-File") or ""
    licence = licence or next((c for c in metadata.get_all("Classifier") or () if c.startswith("License ::")), "")
    problem = "" if licence else "it names no licence"
    yield _verdict("licence", name, problem, licence.splitlines()[0] if licence else "", "add `license` to [project]")
    yield from (_typed(name, top) for top in dict.fromkeys(item.module.partition(".")[0] for item in mine))


def _kernel_range(requires: Any, name: str) -> Verdict:
    major, minor = __version__.split(".")[:2]
    fix = f'write `"{KERNEL}>={major}.{minor},<{major}.{int(minor) + 1}"` into `dependencies`'
    for line in requires:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) == KERNEL:
            signs = {specifier.operator for specifier in requirement.specifier}
            problem = ""
            if not signs & {">=", ">", "==", "~="}:
                problem = f"it needs {line}, without a lowest version"
            elif not signs & {"<", "<=", "==", "~="}:
                problem = f"it needs {line}, without an upper bound: a later kernel may not fit it"
            return _verdict("kernel-range", name, problem, f"it needs {line}", fix)
    return Verdict("kernel-range", name, "failed", f"it does not require {KERNEL}", fix)


def _typed(name: str, top: str) -> Verdict:
    try:
        spec = find_spec(top) if top else None
    except (ImportError, ValueError):
        spec = None
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    typed = any((Path(place) / "py.typed").is_file() for place in places)
    problem = "" if typed else f"{top or 'its package'} has no file py.typed: type checkers ignore its types"
    return _verdict("typed", name, problem, f"{top} is typed", f"add an empty file {top}/py.typed")


def _plugins(name: str, mine: list[Candidate]) -> Iterator[Verdict]:
    fix = f'add to pyproject.toml: [project.entry-points."{GROUP}"] NAME = "package.plugin", and install it again'
    problem = "" if mine else f"it has no entry point in the group {GROUP}"
    yield _verdict("entry-point", name, problem, ", ".join(f"{item.name} = {item.module}" for item in mine), fix)
    infos = {info.name: info for info in Registry.load().plugins() if info.distribution == name}
    for item in mine:
        info = infos.get(item.name)
        if info is None:
            continue
        problem = "" if info.status == "ok" else f"{info.status}: {info.reason}"
        yield _verdict("status", name, problem, f"plugin {item.name} is ok", info.fix or "mend what it names")
        if info.status in ("ok", "broken") and item.module and ":" not in item.module:
            seen = purity(item.module)
            if seen.lacks(item.module):
                continue  # there is nothing to be pure: `status` has said so
            problem = "; ".join(seen.problems)
            yield _verdict("manifest-pure", name, problem and f"{problem} [{seen}]", f"imported in {seen}", FIX)
        if info.status == "ok":
            yield from _components(name, info)


def _components(name: str, info: PluginInfo) -> Iterator[Verdict]:
    registry = Registry.load()
    offers = summary_of(info)
    problem = "" if offers else "its manifest offers nothing"
    yield _verdict("offers", name, problem, offers, "return a `Component` from a hook such as lumos_sources()")
    for kind, component in info.components:
        subject = f"{kind_words(kind)} {component.name}"
        others = [
            offer.distribution
            for offer in registry.components(kind)
            if offer.component.name == component.name and offer.distribution != name
        ]
        problem = f"{', '.join(others)} offers the same name" if others else ""
        fix = f"rename it, or users must write `type: {name}/{component.name}`"
        yield _verdict("name", subject, problem, f"`type: {component.name}` leads to it", fix)
        problem = "" if component.summary.strip() else "it has no summary"
        yield _verdict("described", subject, problem, component.summary, "give its `Component` a `summary`")
        try:
            classes = registry.classes(kind, f"{name}/{component.name}")
        except LumosError as error:
            why = f"{error.what}: {error.why}" if error.why else error.what
            yield Verdict("resolves", subject, "failed", why, error.fix or "correct `target` or `config`")
            continue
        yield Verdict("resolves", subject, "ok", f"{component.target}, {component.config}")
        yield from check_component(subject, *classes)


def _commands(found: Any, name: str) -> Iterator[Verdict]:
    from ..cli import COMMANDS, plugin_commands

    for point in found.entry_points:
        if point.group != plugin_commands.GROUP:
            continue
        subject, problem, fix = f"command {point.name}", "", "point it at a click.Command that has a help text"
        try:
            value = resolve(point.value, name)
        except LumosError as error:
            problem, fix = f"{error.what}: {error.why}", error.fix or fix
        else:
            if not isinstance(value, click.Command):
                problem = f"{point.value} is a {type(value).__name__}, not a click command"
            elif not (value.help or "").strip():
                problem = "it has no help text"
        if point.name in COMMANDS:
            problem, fix = f"`lumos {point.name}` is a command of the kernel, which wins", "give it another name"
        yield _verdict("command", subject, problem, f"`lumos {point.name}`", fix)
