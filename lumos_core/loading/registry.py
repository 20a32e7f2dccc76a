"""What is installed, and how a name in YAML becomes a component.

Which component runs is decided by its name alone: never by the order of hooks, or by what else is installed.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, cast

from packaging.utils import canonicalize_name
from pydantic import BaseModel

from .. import __version__
from ..config.types import ComponentSpec
from ..contracts.component import BaseComponent, ComponentKind
from ..contracts.descriptor import Component
from ..errors import PluginError
from . import targets
from .distributions import KERNEL, Candidate, candidates, incompatibility
from .known import KNOWN
from .manifest import AUTHORS, ApiMismatch, Manifest, ManifestError, describe_exception, load
from .unknown import unknown_component

if TYPE_CHECKING:
    from ..isolation.entries import Finder

Status = Literal["ok", "incompatible", "broken", "disabled"]

CATALOG_PREFIX = "catalog:"


class PluginInfo(NamedTuple):
    """One installed plugin and its health.

    Attributes:
        name: Of its entry point.
        distribution: That it comes from.
        version: Of the distribution.
        status: `ok`, `incompatible`, `broken` or `disabled`.
        reason: Why it is not `ok`.
        fix: What to do about that.
        components: (kind, descriptor) that it offers; empty unless `ok`.
        notes: What is odd about it, though it works: another version behind it, a name that others offer too, an
            import that is slow or meddles with the process.
        observes: Observer hooks that it has.
    """

    name: str
    distribution: str
    version: str
    status: Status
    reason: str = ""
    fix: str = ""
    components: tuple[tuple[ComponentKind, Component], ...] = ()
    notes: tuple[str, ...] = ()
    observes: tuple[str, ...] = ()


class Found(NamedTuple):
    """A component that a name leads to.

    Attributes:
        kind: Its kind.
        component: Its descriptor.
        distribution: Where it comes from; empty for code that is not packaged.
        version: Of that distribution.
        base: Folder where unpackaged code may lie.
    """

    kind: ComponentKind
    component: Component
    distribution: str = ""
    version: str = ""
    base: Path | None = None


class Registry:
    """All plugins of this environment, each loaded on its own."""

    _lock: ClassVar[Any] = threading.RLock()
    _loaded: ClassVar[dict[tuple[str, ...], Registry]] = {}

    def __init__(self, plugins: list[PluginInfo], manifests: Mapping[str, Manifest]) -> None:
        self._manifests = dict(manifests)
        self._classes: dict[tuple[str, str, str], tuple[type[BaseComponent[Any]], type[BaseModel]]] = {}
        self._by_name: dict[tuple[ComponentKind, str], list[Found]] = {}
        for plugin in plugins:
            for kind, component in plugin.components:
                found = Found(kind, component, plugin.distribution, plugin.version)
                self._by_name.setdefault((kind, component.name), []).append(found)
        self._plugins = [plugin._replace(notes=(*plugin.notes, *self._rivals(plugin))) for plugin in plugins]

    @classmethod
    def load(cls) -> Registry:
        """Return the registry of this process, reading manifests at the first call.

        Never raises for what is wrong with a plugin: `plugins()` tells, and so does whoever names it.
        """
        key = (
            os.environ.get("LUMOS_DISABLE_PLUGINS", ""),
            os.environ.get("LUMOS_TRACE_HOOKS", ""),
            *sys.path,
        )
        with cls._lock:
            if key not in cls._loaded:
                cls._loaded[key] = cls._read(key[0])
            return cls._loaded[key]

    @classmethod
    def _read(cls, disabled: str) -> Registry:
        off = {canonicalize_name(name.strip()) for name in disabled.split(",") if name.strip() and name.strip() != "*"}
        everything = "*" in {name.strip() for name in disabled.split(",")}
        plugins: list[PluginInfo] = []
        manifests: dict[str, Manifest] = {}
        installed = candidates()
        if not any(canonicalize_name(item.distribution) == KERNEL for item in installed):
            # Run from a checkout that is not installed: the kernel's own components are there all the same.
            installed.insert(0, Candidate("core", "lumos_core.plugin", KERNEL, __version__))
        for candidate in installed:
            distribution = canonicalize_name(candidate.distribution)
            named = {canonicalize_name(candidate.name), distribution} & off
            if named or (everything and distribution != KERNEL):
                reason = "LUMOS_DISABLE_PLUGINS names it"
                plugins.append(_info(candidate, "disabled", reason, "take it out of LUMOS_DISABLE_PLUGINS"))
                continue
            info, manifest = _load(candidate)
            plugins.append(info)
            if manifest is not None:
                manifests[f"{distribution}/{candidate.name}"] = manifest
        return cls(plugins, manifests)

    def default(self, kind: ComponentKind, name: str) -> str:
        """Return the type of a default: ours, also where another plugin offers the same name.

        A name that nobody wrote cannot be ambiguous, or the mere presence of a plugin would stop every pipeline.
        """
        own = KNOWN[kind].get(name, "")
        offers = [canonicalize_name(found.distribution) for found in self._by_name.get((kind, name), ())]
        return f"{own}/{name}" if len(offers) > 1 and own in offers else name

    def _rivals(self, plugin: PluginInfo) -> Iterator[str]:
        """Say which names of a plugin others offer too."""
        for kind, component in plugin.components:
            others = [found.distribution for found in self._by_name[kind, component.name]]
            if len(others) > 1:
                others.remove(plugin.distribution)
                what = f"{targets.kind_words(kind)} '{component.name}'"
                yield (
                    f"the {what} is offered by {' and '.join(others)} too: "
                    f"a pipeline says `type: {plugin.distribution}/{component.name}`"
                )

    def plugins(self) -> list[PluginInfo]:
        """Return every installed plugin, whatever its health, sorted by distribution."""
        return list(self._plugins)

    def components(self, kind: ComponentKind | None = None) -> list[Found]:
        """Return every component on offer, sorted by kind, name and distribution."""
        found = [item for group in self._by_name.values() for item in group if kind in {None, item.kind}]
        return sorted(found, key=lambda item: (item.kind, item.component.name, item.distribution))

    def find(self, kind: ComponentKind, name: str, base: Path | None = None) -> Found:
        """Find what a `type:` names.

        Args:
            kind: The kind that is wanted.
            name: `csv`, `lumos-source-csv/csv`, or `my_package.module:MySource`.
            base: Folder where unpackaged code may lie.

        Raises:
            PluginError: When the name is unknown, belongs to a plugin that is not `ok`, or is offered twice.
        """
        if ":" in name:
            return Found(kind, Component(name, name, ""), base=base)
        distribution, _, short = name.rpartition("/")
        offers = self._by_name.get((kind, short), [])
        if distribution:
            wanted = canonicalize_name(distribution)
            offers = [found for found in offers if canonicalize_name(found.distribution) == wanted]
        if not offers:
            raise unknown_component(self, kind, short, distribution)
        if len(offers) > 1:
            by = " and ".join(found.distribution for found in offers)
            types = " or ".join(f"type: {found.distribution}/{short}" for found in offers)
            raise PluginError(
                f"{len(offers)} plugins offer the {targets.kind_words(kind)} '{short}'",
                why=by,
                fix=f"choose: {types}",
            )
        return offers[0]

    def classes(
        self, kind: ComponentKind, name: str, base: Path | None = None
    ) -> tuple[type[BaseComponent[Any]], type[BaseModel]]:
        """Import a component and its configuration.

        Raises:
            PluginError: As `find`; also when an import fails, or a class does not fit its kind.
        """
        key = (kind, name, str(base) if ":" in name else "")
        if key not in self._classes:
            self._classes[key] = self._resolve(kind, name, base)
        return self._classes[key]

    def _resolve(
        self, kind: ComponentKind, name: str, base: Path | None
    ) -> tuple[type[BaseComponent[Any]], type[BaseModel]]:
        if kind == "source" and name.startswith(CATALOG_PREFIX):
            kind, name = "catalog", name.removeprefix(CATALOG_PREFIX)
        found = self.find(kind, name, base)
        target, config = found.component.target, found.component.config
        value = targets.resolve(target, found.distribution, found.base)
        component = targets.component_class(value, kind, target)
        if config:
            return component, targets.config_model(targets.resolve(config, found.distribution, found.base), config)
        model = targets.config_class(component)
        if model is None:
            fix = f"write `class {component.__name__}({targets.contract_name(kind)}[MyConfig])`"
            raise PluginError(f"{target} does not say which configuration it takes", fix=fix)
        return component, model

    def spec(
        self,
        kind: ComponentKind,
        entry: Any,
        base: str | os.PathLike[str] | None = None,
        environments: Finder | None = None,
    ) -> ComponentSpec:
        """Validate an entry as YAML gives it: a type, or a mapping with `type`, `name` and options.

        Args:
            kind: The kind that is wanted.
            entry: Plain data with `${VAR}` unresolved.
            base: Folder that relative paths start from; the present one by default.
            environments: How to find the environment that the entry names; none by default.

        Raises:
            ConfigError: When the options do not fit; `problems` holds one per place.
            PluginError: When the component cannot be used.
        """
        from ..config.entries import check_entry
        from ..config.reading import plain_failure
        from ..config.variables import Resolved

        folder = Path(base) if base is not None else Path.cwd()
        named = Resolved(entry.get("type") if isinstance(entry, Mapping) else entry).data
        elsewhere = isinstance(entry, Mapping) and "environment" in entry
        if isinstance(named, str) and not elsewhere:
            self.classes(kind, named, folder)
        spec, problems = check_entry(self, kind, entry, folder, environments=environments)
        if spec is None:
            raise plain_failure(f"{targets.kind_words(kind)} configuration", problems)
        return spec

    def build(self, spec: ComponentSpec) -> BaseComponent[Any]:
        """Make an instance of a validated spec.

        Raises:
            PluginError: When the component cannot be loaded, or its `__init__` raises.
        """
        if spec.environment is not None:
            from ..isolation.proxies import remote

            return remote(spec)
        component, _ = self.classes(spec.kind, spec.type, spec.base)
        try:
            made = component(cast("BaseModel", spec.config))
        except PluginError:
            raise
        except Exception as error:  # a defect of its `__init__` is that of the component that the pipeline names
            from ..running.redact import Redactor

            why = Redactor([spec.config])(describe_exception(error))
            what = f"the {targets.kind_words(spec.kind)} '{spec.name}' cannot be made"
            # Not chained: the message of the cause may hold secrets.
            raise PluginError(what, why=why, fix=AUTHORS) from None
        if spec.kind == "source" and spec.type.startswith(CATALOG_PREFIX):
            from .catalog_source import CatalogSource

            return CatalogSource(cast("Any", made))
        return made

    def notify(self, hook: str, **arguments: Any) -> list[tuple[str, Exception]]:
        """Call an observer hook of every plugin, one at a time.

        Returns:
            (plugin, exception) for each that raised; a run goes on all the same.
        """
        failures: list[tuple[str, Exception]] = []
        for name, manifest in self.observers(hook):
            try:
                getattr(manifest.hooks.hook, hook)(**arguments)
            except SystemExit as error:
                failures.append((name, RuntimeError(f"it tried to end the program (exit code {error.code})")))
            except KeyboardInterrupt:
                raise
            except Exception as error:  # who watches a run never ends it
                failures.append((name, error))
            except BaseException as error:  # a cancellation of asyncio, and their like
                failures.append((name, RuntimeError(f"it raised {type(error).__name__}")))
        return failures

    def observers(self, hook: str) -> Iterator[tuple[str, Manifest]]:
        """Return (plugin, manifest) of those that implement an observer hook."""
        for name, manifest in self._manifests.items():
            if getattr(manifest.hooks.hook, hook).get_hookimpls():
                yield name, manifest


def _info(candidate: Candidate, status: Status, reason: str = "", fix: str = "") -> PluginInfo:
    notes = tuple(f"version {where} is hidden by it" for where in candidate.hidden)
    return PluginInfo(candidate.name, candidate.distribution, candidate.version, status, reason, fix, notes=notes)


def _load(candidate: Candidate) -> tuple[PluginInfo, Manifest | None]:
    if candidate.problem:
        return _info(candidate, "broken", candidate.problem, "reinstall it"), None
    reason = incompatibility(candidate)
    if reason:
        fix = f"pip install --upgrade {candidate.distribution} {KERNEL}"
        return _info(candidate, "incompatible", reason, fix), None
    try:
        manifest = load(candidate.name, candidate.module, candidate.distribution)
    except ApiMismatch as error:
        fix = f"pip install --upgrade {candidate.distribution} {KERNEL}"
        return _info(candidate, "incompatible", str(error), fix), None
    except ManifestError as error:
        return _info(candidate, "broken", str(error), error.fix or AUTHORS), None
    except Exception as error:  # whatever a hostile module makes of being looked at
        return _info(candidate, "broken", f"looking at it raised {describe_exception(error)}", AUTHORS), None
    info = _info(candidate, "ok")
    notes = (*info.notes, *manifest.notes)
    return info._replace(components=manifest.components, notes=notes, observes=manifest.observes), manifest
