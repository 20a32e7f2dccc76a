"""Where data comes from, and by what code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lumos_core.plugin_api import Lineage, LineageEdge, urns

from ..case import Found

if TYPE_CHECKING:
    from ..case import Case

_EMPTY = Lineage()


def detect(case: Case) -> Iterator[Found]:
    """Judge edges between records and between fields, and the code that makes them."""
    if "code" in case.changed:
        yield from _code(case)
    if "lineage" not in case.changed and case.old_urn == case.urn:
        return
    old, new = case.old.lineage or _EMPTY, case.new.lineage or _EMPTY
    yield from _upstreams(case, old, new)
    yield from _downstreams(case, old, new)
    yield from _columns(case, old, new)


def _hosts(case: Case, edges: list[LineageEdge]) -> dict[str, set[str]]:
    """Return URN -> the jobs on the way."""
    found: dict[str, set[str]] = {}
    for edge in edges:
        host = urns.host(edge.urn) or case.urn
        found.setdefault(host, set()).update((edge.via,) if edge.via else ())
    return found


def _upstreams(case: Case, old: Lineage, new: Lineage) -> Iterator[Found]:
    before, after = _hosts(case, old.upstreams), _hosts(case, new.upstreams)
    looked = "lineage" in case.captured
    if looked:
        for urn in sorted(before.keys() - after.keys()):
            yield Found("upstream-removed", "lineage", urn, None)
        fresh = sorted(after.keys() - before.keys())
        reach = case.ctx.graph.reach(case.urn) if fresh and len(case.ctx.graph) else {}
        for urn in fresh:
            rule = "upstream-added-sensitive" if holds_sensitive(case, urn) else "upstream-added"
            yield Found(rule, "lineage", None, urn)
            if urn in reach:
                yield Found("lineage-cycle-introduced", "lineage", None, urn)
        if before and not after:
            yield Found("dataset-orphaned", "lineage", ", ".join(sorted(before)), None)
    for urn in sorted(before.keys() & after.keys()):
        if before[urn] != after[urn] and before[urn] and after[urn]:
            was, is_now = (f"{urn} by {_names(jobs[urn])}" for jobs in (before, after))
            yield Found("producing-job-changed", "lineage", was, is_now)


def _names(jobs: set[str]) -> str:
    return ", ".join(sorted(jobs))


def _downstreams(case: Case, old: Lineage, new: Lineage) -> Iterator[Found]:
    if "lineage" not in case.captured:
        return
    before, after = _hosts(case, old.downstreams), _hosts(case, new.downstreams)
    for urn in sorted(before.keys() - after.keys()):
        yield Found("downstream-removed", "lineage", urn, None)
    for urn in sorted(after.keys() - before.keys()):
        yield Found("downstream-added", "lineage", None, urn)


def holds_sensitive(case: Case, urn: str) -> bool:
    """Tell whether a record carries a sensitive tag, on itself or on a field."""
    record = case.ctx.get(urn)
    value = record.value if record is not None else None
    things = (value, *getattr(value, "fields", ()))
    return any(case.settings.sensitive(link.tag) for thing in things for link in getattr(thing, "tags", ()))


def origins(lineage: Lineage, urn: str) -> dict[str, set[str]]:
    """Return what each target is made from: target -> `origin` or `origin by expression`."""
    found: dict[str, set[str]] = {}
    for edge in lineage.columns:
        how = f" by {edge.expression}" if edge.expression else ""
        sources = {f"{urn}{source}" if source.startswith("#") else source for source in edge.from_}
        for target in edge.to:
            name = target.removeprefix(urn) if target.startswith(f"{urn}#") else target
            found.setdefault(name.removeprefix("#"), set()).update(f"{source}{how}" for source in sources)
    return found


def _columns(case: Case, old: Lineage, new: Lineage) -> Iterator[Found]:
    if old.columns == new.columns:
        return
    renamed = case.match.paths if case.kind == "dataset" and "fields" in case.changed else {}
    before: dict[str, set[str]] = {}
    for path, sources in origins(old, case.old_urn).items():
        before.setdefault(renamed.get(path, path), set()).update(sources)
    after = origins(new, case.urn)
    looked = "lineage.columns" in case.captured
    gone = {field.path for field in case.match.removed} if "fields" in case.changed else set()
    fresh = {field.path for field in case.match.added} if "fields" in case.changed else set()
    for path in sorted(before.keys() | after.keys()):
        was, is_now = ", ".join(sorted(before.get(path, ()))), ", ".join(sorted(after.get(path, ())))
        if was == is_now or path in gone or path in fresh:
            continue
        if was and is_now:
            yield Found("column-lineage-changed", path, was, is_now)
        elif looked and was:
            yield Found("column-lineage-removed", path, was, None)
        elif looked:
            yield Found("column-lineage-added", path, None, is_now)


def _code(case: Case) -> Iterator[Found]:
    before = {(code.role or "", code.language or ""): code.text for code in case.old.code}
    after = {(code.role or "", code.language or ""): code.text for code in case.new.code}
    for key in sorted(before.keys() & after.keys()):
        if _words(before[key]) != _words(after[key]):
            yield Found("transform-logic-changed", "code", before[key], after[key])


def _words(text: str) -> list[str]:
    """Return a code's words, so that a new indentation is no new logic."""
    return text.split()
