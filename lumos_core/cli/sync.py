"""`lumos sync`: two catalogs kept in step."""

from __future__ import annotations

import click

_FILE = click.Path(exists=True, dir_okay=False)


@click.command()
@click.argument("left", type=_FILE, metavar="A.yaml", required=False)
@click.argument("right", type=_FILE, metavar="B.yaml", required=False)
@click.option("--left-catalog", metavar="NAME", help="Which catalog of the first file, when it has several.")
@click.option("--right-catalog", metavar="NAME", help="Which catalog of the second file.")
@click.option("--mirror", is_flag=True, help="One way: B becomes like A; what only B has is left alone and told.")
@click.option("--prune", is_flag=True, help="With --mirror: soft-delete that too, as far as the guard allows.")
@click.option("--select", metavar="SCOPE", help="Only a part: the beginning of names, a URN, or a glob.")
@click.option("--dry-run", is_flag=True, help="Show what would be done on each side; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the result.")
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def command(
    left: str | None,
    right: str | None,
    left_catalog: str | None,
    right_catalog: str | None,
    mirror: bool,
    prune: bool,
    select: str | None,
    dry_run: bool,
    as_json: bool,
    schema: bool,
    quiet: bool,
) -> int:
    """Carry what changed in each of two catalogs into the other, and leave to people what contradicts.

    Both files are pipeline files; their sources, if they have any, are not looked at. What each side said after the
    last sync is remembered in the state folder of B.

    Exit codes: 0 done, 2 could not begin, 3 incomplete: something was not written, or the guard stopped it.
    """
    from contextlib import nullcontext

    from ..errors import UsageError
    from ..loading.guarded import quiet_stdout
    from ..migration.sync_report import sync_data, sync_schema
    from ..migration.syncing import sync
    from .migration_text import print_failures, print_sync
    from .output import write_json
    from .running import interruptible, progress_bars

    if schema:
        write_json(sync_schema())
        return 0
    if left is None or right is None:
        raise UsageError("both catalogs must be named", fix="lumos sync A.yaml B.yaml")
    silent = quiet_stdout() if as_json else nullcontext()
    with interruptible() as cancelled, progress_bars(quiet=quiet or as_json) as progress, silent:
        result = sync(
            left,
            right,
            left_catalog=left_catalog,
            right_catalog=right_catalog,
            mirror=mirror,
            prune=prune,
            select=select,
            dry_run=dry_run,
            progress=progress,
            cancelled=cancelled,
        )
    if as_json:
        write_json(sync_data(result))
        return result.exit_code
    if not quiet:
        print_sync(result)
    if result.blocked:
        click.secho(f"Nothing was written: {result.blocked}", fg="red", err=True)
    print_failures(result)
    return result.exit_code
