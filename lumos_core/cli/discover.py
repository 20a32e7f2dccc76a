"""`lumos discover`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .output import emit, json_option

if TYPE_CHECKING:
    from ..contracts.source import Explained


@click.command("discover")
@click.argument("target")
@click.option("--out", type=click.Path(), help="The file to write; default lumos.yaml.")
@click.option("--explain", is_flag=True, help="Write nothing; say what is found at TARGET, how sure that is and why.")
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False),
    help="With --explain: the folder that is read, where TARGET lies inside it.",
)
@click.option("--all", "everything", is_flag=True, help="With --explain: every dataset, however many there are.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    out: str | None,
    explain: bool,
    root: str | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Write a commented pipeline for a database or a folder.

    TARGET is a connection string, such as postgresql://reader@db.example.org/shop, a place in a lake, such as
    s3://bucket/prefix, or a folder. Every installed source is asked what it would read there. For a lake, the tables
    that were found are written beside it as a discovery.yaml, to be reviewed. A password is not written: a variable
    stands in its place. An existing file is never replaced.

    Exit codes: 0 also where nothing was found, which is said with what to try; 2 what TARGET means cannot be read.
    """
    if explain:
        _explain(ctx, target, root, everything)
        return
    if root is not None or everything:
        raise click.UsageError("--root and --all go with --explain")
    from ..config.suggest import discovered

    done = discovered(target, out)
    path, *beside = done.files
    then = f"Look at it, then: lumos run {path}" if done.runs else "Name a source in it before it is run."
    lines = [*done.hints, f"Wrote {path}. {then}"]
    lines += [f"Wrote {name}: which files are one dataset, how sure that is and why. Review it." for name in beside]
    emit(ctx, {"path": path, "files": beside, "hints": done.hints}, "\n".join(lines))


def _explain(ctx: click.Context, target: str, root: str | None, everything: bool) -> None:
    from ..config.suggest import explain
    from .explained import shown

    found: list[Explained] = explain(target, root)
    emit(ctx, found, lambda: shown(found, target, everything))
