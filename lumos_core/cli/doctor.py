"""`lumos doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .output import checklist, emit, json_option

if TYPE_CHECKING:
    from rich.console import Group

    from ..diagnosis.finding import Finding


@click.command("doctor")
@click.option(
    "--pipeline",
    "-p",
    type=click.Path(),
    metavar="FILE",
    help="Also look at what this pipeline needs; LUMOS_CONFIG or ./lumos.yaml by default.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=10.0,
    metavar="SECONDS",
    help="How long sources, catalogs and the store may take to answer, all at the same time.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, pipeline: str | None, timeout: float, as_json: bool) -> int:
    """Look at everything a run needs, and say what to do.

    The environment, the plugins, the pipeline and its variables, the store, and whether sources and catalogs can be
    reached and used. Nothing is written.

    Exit codes: 0 nothing would keep a run from succeeding (there may be warnings), 2 something would.
    """
    from ..diagnosis.api import doctor

    found = doctor(pipeline, timeout=timeout)
    emit(ctx, [finding._asdict() for finding in found], lambda: _page(found))
    return 2 if any(finding.status == "fail" for finding in found) else 0


def _page(found: list[Finding]) -> Group:
    rows = [
        (item.status, item.area, item.about, f"{item.what}: {item.why}" if item.why else item.what, item.fix)
        for item in found
    ]
    bad, odd = (sum(finding.status == status for finding in found) for status in ("fail", "warn"))
    counts = [_count(bad, "problem"), _count(odd, "warning")]
    return checklist(rows, ", ".join(filter(None, counts)) or "nothing is wrong")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""
