"""`plugins` and `describe`, for the command line and for Python users."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_core import PydanticUndefined

from ..contracts.component import COMPONENT_KINDS, BaseComponent, ComponentKind, Support
from ..errors import UsageError
from .registry import CATALOG_PREFIX, PluginInfo, Registry
from .targets import kind_words

SECTIONS: Mapping[ComponentKind, tuple[str, bool]] = {
    "source": ("sources", True),
    "format": ("formats", True),
    "enricher": ("enrich", True),
    "differ": ("differ", False),
    "catalog": ("catalogs", True),
    "store": ("store", False),
    "cost_model": ("cost", False),
    "reporter": ("reports", True),
    "executor": ("executor", False),
}
"""Kind -> (section of the pipeline file, whether it is a list)."""


def plugins() -> list[PluginInfo]:
    """Return every installed plugin with its health (`ok`, `incompatible`, `broken`, `disabled`) and its reason.

    Example:
        >>> import lumos_core
        >>> [plugin.distribution for plugin in lumos_core.plugins() if plugin.distribution == "lumos-core"]
        ['lumos-core']
    """
    return Registry.load().plugins()


def kind_of(text: str) -> ComponentKind:
    """Return the kind that a word means: `source`, `sources`, `cost-model`.

    Raises:
        UsageError: When it means none.
    """
    word = text.lower().replace("-", "_").replace(" ", "_")
    for kind in COMPONENT_KINDS:
        if word in {kind, f"{kind}s", SECTIONS[kind][0]}:
            return kind
    raise UsageError(f"there is no kind '{text}'", fix=f"choose one of {', '.join(COMPONENT_KINDS)}")


def describe(kind: str, name: str) -> dict[str, Any]:
    """Describe one component without running it.

    Args:
        kind: `source`, `catalog`, ...
        name: Its name in YAML.

    Returns:
        Plain data: `kind`, `name`, `distribution`, `version`, `summary`, `doc`, `options` (each with `name`, `type`,
        `required`, `default`, `secret`, `description`), `common` (keys that any entry of its kind may have, each with
        `name` and `description`), `capabilities`, `example` (YAML), `schema` (JSON Schema).

    Raises:
        UsageError: When there is no such kind.
        PluginError: When the component is unknown or cannot be loaded.
    """
    from ..config.schema import config_schema

    registry = Registry.load()
    wanted = kind_of(kind)
    component, model = registry.classes(wanted, name)
    found = None if name.startswith(CATALOG_PREFIX) else registry.find(wanted, name)
    options = _options(model)
    return {
        "kind": wanted,
        "name": name,
        "distribution": found.distribution if found else "",
        "version": found.version if found else "",
        "summary": found.component.summary if found else "",
        "doc": (component.__doc__ or "").partition("\n")[0],
        "options": options,
        "common": _common(wanted, model),
        "capabilities": _capabilities(component),
        "example": _example(wanted, name, _entry(model, options)),
        "schema": config_schema(model),
    }


def _common(kind: ComponentKind, model: type[BaseModel]) -> list[dict[str, str]]:
    """The keys that an entry of a kind may have whatever its type is."""
    from ..config.entries import ISOLATED
    from ..config.watched import KEY
    from ..contracts.watch import WatchConfig

    found = {"name": "A label; the type by default."}
    if kind == "source":
        hint = model.model_fields[KEY].annotation if KEY in model.model_fields else WatchConfig
        blocks = [item for item in (hint, *typing.get_args(hint)) if isinstance(item, type)]
        block = next((item for item in blocks if issubclass(item, WatchConfig)), WatchConfig)
        found[KEY] = f"How `lumos watch` learns of changes: a mapping of {', '.join(block.model_fields)}."
    if kind in ISOLATED:
        found["environment"] = "The environment that it runs in, by its name in `environments`."
    return [{"name": name, "description": text} for name, text in found.items()]


def _options(model: type[BaseModel]) -> list[dict[str, Any]]:
    options = []
    for name, field in model.model_fields.items():
        default: Any = None
        if not field.is_required():
            try:
                made = field.get_default(call_default_factory=True, validated_data={})
            except Exception:  # a factory that needs more than we know
                made = None
            default = None if made is PydanticUndefined else _plain(made)
        options.append(
            {
                "name": field.alias or name,
                "type": type_name(field.annotation),
                "required": field.is_required(),
                "default": default,
                "secret": "Secret" in str(field.annotation),
                "description": field.description or "",
            }
        )
    return options


def type_name(hint: Any) -> str:
    """Return a type in the words of YAML: `text`, `list of text`, `one of a, b`."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return type_name(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_name(item) for item in arguments if item is not type(None)))
    if origin is typing.Literal:
        return "one of " + ", ".join(str(item) for item in arguments)
    if origin in (list, tuple, set, frozenset):
        inner = [item for item in arguments if item is not Ellipsis]
        return f"list of {type_name(inner[0])}" if inner else "list"
    if origin is dict:
        return f"mapping of {type_name(arguments[1])}"
    words = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "Path": "path"}
    words |= {"SecretStr": "secret", "SecretBytes": "secret", "ComponentSpec": "component", "NoneType": "nothing"}
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return "mapping"
    return words.get(getattr(hint, "__name__", ""), getattr(hint, "__name__", "value"))


def _plain(value: Any) -> Any:
    """A default as plain data; secrets are never shown."""
    if isinstance(value, (SecretStr, SecretBytes)):
        return ""
    if isinstance(value, BaseModel):
        return {key: _plain(getattr(value, key)) for key in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(getattr(value, "type", value))


def _capabilities(component: type[BaseComponent[Any]]) -> dict[str, Any]:
    capabilities = getattr(component, "capabilities", None)
    if isinstance(capabilities, Mapping):
        return {aspect: _support(support) for aspect, support in sorted(capabilities.items())}
    if isinstance(capabilities, (set, frozenset)):
        return {aspect: {"read": True} for aspect in sorted(capabilities)}
    writes = getattr(component, "writes", None)
    if isinstance(writes, (set, frozenset)):
        return {aspect: {"write": True} for aspect in sorted(writes)}
    return {}


def _support(support: Any) -> dict[str, Any]:
    if not isinstance(support, Support):
        return {"note": str(support)}
    fields = {name: getattr(support, name) for name in Support.__struct_fields__}
    return {name: value for name, value in fields.items() if value not in ("", False)}


def _entry(model: type[BaseModel], options: list[dict[str, Any]]) -> dict[str, Any]:
    """The least that works: the model's own example (pydantic's `examples`), else what is required, each by its own."""
    extra = model.model_config.get("json_schema_extra")
    examples = extra.get("examples") if isinstance(extra, dict) else None
    if isinstance(examples, list) and examples and isinstance(examples[0], dict):
        return dict(examples[0])
    shown = {field.alias or name: field.examples for name, field in model.model_fields.items() if field.examples}
    required = [option for option in options if option["required"]]
    return {one["name"]: shown[one["name"]][0] if one["name"] in shown else _sample(one) for one in required}


def _example(kind: ComponentKind, name: str, entry: Mapping[str, Any]) -> str:
    section, many = SECTIONS[kind]
    whole = {"type": name, **entry}
    text: str = yaml.safe_dump({section: [whole] if many else whole}, sort_keys=False)
    if kind == "format":
        return f"# in a source that reads files\n{text}"
    return text


def _sample(option: Mapping[str, Any]) -> Any:
    name, kind = option["name"], option["type"]
    if option["secret"]:
        return f"${{{name.upper()}}}"
    if kind.startswith("list of"):
        return [f"<{kind.removeprefix('list of ')}>"]
    if kind.startswith("one of "):
        return kind.removeprefix("one of ").split(", ")[0]
    return {"whole number": 1, "number": 1.0, "true or false": True, "mapping": {}}.get(kind, f"<{name}>")


def summary_of(plugin: PluginInfo) -> str:
    """Return what a plugin offers, in words: `source csv, format csv`, `observer run_finished`."""
    watches = [f"observer {hook.removeprefix('lumos_')}" for hook in plugin.observes]
    return ", ".join([*(f"{kind_words(kind)} {component.name}" for kind, component in plugin.components), *watches])
