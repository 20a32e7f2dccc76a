"""What the commands that read share: where to look, as of when, and how records are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.text import Text

F = TypeVar("F", bound=Callable[..., Any])

STYLES = {"breaking": "bold red", "risky": "yellow", "non-breaking": "green", "informational": "dim"}
"""Severity -> how it is drawn."""


def pipeline_option(function: F) -> F:
    """Add `--pipeline`: whose store to read."""
    return click.option(
        "--pipeline",
        "-p",
        type=click.Path(),
        metavar="FILE",
        help="Whose store to read: a pipeline, or a store's database; LUMOS_CONFIG, ./lumos.yaml or "
        ".lumos/store.db by default.",
    )(function)


def as_of_option(function: F) -> F:
    """Add `--as-of`: which state to read."""
    return click.option(
        "--as-of",
        default="head",
        metavar="REF",
        help="A run, release, day (its end, UTC), time, state, ref (head~1) or snapshot file.",
    )(function)


def severity(text: str) -> Text:
    """Return a severity in its colour."""
    from rich.text import Text

    return Text(text, style=STYLES.get(text, ""))


def short_list(items: list[str], most: int = 3) -> str:
    """Return the first few of many."""
    return ", ".join(items[:most]) + (f" +{len(items) - most}" if len(items) > most else "")
