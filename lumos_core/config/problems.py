"""What is wrong with a value, said from its location and the kind of error, never from the value itself.

Pydantic prints what it was given, a mistyped secret included; so its messages are not used.
"""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

NESTED = "lumos_nested"
"""Type of the pydantic error that carries the problems of a component inside a component."""

Loc = tuple[str | int, ...]


class Problem(NamedTuple):
    """One thing that is wrong, at one place.

    Attributes:
        loc: Keys and indexes from the root of the file.
        what: What was expected, or what is wrong.
        fix: A hint.
        at_key: True when the key, not its value, is the place to look at.
    """

    loc: Loc
    what: str
    fix: str = ""
    at_key: bool = False

    def under(self, *prefix: str | int) -> Problem:
        """Return the same problem seen from further up."""
        return self._replace(loc=(*prefix, *self.loc))


_EXPECTED = {
    "string_type": "expected text",
    "string_unicode": "expected text in UTF-8",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a smaller whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a finite number",
    "decimal_type": "expected a decimal number",
    "decimal_parsing": "expected a decimal number",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "set_type": "expected a list of different values",
    "frozen_set_type": "expected a list of different values",
    "iterable_type": "expected a list",
    "dict_type": "expected a mapping (key: value)",
    "mapping_type": "expected a mapping (key: value)",
    "model_type": "expected a mapping (key: value)",
    "model_attributes_type": "expected a mapping (key: value)",
    "dataclass_type": "expected a mapping (key: value)",
    "none_required": "expected nothing (null)",
    "path_type": "expected a path",
    "path_not_file": "expected an existing file",
    "path_not_directory": "expected an existing folder",
    "url_type": "expected a URL",
    "url_parsing": "expected a URL such as https://host/path",
    "url_syntax_violation": "expected a URL such as https://host/path",
    "date_type": "expected a date such as 2026-01-31",
    "date_parsing": "expected a date such as 2026-01-31",
    "date_from_datetime_parsing": "expected a date such as 2026-01-31",
    "datetime_type": "expected a time such as 2026-01-31T10:00:00Z",
    "datetime_parsing": "expected a time such as 2026-01-31T10:00:00Z",
    "datetime_from_date_parsing": "expected a time such as 2026-01-31T10:00:00Z",
    "time_delta_type": "expected a duration such as PT5M",
    "time_delta_parsing": "expected a duration such as PT5M",
    "uuid_parsing": "expected a UUID",
    "uuid_type": "expected a UUID",
}

_WITH_CONTEXT = {
    "literal_error": "expected one of {expected}",
    "enum": "expected one of {expected}",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected at most {le}",
    "multiple_of": "expected a multiple of {multiple_of}",
    "string_too_short": "expected at least {min_length} character(s)",
    "string_too_long": "expected at most {max_length} character(s)",
    "string_pattern_mismatch": "expected text that matches {pattern}",
    "too_short": "expected at least {min_length} item(s)",
    "too_long": "expected at most {max_length} item(s)",
    "union_tag_invalid": "expected {discriminator} to be one of {expected_tags}",
    "union_tag_not_found": "expected the key {discriminator}",
    "url_scheme": "expected a URL that begins with {expected_schemes}",
}


def problems_of(
    error: ValidationError, model: type[BaseModel], data: Any, secrets: Iterable[str] = ()
) -> list[Problem]:
    """Rebuild what pydantic found.

    Args:
        error: What it raised.
        model: The model that was asked for, for did-you-mean.
        data: What was validated, to tell its keys from names that pydantic adds to locations, and to suggest.
        secrets: Texts that no message may hold (values of environment variables).

    Returns:
        One problem per place, in the order of the model.
    """
    hidden = sorted({*secrets, *_secret_values(data, model)}, key=len, reverse=True)
    found: dict[tuple[Loc, bool], list[Problem]] = {}
    for item in error.errors(include_url=False, include_input=False):
        for problem in _rebuild(item, model, data, hidden):
            found.setdefault((problem.loc, problem.at_key), []).append(problem)
    return [_join(group) for group in found.values()]


def _rebuild(item: Mapping[str, Any], model: type[BaseModel], data: Any, hidden: Sequence[str]) -> Iterator[Problem]:
    kind, context = item["type"], item.get("ctx") or {}
    loc = _real_location(item["loc"], data, missing=kind == "missing")
    if kind == NESTED:
        for problem in context["problems"]:
            yield problem.under(*loc)
        return
    if kind == "missing":
        yield Problem(loc[:-1], f"the key '{loc[-1]}' is required")
    elif kind in {"extra_forbidden", "unexpected_keyword_argument"}:
        yield unknown_key(loc, list(_model_at(model, loc[:-1])))
    elif kind in {"literal_error", "enum"}:
        given, names = _value_at(data, loc), re.findall(r"'([^']*)'", str(context.get("expected", "")))
        yield Problem(loc, _WITH_CONTEXT[kind].format(**context), did_you_mean(given, names))
    elif kind in _EXPECTED:
        yield Problem(loc, _EXPECTED[kind])
    elif kind in _WITH_CONTEXT:
        yield Problem(loc, _WITH_CONTEXT[kind].format(**context))
    elif kind in {"value_error", "assertion_error"} or not _is_builtin(kind):
        # The words of a plugin's own validator: worth showing, less whatever they quote.
        text = str(context.get("error") or item["msg"])
        for secret in hidden:
            text = text.replace(secret, "**********")
        yield Problem(loc, text or "the value does not fit")
    else:
        yield Problem(loc, f"the value does not fit ({kind.replace('_', ' ')})")


def _is_builtin(kind: str) -> bool:
    from pydantic_core import core_schema

    return kind in typing.get_args(core_schema.ErrorType)


def unknown_key(loc: Loc, known: Sequence[str]) -> Problem:
    """Return the problem of a key that nobody knows."""
    hint = did_you_mean(loc[-1], known)
    if not hint:
        hint = f"known keys: {', '.join(known)}" if known else "no keys are known here"
    return Problem(loc, f"unknown key '{loc[-1]}'", hint, at_key=True)


def did_you_mean(given: Any, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the closest known name, or nothing. Only known names are shown."""
    if not isinstance(given, str):
        return ""
    by_folded = {name.lower(): name for name in known}
    close = difflib.get_close_matches(given.lower(), list(by_folded), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(repr(by_folded[name]) for name in close)}?" if close else ""


def _join(group: Sequence[Problem]) -> Problem:
    """One problem from those of the alternatives of a union: the place is wrong once, not once per alternative."""
    whats = list(dict.fromkeys(problem.what for problem in group))
    if len(whats) > 1 and all(what.startswith("expected ") for what in whats):
        whats = ["expected " + " or ".join(what.removeprefix("expected ") for what in whats)]
    fix = next((problem.fix for problem in group if problem.fix), "")
    return group[0]._replace(what="; ".join(whats), fix=fix)


def _real_location(loc: Loc, data: Any, *, missing: bool) -> Loc:
    """Take out what pydantic adds to a location: names of union members, functions and models."""
    real: list[str | int] = []
    for place, part in enumerate(loc):
        last = place == len(loc) - 1
        known: bool = part in data if isinstance(data, Mapping) else False
        if isinstance(data, list) and isinstance(part, int):
            known = part < len(data)
        if known:
            real.append(part)
            data = data[part]
        elif last and missing:
            real.append(part)
    return tuple(real)


def _value_at(data: Any, loc: Loc) -> Any:
    for part in loc:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _models_in(hint: Any) -> Iterator[type[BaseModel]]:
    """Every model inside an annotation."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for inner in typing.get_args(hint):
        yield from _models_in(inner)


def _model_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """The keys that are known at a location."""
    models = [model]
    for part in loc:
        if isinstance(part, int):
            continue
        following: list[type[BaseModel]] = []
        for candidate in models:
            for name, field in candidate.model_fields.items():
                if part in {name, field.alias}:
                    following += _models_in(field.annotation)
        # A key of a free mapping of models leads to the models themselves.
        models = following or models
    return list(dict.fromkeys(field.alias or name for item in models for name, field in item.model_fields.items()))


def _secret_values(data: Any, model: type[BaseModel] | None) -> Iterator[str]:
    """Texts in `data` that are, or may have been meant as, secrets: secret fields, and keys that are unknown."""
    if not isinstance(data, Mapping) or model is None:
        return
    fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    for key, value in data.items():
        hint = fields.get(key)
        if hint is None or _holds_secret(hint):
            yield from texts(value)
            continue
        for inner in _models_in(hint):
            for element in value if isinstance(value, list) else [value]:
                yield from _secret_values(element, inner)


def _holds_secret(hint: Any) -> bool:
    if hint in (SecretStr, SecretBytes):
        return True
    return any(_holds_secret(inner) for inner in typing.get_args(hint))


def texts(value: Any) -> Iterator[str]:
    """Every text of some length inside plain data; short ones would only mutilate messages."""
    if isinstance(value, str):
        if len(value) >= 4:
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
