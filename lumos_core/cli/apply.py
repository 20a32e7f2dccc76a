"""`lumos apply`: carry out a plan that `lumos plan --out` saved."""

from __future__ import annotations

import click


@click.command()
@click.argument("plan", type=click.Path(dir_okay=False))
@click.argument("pipeline", required=False, type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def command(plan: str, pipeline: str | None, as_json: bool, quiet: bool) -> int:
    """Write exactly what the saved PLAN says, or nothing.

    PIPELINE is the one that made it; by default that of LUMOS_CONFIG, else lumos.yaml. Nothing is read from the
    sources. A plan is refused when the store or a catalog has moved since, when it was made by another pipeline or for
    another catalog, when the guard refused it, and when the file is not as it was written.

    Exit codes: 0 written, 2 refused or could not begin, 3 incomplete.
    """
    from .running import apply_plan

    return apply_plan(plan, pipeline, as_json=as_json, quiet=quiet)
