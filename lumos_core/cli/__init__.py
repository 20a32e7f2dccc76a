"""The command line: a thin door to functions that Python users can call too.

Nothing but click is imported until a command is invoked, so that `lumos --help` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import click

from .. import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("lumos_core.cli.run", "Run a pipeline: read, compare, version, publish, report."),
    "watch": ("lumos_core.cli.watch", "Run a pipeline whenever its sources change."),
    "plan": ("lumos_core.cli.plan", "Show what a run would change in the catalogs, and write nothing."),
    "apply": ("lumos_core.cli.apply", "Write exactly what a saved plan says, or nothing."),
    "validate": ("lumos_core.cli.validate", "Check a pipeline file without reading any data."),
    "migrate": ("lumos_core.cli.migrate", "Move everything of one catalog into another, with proof."),
    "sync": ("lumos_core.cli.sync", "Keep two catalogs in step."),
    "init": ("lumos_core.cli.init", "Write a commented pipeline for a folder."),
    "discover": ("lumos_core.cli.discover", "Write a commented pipeline for a database or a folder."),
    "diff": ("lumos_core.cli.diff", "Compare two snapshots, runs, dates or versions."),
    "log": ("lumos_core.cli.log", "Show the history of everything, or of one dataset."),
    "list": ("lumos_core.cli.list", "List what the store knows."),
    "show": ("lumos_core.cli.show", "Show one record with its fields and owners."),
    "lineage": ("lumos_core.cli.lineage", "Show what a dataset is made from, and what is made from it."),
    "stats": ("lumos_core.cli.stats", "Count what the store knows."),
    "search": ("lumos_core.cli.search", "Search the catalog."),
    "snapshot": ("lumos_core.cli.snapshot", "Export, import, check, convert and merge snapshot files."),
    "rules": ("lumos_core.cli.rules", "List the rules by which changes are judged."),
    "plugins": ("lumos_core.cli.plugins", "List installed plugins and their health."),
    "plugin": ("lumos_core.cli.plugin", "Make a plugin of your own, and check one."),
    "doctor": ("lumos_core.cli.doctor", "Look at everything a run needs, and say what to do."),
    "describe": ("lumos_core.cli.describe", "Show the options and abilities of one component."),
    "env": ("lumos_core.cli.env", "Build and check environments of their own for sources and catalogs."),
    "schema": ("lumos_core.cli.schema", "Print the JSON Schema of the pipeline file."),
}
"""Name -> (module that holds `command`, short help). Static, so that help needs no import."""

PLUGIN_COMMANDS = "lumos.commands"
"""Entry-point group of commands that plugins bring: name = command."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are invoked."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of a newcomer's day, plugins' commands last."""
        return [*COMMANDS, *(name for name in _plugin_commands() if name not in COMMANDS)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command."""
        if name in COMMANDS:
            return _command(import_module(COMMANDS[name][0]).command, name)
        return _load_plugin_command(name)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line; in standalone mode, exit with a documented code, whatever happens."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        from .guard import guarded

        # Not `list(...)`: once `lumos list` is imported, that name is its module.
        given = [*(sys.argv[1:] if args is None else args)]
        run = partial(super().main, given, prog_name, complete_var, standalone_mode=False, **extra)
        return guarded(run, as_json="--json" in given)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse arguments; help is printed here already."""
        context: click.Context = _unbroken(
            lambda: super(LazyGroup, self).make_context(info_name, args, parent, **extra)
        )
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke the command."""
        return _unbroken(lambda: super(LazyGroup, self).invoke(ctx))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one gets a did-you-mean."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None:
            import difflib

            close = difflib.get_close_matches(name, self.list_commands(ctx), n=3, cutoff=0.6)
            hint = f" Did you mean {_any_of(close)}?" if close else " Run `lumos --help` for the list."
            raise click.UsageError(f"there is no command '{name}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        extra = [
            (name, f"from {distribution}") for name, distribution in _plugin_commands().items() if name not in COMMANDS
        ]
        if extra:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(extra)


def _unbroken(call: Callable[[], Any]) -> Any:
    """Keep a broken pipe away from click, which would end with the code of a failed gate."""
    try:
        return call()
    except BrokenPipeError as error:
        from .guard import BrokenPipe

        raise BrokenPipe from error


def _any_of(names: Sequence[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)


def _command(value: Any, name: str) -> click.Command:
    if not isinstance(value, click.Command):
        raise TypeError(f"the command {name!r} is {type(value).__name__}, not a click.Command")
    return value


def _plugin_commands() -> dict[str, str]:
    """Name -> distribution of every command that a plugin brings, by reading metadata only."""
    from .plugin_commands import plugin_commands

    return plugin_commands()


def _load_plugin_command(name: str) -> click.Command | None:
    from .plugin_commands import load_plugin_command

    return load_plugin_command(name)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 gate failed, 2 cannot begin, 3 incomplete, 4 internal error.",
)
@click.version_option(__version__, prog_name="lumos", message="%(prog)s %(version)s")
def main() -> None:
    """Keep metadata catalogs true without typing into them.

    Reads metadata where it really lives, says what changed and what it breaks, and carries it into any
    catalog.
    """
