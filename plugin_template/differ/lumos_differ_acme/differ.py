"""The differ `acme`: datasets and fields that came, went or changed their type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lumos_core.plugin_api import AnyRecord, Bump, Change, Context, Differ, Pair, Severity

from .config import AcmeDifferConfig

RULES: Mapping[str, tuple[Severity, Bump, str]] = {
    "record-added": ("non-breaking", "minor", "`{name}` is new"),
    "record-removed": ("breaking", "major", "`{name}` is gone"),
    "field-added": ("non-breaking", "minor", "Field `{path}` of `{name}` is new"),
    "field-removed": ("breaking", "major", "Field `{path}` of `{name}` is gone"),
    "field-type-changed": ("breaking", "major", "Field `{path}` of `{name}` has another type"),
}
"""Rule -> severity, the version bump that it requires, the message."""


class AcmeDiffer(Differ[AcmeDifferConfig]):
    """Datasets and fields that came, went or changed their type."""

    def diff(self, pairs: Iterator[Pair], ctx: Context) -> Iterable[Change]:
        """Compare each pair."""
        for before, after, captured in pairs:
            if ctx.cancelled():
                return
            if before is None or after is None:
                for record, rule in ((after, "record-added"), (before, "record-removed")):
                    if record is not None:
                        yield self._change(rule, record)
                continue
            old, new = _types(before), _types(after)
            for path in sorted(old.keys() | new.keys()):
                if path not in old:
                    yield self._change("field-added", after, path, None, new[path])
                elif path in new and old[path] != new[path]:
                    yield self._change("field-type-changed", after, path, old[path], new[path])
                elif path not in new and "fields" in captured:  # else nobody looked, and nothing is known
                    yield self._change("field-removed", after, path, old[path])

    def rules(self) -> Sequence[Mapping[str, Any]]:
        """Return the rules, for `lumos rules`."""
        return [{"id": rule, "severity": self._severity(rule), "bump": bump} for rule, (_, bump, _) in RULES.items()]

    def _severity(self, rule: str) -> Severity:
        return self.config.type_changed if rule == "field-type-changed" else RULES[rule][0]

    def _change(
        self, rule: str, record: AnyRecord, path: str = "", before: str | None = None, after: str | None = None
    ) -> Change:
        _, bump, message = RULES[rule]
        return Change(
            rule=rule,
            urn=record.urn,
            kind=record.kind,
            path=path,
            severity=self._severity(rule),
            bump=bump,
            before=before,
            after=after,
            message=message.format(name=getattr(record.value, "name", None) or record.urn, path=path),
        )


def _types(record: AnyRecord) -> dict[str, str]:
    return {field.path: field.type for field in getattr(record.value, "fields", ())}
