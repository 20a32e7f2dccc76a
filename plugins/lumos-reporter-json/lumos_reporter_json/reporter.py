"""The reporter `json`."""

from __future__ import annotations

import msgspec

from lumos_core.plugin_api import LumosError, Reporter, ReportError, RunResult, atomic_write, result_data

from .config import JsonReporterConfig


class JsonReporter(Reporter[JsonReporterConfig]):
    """Writes the whole result of a run as one JSON document, in the shape of `lumos run --json`."""

    def report(self, result: RunResult) -> None:
        """Write the document.

        Raises:
            ReportError: When the file cannot be written.
        """
        place = str(self.config.path)
        text = msgspec.json.encode({**result_data(result), "reports": [*result.reports, place]})
        if self.config.indent:
            text = msgspec.json.format(text, indent=2)
        try:
            with atomic_write(self.config.path, "wb") as file:
                file.write(text + b"\n")
        except LumosError as error:
            raise ReportError(
                "The JSON report was not written", why=error.why or error.what, fix=error.fix, where=place
            ) from error
        result.reports.append(place)
