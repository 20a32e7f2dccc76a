"""Words that are nearly the one that was typed: trigrams over the vocabulary, never over documents."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

_CANDIDATES = 48
_MANY = 64
_TOGETHER = 500


def grams(word: str) -> list[str]:
    """Return the trigrams of a word with its ends marked.

    Example:
        >>> grams("tag")
        ['<ta', 'tag', 'ag>']
    """
    text = f"<{word}>"
    return list(dict.fromkeys(text[place : place + 3] for place in range(len(text) - 2)))


def reach(word: str) -> int:
    """Return how many typing errors are forgiven in a word: none below 3 characters, 1 up to 5, then 2."""
    return 0 if len(word) < 3 else 1 if len(word) <= 5 else 2


def distance(one: str, other: str, most: int) -> int:
    """Return how many typing errors (insert, delete, replace, swap neighbours) lie between; `most + 1` when more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, char in enumerate(one, 1):
        oldest, before = before, row
        row = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (char != wanted))
            if i > 1 and j > 1 and char == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, oldest[j - 2] + 1)
            row.append(cost)
        if min(row) > most and (i < 2 or min(before) > most):
            return most + 1
    return min(row[-1], most + 1)


class Near(NamedTuple):
    """A word of the vocabulary that is close to the one that was typed."""

    word: str
    errors: int


def near(connection: sqlite3.Connection, word: str, limit: int = 3) -> list[Near]:
    """Return the words of the vocabulary that are closest to a word, closest first; itself excluded."""
    most = reach(word)
    if not most:
        return []
    parts = grams(word)
    marks = ",".join("?" * len(parts))
    rows = connection.execute(
        f"SELECT w.text FROM (SELECT word, count(*) AS shared FROM gram WHERE gram IN ({marks})"
        " AND size BETWEEN ? AND ? GROUP BY word ORDER BY shared DESC, word LIMIT ?) JOIN word w ON w.id = word",
        (*parts, len(word) - most, len(word) + most, _CANDIDATES),
    )
    found = {text for (text,) in rows} | _known(connection, _swapped(word))
    measured = [Near(text, distance(word, text, most)) for text in found if text != word]
    close = [item for item in measured if item.errors <= most]
    close.sort(key=lambda item: (item.errors, item.word[0] != word[0], -_users(connection, item.word), item.word))
    return close[:limit]


def _swapped(word: str) -> set[str]:
    """Words with two neighbours swapped: short ones share no trigram with what was meant."""
    return {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}


def _known(connection: sqlite3.Connection, texts: Iterable[str]) -> set[str]:
    asked = sorted(texts)
    found: set[str] = set()
    for start in range(0, len(asked), _TOGETHER):
        part = asked[start : start + _TOGETHER]
        marks = ",".join("?" * len(part))
        found.update(text for (text,) in connection.execute(f"SELECT text FROM word WHERE text IN ({marks})", part))
    return found


def _users(connection: sqlite3.Connection, word: str, most: int = _MANY) -> int:
    """Return how many records hold a word, counted up to a bound."""
    (count,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM search WHERE search MATCH ? LIMIT ?)", (f'"{word}"', most)
    ).fetchone()
    return int(count)


def known(connection: sqlite3.Connection, word: str) -> bool:
    """Tell whether some record holds a word; numbers are never doubted."""
    return word.isdigit() or bool(_known(connection, [word]))


def completions(connection: sqlite3.Connection, prefix: str, limit: int) -> list[str]:
    """Return words that begin with a prefix, the shortest first."""
    if not prefix:
        return []
    rows = connection.execute(
        "SELECT text FROM (SELECT text FROM word WHERE text > ? AND text < ? LIMIT 2000)"
        " ORDER BY length(text), text LIMIT ?",
        (prefix, prefix + "\U0010ffff", limit),
    )
    return [text for (text,) in rows]


def learn(connection: sqlite3.Connection, fresh: Iterable[str]) -> None:
    """Add the words of a record to the vocabulary."""
    words = [text for text in fresh if not text.isdigit()]
    held = _known(connection, words)
    for text in words:
        if text not in held:
            key = connection.execute("INSERT INTO word(text) VALUES (?)", (text,)).lastrowid
            rows = [(gram, len(text), key) for gram in grams(text)]
            connection.executemany("INSERT INTO gram VALUES (?, ?, ?)", rows)


def forget(connection: sqlite3.Connection, dropped: Iterable[str]) -> None:
    """Take words out of the vocabulary that no record holds any more."""
    for text in dropped:
        if text.isdigit() or _users(connection, text, 1):
            continue
        row = connection.execute("SELECT id FROM word WHERE text = ?", (text,)).fetchone()
        if row is not None:
            connection.execute("DELETE FROM word WHERE id = ?", row)
            rows = [(gram, len(text), row[0]) for gram in grams(text)]
            connection.executemany("DELETE FROM gram WHERE gram = ? AND size = ? AND word = ?", rows)
