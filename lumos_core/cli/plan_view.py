"""A plan for people: grouped by action and kind, each key with what the catalog holds and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ..model.comparing import element_key, has_required
from ..model.entities import Entity, Field
from ..model.shapes import Shape, encoded_names, shapes
from ..texts import visible

if TYPE_CHECKING:
    from ..contracts.catalog import Operation
    from ..contracts.reporter import PublishResult, RunResult

SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "restore": ("^", "cyan"), "remove": ("-", "red")}
"""Action -> sign and colour, in the order in which they are shown."""

_COLOURS = {"+": "green", "-": "red", "~": "yellow"}
_SHORT, _WIDE = 6, 100

Line = tuple[str, str]
"""Sign (`+`, `-`, `~`) and text."""


def print_plan(result: RunResult, *, verbose: bool = False) -> None:
    """Print a plan.

    Args:
        result: Of a plan.
        verbose: Show every line of every key, what new records consist of, and volatile facts.
    """
    for published in result.published:
        _print_catalog(published, verbose=verbose)
    if result.gate.enabled and not result.gate.passed:
        word = "change" if result.gate.failing == 1 else "changes"
        click.secho(f"The gate would fail: {result.gate.failing} {word} ({result.gate.fail_on} or worse).", fg="red")
    if not result.published:
        click.echo("No catalog is configured, or the gate keeps it from being published.")


def _print_catalog(published: PublishResult, *, verbose: bool) -> None:
    counts = published.planned
    click.secho(visible(f"{published.catalog} {published.target}".rstrip()), bold=True)
    if published.blocked and not counts:
        click.secho("  ! nothing could be planned, and nothing is written; see below", fg="red")
        return
    parts = [f"{counts.get(action, 0)} to {action}" for action in ("create", "update", "remove", "restore")]
    number = published.facts
    facts = f", {number} fact{'' if number == 1 else 's'} to add" if number else ""
    click.echo(f"  {', '.join(parts)}, {counts.get('keep', 0)} to leave alone{facts}")
    if published.blocked:
        click.secho(visible(f"  ! nothing is written: {published.blocked}"), fg="red")
    for action, (sign, colour) in SIGNS.items():
        chosen = (one for one in published.operations if one.action == action and (verbose or one.kind != "stats"))
        for kind, operations in groupby(chosen, key=lambda one: one.kind):
            click.secho(f"  {action} {kind}", bold=True)
            for operation in operations:
                click.secho(visible(f"    {sign} {operation.urn}"), fg=colour)
                _print_keys(operation, verbose=verbose)
    if published.conflicts:
        click.secho("  left to people", bold=True)
    for urn, key, why in published.conflicts:
        click.secho(visible(f"    ! {' '.join(filter(None, (urn, key)))}: {why}"), fg="magenta")


def _print_keys(operation: Operation, *, verbose: bool) -> None:
    if operation.action == "create" and not verbose:
        return
    for key, why in operation.reasons:
        click.echo(visible(f"        {key + ': ' if key else ''}{why}"))
        lines = list(differences(operation, key))
        for sign, text in lines if verbose else lines[:_SHORT]:
            shown = text if verbose or len(text) <= _WIDE else text[: _WIDE - 1] + "…"
            click.secho(visible(f"          {sign} {shown}"), fg=_COLOURS[sign])
        if len(lines) > _SHORT and not verbose:
            click.secho(f"          … {len(lines) - _SHORT} more lines with --verbose", dim=True)


def differences(operation: Operation, key: str) -> Iterator[Line]:
    """Return what an operation does to one key: what goes (`-`), comes (`+`) and changes (`~`).

    Args:
        operation: With `held` filled in.
        key: One of its keys; empty for the whole of a record of kind `foreign` or `stats`.
    """
    if not key:
        yield from _sides(operation.held, operation.set)
        return
    value = operation.set if operation.set is not None else operation.held
    if not isinstance(value, Entity):
        return
    shape = dict(shapes(type(value)))[key]
    before = None if operation.held is None else getattr(operation.held, key)
    after = None if operation.set is None or key in operation.unset else getattr(operation.set, key)
    yield from _different(shape, before, after)


def _different(shape: Shape, before: Any, after: Any) -> Iterator[Line]:
    if before == after:
        return
    if (key := element_key(shape)) is not None:
        yield from _elements(shape.inner[0], key, before or [], after or [])
    elif shape.form == "struct" and shape.struct is not None:
        if before is None or after is None:
            if has_required(shape.struct):
                yield from _sides(before, after)
                return
            before, after = before or shape.struct(), after or shape.struct()
        names = encoded_names(shape.struct)
        for name, inner in shapes(shape.struct):
            for sign, text in _different(inner, getattr(before, name), getattr(after, name)):
                yield sign, f"{names[name]}: {text}"
    else:
        yield from _sides(before, after)


def _elements(shape: Shape, key: Callable[[Any], Any], before: list[Any], after: list[Any]) -> Iterator[Line]:
    old, new = ({key(one): one for one in side} for side in (before, after))
    for name in {**old, **new}:
        one, other = old.get(name), new.get(name)
        if one == other:
            continue
        if one is None or other is None or shape.struct is None:
            yield from _sides(one, other)
            continue
        for sign, text in _different(shape, one, other):
            yield sign, f"{' '.join(filter(None, name))}: {text}"
    if list(old) != list(new) and set(old) == set(new):
        yield "~", "in another order"


def _sides(before: Any, after: Any) -> Iterator[Line]:
    for sign, side in (("-", before), ("+", after)):
        if side not in (None, [], False):
            yield sign, _text(side)


def _text(value: Any) -> str:
    if isinstance(value, Field):
        return f"{value.path} {value.type}"
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return " = ".join(value) if isinstance(value, tuple) else ", ".join(value)
    if isinstance(value, msgspec.Struct):
        plain = msgspec.to_builtins(value)
        if len(plain) == 1 and isinstance(only := next(iter(plain.values())), str):
            return only
    return msgspec.json.encode(value).decode()
