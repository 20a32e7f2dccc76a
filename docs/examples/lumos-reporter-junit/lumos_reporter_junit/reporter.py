"""The reporter `junit`: the changes of a run as JUnit XML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from lumos_core.plugin_api import LumosError, Reporter, ReportError, RunResult, atomic_write

from .cases import Case, clean, suites
from .config import JunitReporterConfig


class JunitReporter(Reporter[JunitReporterConfig]):
    """The changes of a run as JUnit XML, for CI systems.

    A change that the gate fails on is a failure, one that is waived is skipped, any other passed; what could not be
    read or written is an error. It is written case by case, so that a run of a million changes takes no memory.
    """

    def report(self, result: RunResult) -> None:
        """Write the document.

        Raises:
            ReportError: When the file cannot be written.
        """
        place = str(self.config.path)
        try:
            with atomic_write(place, "wb") as file:
                _write(XMLGenerator(file, "utf-8", short_empty_elements=True), result)
        except LumosError as error:
            why = error.why or error.what
            raise ReportError("the JUnit report was not written", why=why, fix=error.fix, where=place) from error
        result.reports.append(place)


def _write(xml: XMLGenerator, result: RunResult) -> None:
    counted = {name: Counter[str](case.outcome for case in cases) for name, cases in suites(result)}
    everything = sum(counted.values(), Counter[str]())
    seconds = f"{sum(timing.seconds for timing in result.timings):.3f}"
    xml.startDocument()
    _start(xml, "testsuites", {"name": result.pipeline, "time": seconds, **_counts(everything)})
    for name, cases in suites(result):
        keys = {"name": f"{result.pipeline}.{name}", "timestamp": result.started, "skipped": counted[name]["skipped"]}
        _start(xml, "testsuite", {**keys, "id": result.run_id, **_counts(counted[name])})
        _cases(xml, cases)
        _end(xml, "testsuite")
    _end(xml, "testsuites")
    xml.endDocument()


def _cases(xml: XMLGenerator, cases: Iterable[Case]) -> None:
    for case in cases:
        _start(xml, "testcase", {"classname": case.group, "name": case.name})
        if case.outcome == "passed":
            _start(xml, "system-out", {})
        else:
            _start(xml, case.outcome, {"type": case.type, "message": case.message})
        xml.characters(clean(case.text))
        _end(xml, "system-out" if case.outcome == "passed" else case.outcome, line=False)
        _end(xml, "testcase")


def _counts(counter: Counter[str]) -> dict[str, object]:
    return {"tests": counter.total(), "failures": counter["failure"], "errors": counter["error"]}


def _start(xml: XMLGenerator, name: str, keys: dict[str, object]) -> None:
    xml.ignorableWhitespace("\n")
    xml.startElement(name, AttributesImpl({key: clean(str(value)) for key, value in keys.items()}))


def _end(xml: XMLGenerator, name: str, *, line: bool = True) -> None:
    if line:
        xml.ignorableWhitespace("\n")
    xml.endElement(name)
