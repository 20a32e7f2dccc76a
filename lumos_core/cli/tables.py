"""A table that stays readable where there is little room: no word of it is broken, nothing is left out."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

BETWEEN = 3
"""Characters between two columns."""
TALLEST = 6
"""Lines that a cell may take before its table is shown as a list."""


class FittingTable(Table):
    """A light table, and a list of `column  cell` lines per row where it does not fit.

    Args:
        columns: Their headers.
        title: What stands above.
    """

    def __init__(self, *columns: str, title: str = "") -> None:
        super().__init__(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column in columns:
            self.add_column(column, overflow="fold")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Show it in the room that there is."""
        cells = [self._shown(number) for number in range(len(self.columns))]
        least = [max((cell_len(word) for cell in column for word in cell.split()), default=0) for column in cells]
        most = [max((cell_len(line) for cell in column for line in cell.splitlines()), default=0) for column in cells]
        room = options.max_width - BETWEEN * (len(cells) - 1)
        if sum(most) > room:
            widths = _shared(least, most, room)
            tall = any(wanted > TALLEST * width for wanted, width in zip(most, widths, strict=True))
            if self.show_header and (sum(widths) > room or tall):
                yield from self._list(options.max_width)
                return
            if sum(widths) <= room:
                for column, width in zip(self.columns, widths, strict=True):
                    column.width = width
        yield from super().__rich_console__(console, options)

    def _shown(self, number: int) -> list[str]:
        column = self.columns[number]
        return [*([str(column.header)] if self.show_header else []), *(_text(cell).plain for cell in column.cells)]

    def _list(self, width: int) -> Iterator[RenderableType]:
        if self.title:
            yield Text(str(self.title), style="bold")
        labels = [str(column.header) for column in self.columns]
        lead = max(map(len, labels)) + 2
        for number, row in enumerate(zip(*(column.cells for column in self.columns), strict=True)):
            if number:
                yield ""
            grid = Table.grid(padding=0)
            grid.add_column(width=lead, no_wrap=True)
            grid.add_column(width=max(width - lead, 1), overflow="fold")
            for label, cell in zip(labels, map(_text, row), strict=True):
                if cell.plain:
                    grid.add_row(Text(label, style="bold"), cell)
            yield grid
        if self.caption:
            yield Text(str(self.caption), style="dim")


def _text(cell: object) -> Text:
    return cell if isinstance(cell, Text) else Text(str(cell))


def _shared(least: list[int], most: list[int], room: int) -> list[int]:
    """Share the room: each column gets its longest word, then the narrowest ones grow until all is given away.

    Returns:
        The widths; more in sum than there is room where not even the longest words fit.
    """
    widths, left = list(least), room - sum(least)
    while left > 0 and (growing := [n for n, width in enumerate(widths) if width < most[n]]):
        narrowest = min(widths[n] for n in growing)
        for n in growing:
            if widths[n] == narrowest and left:
                widths[n] += 1
                left -= 1
    return widths
