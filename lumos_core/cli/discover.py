"""`lumos discover`."""

from __future__ import annotations

import click

from .output import emit, json_option


@click.command("discover")
@click.argument("target")
@click.option("--out", type=click.Path(), help="The file to write; default lumos.yaml.")
@json_option
@click.pass_context
def command(ctx: click.Context, target: str, out: str | None, as_json: bool) -> None:
    """Write a commented pipeline for a database or a folder.

    TARGET is a connection string, such as postgresql://reader@db.example.org/shop, or a folder. Every installed
    source is asked what it would read there. A password is not written: a variable stands in its place. An existing
    file is never replaced.
    """
    from ..config.suggest import discover

    path = discover(target, out)
    emit(ctx, {"path": path}, f"Wrote {path}. Look at it, then: lumos run {path}")
