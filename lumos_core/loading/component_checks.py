"""What can be told of a component without making one: its options, its texts, its methods, its claims.

The conformance kit and `lumos plugin check` both ask here, so that they never disagree.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from ..contracts.component import BaseComponent, Support
from ..model.aspects import ASPECTS

Status = Literal["ok", "failed"]

_SECRET = re.compile(
    r"(?:\A|_)(?:password|passwd|passphrase|pwd|token|secret|secrets|credential|credentials|apikey)\Z"
    r"|(?:\A|_)(?:api|private|secret|account|access|shared)_?key\Z"
)


class Verdict(NamedTuple):
    """The outcome of one check.

    Attributes:
        check: Its name, kebab-case and stable.
        subject: What was looked at: the distribution, or `source csv`.
        status: `ok` or `failed`.
        message: What was found.
        fix: What to do about it; empty when it is `ok`.
    """

    check: str
    subject: str
    status: Status
    message: str
    fix: str = ""


class Check(NamedTuple):
    """One check of a component.

    Attributes:
        name: Kebab-case and stable.
        problems: (component, configuration) -> what is wrong, one text each.
        sound: What to say when nothing is.
        fix: What to do when something is.
    """

    name: str
    problems: Callable[[type[BaseComponent[Any]], type[BaseModel]], list[str]]
    sound: str
    fix: str


def check_component(subject: str, component: type[BaseComponent[Any]], config: type[BaseModel]) -> Iterator[Verdict]:
    """Run every static check on a component and its configuration."""
    for check in CHECKS:
        found = check.problems(component, config)
        if found:
            yield Verdict(check.name, subject, "failed", "; ".join(found), check.fix)
        else:
            yield Verdict(check.name, subject, "ok", check.sound)


def contract_of(component: type[BaseComponent[Any]]) -> type[BaseComponent[Any]]:
    """Return the abstract class that a component implements: `Source`, `Catalog`, ..."""
    return next(base for base in component.__mro__ if base.__module__.startswith("lumos_core.contracts."))


def options(config: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any]]:
    """Return (dotted name, field) of every option, those of options inside options included."""
    yield from _options(config, path, frozenset())


def _options(config: type[BaseModel], path: str, above: frozenset[type[BaseModel]]) -> Iterator[tuple[str, Any]]:
    for name, field in config.model_fields.items():
        place = f"{path}{field.alias or name}"
        yield place, field
        for inner in _models(field.annotation):
            if inner not in above | {config}:
                yield from _options(inner, f"{place}.", above | {config})


def types_in(hint: Any) -> Iterator[type]:
    """Return every class that a type hint names, however deep."""
    if isinstance(hint, type) and not typing.get_args(hint):
        yield hint
    for argument in typing.get_args(hint):
        yield from types_in(argument)


def _models(hint: Any) -> Iterator[type[BaseModel]]:
    return (found for found in types_in(hint) if issubclass(found, BaseModel))


def undescribed(component: type[BaseComponent[Any]], config: type[BaseModel]) -> list[str]:
    """Return the options without a description."""
    return [f"`{name}` has no description" for name, field in options(config) if not (field.description or "").strip()]


def open_configs(component: type[BaseComponent[Any]], config: type[BaseModel]) -> list[str]:
    """Return the configurations that take options they do not know."""
    found = [config, *(inner for _, field in options(config) for inner in _models(field.annotation))]
    return [
        f"{model.__name__} takes unknown options without a word"
        for model in dict.fromkeys(found)
        if model.model_config.get("extra") != "forbid"
    ]


def plain_secrets(component: type[BaseComponent[Any]], config: type[BaseModel]) -> list[str]:
    """Return the options that are secrets by their name and plain text by their type."""
    return [
        f"`{name}` is plain text"
        for name, field in options(config)
        if _SECRET.search(name.rpartition(".")[2].lower()) and _holds_text(field.annotation)
    ]


def _holds_text(hint: Any) -> bool:
    if typing.get_origin(hint) is typing.Annotated:
        return _holds_text(typing.get_args(hint)[0])
    if typing.get_origin(hint) is typing.Literal:
        return False
    return hint in (str, bytes, Any) or any(_holds_text(argument) for argument in typing.get_args(hint))


def undocumented(component: type[BaseComponent[Any]], config: type[BaseModel]) -> list[str]:
    """Return the classes without a docstring of their own."""
    return [f"{value.__name__} has no docstring" for value in (component, config) if not _own_doc(value)]


def _own_doc(value: type) -> str:
    text = vars(value).get("__doc__")
    return text.strip() if isinstance(text, str) else ""


def misfits(component: type[BaseComponent[Any]], config: type[BaseModel]) -> list[str]:
    """Return the methods that cannot be called as the contract says, both sides shown."""
    contract, found = contract_of(component), []
    for name, declared in inspect.getmembers(contract, inspect.isfunction):
        ours = inspect.getattr_static(component, name)
        if name.startswith("_") or ours is declared:
            continue
        theirs = inspect.signature(declared)
        both = f"{component.__name__}.{name}{{}} does not fit {contract.__name__}.{name}{_bare(theirs)}"
        bound = isinstance(ours, (staticmethod, classmethod))
        function = getattr(component, name)
        if not callable(function) or isinstance(ours, property):
            found.append(f"{both.format(f' (a {type(ours).__name__})')}: it is not a method")
            continue
        given = inspect.signature(function)
        why = _misfit(given, theirs, bound)
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            why = "it is async, and the contract is not"
        if why:
            found.append(f"{both.format(_bare(given))}: {why}")
    return found


def _bare(signature: inspect.Signature) -> str:
    parameters = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    return str(inspect.Signature(parameters))


def _misfit(ours: inspect.Signature, theirs: inspect.Signature, bound: bool) -> str:
    first, *names = theirs.parameters
    needed = [name for name in names if theirs.parameters[name].default is inspect.Parameter.empty]
    start = [] if bound else [first]
    try:
        ours.bind(*start, *names)
        ours.bind(*start, *needed)
        ours.bind(*start, **dict.fromkeys(names))
    except TypeError as error:
        return str(error)
    known = [name for name in ours.parameters if name in names]
    return "its names are in another order" if known != [name for name in names if name in known] else ""


def wrong_claims(component: type[BaseComponent[Any]], config: type[BaseModel]) -> list[str]:
    """Return the class attributes that are of another type than the contract's, and aspects that do not exist."""
    contract, found = contract_of(component), []
    for name, default in vars(contract).items():
        if name.startswith("_") or name == "component_kind" or isinstance(default, (types.FunctionType, property)):
            continue
        value = getattr(component, name)
        if isinstance(value, property):  # it depends on the options; the kit looks at what it gives
            continue
        wanted: Any = AbstractSet if isinstance(default, frozenset) else type(default)
        if not isinstance(value, Mapping if isinstance(default, dict) else wanted):
            found.append(f"`{name}` is {value!r}, and {contract.__name__}.{name} is a {type(default).__name__}")
        elif name in ("capabilities", "writes"):
            found += [f"`{name}` names {aspect!r}, which is no aspect" for aspect in sorted(set(value) - ASPECTS)]
            found += _unsupported(value) if isinstance(value, Mapping) else []
    return found


def _unsupported(capabilities: Mapping[str, Any]) -> Iterator[str]:
    for aspect, support in capabilities.items():
        if not isinstance(support, Support):
            yield f"`capabilities` has {support!r} for {aspect}: expected a Support"
        elif support.lossless and not (support.read and support.write):
            yield f"{aspect} is claimed lossless without being read and written"


CHECKS = (
    Check(
        "config-described",
        undescribed,
        "every option has a description",
        "add `Field(description=...)` to each: `lumos describe` and editors show it",
    ),
    Check(
        "config-closed",
        open_configs,
        "unknown options are errors",
        "derive the configuration from `lumos_core.plugin_api.Config`, whose `extra` is `forbid`",
    ),
    Check(
        "secrets-hidden",
        plain_secrets,
        "no secret is plain text",
        "make each a pydantic `SecretStr`, which the kernel takes out of every message",
    ),
    Check(
        "documented",
        undocumented,
        "component and configuration say what they are",
        "write one: its first line is what `lumos describe` shows",
    ),
    Check(
        "signatures",
        misfits,
        "every method can be called as the contract says",
        "take the parameters of the contract, by its names; what is added needs a default",
    ),
    Check(
        "claims",
        wrong_claims,
        "class attributes have the types and names of the contract",
        "correct them; the aspects are listed in `lumos_core.plugin_api.aspects.ASPECTS`",
    ),
)
"""Every static check of a component."""
