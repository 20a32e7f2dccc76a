"""What a run is to a CI system: test cases that passed, failed, were skipped or could not be run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from lumos_core.plugin_api import SEVERITIES, Change, GateResult, RunResult, urns, visible

Outcome = Literal["passed", "failure", "error", "skipped"]
_NOT_IN_XML = re.compile("[\ufffe\uffff]")


class Case(NamedTuple):
    """One test case.

    Attributes:
        group: What it is about: the name of a dataset, of a component.
        name: What was looked at.
        outcome: What became of it.
        type: Why it did not pass, in a word.
        message: The same in a sentence.
        text: The same at length; with a case that passed, its output.
    """

    group: str
    name: str
    outcome: Outcome = "passed"
    type: str = ""
    message: str = ""
    text: str = ""


def suites(result: RunResult) -> Iterator[tuple[str, Iterator[Case]]]:
    """Return the suites of a run: reading and writing, the gate, and the changes. Each can be asked for again."""
    yield "run", run_cases(result)
    yield "changes", change_cases(result)


def run_cases(result: RunResult) -> Iterator[Case]:
    """Return one case per failure (a unit, a write, a component), one for the gate, one for what was seen."""
    seen = ", ".join(f"{count} {kind}" for kind, count in sorted(result.counts.items())) or "nothing"
    warnings = "".join(f"\nwarning: {_at(item.where)}{item.message}" for item in result.warnings)
    yield Case(result.pipeline, "reading", text=f"seen: {seen}{warnings}")
    for notice in result.failures:
        group, name = notice.component or result.pipeline, notice.where or notice.code
        yield Case(group, name, "error", notice.code, notice.message, notice.fix)
    gate = result.gate
    if gate.enabled:
        told = f"{gate.failing} changes are {gate.fail_on} or worse, since {gate.since}; {gate.waived} are waived"
        text = "\n".join(gate.notes)
        if gate.passed:
            yield Case(result.pipeline, "gate", text=f"{told}\n{text}".strip())
        else:
            yield Case(result.pipeline, "gate", "failure", "gate-failed", told, text)


def change_cases(result: RunResult) -> Iterator[Case]:
    """Return one case per change."""
    for change in result.changes:
        group, name = urns.name(change.urn), f"{change.rule} {change.path}".strip()
        why = "\n".join(part for part in (change.why, change.fix, change.urn) if part)
        if not _counts(change, result.gate):
            yield Case(group, name, text=f"{change.severity}: {change.message}\n{change.urn}")
        elif change.waived:
            yield Case(group, name, "skipped", "waived", change.waived, f"{change.message}\n{why}")
        else:
            yield Case(group, name, "failure", change.severity, change.message or change.rule, why)


def clean(text: str) -> str:
    r"""Show what XML cannot hold, and what would steer a terminal: names come from strangers."""
    return _NOT_IN_XML.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", visible(text, lines=True))


def _counts(change: Change, gate: GateResult) -> bool:
    """Tell whether a change is one that the gate judges."""
    return gate.enabled and SEVERITIES.index(change.severity) <= [*map(str, SEVERITIES)].index(gate.fail_on)


def _at(where: str) -> str:
    return f"{where}: " if where else ""
