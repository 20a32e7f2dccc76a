"""`lumos init`."""

from __future__ import annotations

import click

from .output import emit, json_option


@click.command("init")
@click.argument("folder", default=".", type=click.Path())
@json_option
@click.pass_context
def command(ctx: click.Context, folder: str, as_json: bool) -> None:
    """Write a commented pipeline for a folder.

    Every installed source is asked what it would read there. An existing lumos.yaml is never replaced.
    """
    from ..config.api import init

    path = init(folder)
    emit(ctx, {"path": path}, f"Wrote {path}. Look at it, then: lumos run {path}")
