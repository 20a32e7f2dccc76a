"""How and where the data lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lumos_core.plugin_api import Layout, PartitionField, SortField

from ..case import Found

if TYPE_CHECKING:
    from ..case import Case

TABLE_FORMATS = frozenset({"iceberg", "delta", "hudi", "paimon", "lance"})
GRANULARITIES = frozenset({"year", "month", "week", "day", "hour", "years", "months", "days", "hours"})
_EMPTY = Layout()

OPTIONS = {
    **dict.fromkeys(("compression", "codec", "compression_codec"), "compression-changed"),
    **dict.fromkeys(("encoding", "charset", "character_encoding"), "encoding-changed"),
    **dict.fromkeys(("bucket_count", "num_buckets", "buckets"), "bucketing-changed"),
    **dict.fromkeys(("format_version", "format-version"), "format-version-upgraded"),
    **dict.fromkeys(
        (
            "delimiter",
            "quote",
            "quote_char",
            "escape",
            "escape_char",
            "header",
            "line_terminator",
            "comment",
            "null_value",
        ),
        "file-dialect-changed",
    ),
}
"""Storage option -> the rule for its change; any other option is `layout-option-changed`."""

POLICY_OPTIONS = ("encryption", "kms_key", "encrypted")
"""Storage options that governance looks at."""


def detect(case: Case) -> Iterator[Found]:
    """Judge format, place, partitioning and storage options."""
    yield from _partition_types(case)
    if "layout" not in case.changed:
        return
    old, new = case.old.layout or _EMPTY, case.new.layout or _EMPTY
    looked = "layout" in case.captured
    yield from _partitions(case, old.partition_by, new.partition_by, looked)
    yield from _order("clustering-changed", case, old.cluster_by, new.cluster_by, looked)
    yield from _order("sort-changed", case, old.sort_by, new.sort_by, looked)
    if old.location != new.location and old.location and new.location:
        yield Found("location-changed", "layout", old.location, new.location)
    if old.format != new.format and old.format and new.format:
        formats = {old.format.lower(), new.format.lower()}
        rule = "table-format-changed" if formats & TABLE_FORMATS else "file-format-changed"
        yield Found(rule, "layout", old.format, new.format)
    yield from _options(dict(old.options), dict(new.options))


def _partition_types(case: Case) -> Iterator[Found]:
    if "fields" not in case.changed or not case.old.layout or not case.new.layout:
        return
    partitions = {part.path for part in case.new.layout.partition_by}
    partitions &= {case.follow(part.path) for part in case.old.layout.partition_by}
    if not partitions:
        return
    for old, new in case.match.common:
        if old.type != new.type and new.path in partitions:
            yield Found("partition-column-type-changed", new.path, old.type, new.type)


def _partition_text(partitions: Sequence[PartitionField]) -> str:
    return ", ".join(f"{part.transform}({part.path})" if part.transform else part.path for part in partitions)


def _partitions(case: Case, old: list[PartitionField], new: list[PartitionField], looked: bool) -> Iterator[Found]:
    before, after = _partition_text(old), _partition_text(new)
    if not old or not new:
        if looked and old:
            yield Found("partition-spec-removed", "layout", before, None)
        elif looked and new:
            yield Found("partition-spec-added", "layout", None, after)
        return
    if [case.follow(part.path) for part in old] != [part.path for part in new]:
        yield Found("partition-column-changed", "layout", before, after)
        return
    for one, other in zip(old, new, strict=True):
        was, is_now = one.transform or "identity", other.transform or "identity"
        if was != is_now:
            by_time = {was, is_now} <= GRANULARITIES
            rule = "partition-granularity-changed" if by_time else "partition-transform-changed"
            yield Found(rule, other.path, was, is_now)


def _order(rule: str, case: Case, old: list[SortField], new: list[SortField], looked: bool) -> Iterator[Found]:
    before = ", ".join(f"{case.follow(part.path)} {part.direction or ''}".strip() for part in old)
    after = ", ".join(f"{part.path} {part.direction or ''}".strip() for part in new)
    if before != after and (looked or (before and after)):
        yield Found(rule, "layout", before or "none", after or "none")


def _options(old: dict[str, str], new: dict[str, str]) -> Iterator[Found]:
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before == after or key.lower() in POLICY_OPTIONS:
            continue
        rule = OPTIONS.get(key.lower(), "layout-option-changed")
        if before is None or after is None:
            # What was not said need not have been otherwise.
            rule = "layout-option-changed"
        elif rule == "format-version-upgraded" and _number(after) < _number(before):
            rule = "format-version-downgraded"
        yield Found(rule, "layout", f"{key}={before}" if before else None, f"{key}={after}" if after else None)


def _number(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
