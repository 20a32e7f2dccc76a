"""`lumos plugin check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .output import checklist, emit, json_option

if TYPE_CHECKING:
    from rich.console import Group


@click.command("check")
@click.argument("distribution")
@json_option
@click.pass_context
def command(ctx: click.Context, distribution: str, as_json: bool) -> None:
    """Check an installed plugin without running it.

    DISTRIBUTION is its name as pip knows it, such as lumos-source-csv. Looks at its metadata, at what importing its
    manifest costs, and at the options, texts, methods and claims of its components; says how to mend what is wrong.
    Exit code 1 when something is.
    """
    from ..loading.check import check_plugin

    verdicts = check_plugin(distribution)
    failed = sum(verdict.status == "failed" for verdict in verdicts)
    told = f"{failed} of {len(verdicts)} checks failed" if failed else f"all {len(verdicts)} checks passed"

    def page() -> Group:
        rows = [
            ("ok" if item.status == "ok" else "fail", item.check, item.subject, item.message, item.fix)
            for item in verdicts
        ]
        return checklist(rows, f"{distribution}: {told}")

    emit(ctx, [verdict._asdict() for verdict in verdicts], page)
    if failed:
        ctx.exit(1)
