"""Keys, constraints and grain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lumos_core.plugin_api import Key, urns

from ..case import Found

if TYPE_CHECKING:
    from ..case import Case

_NAMES = {"primary": "The primary key", "unique": "A unique key", "foreign": "A foreign key", "check": "A constraint"}


def detect(case: Case) -> Iterator[Found]:
    """Judge keys and constraints; columns of renamed fields are followed to their new names."""
    yield from _grain(case)
    if "keys" not in case.changed:
        return
    old = [_followed(case, key) for key in case.old.keys]
    new = list(case.new.keys)
    looked = "keys" in case.captured
    yield from _primary(old, new, looked)
    yield from _unique(old, new, looked)
    yield from _foreign(old, new, looked)
    yield from _checks(old, new, looked)
    if looked:
        yield from _gone_and_new(_texts(old, "index"), _texts(new, "index"), "index-removed", "index-added")
    yield from _enforcement(old, new)


def text(key: Key) -> str:
    """Return a key as a short canonical text."""
    columns = f"({', '.join(key.columns)})" if key.columns else ""
    target = f" -> {', '.join(map(_target, key.references))}" if key.references else ""
    condition = f" {key.expression}" if key.expression else ""
    return f"{columns}{target}{condition}".strip() or key.name or key.type


def _target(reference: str) -> str:
    host, mark, path = reference.partition("#")
    return f"{urns.name(host)}{mark}{path}"


def _followed(case: Case, key: Key) -> Key:
    columns = [case.follow(path) for path in key.columns]
    if columns == key.columns:
        return key
    return Key(
        type=key.type,
        columns=columns,
        name=key.name,
        references=key.references,
        expression=key.expression,
        enforced=key.enforced,
    )


def _of(keys: Iterable[Key], type: str) -> list[Key]:
    return [key for key in keys if key.type == type]


def _texts(keys: Iterable[Key], type: str) -> list[str]:
    return [text(key) for key in _of(keys, type)]


def _gone_and_new(old: list[str], new: list[str], removed: str, added: str) -> Iterator[Found]:
    for before in sorted(set(old) - set(new)):
        yield Found(removed, "keys", before, None)
    for after in sorted(set(new) - set(old)):
        yield Found(added, "keys", None, after)


def _primary(old: list[Key], new: list[Key], looked: bool) -> Iterator[Found]:
    before, after = _texts(old, "primary"), _texts(new, "primary")
    if before and after:
        if before != after:
            yield Found("primary-key-columns-changed", "keys", "; ".join(before), "; ".join(after))
    elif looked and before:
        yield Found("primary-key-removed", "keys", "; ".join(before), None)
    elif looked and after:
        yield Found("primary-key-added", "keys", None, "; ".join(after))


def _unique(old: list[Key], new: list[Key], looked: bool) -> Iterator[Found]:
    if not looked:
        return
    before = {frozenset(key.columns): text(key) for key in _of(old, "unique")}
    after = {frozenset(key.columns): text(key) for key in _of(new, "unique")}
    gone = [shown for columns, shown in before.items() if columns not in after]
    fresh = [shown for columns, shown in after.items() if columns not in before]
    yield from _gone_and_new(gone, fresh, "unique-removed", "unique-added")


def _foreign(old: list[Key], new: list[Key], looked: bool) -> Iterator[Found]:
    before, after = _by_columns(old), _by_columns(new)
    for columns in sorted(before.keys() | after.keys()):
        gone = sorted(before.get(columns, set()) - after.get(columns, set()))
        fresh = sorted(after.get(columns, set()) - before.get(columns, set()))
        for one, other in zip(gone, fresh, strict=False):
            yield Found("foreign-key-retargeted", "keys", one, other)
        if looked:
            paired = min(len(gone), len(fresh))
            yield from _gone_and_new(gone[paired:], fresh[paired:], "foreign-key-removed", "foreign-key-added")


def _by_columns(keys: list[Key]) -> dict[tuple[str, ...], set[str]]:
    found: dict[tuple[str, ...], set[str]] = {}
    for key in _of(keys, "foreign"):
        found.setdefault(tuple(key.columns), set()).add(text(key))
    return found


def _checks(old: list[Key], new: list[Key], looked: bool) -> Iterator[Found]:
    before, after = _named(old), _named(new)
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield Found("constraint-check-changed", "keys", before[name], after[name])
    if looked:
        gone = [before[name] for name in before.keys() - after.keys()]
        fresh = [after[name] for name in after.keys() - before.keys()]
        yield from _gone_and_new(gone, fresh, "constraint-check-loosened", "constraint-check-tightened")


def _named(keys: list[Key]) -> dict[str, str]:
    return {key.name or text(key): f"{key.name}: {text(key)}" if key.name else text(key) for key in _of(keys, "check")}


def _enforcement(old: list[Key], new: list[Key]) -> Iterator[Found]:
    before = {(key.type, text(key)): key.enforced for key in old}
    for key in new:
        was = before.get((key.type, text(key)))
        if was is None or key.enforced is None or was == key.enforced:
            continue
        rule = "constraint-enforcement-added" if key.enforced else "constraint-enforcement-dropped"
        state = ("not enforced", "enforced") if key.enforced else ("enforced", "not enforced")
        shown = f"{_NAMES.get(key.type, key.type.capitalize())} {text(key)}"
        yield Found(
            rule, "keys", f"{key.type} {text(key)} {state[0]}", f"{key.type} {text(key)} {state[1]}", subject=shown
        )


def _grain(case: Case) -> Iterator[Found]:
    if "schedule" not in case.changed:
        return
    before = case.old.schedule.grain if case.old.schedule else None
    after = case.new.schedule.grain if case.new.schedule else None
    if before and after and before != after:
        yield Found("grain-changed", "schedule", before, after)
