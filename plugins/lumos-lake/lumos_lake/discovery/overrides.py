"""`discovery.yaml`: what people know better than any layout tells.

```yaml
version: 1
exclude: ["tmp/**"]
tables:
  - path: "raw/{table}/{year}/{month}/*.csv"   # one table per {table}; the other names are partitions
  - path: "sales_{*}/**"                        # {*} varies and means nothing
    name: sales
    format: csv
```
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from pydantic import Field, field_validator

from lumos_core.plugin_api import Config

from ..storage import Entry

_PLACEHOLDER = re.compile(r"(?<!\[)\{([^{}/\[\]]+)\}")


class TableRule(Config):
    """Files that are one table, or one table per `{table}`."""

    path: str = Field(
        description="Glob below the root. `{table}` (once or more) names the table, `{*}` varies and "
        "means nothing, every other `{name}` is a partition column; `key=value` folders are partitions as everywhere."
    )
    name: str = Field(default="", description="Name of the table; default: the path up to the first varying part.")
    format: str = Field(default="", description="Name of the format; default: by extension.")

    @field_validator("path")
    @classmethod
    def _compiles(cls, value: str) -> str:
        if value.startswith("/") or ".." in value.split("/"):
            raise ValueError("a path below the root, without a leading / and without ..")
        compile_rule(value)
        return value


class Overrides(Config):
    """The whole of a `discovery.yaml`."""

    version: Literal[1] = Field(default=1, description="Version of this file's form.")
    include: list[str] = Field(default=[], description="Globs that a file must fit; empty = everything.")
    exclude: list[str] = Field(default=[], description="Globs of files to leave out.")
    tables: list[TableRule] = Field(default=[], description="Tables; the first rule that a file fits decides.")


class Rule(NamedTuple):
    """A compiled path of a rule.

    Attributes:
        pattern: What a path must match.
        columns: Group of the pattern -> partition column, for those that are not a folder of their own.
        positional: Index of a folder in the path -> partition column; empty for one that varies and means nothing.
        fixed: The path up to the first part that varies: the name, where there is no `{table}`.
        above: The folder that every file that fits is in, or below.
        literal: Whether the path is that of one file.
    """

    pattern: re.Pattern[str]
    columns: dict[str, str]
    positional: dict[int, str]
    fixed: str
    above: str
    literal: bool

    def __call__(self, entry: Entry) -> tuple[str, dict[str, str]] | None:
        """Return the table and the values of `columns` of a file, or None when the rule does not fit."""
        found = self.pattern.fullmatch(entry.path)
        if found is None:
            return None
        ends = [found.end(group) for group in self.pattern.groupindex if group.startswith("t_")]
        name = entry.path[: max(ends)] if ends else self.fixed
        return name, {name: found.group(group) for group, name in self.columns.items()}


@lru_cache(maxsize=8192)
def compile_rule(path: str) -> Rule:
    """Compile a path with placeholders.

    Raises:
        ValueError: When a partition is named twice.
    """
    columns: dict[str, str] = {}
    positional: dict[int, str] = {}
    parts, position, fixed = [], 0, len(path)
    for count, found in enumerate(_PLACEHOLDER.finditer(path)):
        before = path[position : found.start()]
        parts.append(glob_pattern(before))
        name = found.group(1)
        head, tail = path[: found.start()], path[found.end() :]
        folder = (not head or head.endswith("/")) and tail.startswith("/") and "**" not in head
        if name == "*":
            parts.append("[^/]*")
            if folder:
                positional[head.count("/")] = ""
        elif name == "table":
            parts.append(f"(?P<t_{count}>[^/]+)")
        else:
            if name in columns.values() or name in positional.values():
                raise ValueError(f"the partition {{{name}}} stands twice")
            if folder:
                positional[head.count("/")] = name
                parts.append("[^/]*")
            else:
                columns[f"p_{count}"] = name
                parts.append(f"(?P<p_{count}>[^/]*)")
        fixed = min(fixed, found.start())
        position = found.end()
    parts.append(glob_pattern(path[position:]))
    star = re.search(r"[*?\[]", path)
    if star:
        fixed = min(fixed, star.start())
    literal = fixed == len(path)
    head = path if literal else path[:fixed].rpartition("/")[0]
    above = head.rpartition("/")[0] if literal else head
    return Rule(re.compile("".join(parts), re.DOTALL), columns, positional, head, above, literal)


def escape(text: str) -> str:
    """Return a text that a rule takes as it stands."""
    return re.sub(r"[*?\[{}]", lambda found: f"[{found[0]}]", text)


def glob_pattern(glob: str) -> str:
    """Translate a glob: `*` and `?` stay inside a folder, `**` crosses folders, `[...]` is a set."""
    out, index = [], 0
    while index < len(glob):
        char = glob[index]
        if glob.startswith("**/", index):
            out.append("(?:.*/)?")
            index += 3
            continue
        if glob.startswith("**", index):
            out.append(".*")
            index += 2
            continue
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[" and (end := glob.find("]", index + 2)) > 0:
            inside = glob[index + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[{'^' + inside[1:] if inside[0] == '!' else inside}]")
            index = end
        else:
            out.append(re.escape(char))
        index += 1
    return "".join(out)


class Filter:
    """Tells which paths are looked at, by include and exclude globs.

    Raises:
        ValueError: When a glob is not valid.
    """

    def __init__(self, include: list[str], exclude: list[str]) -> None:
        self._include = _union(include)
        self._exclude = _union(exclude)

    def __call__(self, path: str) -> bool:
        """Tell whether a path is looked at."""
        if self._include is not None and self._include.fullmatch(path) is None:
            return False
        return self._exclude is None or self._exclude.fullmatch(path) is None


def _union(globs: list[str]) -> re.Pattern[str] | None:
    if not globs:
        return None
    try:
        return re.compile("|".join(f"(?:{glob_pattern(glob)})" for glob in globs), re.DOTALL)
    except re.error as error:
        raise ValueError(f"not a glob: {error}") from error
