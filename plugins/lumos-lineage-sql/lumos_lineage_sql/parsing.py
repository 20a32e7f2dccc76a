"""Text to statements, one at a time, within bounds: a statement that cannot be read says so and hurts no other."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

from sqlglot.dialects.dialect import Dialect
from sqlglot.expressions import Alias, Block, Command, Condition, Query, Semicolon
from sqlglot.tokenizer_core import Token, TokenType

from .structs import Limits


class Parsed(NamedTuple):
    """One statement: its tree, or why there is none."""

    tree: Any
    reason: str
    line: int


_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE, TokenType.LT})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END, TokenType.GT})
_PREFIX = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE})
_MOVES_DATA = re.compile(r"\s*(CREATE|INSERT|REPLACE|MERGE|UPDATE|UPSERT|SELECT|WITH|FROM)\b", re.IGNORECASE)
_NO_DATA = re.compile(
    r"\s*CREATE\b[^;()]*?\b(FUNCTION|PROCEDURE|TRIGGER|INDEX|ROLE|USER|EXTENSION|SEQUENCE|SCHEMA|DATABASE|TYPE|DOMAIN"
    r"|STAGE|WAREHOUSE|TASK|PIPE|STREAM|POLICY|AGGREGATE|OPERATOR|CAST|COLLATION|SERVER|PUBLICATION|SUBSCRIPTION"
    r"|EVENT|MACRO|SECRET|TABLESPACE|RULE|STATISTICS|LANGUAGE|CONVERSION|TEXT)\b",
    re.IGNORECASE,
)


def statements(sql: str, dialect: str, limits: Limits) -> Iterator[Parsed]:
    """Read the statements of a text in order."""
    if len(sql) > limits.text:
        yield Parsed(None, f"the text has {len(sql)} characters, more than the {limits.text} that are read", 1)
        return
    reader = Dialect.get_or_raise(dialect)
    try:
        tokens = reader.tokenize(sql)
    except Exception:  # its message quotes the text, which may hold secrets
        yield Parsed(None, "it cannot be split into words: a quote or a comment is not closed", 1)
        return
    for chunk in _chunks(tokens):
        line = chunk[0].line
        size = chunk[-1].end - chunk[0].start + 1
        if size > limits.statement:
            yield Parsed(
                None, f"the statement has {size} characters, more than the {limits.statement} that are read", line
            )
        elif (depth := _depth(chunk)) > limits.depth:
            yield Parsed(None, f"it is nested {depth} deep, more than the {limits.depth} that are read", line)
        else:
            yield from _parse(reader, chunk, sql, line)


def _chunks(tokens: list[Token]) -> Iterator[list[Token]]:
    """Split at semicolons."""
    chunk: list[Token] = []
    for token in tokens:
        if token.token_type is not TokenType.SEMICOLON:
            chunk.append(token)
        elif chunk:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _parse(reader: Dialect, chunk: list[Token], sql: str, line: int) -> Iterator[Parsed]:
    trees = _trees(reader, chunk, sql)
    if isinstance(trees, str):
        again = _once_more(reader, chunk, sql)
        if isinstance(again, str) or again is None:
            yield Parsed(None, trees, line)
            return
        trees = again
    for tree in trees:
        if isinstance(tree, Block):
            yield from (Parsed(part, "", line) for part in tree.expressions)
        elif tree is not None and not isinstance(tree, Semicolon):
            yield Parsed(tree, "", line)


def _trees(reader: Dialect, chunk: list[Token], sql: str) -> list[Any] | str:
    """Return the trees of a statement, or why there are none."""
    try:
        with _quiet():
            if chunk and chunk[0].text.upper() == "REPLACE":  # MySQL, SQLite: for lineage it is INSERT
                chunk = reader.tokenize("INSERT" + sql[chunk[0].end + 1 : chunk[-1].end + 1])
            trees = list(reader.parser().parse(chunk, sql)) if chunk else []
    except RecursionError:
        return "it is nested too deep"
    except Exception as error:  # the parser meets texts that nobody thought of: whatever it raises is that text's
        return _short(error)
    if len(trees) == 1 and isinstance(trees[0], Command):  # what the parser gives up on without an error
        text = sql[chunk[0].start : chunk[0].start + 2_000]
        if _MOVES_DATA.match(text) and not _NO_DATA.match(text):
            return "its syntax is not supported"
    if any(isinstance(tree, Condition | Alias) and not isinstance(tree, Query) for tree in trees):
        return "it is an expression, not a statement"
    return trees


def _once_more(reader: Dialect, chunk: list[Token], sql: str) -> list[Any] | str | None:
    """Try a statement that could not be read without its frame and without comments; None when it has neither.

    The tokenizer does not know words that belong together, such as GROUP BY, with a comment in between.
    """
    bare = _without_frame(chunk)
    between = [sql[one.end + 1 : two.start] for one, two in pairwise(bare)]
    if any(gap and not gap.isspace() for gap in between):
        words = [sql[token.start : token.end + 1] for token in bare]
        text = "".join(word + (" " if gap else "") for word, gap in zip(words, [*between, ""], strict=True))
        try:
            return _trees(reader, reader.tokenize(text), text)
        except Exception:  # a text made of words that were read before: if it is none, the first reason stands
            return None
    return _trees(reader, bare, sql) if len(bare) != len(chunk) else None


def _without_frame(chunk: list[Token]) -> list[Token]:
    """Return a statement without the words around it that sqlglot may not know.

    These are the BEGIN before it and the END after it, which hold a procedure together, and WITH [NO] DATA.
    """
    words = [token.text.upper() for token in chunk[-3:]]
    if words[-3:] == ["WITH", "NO", "DATA"]:
        return chunk[:-3]
    if words[-2:] == ["WITH", "DATA"]:
        return chunk[:-2]
    cases = sum(token.token_type is TokenType.CASE for token in chunk)
    ends = sum(token.token_type is TokenType.END for token in chunk)
    start = 1 if chunk[0].token_type is TokenType.BEGIN else 0
    return chunk[start : len(chunk) - 1 if ends > cases and chunk[-1].token_type is TokenType.END else len(chunk)]


def _depth(chunk: list[Token]) -> int:
    """Return how deep brackets, CASEs and prefix operators stand inside of each other."""
    depth = deepest = run = 0
    for token in chunk:
        kind = token.token_type
        if kind in _OPEN:
            depth += 1
            deepest = max(deepest, depth)
        elif kind in _CLOSE:
            depth = max(depth - 1, 0)
        run = run + 1 if kind in _PREFIX else 0
        deepest = max(deepest, run)
    return deepest


def _short(error: BaseException) -> str:
    """Return the first line of an error, without the colours in which sqlglot marks the place."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    first = text.splitlines()[0].strip() if text else type(error).__name__
    return first[:200]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep sqlglot from logging what it falls back to: it is told here, with its place."""
    logger = logging.getLogger("sqlglot")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
