"""Names of OpenMetadata: the grammar of fully qualified names, and what a single name may hold.

A fully qualified name is its parts joined by dots; a part that holds a dot stands in double quotes. A name has 1 to 256
characters, without `::`, line breaks and double quotes. Any text becomes such a name, and comes back from it:

- what is allowed stands as it is;
- what is not is percent-encoded behind the mark `lumos~` (`q"uote` is `lumos~q%22uote`);
- what is too long is cut and gets a digest; that alone cannot be turned back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote as percent
from urllib.parse import unquote

LONGEST = 256
MARK = "lumos~"
_PART = re.compile(r'"([^"]+)"|([^".]+)')
_BAD = re.compile(r'::|[\x00-\x1f\x7f-\x9f"\u2028\u2029\ud800-\udfff]')
_ESCAPED = re.compile('[%:\x00-\x1f\x7f-\x9f"\u2028\u2029\ud800-\udfff]')


def quote(name: str) -> str:
    """Return a name as a part of a fully qualified name."""
    return f'"{name}"' if "." in name else name


def join(parts: Iterable[str]) -> str:
    """Return the fully qualified name of some parts."""
    return ".".join(map(quote, parts))


def split(fqn: str) -> list[str]:
    """Return the parts of a fully qualified name, without quotes.

    Raises:
        ValueError: It does not follow the grammar.
    """
    parts, at = [], 0
    while True:
        found = _PART.match(fqn, at)
        if found is None:
            raise ValueError(f"not a fully qualified name: {fqn!r}")
        parts.append(found[1] or found[2])
        at = found.end()
        if at == len(fqn):
            return parts
        if fqn[at] != ".":
            raise ValueError(f"not a fully qualified name: {fqn!r}")
        at += 1


def encode(text: str) -> str:
    """Return a name that OpenMetadata takes for any text.

    Example:
        >>> encode("a b"), encode("x::y")
        ('a b', 'lumos~x%3A%3Ay')
    """
    fine = text and text == text.strip() and not _BAD.search(text) and not text.startswith(MARK)
    if not fine:
        body = _ESCAPED.sub(lambda match: percent(match[0].encode("utf-8", "surrogatepass"), safe=""), text)
        stripped = body.strip()
        if stripped != body:
            lead = len(body) - len(body.lstrip())
            tail = len(body.rstrip())
            body = percent(body[:lead]) + body[lead:tail] + percent(body[tail:]) if stripped else percent(body)
        text = MARK + body
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - 18]}~~{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def decode(name: str) -> str:
    """Return the text that a name was made of; any other name is the text itself."""
    if not name.startswith(MARK):
        return name
    try:
        text = unquote(name[len(MARK) :], errors="surrogatepass")
    except UnicodeDecodeError:
        return name
    return text if encode(text) == name else name
