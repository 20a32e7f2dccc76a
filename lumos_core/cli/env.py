"""`lumos env`: environments of their own for sources and catalogs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ..texts import size
from .output import console, emit, json_option, pipeline_argument, table_of

if TYPE_CHECKING:
    from rich.table import Table


@click.group("env")
def command() -> None:
    """Build, list, check and remove environments of their own, for sources and catalogs.

    A source or a catalog that says `environment: NAME` runs in the environment of that name, which is declared under
    `environments:` or in the lock beside the pipeline.
    """


def _words(words: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """Tell the pipeline, which comes first, from names: it is a file, or a folder that holds one, or looks like it."""
    from pathlib import Path

    from ..config.pipeline import FILE

    if words:
        first = Path(words[0])
        if len(first.parts) != 1 or first.suffix in {".yaml", ".yml"} or first.is_file() or (first / FILE).is_file():
            return words[0], tuple(words[1:])
    return None, tuple(words)


def _names(function: Any) -> Any:
    return click.argument("words", nargs=-1, metavar="[PIPELINE] [NAME]")(function)


@command.command("sync")
@_names
@click.option("--upgrade", is_flag=True, help="Choose every version anew, also where the lock holds.")
@click.option("--offline", is_flag=True, help="Use no package index, only wheels that are at hand.")
@click.option("--tool", type=click.Choice(["uv", "pip"]), help="What resolves and installs; uv where it is at hand.")
@json_option
@click.pass_context
def sync(ctx: click.Context, words: tuple[str, ...], upgrade: bool, offline: bool, tool: Any, as_json: bool) -> None:
    """Lock and build environments; does nothing where nothing changed.

    PIPELINE is a file or a folder that holds lumos.yaml; LUMOS_CONFIG, else ./lumos.yaml, by default. Without NAME,
    all of its environments. What cannot be built leaves the environment that was ready as it is.
    """
    from ..environments.api import env_sync

    pipeline, names = _words(words)
    with _told(quiet=as_json) as tell:
        done = env_sync(pipeline, names, upgrade=upgrade, offline=offline, tool=tool, progress=tell)

    def table() -> Table | str:
        if not done:
            return "The pipeline declares no environments."
        rows = []
        for one in done:
            notes = [one.reason, *(["lock written"] if one.locked else []), _changes(one.changes)]
            rows.append(
                (one.name, one.action, one.packages, one.python, one.lumos_core, "; ".join(filter(None, notes)))
            )
        return table_of("environment", "done", "packages", "python", "lumos-core", "why", rows=rows)

    emit(ctx, done, table)


def _changes(changes: list[str]) -> str:
    if changes and all(change.startswith("+ ") for change in changes):
        return f"{len(changes)} packages added"
    if len(changes) > 8:
        return f"{len(changes)} versions changed"
    return ", ".join(changes)


@contextmanager
def _told(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Say on stderr what is done now, on a terminal as a line that moves."""
    out = console(stderr=True)
    if quiet:
        yield lambda text: None
    elif out.is_terminal:
        with out.status("looking at the environments") as status:
            yield status.update
    else:
        yield lambda text: out.print(text, soft_wrap=True, markup=False)


@command.command("list")
@pipeline_argument
@json_option
@click.pass_context
def list_(ctx: click.Context, pipeline: str | None, as_json: bool) -> None:
    """List the environments of a pipeline, what state they are in, and who uses them.

    ready, stale (a sync would build it anew), not built, unfinished (a sync was interrupted), existing (somebody else
    builds it) or missing (and has not).
    """
    from ..environments.api import env_list

    found = env_list(pipeline)

    def table() -> Table | str:
        if not found:
            return "The pipeline declares no environments."
        rows = []
        for one in found:
            state = one.state + (f": {one.reason}" if one.reason else "")
            told = size(one.bytes) if one.bytes else ""
            where = one.declared + ("" if one.locked or one.declared != "pipeline" else ", not locked")
            rows.append((one.name, where, state, one.python, one.packages or "", told, ", ".join(one.used_by)))
        return table_of("environment", "declared in", "state", "python", "packages", "size", "used by", rows=rows)

    emit(ctx, found, table)


@command.command("check")
@_names
@json_option
@click.pass_context
def check(ctx: click.Context, words: tuple[str, ...], as_json: bool) -> int:
    """Look into environments: is there what was locked, unaltered, and can components run there?

    Ends with 2 when something is wrong.
    """
    from ..environments.api import env_check

    pipeline, names = _words(words)
    found = env_check(pipeline, names)

    def table() -> Table | str:
        if not found:
            return "The pipeline declares no environments."
        rows = []
        for one in found:
            told = one.problems or [f"{plugin.distribution} {plugin.version}" for plugin in one.plugins]
            fix = [f"Fix: {one.fix}"] if one.fix else []
            lines = "\n".join([*told, *fix])
            rows.append((one.name, "ok" if one.ok else "wrong", one.packages or "", one.python, one.lumos_core, lines))
        return table_of(
            "environment", "state", "packages", "python", "lumos-core", "plugins, or what is wrong", rows=rows
        )

    emit(ctx, found, table)
    return 0 if all(one.ok for one in found) else 2


@command.command("remove")
@click.argument("name")
@click.option("--pipeline", "-p", type=click.Path(), metavar="FILE", help="Of which pipeline; lumos.yaml by default.")
@click.option("--forget", is_flag=True, help="Take it out of the lock, too.")
@json_option
@click.pass_context
def remove(ctx: click.Context, name: str, pipeline: str | None, forget: bool, as_json: bool) -> None:
    """Remove a built environment; never one that somebody else builds, and not while a run is at work."""
    from ..environments.api import env_remove

    was = env_remove(name, pipeline, forget=forget)
    emit(ctx, was, f"Removed the environment '{name}' ({size(was.bytes)}).")
