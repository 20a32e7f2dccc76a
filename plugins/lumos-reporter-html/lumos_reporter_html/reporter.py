"""The reporter `html`."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from lumos_core.plugin_api import SEVERITIES, LumosError, Reporter, ReportError, RunResult, atomic_write, visible

from . import view
from .config import HtmlReporterConfig
from .layers import HEIGHT, WIDTH, picture


class HtmlReporter(Reporter[HtmlReporterConfig]):
    """Writes a run as one self-contained page: verdict, changes, inventory, lineage, what was not seen."""

    def report(self, result: RunResult) -> None:
        """Write the page as a stream, so that memory does not grow with the estate.

        Raises:
            ReportError: When the file cannot be written.
        """
        place = str(self.config.path)
        try:
            with atomic_write(self.config.path) as file:
                for part in _environment().get_template("report.html.j2").generate(self._shown(result)):
                    file.write(part)
        except LumosError as error:
            raise ReportError(
                "The page was not written", why=error.why or error.what, fix=error.fix, where=place
            ) from error
        result.reports.append(place)

    def _shown(self, result: RunResult) -> dict[str, object]:
        config = self.config
        headline, tone = view.headline(result)
        return {
            "result": result,
            "title": visible(config.title or result.pipeline),
            "headline": headline,
            "tone": tone,
            "severities": SEVERITIES,
            "changes": view.changes(result, config.max_changes),
            "more_changes": max(len(result.changes) - config.max_changes, 0),
            "datasets": view.datasets(result, config.max_datasets, config.max_fields),
            "more_datasets": max(result.counts.get("dataset", 0) - config.max_datasets, 0),
            "gaps": view.gaps(result.coverage),
            "picture": picture(result.graph, config.max_lineage),
            "box": (WIDTH, HEIGHT),
            "seconds": sum(timing.seconds for timing in result.timings),
        }


def _harmless(value: object) -> object:
    """Show control characters wherever a text is filled in, whether or not the template thought of it."""
    return visible(value, lines=True) if type(value) is str else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lumos_reporter_html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=visible, name=view.name_of, anchor=view.anchor, prose=view.prose, count=view.count
    )
    return environment
