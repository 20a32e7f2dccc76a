"""What `lumos migrate` and `lumos sync` print for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from ..texts import visible
from .output import console, table_of

if TYPE_CHECKING:
    from ..contracts.catalog import Operation
    from ..migration.result import MigrationResult
    from ..migration.sync_result import SyncResult

SHOWN = 50
"""Operations and conflicts that are shown; `--json` has all."""

_SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "remove": ("-", "red"), "restore": ("^", "cyan")}
_TONES = {
    "identical": "green",
    "kept in lumos": "blue",
    "not expressible": "yellow",
    "conflict": "magenta",
    "failed": "red",
}


def print_result(result: MigrationResult) -> None:
    """Print a migration, a dry run or a rollback."""
    source = result.source.label if result.source is not None and result.mode != "rollback" else ""
    click.secho(visible(f"{source} → {result.target.label}" if source else result.target.label), bold=True)
    if result.read:
        click.echo(f"  {result.read['source']:,} records read, {result.read['target']:,} were in the target before")
    if result.renamed:
        click.echo(f"  {result.renamed:,} have another name there, and every reference follows")
    click.echo(f"  {_counts(result.planned) or 'nothing to be done'}")
    if result.mode != "migrate":
        print_operations(result.operations)
    print_conflicts(result.conflicts)
    for old, new in islice(result.ambiguous, 10):
        click.secho(visible(f"  ? {old} may be {new}; both were left"), fg="magenta")
    total = sum(result.tally.records.values())
    if total:
        words = [f"{result.tally.records[word]:,} {word}" for word in _TONES if result.tally.records[word]]
        click.echo(f"  {'foreseen' if result.mode == 'dry-run' else 'proven'}: {', '.join(words)}")
        _losses(result)
    for path in result.reports:
        click.echo(f"  report {visible(path)}")
    if result.mode == "migrate":
        click.echo(f"  undo it with: lumos migrate --to {visible(result.target.file)} --rollback {result.id}")


def print_sync(result: SyncResult) -> None:
    """Print a sync."""
    for side in (result.left, result.right):
        click.secho(visible(side.place.label), bold=True)
        click.echo(f"  {_counts(side.planned) or 'nothing to be done'}")
        print_operations(side.operations)
    print_conflicts(result.conflicts)
    for urn in islice(result.own, 10):
        click.echo(visible(f"  = {urn} is only there, and is left alone"))
    if len(result.own) > 10:
        click.echo(f"  = {len(result.own) - 10:,} more are only there")
    for old, new in islice(result.ambiguous, 10):
        click.secho(visible(f"  ? {old} may be {new}; both were left"), fg="magenta")
    if result.one_sided:
        click.echo(f"  not compared, since one side cannot hold it: {', '.join(result.one_sided)}")


def print_operations(operations: Iterable[Operation]) -> None:
    """Print a plan: an operation a line, with its reasons where it changes what is there."""
    source = iter(operations)
    for operation in islice(source, SHOWN):
        sign, colour = _SIGNS[operation.action]
        click.secho(visible(f"  {sign} {operation.urn}"), fg=colour)
        if operation.action != "create":
            for key, why in operation.reasons:
                click.echo(visible(f"      {key}: {why}"))
    more = sum(1 for _ in source)
    if more:
        click.echo(f"  … and {more:,} more; --json has all")


def print_conflicts(conflicts: Iterable[Any]) -> None:
    """Print what is left to people."""
    source = iter(conflicts)
    for met in islice(source, SHOWN):
        click.secho(visible(f"  ! {met.urn} {met.key}: {met.reason}"), fg="magenta")
    more = sum(1 for _ in source)
    if more:
        click.secho(f"  ! {more:,} more conflicts; --json has all", fg="magenta")


def print_failures(result: Any) -> None:
    """Print what failed, on stderr."""
    source = iter(result.failures)
    for failure in islice(source, SHOWN):
        click.secho(visible(f"{failure.urn}: {failure.reason}"), fg="red", err=True)
    more = sum(1 for _ in source)
    if more:
        click.secho(f"{more:,} more failures; --json has all", fg="red", err=True)


def _losses(result: MigrationResult) -> None:
    from rich.text import Text

    losses = list(result.losses())
    if losses:
        rows = [
            (aspect, Text(word, style=_TONES.get(word, "")), why, f"{count:,}")
            for aspect, word, why, count in losses[:SHOWN]
        ]
        console().print(table_of("aspect", "verdict", "why", "records", rows=rows))


def _counts(counts: Mapping[str, int]) -> str:
    names = {"create": "to create", "update": "to change", "restore": "to restore", "remove": "to remove softly"}
    parts = [f"{count:,} {names.get(key, 'to leave alone')}" for key, count in counts.items() if count]
    return ", ".join(parts)
