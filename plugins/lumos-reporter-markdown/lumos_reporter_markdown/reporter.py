"""The reporter `markdown`."""

from __future__ import annotations

from collections.abc import Iterator

from lumos_core.plugin_api import LumosError, Reporter, ReportError, RunResult, atomic_write

from . import sections
from .config import MarkdownReporterConfig

LEFT_OUT = "\n\n> This report was cut at {limit} characters; {number} more lines are in the full result.\n"


class MarkdownReporter(Reporter[MarkdownReporterConfig]):
    """Writes a run as Markdown: for pull requests, wikis and release notes."""

    def report(self, result: RunResult) -> None:
        """Write the text, cut at a whole line when it is too long.

        Raises:
            ReportError: When the file cannot be written.
        """
        place = str(self.config.path)
        try:
            with atomic_write(self.config.path) as file:
                for text in self._cut(_lines(result)):
                    file.write(text)
        except LumosError as error:
            raise ReportError(
                "The Markdown report was not written", why=error.why or error.what, fix=error.fix, where=place
            ) from error
        result.reports.append(place)

    def _cut(self, lines: Iterator[str]) -> Iterator[str]:
        room = self.config.max_size - len(LEFT_OUT) - 20
        folds = left = 0
        for line in lines:
            room -= len(line) + 1
            if room < 0:
                left += 1
                continue
            folds += (line == "<details>") - (line == "</details>")
            yield line + "\n"
        if left:
            yield "\n</details>\n" * folds
            yield LEFT_OUT.format(limit=self.config.max_size, number=left)


def _lines(result: RunResult) -> Iterator[str]:
    yield from sections.head(result)
    yield from sections.changes(result, "breaking", "Breaking")
    yield from sections.changes(result, "risky", "Risky: worth a look")
    yield from sections.waived(result)
    yield from sections.unseen(result)
    yield from sections.catalogs(result)
    yield from sections.folded(result, "non-breaking", "Non-breaking")
    yield from sections.folded(result, "informational", "Informational")
    yield from sections.versions(result)
