"""The last line: every exception becomes a message on stderr and a documented exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

from ..errors import LumosError

INTERNAL = 4
INTERRUPTED = 130
SHOWN = 100
"""Problems that are shown as text; `--json` has all."""
READER_GONE = 141
"""128 + SIGPIPE, as shells report it for any other program."""


class BrokenPipe(Exception):
    """A pipe broke; click itself would end with 1, which means a failed gate here."""


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
    except (click.Abort, KeyboardInterrupt) as error:
        told = str(error if isinstance(error, KeyboardInterrupt) else error.__cause__ or "")
        print(f"lumos: interrupted {told}".rstrip(), file=sys.stderr)
        code = INTERRUPTED
        _leave_hanging_units()
    except click.ClickException as error:
        code = _usage(error, as_json)
    except LumosError as error:
        code = error.exit_code
        report(error, as_json=as_json)
    except BrokenPipe as error:
        code = _broken_pipe(error, as_json)
    except BaseException as error:  # `SystemExit` too: whoever calls `sys.exit` does not know our codes
        code = _internal(error, as_json)
    sys.exit(code)


def _leave_hanging_units() -> None:
    """End at once when a unit still runs: Python itself would wait for its thread."""
    import threading

    if any(thread.name.startswith("lumos-unit") for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)


def report(error: LumosError, *, as_json: bool = False) -> None:
    """Write an error to stderr: as JSON, or as text with colours only on a terminal."""
    if as_json:
        _print_json(plain(error))
        return
    _message(error, "Error: ")
    problems = getattr(error, "problems", ())
    for problem in problems[:SHOWN]:
        _message(problem, "  ")
    if len(problems) > SHOWN:
        click.echo(f"  ... and {len(problems) - SHOWN} more", err=True)


def _print_json(data: dict[str, Any]) -> None:
    import json  # not needed by `lumos --help`

    print(json.dumps(data, ensure_ascii=False), file=sys.stderr)


def plain(error: LumosError) -> dict[str, Any]:
    """Return an error as plain data; `problems` holds one per place."""
    data: dict[str, Any] = {**error.as_dict(), "exit_code": error.exit_code}
    problems = getattr(error, "problems", ())
    if problems:
        data["problems"] = [problem.as_dict() for problem in problems]
    return data


def _message(error: LumosError, lead: str) -> None:
    from ..texts import visible

    place = f"{visible(error.where)}: " if error.where else ""
    told = f"{error.what}: {error.why}" if error.why else error.what
    text = click.style(lead, fg="red", bold=True) + click.style(place, bold=True) + visible(told, lines=True)
    click.echo(text, err=True, color=_colour())
    if error.fix:
        indent = " " * len(lead)
        click.echo(
            f"{indent}{click.style('Fix:', fg='cyan')} {visible(error.fix, lines=True)}", err=True, color=_colour()
        )


def _colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None


def _usage(error: click.ClickException, as_json: bool) -> int:
    if as_json:
        data = {"error": "UsageError", "what": error.format_message(), "exit_code": 2}
        _print_json(data)
    else:
        error.show()
    return 2


def _broken_pipe(error: BrokenPipe, as_json: bool) -> int:
    """When the reader of our output (`| head`) has gone, end quietly; any other pipe is an error like others."""
    if not _reader_gone():
        return _internal(error.__cause__ or error, as_json)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered is flushed at exit
    return READER_GONE


def _reader_gone() -> bool:
    try:
        import select

        poll = select.poll()
        for stream in (sys.stdout, sys.stderr):
            poll.register(stream.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (ImportError, AttributeError):  # Windows has no `poll`
        return True
    except (OSError, ValueError):  # not a file
        return False


def _internal(error: BaseException, as_json: bool) -> int:
    import traceback

    if as_json:
        data = {"error": "InternalError", "what": f"{type(error).__name__}", "exit_code": INTERNAL}
        _print_json(data)
    elif os.environ.get("LUMOS_DEBUG") == "1":
        from ..running.redact import Redactor

        text = "".join(traceback.format_exception(error))
        click.echo(Redactor.of_everything()(text), err=True, nl=False)
    else:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119
        click.echo(
            f"Internal error: {type(error).__name__} at {place}. This is a defect of Lumos or of a plugin.\n"
            "Fix: set LUMOS_DEBUG=1 to see the traceback, and report it",
            err=True,
        )
    return INTERNAL
