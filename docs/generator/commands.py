"""The page of the command line."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module

import click

from lumos_core.cli import COMMANDS
from lumos_core.cli.plugin_commands import load_plugin_command, plugin_commands

from .words import MADE, table


def cli() -> str:
    """Return the page of the command line."""
    parts = [
        "# Command line\n",
        MADE,
        "Every command takes `-h`. Commands that print a table take `--json` too; what it prints is stable. Tables are "
        "plain text where there is no terminal or where [`NO_COLOR`](environment.md) is set. "
        "[Exit codes](exit-codes.md) have a page of their own.\n",
        table(("command", "does"), [(f"[`lumos {name}`](#lumos-{name})", text) for name, text in _table()]),
    ]
    for name, (module, _) in COMMANDS.items():
        parts += _command(f"lumos {name}", import_module(module).command)
    for name, command in _of_plugins().items():
        parts += _command(f"lumos {name}", command)
    return "\n".join(parts)


def _table() -> Iterator[tuple[str, str]]:
    yield from ((name, text) for name, (_, text) in COMMANDS.items())
    for name, command in _of_plugins().items():
        yield name, f"{command.get_short_help_str(100)} From `{plugin_commands()[name]}`."


def _of_plugins() -> dict[str, click.Command]:
    """The commands that this repository's plugins bring."""
    ours = [name for name, distribution in plugin_commands().items() if distribution.startswith("lumos-")]
    return {name: command for name in ours if (command := load_plugin_command(name)) is not None}


def _command(title: str, command: click.Command) -> Iterator[str]:
    yield f"## {title}\n"
    usage = [title, *(_argument(item) for item in command.params if isinstance(item, click.Argument))]
    if isinstance(command, click.Group):
        usage.append("COMMAND")
    yield f"`{' '.join(usage)}`\n"
    yield inspect.cleandoc(command.help or "").replace("\b\n", "") + "\n"
    options = [item for item in command.params if isinstance(item, click.Option)]
    rows = []
    for option in options:
        names = ", ".join(f"`{name}`" for name in option.opts)
        words = "" if option.is_flag else f" {_value(option)}"
        if option.multiple:
            words += " (may be repeated)"
        default = option.default if isinstance(option.default, (str, int, float)) and not option.is_flag else None
        rows.append((names + words, (option.help or "") + (f" Default: `{default}`." if default else "")))
    rows.append(("`-h`, `--help`", "Show the help and exit."))
    yield table(("option", "meaning"), rows)
    if isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            yield from _command(f"{title} {name}", inner)


def _argument(item: click.Argument) -> str:
    name = (item.metavar or (item.name or "").upper()).strip("[]") + ("..." if item.nargs == -1 else "")
    return name if item.required else f"[{name}]"


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return " or ".join(f"`{choice}`" for choice in option.type.choices)
    kinds = {"integer": "NUMBER", "integer range": "NUMBER", "text": "TEXT", "path": "PATH", "file": "FILE"}
    return option.metavar or kinds.get(option.type.name, option.type.name.upper())
