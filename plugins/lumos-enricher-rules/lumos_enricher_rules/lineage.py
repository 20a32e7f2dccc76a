"""Lineage between datasets, columns and jobs: globs become URNs by what there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lumos_core.plugin_api import ColumnEdge, Context, Lineage, LineageEdge, urns

from .globs import Glob, names_of
from .people import job_urn
from .rules import ColumnRule, JobRule, LineageRule


class LineageRules:
    """The lineage of a rules file, by the URN of the dataset on which it stands (the downstream one).

    Args:
        rules: The rules.
        jobs: The jobs that `via` may name.
        ctx: Where the names of datasets are read, and where a rule that fits nothing is reported.
    """

    def __init__(self, rules: Iterable[LineageRule], jobs: Iterable[JobRule], ctx: Context) -> None:
        self._lineage: dict[str, Lineage] = {}
        rules = list(rules)
        if not rules:
            return
        sides = {name for rule in rules for name in _names(rule)}
        found = _resolve(sides, ctx)
        urn_of_job = {job.id: job_urn(job) for job in jobs}
        for number, rule in enumerate(rules, 1):
            self._add(rule, f"lineage {number}", found, urn_of_job, ctx)

    def of(self, urn: str) -> Lineage | None:
        """Return the lineage of a dataset; None when no rule gives it any."""
        return self._lineage.get(urn)

    def _add(
        self,
        rule: LineageRule,
        place: str,
        found: Mapping[str, list[str]],
        jobs: Mapping[str, str],
        ctx: Context,
    ) -> None:
        via = _job(rule.via, jobs, place, ctx)
        sources = sorted({urn for name in rule.from_ for urn in found[name]})
        for name in (*rule.from_, *rule.to):
            if not found[name]:
                ctx.warn("rule-fits-nothing", f"no dataset is called {name!r}", place)
        for target in sorted({urn for name in rule.to for urn in found[name]}):
            lineage = self._lineage.setdefault(target, Lineage())
            for source in sources:
                if source != target:
                    lineage.upstreams.append(_edge(source, via, rule))
            for column in rule.columns:
                edge = _column(column, via, found)
                if edge is not None:
                    lineage.columns.append(edge)


def _edge(source: str, via: str | None, rule: LineageRule) -> LineageEdge:
    return LineageEdge(source, via=via, type=rule.type, description=rule.description)


def _column(rule: ColumnRule, via: str | None, found: Mapping[str, list[str]]) -> ColumnEdge | None:
    sources = []
    for text in rule.from_:
        name, _, field = text.partition("#")
        sources += [urns.field(urn, field) if field else urn for urn in found[name]]
    if not sources:
        return None
    targets = [field if field.startswith("#") else f"#{field}" for field in rule.to]
    return ColumnEdge(from_=sorted(set(sources)), to=sorted(set(targets)), via=via, expression=rule.expression)


def _job(via: str | None, jobs: Mapping[str, str], place: str, ctx: Context) -> str | None:
    if via is None or via.startswith("urn:lumos:"):
        return via
    if via not in jobs:
        ctx.warn("rule-unknown-job", f"`via` names the job {via!r}, which is not in `jobs`", place)
        return None
    return jobs[via]


def _names(rule: LineageRule) -> Iterable[str]:
    yield from rule.from_
    yield from rule.to
    for column in rule.columns:
        yield from (text.partition("#")[0] for text in column.from_)


def _resolve(names: Iterable[str], ctx: Context) -> dict[str, list[str]]:
    """Find the datasets of each name in one pass; a URN stands for itself, also outside of what was read."""
    found: dict[str, list[str]] = {name: [name] if name.startswith("urn:lumos:") else [] for name in names}
    globs = [(name, Glob([name])) for name in found if not name.startswith("urn:lumos:")]
    if globs:
        for record in ctx.records("dataset"):
            called = names_of(record.urn)
            for name, glob in globs:
                if glob(*called):
                    found[name].append(record.urn)
    return found
