"""What is odd about a lake, told to the run: what was not read, and files that differ."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from lumos_core.plugin_api import Context

from . import records
from .discovery import Layout
from .probe import to_read
from .schema_union import Drift
from .storage import Gap


def tell(
    found: Layout, formats: Container[str], gaps: Sequence[Gap], skipped: Sequence[str], name: str, ctx: Context
) -> None:
    """Warn about what a listing could not read, left out, or is unsure of.

    Args:
        found: How the files are grouped.
        formats: Names of the formats that are read.
        gaps: Folders that cannot be listed.
        skipped: Links and special files that are left out.
        name: Of the folder.
        ctx: The run.
    """
    for gap in gaps:
        ctx.warn(
            "cannot-list",
            f"cannot be listed: {gap.reason}; nothing is concluded from it",
            records.text(gap.path) or ".",
        )
    if skipped:
        ctx.warn(
            "links-skipped",
            f"symbolic links or special files are left out ({len(skipped)}), such as {records.text(skipped[0])}; "
            "`follow_symlinks: true` follows links",
            records.text(skipped[0]),
        )
    for format, count in found.unread.items():
        ctx.warn(
            "format-not-read",
            f"{_files(count, 'is', 'are')} not read, of format {format}; {to_read(format)}",
        )
    if found.unknown:
        ctx.warn(
            "format-unknown",
            f"{_files(found.unknown, 'is', 'are')} of no format that is known by extension or first bytes",
        )
    for path in found.idle:
        ctx.warn(
            "rule-fits-nothing",
            f"the rule `{path}` of discovery.yaml fits no file; correct it, or delete it",
            records.text(path),
        )
    if not found.groupings and not found.unread and not gaps:
        ctx.warn("no-data", "no data files were found", name)
    for grouping in found.groupings:
        for code, message in grouping.findings:
            ctx.warn(code, message, records.text(grouping.name))
        if grouping.marked and grouping.format not in formats:
            remedy = to_read(grouping.format)
            ctx.warn(
                "table-format-not-read",
                f"this is a table of format {grouping.format}; its schema is not read. "
                f"{remedy[0].upper()}{remedy[1:]} of this source",
                records.text(grouping.name),
            )


def tell_drift(drift: Iterable[Drift], name: str, examples: Sequence[str], ctx: Context) -> None:
    """Warn that the files of a dataset differ.

    Args:
        drift: In what.
        name: Of the dataset.
        examples: A file of each schema.
        ctx: The run.
    """
    for change in drift:
        message = (
            f"the files of {records.text(name)} do not agree on the type of {change.detail}"
            if change.kind == "type"
            else f"{change.path} is not in every file of {records.text(name)}"
        )
        ctx.warn(f"drift-{change.kind}", message, records.text(examples[change.where]))


def _files(count: int, one: str, many: str) -> str:
    return f"1 file {one}" if count == 1 else f"{count} files {many}"
