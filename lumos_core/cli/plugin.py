"""`lumos plugin`: for people who write plugins."""

from __future__ import annotations

import click

from .output import emit, json_option
from .plugin_check import command as check


@click.group("plugin")
def command() -> None:
    """Make a plugin of your own, and check one."""


command.add_command(check, "check")


@command.command("new")
@click.argument("kind")
@click.argument("name")
@click.option("--dir", "folder", type=click.Path(), default=".", help="Where the package's own folder is made.")
@json_option
@click.pass_context
def new(ctx: click.Context, kind: str, name: str, folder: str, as_json: bool) -> None:
    """Make a package with a component that works, for you to replace.

    KIND is source, format, enricher, differ, catalog, store, cost-model, reporter or executor. NAME is the name that
    pipelines will use. The package passes its tests, and those of the conformance kit, from the start.
    """
    from ..loading.new_plugin import new_plugin

    made = new_plugin(kind, name, folder)
    place = f'"{made.path}"' if " " in made.path else made.path
    steps = [f"cd {place}", 'pip install -e ".[dev]"', "pytest"]
    text = "\n".join(
        [
            f"Made {made.path}: {len(made.files)} files. Next:",
            "",
            *(f"    {step}" for step in steps),
            "",
            f"then replace what {made.package} does by what yours shall do; CONTRIBUTING.md says where.",
            "The YAML that uses it is in README.md.",
        ]
    )
    emit(ctx, {**made._asdict(), "next": steps}, text)
