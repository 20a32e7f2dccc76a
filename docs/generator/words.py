"""Words, tables, docstrings and signatures as Markdown."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

MADE = "This page is made from the code by `python docs/generate.py`.\n"
SECTION = re.compile(r"(Args|Attributes|Returns|Raises|Yields|Example|Examples|Note):\Z")


def anchor(title: str) -> str:
    """Return the anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def cell(text: object) -> str:
    """Return a text that can stand in a table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    heads = list(head)
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def shown(value: Any) -> str:
    """Return a default as YAML would have it."""
    if value is None or value == "" or value == [] or value == {}:
        return "none"
    return f"`{json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value}`"


def prose(text: str | None) -> str:
    """Return a docstring in Google style as Markdown."""
    blocks: list[str] = []
    title = ""
    for part in re.split(r"\n(?=\S)", inspect.cleandoc(text or "")):
        head, _, rest = part.partition("\n")
        match = SECTION.match(head.strip())
        if match is None:
            blocks.append(part)
            continue
        title = match[1]
        blocks.append(f"\n**{title}**\n\n{_section(title, inspect.cleandoc(rest))}")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(blocks)).strip() + "\n"


def _section(title: str, body: str) -> str:
    if title.startswith("Example"):
        if ">>>" in body and "```" not in body:
            return f"```pycon\n{body}\n```"
        # A part of a program: what it needs around it stands in the how-to pages.
        return body.replace("```python", "```py")
    if title in ("Args", "Attributes", "Raises"):
        items = re.split(r"\n(?=\S)", body)
        return "\n".join(re.sub(r"\A([^:\n]+):\s*", r"- `\1`: ", " ".join(item.split())) for item in items)
    return body


def signature(function: Callable[..., Any], *, method: bool = False) -> str:
    """Return `name(parameters) -> type`, as the source has it."""
    found = inspect.signature(function)
    empty = inspect.Parameter.empty
    parameters = [
        item.replace(
            default=item.default if item.default is empty else _Plain(item.default),
            annotation=item.annotation if item.annotation is empty else _Plain(item.annotation, bare=True),
        )
        for name, item in found.parameters.items()
        if not (method and name == "self")
    ]
    returned = found.return_annotation
    returned = returned if returned is inspect.Signature.empty else _Plain(returned, bare=True)
    return f"{function.__name__}{found.replace(parameters=parameters, return_annotation=returned)}"


class _Plain:
    """A default value, or an annotation, whose repr is what stands in the source."""

    def __init__(self, value: Any, *, bare: bool = False) -> None:
        self.value = value
        self.bare = bare

    def __repr__(self) -> str:
        if self.bare and isinstance(self.value, str):
            return self.value
        if inspect.isfunction(self.value):
            return self.value.__name__.lstrip("_")
        if isinstance(self.value, msgspec.Struct) and type(self.value)() == self.value:
            return f"{type(self.value).__name__}()"
        return repr(self.value)
