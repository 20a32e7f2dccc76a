"""The sections of the report, most important first; each yields lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lumos_core.plugin_api import Change, RunResult, urns

from .escape import code, plain, prose

VERDICTS = {
    "failed": "❌ **The gate failed**",
    "incomplete": "⚠️ **Incomplete**: some things could not be read or written",
    "changed": "✅ **Changed**",
    "unchanged": "✅ **Nothing changed**",
}


def head(result: RunResult) -> Iterator[str]:
    """The verdict and the counts."""
    yield f"# {plain(result.pipeline)}"
    yield ""
    verdict = VERDICTS[result.verdict]
    if result.gate.enabled and not result.gate.passed:
        worse = "" if result.gate.fail_on == "breaking" else " or worse"
        verdict += f": {result.gate.failing} {result.gate.fail_on}{worse}, not waived"
    yield verdict
    yield ""
    things = ", ".join(count(number, kind) for kind, number in result.counts.items()) or "nothing"
    found = ", ".join(f"{number} {name}" for name, number in result.severities.items()) or "no change"
    yield f"Seen: {things}; {result.fields} fields. Found: {found}."
    release = f" Release **{plain(result.release)}**." if result.release else ""
    yield f"Run {code(result.run_id)}, {result.started or 'not started'} to {result.finished or 'now'}.{release}"


def count(number: int, kind: str) -> str:
    """Return `1 dataset`, `12 data products`."""
    noun = kind.replace("_", " ")
    many = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else many}"


def changes(result: RunResult, severity: str, title: str) -> Iterator[str]:
    """A table of the changes of one severity that no waiver covers."""
    rows = (change for change in result.changes if change.severity == severity and not change.waived)
    yield from _table(title, rows)


def waived(result: RunResult) -> Iterator[str]:
    """What waivers cover: never hidden."""
    rows = [change for change in result.changes if change.waived] if result.gate.waived else []
    if rows:
        yield from ("", "## Waived", "", "| dataset | field | change | because |", "|---|---|---|---|")
        for change in rows:
            where = code(change.path) if change.path else ""
            yield f"| {code(urns.name(change.urn))} | {where} | {plain(change.message)} | {plain(change.waived)} |"
    for note in result.gate.notes:
        yield from ("", f"> {plain(note)}")


def folded(result: RunResult, severity: str, title: str) -> Iterator[str]:
    """The same as `changes`, folded."""
    number = result.severities.get(severity, 0)
    if number:
        yield from ("", "<details>", f"<summary>{title} ({number})</summary>")
        rows = (change for change in result.changes if change.severity == severity and not change.waived)
        yield from _table("", rows)
        yield from ("", "</details>")


def _table(title: str, rows: Iterable[Change]) -> Iterator[str]:
    started = False
    for change in rows:
        if not started:
            started = True
            if title:
                yield from ("", f"## {title}")
            yield ""
            yield "| dataset | field | what | before → after | reaches | what to do |"
            yield "|---|---|---|---|---|---|"
        before_after = " → ".join(code(value) if value is not None else "–" for value in (change.before, change.after))
        moved = before_after if (change.before, change.after) != (None, None) else ""
        reach = f"{change.impact_count} downstream" if change.impact_count else ""
        yield (
            f"| {code(urns.name(change.urn))} | {code(change.path) if change.path else ''} | {prose(change.message)} "
            f"({code(change.rule)}) | {moved} | {reach} | {prose(change.fix)} |"
        )


def versions(result: RunResult) -> Iterator[str]:
    """New versions, folded."""
    if len(result.versions):
        yield from ("", "<details>", f"<summary>New versions ({len(result.versions)})</summary>", "")
        yield from ("| dataset | before | now |", "|---|---|---|")
        for given in result.versions:
            yield f"| {code(urns.name(given.urn))} | {given.before or 'new'} | **{given.version.schema}** |"
        yield from ("", "</details>")


def catalogs(result: RunResult) -> Iterator[str]:
    """What was or would be written to each catalog."""
    for published in result.published:
        done = "written" if published.applied else "planned"
        parts = ", ".join(f"{number} to {action}" for action, number in published.planned.items() if number)
        yield from ("", f"**Catalog {plain(published.catalog)}**: {parts or 'nothing to do'}; {done}.")
        if published.blocked:
            yield from ("", f"> Not published: {plain(published.blocked)}")
        for urn, key, why in published.conflicts:
            yield f"- conflict: {code(urns.name(urn))} {code(key) if key else ''} {plain(why)}"


def unseen(result: RunResult) -> Iterator[str]:
    """What could not be seen: nothing was concluded from it."""
    gaps = [covered for covered in result.coverage if covered.status != "complete"]
    if not (gaps or result.failures or result.not_captured):
        return
    yield from ("", "## Not seen", "", "Nothing was concluded from what is missing here.", "")
    for notice in result.failures:
        fix = f" {plain(notice.fix)}." if notice.fix else ""
        yield f"- {plain(notice.component)} {code(notice.where)}: {plain(notice.message)}.{fix}"
    for covered in gaps:
        scope = covered.scope
        place = " ".join([scope.platform, *scope.prefixes, *(urns.name(urn) for urn in sorted(scope.urns)[:3])]).strip()
        yield f"- {covered.status}: {code(place or 'everything')} {plain(covered.reason)}"
    for where, aspect, number in result.not_captured:
        yield f"- {code(aspect)} of {number} records of {code(where)} was known before and not looked at now"
