"""Rules of lineage and code."""

from __future__ import annotations

from .rule import rule

_FIX = "Run the extraction again, compare the job's code, or declare the edge in the rules file."

RULES = (
    rule(
        "upstream-removed", "lineage", "upstream", "remove", "R",
        "`{name}` is not made from `{before}` any more",
        "Its data may be stale, or the lineage was not captured.", _FIX,
        mirrors="upstream-added upstream-added-sensitive",
    ),
    rule(
        "upstream-added", "lineage", "upstream", "add", "N",
        "`{name}` is made from `{after}` too",
        "It depends on one thing more.", "Nothing to do.", mirrors="upstream-removed",
    ),
    rule(
        "upstream-added-sensitive", "lineage", "upstream", "add", "R",
        "`{name}` is made from `{after}` too, which holds sensitive data",
        "Sensitive data may flow where nobody expects it.",
        "Check what is taken from it, and tag what is sensitive here.", mirrors="upstream-removed",
    ),
    rule(
        "downstream-added", "lineage", "downstream", "add", "N",
        "`{name}` writes `{after}` too",
        "It feeds one thing more.", "Nothing to do.", mirrors="downstream-removed",
    ),
    rule(
        "downstream-removed", "lineage", "downstream", "remove", "R",
        "`{name}` does not write `{before}` any more",
        "What it wrote may be stale, or the lineage was not captured.", _FIX, mirrors="downstream-added",
    ),
    rule(
        "column-lineage-added", "lineage", "column", "add", "I",
        "Where `{path}` of `{name}` comes from is known now: {after}",
        "More is known than before.", "Nothing to do.", mirrors="column-lineage-removed",
    ),
    rule(
        "column-lineage-removed", "lineage", "column", "remove", "I",
        "Where `{path}` of `{name}` comes from is not known any more (it was {before})",
        "Impact on this field is no longer seen.", _FIX, mirrors="column-lineage-added",
    ),
    rule(
        "column-lineage-changed", "lineage", "column", "change", "R",
        "`{path}` of `{name}` is derived otherwise: from {after} instead of {before}",
        "Its values may mean something else.", "Compare the job's code.", mirrors="column-lineage-changed",
    ),
    rule(
        "transform-logic-changed", "lineage", "code", "change", "R",
        "The code of `{name}` changed",
        "Its results may mean something else.", "Review the two versions of the code.",
        mirrors="transform-logic-changed", anchors=("SQLMesh change categories",),
    ),
    rule(
        "producing-job-changed", "lineage", "job", "change", "R",
        "Another job makes `{name}`: from {after} instead of from {before}",
        "Another job means another schedule, another owner, perhaps other logic.",
        "Check that the old job has stopped.", mirrors="producing-job-changed",
    ),
    rule(
        "lineage-cycle-introduced", "lineage", "graph", "detect", "R",
        "`{name}` is made from `{after}`, which is made from it",
        "No order of computation can be right.", "Find the edge that is wrong.",
        one_way="Breaking a cycle is told as upstream-removed.",
    ),
    rule(
        "dataset-orphaned", "lineage", "graph", "detect", "I",
        "`{name}` has no upstream any more",
        "Nobody knows how it is made.", _FIX,
        one_way="A first upstream is told as upstream-added.",
    ),
    rule(
        "downstream-impact-over-threshold", "lineage", "graph", "detect", "B",
        "A breaking change of `{name}` reaches {after} things downstream",
        "Many things break at once, or one of the first importance.",
        "Agree on a date with the owners downstream, or keep the old form beside the new.",
        one_way="It escalates another finding and has no direction of its own.",
    ),
    rule(
        "lineage-coverage-dropped", "lineage", "coverage", "detect", "R",
        "The lineage of `{name}` is not captured any more",
        "Nothing looks affected because nothing is known: removed edges are not reported.",
        "Mend the capture of lineage.", mirrors="snapshot-capability-gained",
    ),
)  # fmt: skip
