"""Texts for people: those of strangers, made fit to be shown, and sizes."""

from __future__ import annotations

import unicodedata

_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_JOINERS = frozenset("\u200c\u200d")
"""They steer nothing but the shape of letters and emoji, which are broken without them."""


def visible(text: object, *, lines: bool = False) -> str:
    r"""Show control characters and marks of direction instead of obeying them: names come from strangers.

    What Unicode calls a control, format, surrogate, line or paragraph separator is written as `\u{1b}`; the result
    can always be encoded. It is not escaped for HTML, Markdown or any other markup.

    Args:
        text: What is shown.
        lines: Keep line feeds, as in a description.
    """
    shown = str(text)
    if shown.isprintable():
        return shown
    kept = {*_JOINERS, "\n"} if lines else _JOINERS
    return "".join(
        f"\\u{{{ord(char):x}}}" if unicodedata.category(char) in _UNSEEN and char not in kept else char
        for char in shown
    )


def size(count: int) -> str:
    """Return a number of bytes for people.

    Example:
        >>> size(1_610_612_736)
        '1.5 GiB'
    """
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
