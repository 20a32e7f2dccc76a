"""The result of a run as plain data: one documented shape for the command line, reporters and notebooks."""

from __future__ import annotations

from typing import Any

import msgspec

from ..contracts.reporter import PublishResult, RunResult


def result_data(result: RunResult) -> dict[str, Any]:
    """Return a result as plain data: what `lumos run --json` prints and the reporter `json` writes."""
    changes = [{**msgspec.to_builtins(change), "fingerprint": change.fingerprint} for change in result.changes]
    versions = [
        {
            "urn": given.urn,
            "schema": given.version.schema,
            "metadata": given.version.metadata,
            "before": given.before,
        }
        for given in result.versions
    ]
    return {
        "run": result.run_id,
        "pipeline": result.pipeline,
        "mode": result.mode,
        "verdict": result.verdict,
        "exit_code": result.exit_code,
        "started": result.started,
        "finished": result.finished,
        "first": result.first,
        "changed": result.changed,
        "release": result.release,
        "counts": result.counts,
        "fields": result.fields,
        "severities": result.severities,
        "changes": changes,
        "versions": versions,
        "events": [msgspec.to_builtins(event) for event in result.events],
        "gate": msgspec.to_builtins(result.gate),
        "published": [_published(one) for one in result.published],
        "coverage": msgspec.to_builtins(result.coverage, order="sorted"),
        "not_captured": result.not_captured,
        "warnings": msgspec.to_builtins(result.warnings),
        "failures": msgspec.to_builtins(result.failures),
        "timings": msgspec.to_builtins(result.timings),
        "reports": result.reports,
        "snapshot": result.snapshot,
    }


def _published(one: PublishResult) -> dict[str, Any]:
    operations = [
        {
            "action": operation.action,
            "kind": operation.kind,
            "urn": operation.urn,
            "set": msgspec.to_builtins(operation.set, order="sorted") if operation.set is not None else {},
            "unset": sorted(operation.unset),
            "reasons": dict(operation.reasons),
            "held": None if operation.held is None else msgspec.to_builtins(operation.held, order="sorted"),
            "expect": operation.expect,
        }
        for operation in one.operations
    ]
    return {
        "catalog": one.catalog,
        "target": one.target,
        "applied": one.applied,
        "planned": one.planned,
        "written": one.written,
        "facts": one.facts,
        "failed": one.failed,
        "conflicts": one.conflicts,
        "blocked": one.blocked,
        "operations": operations,
    }
