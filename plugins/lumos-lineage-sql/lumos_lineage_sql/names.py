"""Names in SQL to datasets: completed, folded, and looked up among the records that there are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from lumos_core.plugin_api import Context, Dataset, paths, urns

from .dialects import ignores_case
from .structs import Name

_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')
_SYSTEM = frozenset({"information_schema", "pg_catalog", "sys", "mysql", "performance_schema", "account_usage"})
_CATALOG_FIRST = frozenset({"postgres", "redshift"})
"""Platforms that look for `pg_class` among their own catalogs, whatever schema is in force."""
_USUAL_SCHEMA = {"postgres": "public", "redshift": "public", "snowflake": "PUBLIC", "mssql": "dbo", "tsql": "dbo"}
"""Schema that is searched besides the one that is in force."""

MAX_KNOWN = 20_000
"""Tables whose columns are kept at a time."""


class Site(Struct, frozen=True):
    """Where names that are not complete belong.

    Attributes:
        platform: As in URNs.
        prefix: Parts that complete a name: database, schema.
        env: As in URNs.
        instance: As in URNs, not encoded.
        dialect: Dialect of sqlglot.
    """

    platform: str
    prefix: Name = ()
    env: str = "PROD"
    instance: str = ""
    dialect: str = ""


class Table(Struct, frozen=True):
    """What is kept of a dataset: names of its columns, and the paths of what is in them.

    Attributes:
        columns: Top-level names in order; None when the fields are not known.
        nested: Paths below the top level.
        told: A source has told its lineage.
    """

    columns: tuple[str, ...] | None
    nested: frozenset[str] = frozenset()
    told: bool = False


def table_of(value: Dataset) -> Table:
    """Return the columns of a record."""
    tops, nested = [], set()
    for field in value.fields:
        if field.part not in (None, "value"):
            continue
        if field.path.isidentifier():
            tops.append(field.path)
            continue
        segments = paths.split(field.path)
        if len(segments) == 1:
            tops.append(segments[0].name)
        else:
            nested.add(field.path)
    return Table(tuple(tops) or None, frozenset(nested), "lineage" in value.captured)


def split(native: str) -> Name:
    """Split a dotted name; a part with a dot or a quote in it stands in double quotes.

    Example:
        >>> split('shop."a.b".t')
        ('shop', 'a.b', 't')
    """
    return tuple(quoted.replace('""', '"') if quoted or not plain else plain for quoted, plain in _PART.findall(native))


def join(parts: Sequence[str]) -> str:
    """Join parts to a dotted name, as sources write them."""
    return ".".join('"' + part.replace('"', '""') + '"' if "." in part or '"' in part else part for part in parts)


def site_of(urn: str, name: str | None, dialect: str) -> Site:
    """Return where the names in the definition of a dataset belong: where the dataset itself is."""
    parsed = urns.parse(urn)
    instance, mark, native = parsed.name.rpartition(":")
    native = urns.decode(native)
    last = join([name]) if name else ""
    if last and native.endswith("." + last):
        prefix = split(native[: -len(last) - 1])
    else:
        prefix = split(native)[:-1]
    return Site(parsed.platform, prefix, parsed.env, urns.decode(instance) if mark else "", dialect)


class Names:
    """Finds the dataset of a name and its columns; holds those that were asked for, not all there are.

    Attributes:
        missing: Names that no dataset has -> how often they were met.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._tables: dict[str, Table | None] = {}
        self._found: dict[tuple[Site, Name], str | None] = {}
        self._spellings: dict[str, dict[str, str]] = {}
        self.missing: Counter[str] = Counter()

    def table(self, urn: str) -> Table | None:
        """Return the columns of a dataset; None when there is no such record."""
        if urn not in self._tables:
            if len(self._tables) >= MAX_KNOWN:
                self._tables.clear()
            record = self._ctx.get(urn)
            value = None if record is None else record.value
            self._tables[urn] = table_of(value) if isinstance(value, Dataset) else None
        return self._tables[urn]

    def columns(self, name: Name, site: Site) -> tuple[str, ...] | None:
        """Return the columns of a table; None when it, or they, are not known."""
        urn = self.find(name, site)
        table = self.table(urn) if urn else None
        return table.columns if table else None

    def find(self, name: Name, site: Site) -> str | None:
        """Return the URN of the dataset that a name means at a place; None when there is none.

        Tried are: the name completed by the place; by the usual schema of the platform; as it stands. Each as the
        engine reads it, then in lower and in upper case, because some sources write all names so; where the
        dialect ignores case, in any case.
        """
        key = (site, name)
        if key not in self._found:
            if len(self._found) >= MAX_KNOWN:
                self._found.clear()
            self._found[key] = self._search(name, site)
        return self._found[key]

    def miss(self, name: Name, site: Site) -> bool:
        """Note a name that no dataset has; return False for what belongs to the engine itself."""
        catalog = len(name) == 1 and site.platform in _CATALOG_FIRST and name[0].lower().startswith("pg_")
        if catalog or any(part.lower() in _SYSTEM for part in name[:-1]):
            return False
        self.missing[join(name)] += 1
        return True

    def _search(self, name: Name, site: Site) -> str | None:
        if not site.platform:
            return None
        complete = _completed(name, site)
        natives = list(dict.fromkeys([*map(join, complete), *map(".".join, complete)]))
        for native in natives:
            for spelling in dict.fromkeys((native, native.lower(), native.upper())):
                urn = urns.dataset(site.platform, spelling, site.env, instance=site.instance)
                if self.table(urn) is not None:
                    return urn
        if not ignores_case(site.dialect):
            return None
        spellings = self._any_case(site)
        return next((spellings[native.casefold()] for native in natives if native.casefold() in spellings), None)

    def _any_case(self, site: Site) -> dict[str, str]:
        """Return the datasets of a place by name without case: read once, and only where case is ignored."""
        start = urns.dataset(site.platform, "x", site.env, instance=site.instance).partition("x,")[0]
        end = f",{urns.encode(site.env)})"
        key = start + end
        if key not in self._spellings:
            found: dict[str, str] = {}
            for record in self._ctx.records("dataset"):
                if record.urn.startswith(start) and record.urn.endswith(end):
                    native = urns.name(record.urn)
                    native = native.rpartition(":")[2] if site.instance else native
                    found.setdefault(native.casefold(), record.urn)
            self._spellings[key] = found
        return self._spellings[key]


def _completed(name: Name, site: Site) -> list[Name]:
    """Return the complete names that a name may stand for, the likeliest first."""
    missing = max(0, len(site.prefix) + 1 - len(name))
    found = [site.prefix[:missing] + name]
    usual = _USUAL_SCHEMA.get(site.platform)
    if usual and len(name) == 1 and len(site.prefix) == 2:
        found.append((site.prefix[0], usual, *name))
    if missing:
        found.append(name)
    return list(dict.fromkeys(found))
