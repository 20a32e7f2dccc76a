"""`lumos plugin check`."""

from __future__ import annotations

import click

from .output import emit, json_option


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
    from rich.text import Text

    from ..loading.check import check_plugin

    verdicts = check_plugin(distribution)
    failed = [verdict for verdict in verdicts if verdict.status == "failed"]

    def lines() -> Text:
        page = Text()
        for verdict in verdicts:
            mark, style = ("✓", "green") if verdict.status == "ok" else ("✗", "red")
            page.append(mark, style=style).append(f" {verdict.check}  {verdict.subject}: {verdict.message}\n")
            if verdict.fix:
                page.append(f"    {verdict.fix}\n")
        told = f"{len(failed)} of {len(verdicts)} checks failed" if failed else f"all {len(verdicts)} checks passed"
        return page.append(f"{distribution}: {told}", style="bold")

    emit(ctx, [verdict._asdict() for verdict in verdicts], lines)
    if failed:
        ctx.exit(1)
