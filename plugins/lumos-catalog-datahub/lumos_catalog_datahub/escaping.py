"""Names inside of native ids: what DataHub refuses there is escaped, reversibly.

DataHub's own tools write `(`, `)`, `,` of a name as `%28`, `%29`, `%2C`; so do we, and only these sequences are read
back as characters, so that `50%` and `a%20b` stay what they are. A name that holds such a sequence itself gets a `25`
more behind its percent sign.
"""

from __future__ import annotations

import re

NOTHING = "%E2%90%A0"
"""Stands for no character at all, where a name may not be empty, end in a blank or look like something else."""

_CONTROLS = "".join(map(chr, [*range(32), 127]))


class Escape:
    """A reversible escape of some characters.

    Args:
        characters: Those that may not stand.
    """

    def __init__(self, characters: str) -> None:
        self._to = {char: "".join(f"%{byte:02X}" for byte in char.encode()) for char in characters}
        self._from = {text: char for char, text in self._to.items()} | {NOTHING: ""}
        tokens = "|".join(sorted((text[1:] for text in self._from), key=len, reverse=True))
        tokens += "|uDC[89A-F][0-9A-F]"
        self._doubled = re.compile(f"%(?=(?:25)*(?:{tokens}))")
        self._halved = re.compile(f"%((?:25)*)({tokens})")
        self._refused = re.compile(f"[{re.escape(characters)}\udc80-\udcff]")

    def write(self, name: str) -> str:
        """Return a name as it may stand in a native id."""
        doubled = self._doubled.sub("%25", name) if "%" in name else name
        return self._refused.sub(self._one, doubled)

    def read(self, text: str) -> str:
        """Return the name of a native text: the inverse of `write`."""
        return self._halved.sub(self._back, text) if "%" in text else text

    def _one(self, match: re.Match[str]) -> str:
        char = match.group()
        return self._to.get(char) or f"%u{ord(char):04X}"

    def _back(self, match: re.Match[str]) -> str:
        nested, token = match.groups()
        if nested:
            return f"%{nested[2:]}{token}"
        return chr(int(token[1:], 16)) if token[0] == "u" else self._from["%" + token]


_PART = Escape(_CONTROLS + "(),\u241f")


def part(name: str, alone: bool = False) -> str:
    """Return a name as a part of a native URN.

    Args:
        name: Any text.
        alone: It is the only part, so that the URN ends with it.

    Example:
        >>> part("orders (old)")
        'orders %28old%29'
    """
    text = _PART.write(name)
    if text.startswith("urn:li:"):  # or it would be taken for a URN of its own
        text = NOTHING + text
    return text + NOTHING if not text or (alone and text[-1].isspace()) else text


def name_of(text: str) -> str:
    """Return the name of a part of a native URN: the inverse of `part`."""
    return _PART.read(text)
