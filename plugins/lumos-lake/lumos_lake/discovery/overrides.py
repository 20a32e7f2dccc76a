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
from typing import Literal

from pydantic import Field, field_validator

from lumos_core.plugin_api import Config

from ..storage import Entry

_PLACEHOLDER = re.compile(r"\{([^{}/]+)\}")


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


class Match:
    """A compiled rule."""

    def __init__(self, pattern: re.Pattern[str], columns: dict[str, str], fixed: str) -> None:
        self.pattern = pattern
        self.columns = columns
        self.fixed = fixed

    def __call__(self, entry: Entry) -> tuple[str, dict[str, str]] | None:
        """Return (table, partition values) of a file, or None when the rule does not fit."""
        found = self.pattern.fullmatch(entry.path)
        if found is None:
            return None
        ends = [found.end(group) for group in self.pattern.groupindex if group.startswith("t_")]
        name = entry.path[: max(ends)] if ends else self.fixed
        values = {name: found.group(group) for group, name in self.columns.items()}
        return name, values


@lru_cache(maxsize=512)
def compile_rule(path: str) -> Match:
    """Compile a path with placeholders.

    Raises:
        ValueError: When a partition is named twice.
    """
    columns: dict[str, str] = {}
    parts, position, fixed = [], 0, len(path)
    for count, found in enumerate(_PLACEHOLDER.finditer(path)):
        parts.append(glob_pattern(path[position : found.start()]))
        name = found.group(1)
        if name == "*":
            parts.append("[^/]*")
        elif name == "table":
            parts.append(f"(?P<t_{count}>[^/]+)")
        else:
            if name in columns.values():
                raise ValueError(f"the partition {{{name}}} stands twice")
            columns[f"p_{count}"] = name
            parts.append(f"(?P<p_{count}>[^/]*)")
        fixed = min(fixed, found.start())
        position = found.end()
    parts.append(glob_pattern(path[position:]))
    star = re.search(r"[*?\[]", path)
    if star:
        fixed = min(fixed, star.start())
    head = path[:fixed]
    if fixed < len(path):
        head = head.rpartition("/")[0]
    return Match(re.compile("".join(parts), re.DOTALL), columns, head)


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
            inside = glob[index + 1 : end].replace("\\", "\\\\")
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
