"""`lumos watch`: look at what changed, when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..contracts.reporter import Notice, RunResult
    from ..watching.watched import Watched


@click.command()
@click.argument("pipeline", required=False, type=click.Path())
@click.option("--once", is_flag=True, help="Look at what waits and at what is polled, then end; for cron.")
@click.option("--select", metavar="SCOPE", help="Watch only a part: the beginning of names, a URN, or a glob.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON per look, event and notice.")
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def command(pipeline: str | None, once: bool, select: str | None, as_json: bool, quiet: bool) -> int:
    """Run PIPELINE whenever its sources change, until ^C.

    Each source is watched as its `watch:` says: by what it tells, by a full look every interval, or both. One full
    look at the start makes good what happened while nobody watched.

    Exit codes: 130 stopped, 2 could not begin or go on; with --once, as `lumos run`: 0, 1, 2 or 3.
    """
    from contextlib import closing, nullcontext

    from ..config.api import load_pipeline
    from ..loading.guarded import quiet_stdout
    from ..watching.api import watch
    from .running import interruptible, scope_of

    loaded = load_pipeline(pipeline)
    teller: Any = _Json() if as_json else _Quiet() if quiet else _People(once)
    silent = quiet_stdout() if as_json else nullcontext()
    lines = closing(teller) if as_json else nullcontext()
    with interruptible() as cancelled, lines, silent:
        return watch(loaded, once=once, within=scope_of(select, loaded), teller=teller, cancelled=cancelled)


class _Quiet:
    """Tells what failed."""

    def began(self, watched: list[Watched]) -> None:
        """Say nothing."""

    def looked(self, result: RunResult) -> None:
        """Say what failed."""
        from .running import print_failures

        print_failures(result)

    def said(self, notice: Notice) -> None:
        """Say it."""
        from ..texts import visible

        about = f"{notice.component}: " if notice.component else ""
        place = f"{notice.where}: " if notice.where else ""
        fix = f" ({notice.fix})" if notice.fix else ""
        click.secho(visible(f"{about}{place}{notice.message}{fix}"), fg="yellow", err=True)


class _People(_Quiet):
    """Tells what changed, a line per dataset."""

    def __init__(self, once: bool) -> None:
        self._first, self._once = True, once

    def began(self, watched: list[Watched]) -> None:
        """Say what is watched, and how."""
        from ..texts import visible

        for one in () if self._once else watched:
            how = ["its events"] if one.listens else []
            how += [f"a full look every {one.interval:g} s"] if one.interval is not None else []
            click.echo(visible(f"Watching {one.source}: {' and '.join(how)}"))

    def looked(self, result: RunResult) -> None:
        """Say what changed."""
        from ..model.urns import name
        from ..texts import visible
        from .reading import STYLES

        for event in result.events:
            colour = STYLES.get(event.severity, "").replace("bold ", "")
            click.echo(f"{event.at}  ", nl=False)
            if event.severity:
                click.secho(f"{event.severity:<13}  ", fg=colour if colour not in ("", "dim") else None, nl=False)
            click.echo(visible(f"{event.type:<14}  {name(event.urn)}: {event.summary}"))
        if self._first and not result.events:
            count = sum(result.counts.values())
            told = "first state" if result.first else "nothing changed" if not result.changed else "changed"
            click.echo(visible(f"{result.finished}  {told}: {count:,} records looked at"))
        if result.gate.enabled and not result.gate.passed:
            failing = f"{result.gate.failing} change{'' if result.gate.failing == 1 else 's'}"
            click.secho(
                f"{result.finished}  gate failed: {failing} of severity {result.gate.fail_on} or worse", fg="red"
            )
        self._first = False
        super().looked(result)


class _Json:
    """Tells everything, one line of JSON each, on a copy of stdout that no plugin prints to."""

    def __init__(self) -> None:
        import io
        import os
        import sys

        try:
            self._out: Any = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
            self.close: Any = self._out.close
        except (io.UnsupportedOperation, AttributeError, OSError):
            self._out, self.close = sys.stdout, sys.stdout.flush

    def began(self, watched: list[Watched]) -> None:
        """Say what is watched, and how."""
        for one in watched:
            self._print("watch", {"source": one.source, "mode": one.mode, "interval": one.interval})

    def looked(self, result: RunResult) -> None:
        """Say what was seen, then each event."""
        import msgspec

        told = {
            "run": result.run_id,
            "started": result.started,
            "finished": result.finished,
            "verdict": result.verdict,
            "exit_code": result.exit_code,
            "first": result.first,
            "changed": result.changed,
            "release": result.release,
            "counts": result.counts,
            "severities": result.severities,
            "events": len(result.events),
            "failures": msgspec.to_builtins(result.failures),
        }
        self._print("look", told)
        for event in result.events:
            self._print("event", msgspec.to_builtins(event))

    def said(self, notice: Notice) -> None:
        """Say it."""
        import msgspec

        self._print("notice", msgspec.to_builtins(notice))

    def _print(self, what: str, data: dict[str, Any]) -> None:
        import json

        self._out.write(json.dumps({"line": what, **data}) + "\n")
        self._out.flush()
