"""`lumos plan`: what a run would change in the catalogs, and why."""

from __future__ import annotations

import click


@click.command()
@click.argument("pipeline", required=False, type=click.Path())
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="Save the plan, for `lumos apply FILE`.")
@click.option("--full", is_flag=True, help="Reread what is unchanged, and look at every record of the catalogs.")
@click.option("--select", metavar="SCOPE", help="Read only a part: the beginning of names, a URN, or a glob.")
@click.option("--verbose", "-v", is_flag=True, help="Show all of every key, and what new records consist of.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(pipeline: str | None, out: str | None, full: bool, select: str | None, verbose: bool, as_json: bool) -> int:
    """Show what a run of PIPELINE would create, change, remove softly and leave alone; write nothing.

    Exit codes: 0 planned, 1 the gate would fail, 2 could not begin, 3 incomplete.
    """
    from .running import run_pipeline

    return run_pipeline(
        pipeline,
        dry_run=True,
        full=full,
        select=select,
        as_json=as_json,
        quiet=False,
        mode="plan",
        out=out,
        verbose=verbose,
    )
