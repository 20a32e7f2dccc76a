"""How commands speak: JSON for programs, tables for people, colours only where they are seen."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..texts import visible

if TYPE_CHECKING:
    from rich.console import Console, Group, RenderableType
    from rich.table import Table

F = TypeVar("F", bound=Callable[..., Any])

SIGNS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "bold red")}
"""Status -> sign and style."""


def json_option(function: F) -> F:
    """Add `--json` to a command, as the parameter `as_json`; errors are then JSON too."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, stable and documented.")(function)


def pipeline_argument(function: F) -> F:
    """Add the optional PIPELINE argument: a file, else `LUMOS_CONFIG`, else `lumos.yaml` in this folder."""
    return click.argument("pipeline", required=False, envvar="LUMOS_CONFIG", type=click.Path(), metavar="[PIPELINE]")(
        function
    )


def emit(
    ctx: click.Context, data: Any, table: RenderableType | Callable[[], RenderableType | None] | None = None
) -> None:
    """Print a result.

    Args:
        ctx: Of the command; its parameter `as_json` decides.
        data: Plain data (dict, list, msgspec Struct) for `--json`; an iterator is written as one JSON array, piece by
            piece.
        table: What people see: something that rich can print, or a function that makes it (called only when it is
            needed).
    """
    if ctx.params.get("as_json"):
        write_json(data)
        return
    shown = table() if callable(table) else table
    if shown is not None:
        console().print(shown, soft_wrap=isinstance(shown, str), markup=False, highlight=False)


def write_json(data: Any) -> None:
    """Write JSON to stdout, indented, with keys in the order of the data."""
    import msgspec

    out = sys.stdout
    ascii_only = (out.encoding or "").lower().replace("-", "") != "utf8"
    if isinstance(data, (dict, list, tuple, str)) or not isinstance(data, Iterable):
        out.write(json.dumps(msgspec.to_builtins(data, str_keys=True), indent=2, ensure_ascii=ascii_only) + "\n")
    else:
        lead = "["
        for item in data:
            out.write(f"{lead}\n  {json.dumps(msgspec.to_builtins(item, str_keys=True), ensure_ascii=ascii_only)}")
            lead = ","
        out.write("[]\n" if lead == "[" else "\n]\n")
    out.flush()


def console(*, stderr: bool = False) -> Console:
    """Return a console: plain text without a terminal or with `NO_COLOR`, and never narrower than what pipes need."""
    from rich.console import Console
    from rich.segment import Segment

    class Plain(Console):
        """Whatever is printed, names in it never steer the terminal."""

        def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
            for text, style, control in super().render(renderable, options):
                yield Segment(text if control else visible(text, lines=True), style, control)

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else 160
    return Plain(file=stream, width=width, no_color=bool(os.environ.get("NO_COLOR")) or None, highlight=False)


def table_of(*columns: str, title: str = "", rows: Iterable[Sequence[object]] = ()) -> Table:
    """Return a light table: no frame, wrapped cells; markup in cells is shown as it is.

    Where there is too little room for its columns, its rows are lists.
    """
    from rich.text import Text

    from .tables import FittingTable

    table = FittingTable(*columns, title=title)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(visible(cell, lines=True)) for cell in row))
    return table


def checklist(rows: Sequence[tuple[str, str, str, str, str]], verdict: str) -> Group:
    """Return a line per thing that was looked at.

    Args:
        rows: Status (a key of `SIGNS`), area, what was looked at, what was found, and what to do about it, which
            gets a line of its own; the third and the last may be empty.
        verdict: What it comes to; the last line.
    """
    from rich.console import Group
    from rich.text import Text

    lines = []
    width = max(len(area) for _, area, *_ in rows)
    for status, area, about, told, fix in rows:
        lead = f"{about}: " if about else ""
        lines.append(Text.assemble(SIGNS[status], f" {area:<{width}}  {lead}{told}"))
        if fix:
            lines.append(Text.assemble(" " * (width + 4), ("fix  ", "cyan"), fix))
    return Group(*lines, Text(verdict, style="bold"))
