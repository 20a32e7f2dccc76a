"""The reporter `terminal`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from lumos_core.plugin_api import LumosError, Reporter, ReportError, RunResult, atomic_write

from . import blocks
from .config import TerminalReporterConfig
from .texts import hanging


class TerminalReporter(Reporter[TerminalReporterConfig]):
    """Prints the summary of a run: what changed, whom it breaks, what was written, what could not be seen."""

    def report(self, result: RunResult) -> None:
        """Print the summary.

        Raises:
            ReportError: When the file cannot be written.
        """
        if self.config.path is None:
            self._print(Console(file=sys.stdout, width=self.config.width, highlight=False), result)
            return
        place = str(self.config.path)
        try:
            with atomic_write(self.config.path) as file:
                self._print(Console(file=file, width=self.config.width or 100, highlight=False), result)
        except LumosError as error:
            raise ReportError(
                "The summary was not written", why=error.why or error.what, fix=error.fix, where=place
            ) from error
        result.reports.append(place)

    def _print(self, console: Console, result: RunResult) -> None:
        for line in self._lines(result):
            # Long words (paths, URNs) are wrapped, never cut: what is shown can be copied.
            if console.is_terminal:
                console.print(hanging(line, console))
            else:
                console.print(line, soft_wrap=True)

    def _lines(self, result: RunResult) -> Iterator[Text]:
        config = self.config
        yield from blocks.verdict(result)
        yield from blocks.seen(result)
        if result.first:
            yield from blocks.inventory(result, config.max_changes)
        else:
            yield from blocks.changes(result, config)
        yield from blocks.versions(result, config.max_changes)
        yield from blocks.gate(result)
        yield from blocks.catalogs(result)
        yield from blocks.unseen(result, config)
        yield from blocks.warnings(result, config)
        yield from blocks.places(result, config)
