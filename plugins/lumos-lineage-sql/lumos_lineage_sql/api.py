"""The library's one function: SQL in, lineage of each statement out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel

from .dialects import known, names
from .expressions import TooComplexError
from .parsing import Parsed, statements
from .queries import unite
from .relation import Output
from .scope import Scope
from .structs import (
    KINDS,
    ColumnLineage,
    Influence,
    Limits,
    Lookup,
    Name,
    Source,
    StatementLineage,
    Status,
)
from .temporary import Temporary
from .writes import Write, Writes

MAX_EXPRESSION = 2_000
"""Characters of an expression that are kept."""

_SEARCH_PATH = re.compile(r"\s*(?:session\s+|local\s+)?search_path\s*(?:=|to)\s*\"?([\w$]+)", re.IGNORECASE)
_DEFAULT_SCHEMA = {"snowflake": "PUBLIC", "tsql": "dbo", "fabric": "dbo"}
"""Schema in force after USE has chosen a database."""


def _unknown(name: Name) -> None:
    """Know no table."""


def lineage_of(
    sql: str, dialect: str = "", columns_of: Lookup = _unknown, *, limits: Limits | None = None
) -> list[StatementLineage]:
    """Return the lineage of every statement of a text, in order; a statement with several targets gives several.

    Temporary tables are resolved through: they are never a target, nor a table that is read. Whatever the text,
    nothing is raised for it: what cannot be read has the status `parse-failed` and a reason.

    Args:
        sql: One statement or a whole script.
        dialect: A dialect of sqlglot, or the name of a platform that speaks one (`postgresql`, `mssql`).
        columns_of: Asked for the columns of each table that is read or written.
        limits: What a text may cost.

    Raises:
        ValueError: There is no such dialect.

    Example:
        >>> [found] = lineage_of("SELECT o.total * 2 AS twice FROM orders AS o", "postgres")
        >>> found.columns[0].name, found.columns[0].sources, found.columns[0].expression
        ('twice', ((Source(table=('orders',), column='total', member=()), 'expression'),), 'o.total * 2')
    """
    reader = known(dialect)
    if reader is None:
        raise ValueError(f"no dialect is called {dialect!r}; there are {', '.join(names())}")
    script = _Script(reader, columns_of, limits or Limits())
    return list(script.run(sql))


class _Script:
    """What one statement leaves behind for the next."""

    def __init__(self, dialect: str, lookup: Lookup, limits: Limits) -> None:
        self.dialect, self.limits, self.lookup = dialect, limits, lookup
        self.temporary: dict[Name, Temporary] = {}
        self.made: dict[Name, list[str]] = {}
        self.default: Name = ()
        self._generator: Any = None

    def run(self, sql: str) -> list[StatementLineage]:
        """Return the lineage of every statement."""
        found: list[StatementLineage] = []
        for parsed in statements(sql, self.dialect, self.limits):
            found.extend(self._statement(parsed, found))
        return found

    def _statement(self, parsed: Parsed, before: list[StatementLineage]) -> list[StatementLineage]:
        if parsed.reason:
            return [StatementLineage("unknown", status="parse-failed", reason=parsed.reason, line=parsed.line)]
        try:
            return list(self._lineage(parsed.tree, parsed.line, before))
        except RecursionError:
            reason = "it is nested too deep"
        except TooComplexError as error:
            reason = str(error)
        except Exception as error:  # a tree that nobody thought of: it is a gap of this statement, not a crash
            reason = f"its form is not supported ({type(error).__name__})"
        return [StatementLineage("unknown", status="parse-failed", reason=reason, line=parsed.line)]

    def _lineage(self, tree: Any, line: int, before: list[StatementLineage]) -> Iterator[StatementLineage]:
        if isinstance(tree, exp.Use | exp.Set | exp.Command):
            self._use(tree)
        elif isinstance(tree, exp.Drop):
            if isinstance(tree.this, exp.Table):
                self.temporary.pop(self._key(tree.this), None)
        elif isinstance(tree, exp.Alter):
            self._rename(tree, before)
        elif isinstance(tree, exp.Create) and isinstance(tree.expression, exp.Block):
            for part in tree.expression.expressions:
                yield from self._statement(Parsed(part, "", line), before)
        else:
            yield from self._data(tree, line)

    def _data(self, tree: Any, line: int) -> Iterator[StatementLineage]:
        clause = tree.args.get("with_")
        for cte in clause.expressions if clause else ():
            if isinstance(cte.this, exp.Insert | exp.Update | exp.Merge):  # Postgres: they run, read or not
                yield from self._one(cte.this, line, around=tree)
        yield from self._one(tree, line)

    def _one(self, tree: Any, line: int, around: Any = None) -> Iterator[StatementLineage]:
        walk = self._walker()
        scope = Scope() if around is None else walk.with_ctes(around, Scope())
        for write in walk.write(tree, scope):
            if write.temporary or (write.target is not None and walk.key(write.target) in self.temporary):
                self._keep(write, walk)
                continue
            names_ = list(write.relation.names)
            if write.target is not None and not write.appends and not write.relation.open:
                self.made[walk.key(write.target)] = names_
            yield self._said(write, walk, line)

    def _walker(self) -> Writes:
        walk = Writes(self.dialect, self.lookup, self.limits)
        walk.temporary, walk.made, walk.default = self.temporary, self.made, self.default
        return walk

    def _keep(self, write: Write, walk: Writes) -> None:
        """Remember what a temporary table holds."""
        assert write.target is not None
        key = walk.key(write.target)
        old = self.temporary.get(key)
        if old is None or not write.appends:
            self.temporary[key] = Temporary(write.relation, walk.tables, walk.influences)
            return
        by_name = not write.by_position
        relation = unite(old.relation, write.relation, by_name) if len(old.relation) else write.relation
        self.temporary[key] = Temporary(relation, {**old.tables, **walk.tables}, {**walk.influences, **old.influences})

    def _said(self, write: Write, walk: Writes, line: int) -> StatementLineage:
        relation = write.relation
        columns = tuple(
            self._column(name or f"_col_{number}", relation.output(number))
            for number, name in enumerate(relation.names)
        )
        status: Status = "star-unresolved" if relation.open or relation.wild is not None else "resolved"
        stars = {table for branch in relation.open for table in branch}
        influences = {Influence(Source(*leaf), kind) for leaf, kind in walk.influences.items()}
        deletes = write.kind == "delete"
        changed = write.target if write.kind in ("update", "merge") else None  # it is no source of itself
        tables = sorted(table for table in walk.tables if table != changed)
        return StatementLineage(
            kind=write.kind,
            target=write.target,
            tables=() if deletes else tuple(tables),
            columns=columns,
            influences=() if deletes else tuple(sorted(influences)),
            status=status,
            by_position=write.by_position,
            stars=tuple(sorted(stars)),
            line=line,
        )

    def _column(self, name: str, output: Output) -> ColumnLineage:
        sources = sorted((Source(*leaf), KINDS[kind]) for leaf, kind in output.leaves.items())
        return ColumnLineage(name, tuple(sources), self._text(output), output.sure)

    def _text(self, output: Output) -> str | None:
        if output.node is None or not output.leaves:
            return None
        if self._generator is None:
            reader = Dialect.get_or_raise(self.dialect)
            self._generator = reader.generator(comments=False, unsupported_level=ErrorLevel.IGNORE)
        try:
            text: str = self._generator.generate(output.node, copy=False)
        except Exception:  # a text for people: without it the origin still stands
            return None
        return text if len(text) <= MAX_EXPRESSION else text[: MAX_EXPRESSION - 4] + " ..."

    def _key(self, table: Any) -> Name:
        walk = self._walker()
        return walk.key(walk.name(table))

    def _use(self, tree: Any) -> None:
        if isinstance(tree, exp.Use) and isinstance(tree.this, exp.Table):
            kind = tree.args.get("kind")
            word = kind.name.upper() if kind is not None else ""
            if word in ("ROLE", "WAREHOUSE", "SECONDARY ROLES"):
                return
            walk = self._walker()
            walk.default = ()
            parts = walk.name(tree.this)
            schema = _DEFAULT_SCHEMA.get(self.dialect)
            if schema and word != "SCHEMA" and len(parts) == 1:
                parts = (*parts, schema)
            self.default = parts if word != "SCHEMA" or len(parts) > 1 else (*self.default[:-1], *parts)
        elif isinstance(tree, exp.Command) and str(tree.this).upper() == "SET":
            text = tree.expression if isinstance(tree.expression, str) else tree.expression.name
            match = _SEARCH_PATH.match(text)
            if match and match[1] != "$user":
                self.default = (match[1],)

    def _rename(self, tree: Any, before: list[StatementLineage]) -> None:
        """Move what was written into a table that gets another name: the way staging tables are swapped in."""
        actions = tree.args.get("actions") or ()
        for action in actions:
            if not isinstance(action, exp.AlterRename) or not isinstance(action.this, exp.Table):
                continue
            walk = self._walker()
            old, new = walk.name(tree.this), walk.name(action.this)
            new = old[: max(0, len(old) - len(new))] + new
            if walk.key(old) in self.temporary:
                self.temporary[walk.key(new)] = self.temporary.pop(walk.key(old))
            if walk.key(old) in self.made:
                self.made[walk.key(new)] = self.made.pop(walk.key(old))
            for number, found in enumerate(before):
                if found.target is not None and walk.key(found.target) == walk.key(old):
                    before[number] = _replace(found, new)


def _replace(found: StatementLineage, target: Name) -> StatementLineage:
    return replace(found, target=target)
