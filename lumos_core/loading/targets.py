"""From `module:Class` to the class of a component and the class of its configuration."""

from __future__ import annotations

import sys
import typing
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ..contracts.component import BaseComponent, ComponentKind
from ..errors import PluginError
from .guarded import quiet_stdout, undone
from .manifest import describe_exception, import_failure


def resolve(target: str, distribution: str = "", base: Path | None = None) -> Any:
    """Import `module:Class`.

    Args:
        target: What to import.
        distribution: For messages; empty for code that is not packaged.
        base: A folder where unpackaged code may lie; it is put at the end of `sys.path` when that helps.

    Raises:
        PluginError: When the import fails; a missing dependency is told from broken code.
    """
    module_name, _, attribute = target.partition(":")
    try:
        with quiet_stdout(), undone(everything=False):
            value: Any = _import(module_name, base)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may even call `sys.exit`
        why, fix = import_failure(error, module_name, distribution)
        raise PluginError(f"cannot load {target}", why=why, fix=fix) from error
    try:
        for part in attribute.split("."):
            value = getattr(value, part)
    except AttributeError as error:
        why = f"the module {module_name} has no {attribute!r}"
        raise PluginError(f"cannot load {target}", why=why, fix=f"check the name in {module_name}") from error
    except Exception as error:  # a module with a `__getattr__` of its own
        raise PluginError(f"cannot load {target}", why=describe_exception(error)) from error
    return value


def _import(module: str, base: Path | None) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if base is None or error.name != top or not _lies_in(base, top) or str(base) in sys.path:
            raise
        sys.path.append(str(base))
        return import_module(module)


def _lies_in(folder: Path, top: str) -> bool:
    return (folder / f"{top}.py").is_file() or (folder / top).is_dir()


def component_class(value: Any, kind: ComponentKind, target: str) -> type[BaseComponent[Any]]:
    """Check that something is a complete component of a kind.

    Raises:
        PluginError: When it is no class, of another kind, or lacks methods.
    """
    if not isinstance(value, type) or not issubclass(value, BaseComponent):
        why = f"it is not a subclass of lumos_core.plugin_api.{contract_name(kind)}"
        raise PluginError(f"{target} is not a {kind_words(kind)}", why=why)
    found = getattr(value, "component_kind", None)
    if found != kind:
        raise PluginError(f"{target} is not a {kind_words(kind)}", why=f"it is a {kind_words(found or 'component')}")
    # The contracts are no ABCs, so that a component may be made without its optional half; look for ourselves.
    lacking = [name for name in dir(value) if getattr(getattr(value, name, None), "__isabstractmethod__", False)]
    if lacking:
        raise PluginError(f"{target} is not complete", why=f"it does not implement {', '.join(lacking)}")
    return value


def config_class(component: type[BaseComponent[Any]]) -> type[BaseModel] | None:
    """Return the configuration class of a component: `config_class`, `Config`, or the generic argument."""
    for attribute in ("config_class", "Config"):
        value = getattr(component, attribute, None)
        if isinstance(value, type) and issubclass(value, BaseModel):
            return value
    for ancestor in component.__mro__:
        for base in vars(ancestor).get("__orig_bases__", ()):
            for argument in typing.get_args(base):
                if isinstance(argument, type) and issubclass(argument, BaseModel):
                    return argument
    return None


def config_model(value: Any, target: str) -> type[BaseModel]:
    """Check that something is a pydantic model.

    Raises:
        PluginError: When it is not.
    """
    if not isinstance(value, type) or not issubclass(value, BaseModel):
        raise PluginError(f"{target} is not a configuration class", why="it is not a pydantic model")
    return value


def contract_name(kind: ComponentKind) -> str:
    """Return the abstract class of a kind: `CostModel`."""
    return "".join(word.capitalize() for word in kind.split("_"))


def kind_words(kind: str) -> str:
    """Return `cost model` for `cost_model`."""
    return kind.replace("_", " ")
