"""Text as words: the same for what is indexed and for what is asked.

The index gets words that are already normal, so that its own tokenizer (`ascii`, which splits at spaces and takes
everything beyond ASCII as it is) finds exactly these words, whatever Unicode version SQLite was built with.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_WORD = 64
"""Longer words are cut, in the index and in queries alike."""

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[^\W_]+")
# Chinese and Japanese are written without spaces: each character is a word, a query of several is a phrase.
_HUMP = re.compile(r"[a-z0-9](?=[A-Z])|[A-Z](?=[A-Z][a-z])")


@lru_cache(maxsize=65_536)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, without case and accents.

    `customerEmail` gives its parts and, after them, the whole; `customer_email` and `customer.email` its parts.

    Example:
        >>> words("Straße der customerEmail")
        ('strasse', 'der', 'customer', 'email', 'customeremail')
    """
    return tuple(_split(text))


def _split(text: str) -> list[str]:
    if not text.isascii():
        text = _without_marks(text)
    elif not _HUMP.search(text):
        return [word[:MAX_WORD] for word in _ASCII.findall(text.lower())]
    found: list[str] = []
    for word in _WORD.findall(text):
        parts = _HUMP.sub(r"\g<0> ", word).split(" ")
        found.extend(_normal(part) for part in parts)
        if len(parts) > 1:
            found.append(_normal(word))
    return [word for word in found if word]


_ASCII = re.compile(r"[a-z0-9]+")


def _normal(word: str) -> str:
    return "".join(_WORD.findall(fold(word)))[:MAX_WORD]


def _without_marks(text: str) -> str:
    """Drop accents and other marks, keeping case, so that a mark never splits a word."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.encode("utf-8", "replace").decode())
    return unicodedata.normalize("NFC", "".join(char for char in apart if unicodedata.category(char)[0] != "M"))


def fold(text: str) -> str:
    """Return a text without case, accents and compatibility forms."""
    if text.isascii():
        return text.lower()
    return _without_marks(_without_marks(text).casefold())


def joined(texts: list[str]) -> str:
    """Return the words of several texts as one text, one line per text."""
    whole = "\n".join(texts)
    if whole.isascii() and whole.count("\n") == len(texts) - 1 and not _HUMP.search(whole):
        # The same by two calls instead of several per text; nearly all schemas are written so.
        plain = _GAP.sub(" ", whole.lower())
        if not _LONG.search(plain):
            return "\n".join(line.strip() for line in plain.split("\n"))
    return "\n".join(" ".join(words(text)) for text in texts)


_GAP = re.compile(r"[^a-z0-9\n]+")
_LONG = re.compile(rf"[a-z0-9]{{{MAX_WORD + 1}}}")


_SHIFT = 0xE100
_FIRST_SHIFTED = 0xE000


@lru_cache(maxsize=65_536)
def facet_word(facet: str, value: str) -> str:
    """Return one word of the index that stands for a facet's value: `tag` `pii.email`.

    ASCII characters at which the index would split are moved into Unicode's private area; texts never hold those.
    """
    plain = unicodedata.normalize("NFC", fold(value))[:200]
    return facet + chr(_FIRST_SHIFTED) + "".join(char if char.isalnum() else _moved(char) for char in plain)


def _moved(char: str) -> str:
    return chr(_SHIFT + ord(char)) if char.isascii() else char
