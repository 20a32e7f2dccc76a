"""Fields of a record to and from nested members of an entity: columns, fields of messages and of search indexes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from lumos_core.plugin_api import Field, paths

from .. import fqn
from ..names import Names
from . import datatypes
from .common import clean, labels_of, labels_to, texts_of, texts_to

Doc = dict[str, Any]
Form = Literal["column", "message", "search"]
_TYPED = frozenset({"dataType", "arrayDataType", "dataLength", "precision", "scale", "dataTypeDisplay"})
_SHOWN = _TYPED | {"name", "displayName", "description", "tags", "constraint", "children"}
_BETWEEN = {"ARRAY": "[]", "MAP": "{value}"}


def to_members(fields: Sequence[Field], names: Names, form: Form) -> list[Doc]:
    """Return the members for some fields; of two with one name the first, and nothing of keys and headers."""
    tops: list[Doc] = []
    by_path: dict[str, tuple[Doc, list[Doc]]] = {}
    for field in fields:
        if field.part not in (None, "value") or field.path in by_path:
            continue
        member = _member(field, names, form)
        above = _above(field.path, by_path)
        siblings = by_path[above][1] if above else tops
        name = _name(field.path, above, by_path[above][0] if above else None)
        member["name"] = fqn.encode(name)
        if any(sibling["name"] == member["name"] for sibling in siblings):
            continue
        siblings.append(member)
        children: list[Doc] = []
        by_path[field.path] = (member, children)
    for member, children in by_path.values():
        _nest(member, children, form)
    return tops


def _nest(member: Doc, children: list[Doc], form: Form) -> None:
    if children:
        member["children"] = children
    elif form == "column" and member["dataType"] == "STRUCT":
        member["dataType"] = "UNKNOWN"  # a struct without members is refused
    elif form == "column" and member.get("arrayDataType") == "STRUCT":
        member["arrayDataType"] = "UNKNOWN"


def _above(path: str, known: Iterable[str]) -> str:
    """The nearest path above one that is a field itself."""
    held = known if isinstance(known, dict) else set(known)
    try:
        above = paths.parent(path)
        while above and above not in held:
            above = paths.parent(above)
    except paths.PathError:
        return ""
    return above


def _name(path: str, above: str, parent: Doc | None) -> str:
    """The name of a member: its own, where the type of its parent says the steps between."""
    try:
        steps = paths.split(path)[len(paths.split(above)) :]
    except paths.PathError:
        return path
    if steps[0].text == _BETWEEN.get(parent["dataType"] if parent else "", "") and len(steps) > 1:
        steps = steps[1:]
    elif parent is not None and parent["dataType"] in _BETWEEN and steps[0].kind == "name":
        return paths.join(steps) + "."  # beside the elements: no form of its own there
    if len(steps) == 1 and steps[0].kind == "name":
        return steps[0].name
    return paths.join(steps)


def _member(field: Field, names: Names, form: Form) -> Doc:
    member: Doc = {}
    if form == "column":
        member.update(datatypes.column_type(field.type))
        if field.nullable is not None:
            member["constraint"] = "NULL" if field.nullable else "NOT_NULL"
    else:
        known = datatypes.topic_type if form == "message" else datatypes.search_type
        member["dataType"] = known(field.type)
    shown = field.native_type or field.type
    if clean(shown) and shown:
        member["dataTypeDisplay"] = shown
    texts_to(field, member)
    labels_to(field, member, names)
    return member


def of_members(members: Iterable[Doc], names: Names, form: Form) -> list[Field]:
    """Return the fields of some members, parents before children."""
    fields: list[Field] = []
    _collect(members, "", "", names, form, fields)
    return fields


def _collect(members: Iterable[Doc], above: str, between: str, names: Names, form: Form, into: list[Field]) -> None:
    for member in members:
        path = _path(fqn.decode(member["name"]), above, between)
        into.append(_field(member, path, names, form))
        inner = _BETWEEN.get(member.get("dataType", ""), "")
        _collect(member.get("children") or (), path, inner, names, form, into)


def _path(name: str, above: str, between: str) -> str:
    if name.startswith(("[", "{", "<")) and above:
        try:
            paths.split(above + name)
            return above + name
        except paths.PathError:
            pass
    return paths.child(above + between, name)


def _field(member: Doc, path: str, names: Names, form: Form) -> Field:
    shown = member.get("dataTypeDisplay")
    field = Field(path=path, type=datatypes.text_of(member))
    if (shown and shown != field.type) or (shown and form == "column"):
        field.native_type = shown
    if member.get("constraint") in ("NULL", "NOT_NULL", "PRIMARY_KEY"):
        field.nullable = member["constraint"] == "NULL"
    texts_of(member, field)
    labels_of(member, field, names)
    return field


def unpacked(members: Iterable[Doc] | None) -> list[Doc]:
    """Return what the mapping knows of members as the server gives them."""
    found = []
    for member in members or ():
        kept = {key: value for key, value in member.items() if key in _SHOWN and value not in (None, [], "")}
        if "tags" in kept:
            kept["tags"] = unpacked_labels(kept["tags"])
        if "children" in kept:
            kept["children"] = unpacked(kept["children"])
        found.append(kept)
    return found


def unpacked_labels(labels: Iterable[Doc] | None) -> list[Doc]:
    """Return what the mapping knows of labels, in one order."""
    known = ("tagFQN", "source", "labelType", "state")
    found = [{key: label[key] for key in known if label.get(key)} for label in labels or ()]
    return sorted(found, key=lambda label: (label.get("source", ""), label["tagFQN"]))


def merged(present: Sequence[Doc], before: Sequence[Doc], after: Sequence[Doc]) -> list[Doc]:
    """Return the members to be stored: what the server holds, with what changed between two mapped states.

    Args:
        present: Members as the server gives them, with all that the mapping does not know.
        before: What the mapping makes of the record as it is held.
        after: What it makes of the record as it shall be.
    """
    held = {member["name"]: member for member in present}
    was = {member["name"]: member for member in before}
    made = []
    for member in after:
        there, old = held.get(member["name"]), was.get(member["name"], {})
        if there is None:
            made.append(member)
            continue
        new = {key: value for key, value in there.items() if key != "fullyQualifiedName"}
        for key in _SHOWN - {"name", "children", "tags"}:
            if member.get(key) != old.get(key) or key in ("dataType", "arrayDataType"):
                _set(new, key, member.get(key))
        if member.get("tags") != old.get("tags"):
            new["tags"] = merged_labels(there.get("tags"), member.get("tags"))
        children = merged(there.get("children") or (), old.get("children") or (), member.get("children") or ())
        _set(new, "children", children or None)
        made.append(new)
    return made


def merged_labels(present: Iterable[Doc] | None, after: Iterable[Doc] | None) -> list[Doc]:
    """Return labels to be stored; those that stay keep what the mapping does not know of them."""
    held = {(label.get("source"), label["tagFQN"]): label for label in present or ()}
    return [{**held.get((label["source"], label["tagFQN"]), {}), **label} for label in after or ()]


def _set(member: Doc, key: str, value: Any) -> None:
    if value is None:
        member.pop(key, None)
    else:
        member[key] = value
