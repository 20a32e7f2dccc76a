"""The last line: every exception becomes a message on stderr and a documented exit code."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import click

from ..errors import LumosError

INTERNAL = 4
INTERRUPTED = 130


def guarded(run: Callable[[], Any]) -> NoReturn:
    """Run the command line, then exit.

    Args:
        run: The group's `main` outside of click's standalone mode.

    Raises:
        SystemExit: Always, with a code of the table in the reference.
    """
    try:
        value = run()
        sys.stdout.flush()
        code = value if isinstance(value, int) else 0
    except click.exceptions.Exit as error:
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("\nlumos: interrupted", file=sys.stderr)
        code = INTERRUPTED
    except click.ClickException as error:
        code = _usage(error)
    except LumosError as error:
        code = error.exit_code
        report(error)
    except BrokenPipeError:
        code = _reader_gone()
    except Exception as error:
        code = _internal(error)
    sys.exit(code)


def wants_json() -> bool:
    """Tell whether the invoked command was asked for JSON, so that errors are JSON too."""
    context = click.get_current_context(silent=True)
    if context is not None and "as_json" in context.params:
        return bool(context.params["as_json"])
    return "--json" in sys.argv[1:]


def report(error: LumosError) -> None:
    """Write an error to stderr: JSON when the command was asked for JSON, colours only on a terminal."""
    if wants_json():
        print(json.dumps(as_json(error), ensure_ascii=False), file=sys.stderr)
        return
    problems = getattr(error, "problems", ())
    _message(error, "Error: ")
    for problem in problems:
        _message(problem, "  ")


def as_json(error: LumosError) -> dict[str, Any]:
    """Return an error as plain data; `problems` holds one per place."""
    data: dict[str, Any] = {**error.as_dict(), "exit_code": error.exit_code}
    problems = getattr(error, "problems", ())
    if problems:
        data["problems"] = [problem.as_dict() for problem in problems]
    return data


def _message(error: LumosError, lead: str) -> None:
    place = f"{error.where}: " if error.where else ""
    text = click.style(lead, fg="red", bold=True) + click.style(place, bold=True) + error.what
    if error.why:
        text += f": {error.why}"
    click.echo(text, err=True, color=_colour())
    if error.fix:
        indent = " " * len(lead)
        click.echo(f"{indent}{click.style('Fix:', fg='cyan')} {error.fix}", err=True, color=_colour())


def _colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None


def _usage(error: click.ClickException) -> int:
    if wants_json():
        data = {"error": "UsageError", "what": error.format_message(), "exit_code": 2}
        print(json.dumps(data, ensure_ascii=False), file=sys.stderr)
    else:
        error.show()
    return 2


def _reader_gone() -> int:
    """The reader of a pipe (`| head`) has gone: not an error; nothing more is written, not even at exit."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    return 128 + getattr(signal, "SIGPIPE", 13)


def _internal(error: Exception) -> int:
    if wants_json():
        data = {"error": "InternalError", "what": f"{type(error).__name__}", "exit_code": INTERNAL}
        print(json.dumps(data), file=sys.stderr)
    elif os.environ.get("LUMOS_DEBUG") == "1":
        traceback.print_exc()
    else:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(frame.filename)}:{frame.lineno}"
        click.echo(
            f"Internal error: {type(error).__name__} at {place}. This is a defect of Lumos or of a plugin.\n"
            "Fix: set LUMOS_DEBUG=1 to see the traceback, and report it",
            err=True,
        )
    return INTERNAL
