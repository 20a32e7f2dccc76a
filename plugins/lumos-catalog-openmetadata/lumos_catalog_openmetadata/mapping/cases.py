"""Assertions that a test definition of OpenMetadata says exactly; pure.

A test case stands beside the term that is the record: for people, and for what runs tests. Nothing is read from it.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NamedTuple

from lumos_core.plugin_api import Assertion, urns

from .. import fqn
from ..names import Names
from .common import Doc, clean

MARK = "lumos~assertion~"
_NAME = re.compile(re.escape(MARK) + r"[0-9a-f]{32}\Z")
_COLUMN = re.compile(r"\w(?:[\w $-]*\w)?\Z", re.ASCII)
_LINK = re.compile(r"<#E::table::(.+?)(?:::columns::.*)?>\Z", re.S)
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?\Z")
_WHOLE = re.compile(r"[0-9]{1,15}\Z")

_NOT_NULL, _UNIQUE, _IN_SET = "columnValuesToBeNotNull", "columnValuesToBeUnique", "columnValuesToBeInSet"
_BETWEEN, _REGEX = "columnValuesToBeBetween", "columnValuesToMatchRegex"
_ROWS_BETWEEN, _ROWS = "tableRowCountToBeBetween", "tableRowCountToEqual"
_NAMED = {
    **{name.lower(): name for name in (_NOT_NULL, _UNIQUE, _IN_SET, _BETWEEN, _REGEX, _ROWS_BETWEEN, _ROWS)},
    "notnull": _NOT_NULL,
    "unique": _UNIQUE,
    "acceptedvalues": _IN_SET,
    "expectcolumnvaluestobenotnull": _NOT_NULL,
    "expectcolumnvaluestobeunique": _UNIQUE,
    "expectcolumnvaluestobeinset": _IN_SET,
    "expectcolumnvaluestobebetween": _BETWEEN,
    "expecttablerowcounttobebetween": _ROWS_BETWEEN,
    "expecttablerowcounttoequal": _ROWS,
}
"""Metric or operator that says all, alone: OpenMetadata's own words, dbt's, and those of Great Expectations."""

_EQUAL = ("equals", "mustbe")
_COUNTED = {"nullcount": _NOT_NULL, "nullvalues": _NOT_NULL, "duplicatecount": _UNIQUE, "duplicatevalues": _UNIQUE}
"""Metric of which there must be none; `nullValues` and `duplicateValues` are ODCS words."""

_PARAMETERS = {
    _NOT_NULL: {},
    _UNIQUE: {},
    _BETWEEN: {"minvalue": "minValue", "min": "minValue", "maxvalue": "maxValue", "max": "maxValue"},
    _IN_SET: {"allowedvalues": "allowedValues", "values": "allowedValues", "valueset": "allowedValues"},
    _REGEX: {"regex": "regex"},
    _ROWS: {"value": "value"},
}
_PARAMETERS[_ROWS_BETWEEN] = _PARAMETERS[_BETWEEN]


class Test(NamedTuple):
    """A test case.

    Attributes:
        table: Fully qualified name of its table.
        column: Name of its column; empty for the table.
        name: Its own name.
        body: Keys that can change.
        definition: Fully qualified name of its definition.
    """

    table: str
    column: str
    name: str
    body: Doc
    definition: str

    @property
    def fqn(self) -> str:
        """Its fully qualified name."""
        above = f"{self.table}.{fqn.quote(self.column)}" if self.column else self.table
        return f"{above}.{self.name}"

    @property
    def link(self) -> str:
        """What it is about, as OpenMetadata links it."""
        return f"<#E::table::{self.table}{f'::columns::{self.column}' if self.column else ''}>"


def is_ours(raw: Doc) -> bool:
    """Tell whether a test case stands beside an assertion."""
    return bool(_NAME.match(str(raw.get("name"))))


def table_of(raw: Doc) -> str:
    """Return the fully qualified name of the table of a test case; empty when it is about something else."""
    found = _LINK.match(str(raw.get("entityLink")))
    return found[1] if found else ""


def to_test(urn: str, value: Any, names: Names) -> Test | None:
    """Return the test case of an assertion; None when no definition says the same, or it is removed."""
    if not isinstance(value, Assertion) or value.about is None or (value.lifecycle and value.lifecycle.removed):
        return None
    host, _, column = value.about.partition("#")
    try:
        place = names.place(host)
    except ValueError:
        return None
    definition, arguments = _definition(value)
    parameters = _parameters(definition, arguments)
    if place.type != "table" or urns.kind(host) != "dataset" or parameters is None:
        return None
    if bool(column) != definition.startswith("column") or (column and not _COLUMN.match(column)):
        return None
    if re.search("[<>|]", place.fqn):  # an entity link cannot say these
        return None
    body: Doc = {"parameterValues": [{"name": name, "value": said} for name, said in sorted(parameters.items())]}
    for key, text in (("displayName", value.name), ("description", value.description and value.description.shown)):
        if text and clean(text):
            body[key] = text
    digest = hashlib.sha256(f"{urn}\n{definition}".encode("utf-8", "surrogatepass")).hexdigest()
    return Test(place.fqn, column, MARK + digest[:32], body, definition)


def _definition(value: Assertion) -> tuple[str, dict[str, str]]:
    metric, operator = _word(value.metric), _word(value.operator)
    arguments = {_word(name): said for name, said in value.arguments}
    if len(arguments) < len(value.arguments):
        return "", {}
    if not (metric and operator):
        return _NAMED.get(metric or operator, ""), arguments
    if operator in _EQUAL and metric in _COUNTED and arguments == {"value": "0"}:
        return _COUNTED[metric], {}
    if operator in _EQUAL and metric == "uniquecount" and arguments == {"value": "row_count"}:
        return _UNIQUE, {}
    if metric == "rowcount" and operator in _EQUAL:
        return _ROWS, arguments
    if metric == "rowcount" and operator == "between":
        return _ROWS_BETWEEN, arguments
    return "", {}


def _parameters(definition: str, arguments: dict[str, str]) -> dict[str, str] | None:
    """Return the parameters of a definition; None when it does not take exactly these arguments."""
    known = _PARAMETERS.get(definition)
    if known is None or not arguments.keys() <= known.keys():
        return None
    found = {known[name]: said for name, said in arguments.items()}
    if len(found) < len(arguments) or bool(found) != bool(known):
        return None
    if not all(_fits(definition, name, said) for name, said in found.items()):
        return None
    bounds = [float(found[name]) for name in ("minValue", "maxValue") if name in found]
    return found if bounds == sorted(bounds) else None


def _fits(definition: str, name: str, said: str) -> bool:
    if name == "regex":
        return bool(said) and clean(said)
    if name == "allowedValues":
        try:
            values = json.loads(said)
        except (ValueError, RecursionError):
            return False
        return isinstance(values, list) and bool(values) and all(isinstance(one, str) for one in values)
    return bool((_WHOLE if definition in (_ROWS, _ROWS_BETWEEN) else _NUMBER).match(said))


def _word(text: str | None) -> str:
    return re.sub(r"[\W_]", "", text or "").lower()
