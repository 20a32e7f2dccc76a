"""`lumos run`: read, compare, remember, judge, publish, report."""

from __future__ import annotations

import click


@click.command()
@click.argument("pipeline", required=False, type=click.Path())
@click.option("--dry-run", is_flag=True, help="Do everything but remember and publish.")
@click.option("--full", is_flag=True, help="Reread what is unchanged, and look at every record of the catalogs.")
@click.option("--select", metavar="SCOPE", help="Read only a part: the beginning of names, a URN, or a glob.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def command(pipeline: str | None, dry_run: bool, full: bool, select: str | None, as_json: bool, quiet: bool) -> int:
    """Run PIPELINE: read, compare, version, publish, report.

    PIPELINE is a YAML file; by default that of LUMOS_CONFIG, else lumos.yaml.

    Exit codes: 0 done and gate passed, 1 gate failed, 2 could not begin, 3 incomplete.
    """
    from .running import run_pipeline

    return run_pipeline(pipeline, dry_run=dry_run, full=full, select=select, as_json=as_json, quiet=quiet, mode="run")
