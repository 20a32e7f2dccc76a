"""The last line: every exception becomes a message on stderr and a documented exit code."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from ..errors import LumosError

INTERNAL = 4
INTERRUPTED = 130


def guarded(run: Callable[[], Any], *, as_json: bool) -> NoReturn:
    """Run the command line, then exit.

    Args:
        run: The group's `main` outside of click's standalone mode.
        as_json: The command was asked for JSON, so errors are JSON too.

    Raises:
        SystemExit: Always, with a code of the table in the reference.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # File names may hold bytes that no encoding knows; a listing must not end at them.
        reconfigure(errors="backslashreplace")
    try:
        value = run()
        sys.stdout.flush()
        code = value if type(value) is int else 0
    except SystemExit as error:
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        code = _reader_gone()  # click ends with 1 here, which would mean a failed gate
    except (click.Abort, KeyboardInterrupt):
        print("lumos: interrupted", file=sys.stderr)
        code = INTERRUPTED
    except click.ClickException as error:
        code = _usage(error, as_json)
    except LumosError as error:
        code = error.exit_code
        report(error, as_json=as_json)
    except BrokenPipeError:
        code = _reader_gone()
    except Exception as error:
        code = _internal(error, as_json)
    sys.exit(code)


def report(error: LumosError, *, as_json: bool = False) -> None:
    """Write an error to stderr: as JSON, or as text with colours only on a terminal."""
    if as_json:
        print(json.dumps(plain(error), ensure_ascii=False), file=sys.stderr)
        return
    _message(error, "Error: ")
    for problem in getattr(error, "problems", ()):
        _message(problem, "  ")


def plain(error: LumosError) -> dict[str, Any]:
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


def _usage(error: click.ClickException, as_json: bool) -> int:
    if as_json:
        data = {"error": "UsageError", "what": error.format_message(), "exit_code": 2}
        print(json.dumps(data, ensure_ascii=False), file=sys.stderr)
    else:
        error.show()
    return 2


def _reader_gone() -> int:
    """The reader of a pipe (`| head`) has gone: not an error; nothing more is written, not even at exit."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    return 128 + getattr(signal, "SIGPIPE", 13)


def _internal(error: Exception, as_json: bool) -> int:
    if as_json:
        data = {"error": "InternalError", "what": f"{type(error).__name__}", "exit_code": INTERNAL}
        print(json.dumps(data), file=sys.stderr)
    elif os.environ.get("LUMOS_DEBUG") == "1":
        traceback.print_exc()
    else:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        click.echo(
            f"Internal error: {type(error).__name__} at {place}. This is a defect of Lumos or of a plugin.\n"
            "Fix: set LUMOS_DEBUG=1 to see the traceback, and report it",
            err=True,
        )
    return INTERNAL
