"""The differ `semantic`: pairs of records in, changes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from lumos_core.plugin_api import AnyRecord, Change, Context, Differ, Entity, Pair

from . import consequences
from .areas import EVERY, TABULAR, attributes, existence
from .case import Case, Found, record_name, tag_names
from .config import SemanticConfig
from .grading import grade
from .renames import Renames
from .rules import RULES
from .settings import Settings

_POLL = 256
"""Pairs between two looks at whether the run was cancelled."""

_WITH_IMPACT = ("breaking", "risky")


class SemanticDiffer(Differ[SemanticConfig]):
    """Says what changed, for whom it breaks, why, and what to do.

    Example:
        ```yaml
        differ: {type: semantic, policy: standard}
        ```
    """

    def __init__(self, config: SemanticConfig) -> None:
        super().__init__(config)
        self._settings = Settings(config)

    def rules(self) -> Sequence[Mapping[str, Any]]:
        """Return the rule catalogue as data."""
        return [rule.as_dict() for rule in RULES.values()]

    def diff(self, pairs: Iterator[Pair], ctx: Context) -> Iterable[Change]:
        """Turn pairs into changes, one pair at a time; only removed and added datasets wait for each other."""
        renames = Renames({rename.to: rename.from_ for rename in self.config.dataset_renames})
        kind = ""
        try:
            for number, pair in enumerate(pairs):
                if number % _POLL == 0 and ctx.cancelled():
                    return
                record = pair.after if pair.after is not None else pair.before
                if record is None or record.kind == "stats":
                    continue
                if record.kind != kind:
                    yield from self._waiting(renames, ctx)
                    kind = record.kind
                if pair.before is not None and pair.after is not None:
                    yield from self._both(pair.before, pair.after, pair.captured, ctx)
                elif kind != "dataset" or not renames.hold(pair.before, pair.after):
                    yield from self._one(pair.before, pair.after, ctx)
            yield from self._waiting(renames, ctx)
        finally:
            renames.close()

    def _waiting(self, renames: Renames, ctx: Context) -> Iterator[Change]:
        for before, after in renames.resolve():
            if before is not None and after is not None:
                captured = {"record", *before.value.captured} & {"record", *after.value.captured}
                yield from self._both(before, after, frozenset(captured), ctx)
            else:
                yield from self._one(before, after, ctx)

    def _one(self, before: AnyRecord | None, after: AnyRecord | None, ctx: Context) -> Iterator[Change]:
        record = after if after is not None else before
        assert record is not None
        urn, kind, value = record.urn, record.kind, record.value
        if after is not None:
            found = existence.added(kind, urn)
        else:
            found = existence.removed(kind, urn, value)
        stance = self._settings.stance(urn, tag_names(value))
        changes = [grade(found, urn, kind, record_name(urn, value), stance)]
        reached = consequences.Impact()
        if changes[0].severity in _WITH_IMPACT:
            reached = consequences.impact(ctx.graph, self.config.impact_limit, urn)
            more = consequences.over_threshold(changes, reached, self.config.impact_threshold, ctx)
            changes += [grade(one, urn, kind, record_name(urn, value), stance) for one in more]
        yield from _with_impact(changes, reached)

    def _both(self, before: AnyRecord, after: AnyRecord, captured: frozenset[str], ctx: Context) -> Iterator[Change]:
        if not isinstance(after.value, Entity) or type(before.value) is not type(after.value):
            yield from self._foreign(before, after)
            return
        case = Case(after.urn, after.kind, before.value, after.value, captured, self._settings, ctx, old_urn=before.urn)
        # What two modules say in the same words (rule, place, old and new value) is one finding.
        found = {change.fingerprint: change for change in (self._grade(case, one) for one in _detect(case))}
        changes = list(found.values())
        reached = consequences.Impact()
        if any(change.severity in _WITH_IMPACT for change in changes):
            reached = consequences.impact(ctx.graph, self.config.impact_limit, before.urn, after.urn)
            follow = [
                *consequences.over_threshold(changes, reached, self.config.impact_threshold, ctx),
                *consequences.unannounced(changes, before.value.version, after.value.version),
            ]
            changes += [self._grade(case, one) for one in follow]
        yield from _with_impact(changes, reached)

    def _grade(self, case: Case, found: Found) -> Change:
        return grade(found, case.urn, case.kind, case.name, case.stance)

    def _foreign(self, before: AnyRecord, after: AnyRecord) -> Iterator[Change]:
        if before.value == after.value:
            return
        name = record_name(after.urn, None)
        stance = self._settings.stance(after.urn, ())
        found = attributes.changed("foreign", before.value, after.value, f"`{name}`")
        yield grade(found, after.urn, after.kind, name, stance)


def _detect(case: Case) -> Iterator[Found]:
    renamed = case.old_urn != case.urn
    if renamed:
        yield Found("dataset-renamed", "", case.old_urn, case.urn)
    if not case.changed and not renamed:
        return
    empty = not renamed
    detectors = (
        EVERY + TABULAR if hasattr(case.new, "keys") else EVERY + TABULAR[:2] if hasattr(case.new, "fields") else EVERY
    )
    for detector in detectors:
        for found in detector(case):
            empty = False
            yield found
    if empty:
        yield from attributes.fallback(case)


def _with_impact(changes: list[Change], reached: consequences.Impact) -> Iterator[Change]:
    for change in changes:
        if reached.total and change.severity in _WITH_IMPACT:
            change = msgspec.structs.replace(change, impact=reached.urns, impact_count=reached.total)
        yield change
