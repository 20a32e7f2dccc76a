"""The text of a `discovery.yaml` for people to review: rules, how sure each is, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from . import records
from .discovery import Grouping
from .discovery.spelling import Spelled

DOUBTFUL = 0.8
"""Datasets that are less sure than this are named at the top."""
_NAMED = 20


def text_of(spelled: Sequence[Spelled], seen: int) -> str:
    """Return the text; the least sure datasets come first.

    Args:
        spelled: Every dataset as rules.
        seen: How many files were looked at.
    """
    return "\n".join([*_head(spelled, seen), *_tables(spelled), *_rest(spelled)]) + "\n"


def _head(spelled: Sequence[Spelled], seen: int) -> Iterator[str]:
    doubtful = [one.grouping for one in _by_doubt(spelled) if one.grouping.confidence < DOUBTFUL]
    yield f"# Which files are one dataset, as Lumos found it: {len(spelled):,} datasets in {seen:,} files."
    yield "# What stands here wins over what is found; delete a rule to leave its files to discovery again, and write"
    yield "# what is not data under `exclude`. Every rule was held against the files: it fits those of its own dataset"
    yield "# and no others. `lumos discover --explain FOLDER` says more."
    if doubtful:
        yield "#"
        yield f"# Look at these first, they are less sure than {DOUBTFUL}:"
        for grouping in doubtful[:_NAMED]:
            yield f"#   {grouping.confidence:.2f}  {_comment(grouping.name)}"
        if len(doubtful) > _NAMED:
            yield f"#   and {len(doubtful) - _NAMED:,} more"
    yield "version: 1"


def _by_doubt(spelled: Sequence[Spelled]) -> list[Spelled]:
    return sorted(spelled, key=lambda one: (one.grouping.confidence, one.grouping.name))


def _tables(spelled: Sequence[Spelled]) -> Iterator[str]:
    written = [one for one in _by_doubt(spelled) if one.rules]
    yield "tables:" if written else "tables: []"
    for one in written:
        grouping = one.grouping
        yield f"  # {_sure(grouping)}: {_comment('; '.join(grouping.evidence))}"
        yield f"  # {_facts(grouping)}"
        for _, message in grouping.findings:
            yield f"  # odd: {_comment(message)}"
        for path in one.rules:
            yield f"  - path: {_quoted(path)}"
            yield f"    name: {_quoted(grouping.name)}"
            yield f"    format: {_quoted(grouping.format)}"


def _rest(spelled: Sequence[Spelled]) -> Iterator[str]:
    marked = [one.grouping for one in spelled if one.grouping.marked]
    if marked:
        yield "# Tables of table formats need no rule, their markers say what is theirs:"
        for grouping in marked:
            formats = ", ".join((grouping.format, *grouping.also))
            yield f"#   {_comment(grouping.name)} ({formats})"
    others = [one for one in spelled if not one.rules and not one.grouping.marked]
    if others:
        yield "# Found, and not spelled out:"
        for one in others:
            yield f"#   {one.grouping.confidence:.2f}  {_comment(one.grouping.name)}: {one.why}"


def _sure(grouping: Grouping) -> str:
    return f"{'sure' if grouping.confidence >= DOUBTFUL else 'CHECK'} {grouping.confidence:.2f}"


def _facts(grouping: Grouping) -> str:
    count = len(grouping.files)
    facts = [f"{count:,} file{'s' * (count != 1)}"]
    if grouping.partitions:
        facts.append("partitions: " + ", ".join(f"{_comment(p.name)} ({p.type})" for p in grouping.partitions))
    return "; ".join(facts)


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in records.text(text))


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar in double quotes."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08X}" for char in quoted)
