"""The blocks of the summary, in the order in which people need them; each yields lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from rich.text import Text

from lumos_core.plugin_api import Change, Covered, PublishResult, RunResult, urns, visible

from .config import TerminalReporterConfig
from .texts import SIGNS, count, ending, name_of, shortened, styled


def verdict(result: RunResult) -> Iterator[Text]:
    """One line that answers the question."""
    name = (visible(result.pipeline), "bold")
    if result.verdict == "failed":
        failing = count(result.gate.failing, "breaking change")
        if result.gate.fail_on != "breaking":
            failing = f"{count(result.gate.failing, 'change')} at {result.gate.fail_on} or worse"
        yield styled(("✗ ", "bold red"), name, ": the gate failed, ", failing)
    elif result.verdict == "incomplete":
        yield styled(("! ", "bold yellow"), name, ": incomplete, ", count(len(result.failures), "failure"))
    elif result.first:
        yield styled(("✓ ", "bold green"), name, ": remembered for the first time")
    elif result.changed:
        yield styled(("✓ ", "bold green"), name, ": ", _found(result) or "changed")
    else:
        yield styled(("✓ ", "bold green"), name, ": nothing changed")


def _found(result: RunResult) -> str:
    return ", ".join(f"{number:,} {severity}" for severity, number in result.severities.items())


def seen(result: RunResult) -> Iterator[Text]:
    """How much there is."""
    plural = {"data_product": "data products", "ownership_type": "ownership types", "property": "properties"}
    kinds = [
        count(number, kind.replace("_", " "), plural.get(kind, ""))
        for kind, number in sorted(result.counts.items(), key=lambda item: (item[0] != "dataset", item[0]))
    ]
    fields = f" ({count(result.fields, 'field')})" if result.fields else ""
    if kinds:
        kinds[0] += fields if "dataset" in result.counts else ""
    yield styled(("  seen     ", "dim"), ", ".join(kinds) or "nothing")


def inventory(result: RunResult, limit: int) -> Iterator[Text]:
    """Name the datasets of a first run instead of calling each of them added."""
    found = list(islice((record for record in result.records if record.kind == "dataset"), limit))
    names = urns.labels((record.urn for record in found), {record.urn: record.value.name or "" for record in found})
    for record in found:
        form = getattr(record.value.layout, "format", "") or ""
        about = ", ".join(part for part in (form, count(len(record.value.fields), "field")) if part)
        yield styled("           ", (ending(names[record.urn]), "bold"), ("  " + visible(about), "dim"))
    more = result.counts.get("dataset", 0) - limit
    if more > 0:
        yield styled(("           and ", "dim"), (count(more, "more dataset"), "dim"))


def changes(result: RunResult, config: TerminalReporterConfig) -> Iterator[Text]:
    """Each change with its place, values, reach and remedy, worst first."""
    for shown, change in enumerate(result.changes):
        if shown == config.max_changes:
            yield styled((f"  … {count(len(result.changes) - shown, 'more change')}", "dim"))
            return
        if change.severity == "informational" and not config.verbose:
            yield styled((f"  · {count(result.severities['informational'], 'informational change')}", "dim"))
            return
        yield from _change(change)


def _change(change: Change) -> Iterator[Text]:
    sign, style = SIGNS[change.severity]
    state = f"waived: {shortened(change.waived, 40)}" if change.waived else change.severity
    place = name_of(change.urn) + (f".{visible(change.path)}" if change.path else "")
    yield styled((f"  {sign} ", style), (ending(place, 80), "bold"), "  ", (state, "dim" if change.waived else style))
    yield styled("      ", visible(change.message or change.rule), *_values(change))
    if change.severity in ("breaking", "risky") and not change.waived:
        if change.impact_count:
            near = ", ".join(ending(name, 30) for name in urns.labels(change.impact[:3]).values())
            yield styled(("      reaches ", "dim"), f"{count(change.impact_count, 'record')} downstream: {near}")
        if change.fix:
            yield styled(("      fix     ", "dim"), visible(change.fix))


def _values(change: Change) -> tuple[str | tuple[str, str], ...]:
    if change.before is None and change.after is None:
        return ()
    if change.before is None or change.after is None:
        return (f"  ({shortened(change.before or change.after or '')})",)
    return ("  ", (shortened(change.before), "red"), " → ", (shortened(change.after), "green"))


def versions(result: RunResult, limit: int) -> Iterator[Text]:
    """New versions and the release that they belong to."""
    if not len(result.versions):
        return
    total = count(len(result.versions), "dataset")
    yield styled(("  release  ", "dim"), (visible(result.release), "bold"), f", new versions of {total}")
    changed = (given for given in result.versions if given.before)
    for given in islice(changed, limit):
        moved = f"{given.before} → {given.version.schema}"
        if given.before == given.version.schema:
            moved = f"{given.version.schema} (metadata {given.version.metadata})"
        yield styled("           ", (ending(name_of(given.urn)), "bold"), f"  {moved}")


def gate(result: RunResult) -> Iterator[Text]:
    """What the gate said, and what the waivers need."""
    if result.gate.enabled:
        word = ("passed", "green") if result.gate.passed else ("failed", "bold red")
        waived = f", {result.gate.waived} waived" if result.gate.waived else ""
        yield styled(("  gate     ", "dim"), word, f" (fails on {result.gate.fail_on}{waived})")
        for note in result.gate.notes:
            yield styled(("           ", ""), (visible(note), "yellow"))


def catalogs(result: RunResult) -> Iterator[Text]:
    """What was written where."""
    for published in result.published:
        yield styled(("  catalog  ", "dim"), (visible(published.catalog), "bold"), "  ", _written(published))
        if published.target:
            yield styled("           ", (visible(published.target), "dim"))
        for urn, key, why in published.conflicts[:5]:
            yield styled(("           conflict ", "magenta"), f"{name_of(urn)} {visible(key)}: {visible(why)}")
        if len(published.conflicts) > 5:
            yield styled(("           ", ""), count(len(published.conflicts) - 5, "more conflict"))


def _written(published: PublishResult) -> str:
    if published.blocked:
        return "not written: " + visible(published.blocked)
    if not published.applied:
        parts = [f"{number:,} to {action}" for action, number in published.planned.items() if number]
        parts += [f"{count(published.facts, 'fact')} to add"] if published.facts else []
        return "would have " + ", ".join(parts) if parts else "nothing to write"
    words = {
        "create": "created",
        "update": "updated",
        "remove": "removed (softly)",
        "restore": "restored",
        "keep": "kept",
    }
    parts = [f"{number:,} {words.get(action, action)}" for action, number in published.planned.items() if number]
    parts += [count(published.facts, "fact")] if published.facts else []
    failed = f", {published.failed:,} failed" if published.failed else ""
    return (", ".join(parts) or "nothing to write") + failed


def unseen(result: RunResult, config: TerminalReporterConfig) -> Iterator[Text]:
    """What could not be seen or done, why, and what to do; nothing was concluded from it."""
    limit = len(result.failures) if config.verbose else config.max_notices
    for notice in result.failures[:limit]:
        where = f" {visible(notice.where)}" if notice.where else ""
        yield styled(("  ✗ ", "bold red"), (visible(notice.component) + where, "bold"))
        yield styled("      ", visible(notice.message))
        if notice.fix:
            yield styled(("      fix     ", "dim"), visible(notice.fix))
    if len(result.failures) > limit:
        yield styled((f"  … {count(len(result.failures) - limit, 'more failure')}", "dim"))
    told = {notice.message for notice in result.failures}
    gaps = [c for c in result.coverage if c.status != "complete" and c.reason not in told]
    for covered in gaps[: len(gaps) if config.verbose else config.max_notices]:
        yield styled(("  not seen ", "yellow"), f"{_place(covered)}: {covered.status}, {visible(covered.reason)}")
    for where, aspect, number in result.not_captured:
        text = f"{aspect} of {count(number, 'record')} of {visible(where)}, known before; kept as it was"
        yield styled(("  not seen ", "yellow"), text)


def _place(covered: Covered) -> str:
    scope = covered.scope
    names = [*(prefix or "" for prefix in scope.prefixes), *sorted(name_of(urn) for urn in scope.urns)]
    shown = ", ".join(ending(name, 40) for name in names[:3] if name)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (shown + more) or visible(scope.platform) or "everything"


def warnings(result: RunResult, config: TerminalReporterConfig) -> Iterator[Text]:
    """What the user should know and may ignore."""
    limit = len(result.warnings) if config.verbose else config.max_notices
    for notice in result.warnings[:limit]:
        where = f"{shortened(notice.where, 60)}: " if notice.where else ""
        yield styled(("  note     ", "yellow"), where + visible(notice.message))
    if len(result.warnings) > limit:
        yield styled((f"  … {count(len(result.warnings) - limit, 'more note')}", "dim"))


def places(result: RunResult, config: TerminalReporterConfig) -> Iterator[Text]:
    """Where the reports are, and how long it took."""
    for place in result.reports:
        yield styled(("  report   ", "dim"), visible(place))
    seconds = sum(timing.seconds for timing in result.timings)
    stages = ""
    if config.verbose:
        stages = " (" + ", ".join(f"{timing.stage} {timing.seconds:.2f}" for timing in result.timings) + ")"
    yield styled(("  run      ", "dim"), (f"{visible(result.run_id)}, {seconds:.1f} s{stages}", "dim"))
