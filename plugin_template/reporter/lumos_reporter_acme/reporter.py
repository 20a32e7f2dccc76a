"""The reporter `acme`: the changes of a run as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from lumos_core.plugin_api import LumosError, Reporter, ReportError, RunResult, atomic_write, visible

from .config import AcmeReporterConfig


class AcmeReporter(Reporter[AcmeReporterConfig]):
    """The changes of a run as plain text."""

    def report(self, result: RunResult) -> None:
        """Write the text.

        Raises:
            ReportError: When the file cannot be written.
        """
        place = str(self.config.path)
        try:
            with atomic_write(place) as file:
                # Names come from strangers: control characters in them are shown, never obeyed.
                file.writelines(f"{visible(line)}\n" for line in _lines(result))
        except LumosError as error:
            why = error.why or error.what
            raise ReportError("the text was not written", why=why, fix=error.fix, where=place) from error
        result.reports.append(place)


def _lines(result: RunResult) -> Iterator[str]:
    yield f"{result.pipeline}: {result.verdict}"
    yield ", ".join(f"{count} {kind}" for kind, count in sorted(result.counts.items())) or "nothing was seen"
    for change in result.changes:
        yield f"{change.severity}: {change.message or change.rule}" + (
            f" (waived: {change.waived})" * bool(change.waived)
        )
    for notice in result.failures:
        yield f"failed: {notice.where}: {notice.message}"
    for notice in result.warnings:
        yield f"warning: {notice.where}: {notice.message}"
