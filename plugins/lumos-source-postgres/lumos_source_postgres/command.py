"""`lumos postgres`: what has to be set up in a database."""

from __future__ import annotations

import click


@click.group("postgres")
def command() -> None:
    """Set up what Lumos can use of PostgreSQL."""


@command.command("setup")
@click.option("--apply", is_flag=True, help="Run it, instead of printing it.")
@click.option("--remove", is_flag=True, help="The statements that take it away again.")
@click.option(
    "--dsn",
    envvar="LUMOS_POSTGRES_DSN",
    help="Connection of a superuser, for --apply; better in the variable LUMOS_POSTGRES_DSN than on the command line.",
)
def setup(apply: bool, remove: bool, dsn: str | None) -> None:
    """Print the event triggers that let `events: true` hear of changes, or make them with --apply.

    They send the names of the schemas in which something was changed to the channel lumos_ddl, and do nothing else.
    """
    from .setup import apply as run
    from .setup import statements

    text = statements(remove=remove)
    if not apply:
        click.echo(text, nl=False)
        return
    if not dsn:
        raise click.UsageError("--apply needs a connection: set LUMOS_POSTGRES_DSN, or give --dsn")
    database = run(dsn, text)
    click.echo(f"{'Removed from' if remove else 'Set up in'} the database {database}.")
