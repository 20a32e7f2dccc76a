"""The reporter `json`."""

from __future__ import annotations

import re

import msgspec

from lumos_core.plugin_api import LumosError, Reporter, ReportError, RunResult, atomic_write, result_data

from .config import JsonReporterConfig

_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What would steer a terminal, or the direction of reading, when somebody looks at the file."""


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
        shown = _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text.decode())
        try:
            with atomic_write(self.config.path) as file:
                file.write(shown + "\n")
        except LumosError as error:
            raise ReportError(
                "The JSON report was not written", why=error.why or error.what, fix=error.fix, where=place
            ) from error
        result.reports.append(place)
