"""One manifest: imported, checked against the hook specifications, and asked what it offers."""

from __future__ import annotations

import difflib
import inspect
import os
import re
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import pluggy

from .. import hookspecs
from ..contracts.component import ComponentKind
from ..contracts.descriptor import Component
from .guarded import quiet_stdout, undone

REGISTRATION: dict[str, ComponentKind] = {
    "lumos_sources": "source",
    "lumos_formats": "format",
    "lumos_enrichers": "enricher",
    "lumos_differs": "differ",
    "lumos_catalogs": "catalog",
    "lumos_stores": "store",
    "lumos_cost_models": "cost_model",
    "lumos_reporters": "reporter",
    "lumos_executors": "executor",
}
"""Registration hook -> kind."""

OBSERVERS = ("lumos_run_started", "lumos_stage_finished", "lumos_change_found", "lumos_run_finished")

SLOW = 1.0
"""Seconds from which the reading of one manifest is worth a note; a good one takes milliseconds."""

AUTHORS = "tell its authors"
"""What to do about code that nobody but its authors can mend."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z")


class Manifest(NamedTuple):
    """What a plugin brings.

    Attributes:
        components: (kind, descriptor), in the order of the manifest.
        hooks: Its hook caller, for observers.
        notes: What is odd about it, though it works.
    """

    components: tuple[tuple[ComponentKind, Component], ...]
    hooks: pluggy.PluginManager
    notes: tuple[str, ...] = ()

    @property
    def observes(self) -> tuple[str, ...]:
        """The observer hooks that it has."""
        return tuple(name for name in OBSERVERS if getattr(self.hooks.hook, name).get_hookimpls())


class ManifestError(Exception):
    """A manifest cannot be used; the text says why, `fix` what to do."""

    def __init__(self, why: str, fix: str = "") -> None:
        super().__init__(why)
        self.fix = fix


class ApiMismatch(ManifestError):
    """A manifest says `LUMOS_API = "2.0"`, and this kernel speaks another version."""


def load(name: str, module: str, distribution: str) -> Manifest:
    """Import a manifest and call its registration hooks.

    Args:
        name: Of the entry point.
        module: The manifest module.
        distribution: For messages.

    Raises:
        ManifestError: When it cannot be imported, does not fit the hook specifications, or returns something else
            than descriptors.
    """
    began = time.perf_counter()
    with quiet_stdout(), undone() as changed:
        imported = _import(module, distribution)
        _check_api(imported)
        manager = _register(name, imported)
        components = tuple(_components(name, manager))
    seconds = time.perf_counter() - began
    notes = [f"reading it changed {', '.join(changed)}; that was undone"] if changed else []
    if seconds > SLOW:
        notes.append(f"reading it took {seconds:.1f} s, which every command that needs plugins waits for")
    return Manifest(components, manager, tuple(notes))


def _import(module: str, distribution: str) -> ModuleType:
    if ":" in module:
        raise ManifestError(f"its entry point names {module!r}: expected the manifest module alone, without a colon")
    try:
        return import_module(module)
    except KeyboardInterrupt as error:
        what = f"while {distribution} was imported; LUMOS_DISABLE_PLUGINS={distribution} leaves it out"
        raise KeyboardInterrupt(what) from error
    except BaseException as error:  # a module may even call `sys.exit`
        raise ManifestError(*import_failure(error, module, distribution)) from error


def import_failure(error: BaseException, module: str, distribution: str) -> tuple[str, str]:
    """Say why an import failed and what to do: a dependency that is missing is told from code that is broken."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing and module != missing and missing.partition(".")[0] != module.partition(".")[0]:
        return (
            f"it needs the module {missing!r}, which is not installed",
            f"pip install --upgrade --force-reinstall {distribution}; its authors: it belongs in `dependencies`"
            if distribution
            else f"install {missing!r}",
        )
    if missing:
        fix = f"pip install --force-reinstall {distribution}; its authors: check the name, and what the wheel packs"
        fix = fix if distribution else "check the name, and where it lies"
        return f"there is no module {missing!r}", fix
    if isinstance(error, SystemExit):
        return f"importing {module} tried to end the program", AUTHORS
    return f"importing {module} raised {describe_exception(error)}", AUTHORS


def describe_exception(error: BaseException) -> str:
    """Return `TypeError: message (file:line)`, the place being the deepest frame."""
    text = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1][:300]
    frames = traceback.extract_tb(error.__traceback__)
    return f"{text} ({frames[-1].filename}:{frames[-1].lineno})" if frames else text


def _check_api(module: ModuleType) -> None:
    wanted = getattr(module, "LUMOS_API", None)
    if wanted is None:
        return
    ours = hookspecs.API_VERSION
    if not isinstance(wanted, str) or not re.match(r"\d+\.\d+\Z", wanted):
        raise ManifestError(f"its LUMOS_API is {wanted!r}: expected a text such as {ours!r}")
    (major, minor), (our_major, our_minor) = (tuple(map(int, text.split("."))) for text in (wanted, ours))
    if major != our_major or minor > our_minor:
        raise ApiMismatch(f"it is written for plugin API {wanted}, and this kernel speaks {ours}")


def _register(name: str, module: ModuleType) -> pluggy.PluginManager:
    """Hold every hook of a manifest against its specification; messages show both sides."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    known = {*REGISTRATION, *OBSERVERS}
    for attribute in sorted(vars(module)):
        function = vars(module)[attribute]
        if not attribute.startswith("lumos_") or not inspect.isroutine(function):
            continue
        marked = manager.parse_hookimpl_opts(module, attribute) is not None
        own = getattr(function, "__module__", "") == module.__name__
        if not marked and own and (attribute in known or difflib.get_close_matches(attribute, known, cutoff=0.85)):
            raise ManifestError(
                f"its function {attribute}() is not marked with @hookimpl", f"add it in {module.__file__}"
            )
        if marked and attribute not in known:
            close = difflib.get_close_matches(attribute, known, n=1, cutoff=0.6)
            hint = f"did you mean {close[0]}?" if close else f"the hooks are {', '.join(sorted(known))}"
            raise ManifestError(f"it implements {attribute}{inspect.signature(function)}, which is no hook", hint)
    try:
        manager.register(module, name=name)
    except pluggy.PluginValidationError as error:
        raise ManifestError(_both_sides(error, module)) from error
    if os.environ.get("LUMOS_TRACE_HOOKS") == "1":
        _trace(name, manager)
    return manager


def _both_sides(error: pluggy.PluginValidationError, module: ModuleType) -> str:
    for attribute in (*REGISTRATION, *OBSERVERS):
        function = getattr(module, attribute, None)
        if function is None:
            continue
        given = inspect.signature(function)
        declared = inspect.signature(getattr(hookspecs, attribute))
        if not set(given.parameters) <= set(declared.parameters) and attribute in str(error):
            arguments = ", ".join(declared.parameters)
            return f"it implements {attribute}({', '.join(given.parameters)}), and the hook is {attribute}({arguments})"
    return str(error).splitlines()[-1]


def _trace(name: str, manager: pluggy.PluginManager) -> None:
    """Write each call to stderr: hook, plugin and time; never arguments, which may hold secrets."""
    started: list[float] = []

    def before(hook: str, implementations: Any, arguments: Any) -> None:
        started.append(time.perf_counter())

    def after(outcome: Any, hook: str, implementations: Any, arguments: Any) -> None:
        milliseconds = (time.perf_counter() - started.pop()) * 1000
        if implementations:
            failed = f" raised {type(outcome.exception).__name__}" if outcome.exception else ""
            print(f"lumos: hook {hook} [{name}] {milliseconds:.1f} ms{failed}", file=sys.stderr)

    manager.add_hookcall_monitoring(before, after)


def _components(name: str, manager: pluggy.PluginManager) -> Iterator[tuple[ComponentKind, Component]]:
    seen: set[tuple[str, str]] = set()
    for hook, kind in REGISTRATION.items():
        try:
            # A generator runs while it is read, so reading belongs into the `try`.
            answers = [_listed(hook, answer) for answer in getattr(manager.hook, hook)()]
        except (KeyboardInterrupt, ManifestError):
            raise
        except BaseException as error:  # as above
            raise ManifestError(f"its {hook}() raised {describe_exception(error)}", AUTHORS) from error
        for component in (item for answer in answers for item in answer):
            _check(hook, component)
            if (kind, component.name) in seen:
                raise ManifestError(f"its {hook}() offers {component.name!r} twice")
            seen.add((kind, component.name))
            yield kind, component


def _listed(hook: str, answer: Any) -> list[Any]:
    if isinstance(answer, (Component, str, bytes, dict)) or not isinstance(answer, Iterable):
        raise ManifestError(f"its {hook}() returned {_type_of(answer)}: expected a list of Component descriptors")
    return list(answer)


def _check(hook: str, component: Any) -> None:
    if not isinstance(component, Component):
        raise ManifestError(f"its {hook}() returned a list with {_type_of(component)}: expected Component descriptors")
    if not isinstance(component.name, str) or not _NAME.match(component.name):
        raise ManifestError(f"its {hook}() offers the name {component.name!r}: expected letters, digits, '.', '_', '-'")
    for field in ("target", "config"):
        value = getattr(component, field)
        if not isinstance(value, str) or not _TARGET.match(value):
            raise ManifestError(f"its {hook}() gives {component.name!r} the {field} {value!r}: expected 'module:Class'")


def _type_of(value: Any) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
