"""`lumos migrate`: everything of one catalog into another, planned, resumable, proven, and undone when it must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..migration.result import MigrationResult

_FILE = click.Path(exists=True, dir_okay=False)
LAST = ""
"""`--resume` and `--rollback` without an id."""


@click.command()
@click.option("--from", "source", type=_FILE, metavar="A.yaml", help="A pipeline file with the catalog to read.")
@click.option("--to", "target", type=_FILE, metavar="B.yaml", help="A pipeline file with the catalog to write.")
@click.option("--from-catalog", metavar="NAME", help="Which catalog of the first file, when it has several.")
@click.option("--to-catalog", metavar="NAME", help="Which catalog of the second file.")
@click.option(
    "--on-conflict",
    type=click.Choice(["merge", "source", "target", "stop"]),
    default="merge",
    show_default=True,
    help="Who wins where both say something else; `merge` leaves it to people, `stop` then writes nothing.",
)
@click.option("--select", metavar="SCOPE", help="Only a part: the beginning of names, a URN, or a glob.")
@click.option(
    "--map", "maps", multiple=True, metavar="WHAT=OLD=NEW", help="Rename: `platform=a=b`, `env=A=B` or `name=a.=b.`."
)
@click.option("--dry-run", is_flag=True, help="Show the plan and every loss that is foreseen; write nothing.")
@click.option("--resume", is_flag=False, flag_value=LAST, metavar="[ID]", help="Go on with the last one, or this one.")
@click.option("--rollback", is_flag=False, flag_value=LAST, metavar="[ID]", help="Undo the last one, or this one.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the report.")
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def command(
    source: str | None,
    target: str | None,
    from_catalog: str | None,
    to_catalog: str | None,
    on_conflict: Any,
    select: str | None,
    maps: Sequence[str],
    dry_run: bool,
    resume: str | None,
    rollback: str | None,
    as_json: bool,
    schema: bool,
    quiet: bool,
) -> int:
    """Move everything that one catalog holds into another, and prove record by record what arrived.

    Nothing is removed from the target, and nothing that only the target says is changed. Both files are pipeline
    files; their sources, if they have any, are not looked at.

    Exit codes: 0 done, 2 could not begin, 3 incomplete: something was not written. After ^C, go on with --resume.
    """
    from contextlib import nullcontext

    from ..errors import UsageError
    from ..loading.guarded import quiet_stdout
    from ..migration.migrating import migrate
    from ..migration.rolling_back import roll_back
    from .running import interruptible, progress_bars

    if schema:
        from ..migration.report import report_schema
        from .output import write_json

        write_json(report_schema())
        return 0
    if target is None or (source is None and rollback is None):
        raise UsageError("both ends must be named", fix="lumos migrate --from A.yaml --to B.yaml")
    if rollback is not None and (dry_run or resume is not None or maps or select):
        raise UsageError("--rollback takes no other option than --to and --to-catalog", fix="leave the others out")
    silent = quiet_stdout() if as_json else nullcontext()
    with interruptible() as cancelled, progress_bars(quiet=quiet or as_json) as progress, silent:
        if rollback is not None:
            result = roll_back(target, rollback, to_catalog=to_catalog, progress=progress, cancelled=cancelled)
        else:
            assert source is not None
            result = migrate(
                source,
                target,
                from_catalog=from_catalog,
                to_catalog=to_catalog,
                on_conflict=on_conflict,
                select=select,
                **_renames(maps),
                dry_run=dry_run,
                resume=resume if resume else resume is not None,
                progress=progress,
                cancelled=cancelled,
            )
    _show(result, as_json=as_json, quiet=quiet)
    return result.exit_code


def _renames(maps: Sequence[str]) -> dict[str, dict[str, str]]:
    from ..errors import UsageError

    kinds = {"platform": "platforms", "env": "environments", "name": "names"}
    found: dict[str, dict[str, str]] = {kind: {} for kind in kinds.values()}
    for text in maps:
        what, first, rest = text.partition("=")
        # A URN may hold no `=` that matters: the last one parts old from new.
        old, second, new = rest.partition("=") if what != "name" else rest.rpartition("=")
        if what not in kinds or not (first and second and old and new):
            raise UsageError(
                f"{text!r} says nothing to rename", fix="write platform=OLD=NEW, env=OLD=NEW or name=OLD=NEW"
            )
        found[kinds[what]][old] = new
    return found


def _show(result: MigrationResult, *, as_json: bool, quiet: bool) -> None:
    from .migration_text import print_failures, print_result

    if as_json:
        from ..migration.report import report_parts

        for part in report_parts(result):
            click.echo(part, nl=False)
        return
    if not quiet:
        print_result(result)
    print_failures(result)
