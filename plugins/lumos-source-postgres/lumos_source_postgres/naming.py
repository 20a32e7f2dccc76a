"""Names: of relations inside a server, and of everything as URNs."""

from __future__ import annotations

import re

from msgspec import Struct

from lumos_core.plugin_api import Scope, urns

PLATFORM = "postgres"
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")


def part(name: str) -> str:
    """Return one part of a dotted name; one that holds a dot or a quote is quoted, so that no two names are one."""
    return '"' + name.replace('"', '""') + '"' if "." in name or '"' in name else name


def dotted(*names: str) -> str:
    """Return parts as one name: `shop.public.orders`."""
    return ".".join(map(part, names))


def qualified(schema: str, name: str) -> str:
    """Return what PostgreSQL would write; names of its own schema stand alone."""
    return _identifier(name) if schema == "pg_catalog" else f"{_identifier(schema)}.{_identifier(name)}"


def _identifier(name: str) -> str:
    return name if _PLAIN.match(name) else '"' + name.replace('"', '""') + '"'


class Names(Struct, frozen=True):
    """How things of one server are named."""

    env: str
    instance: str = ""

    def located(self, type: str, *names: str) -> str:
        """Return the URN of something below the server."""
        return urns.located(type, PLATFORM, dotted(*names), self.env, instance=self.instance)

    def dataset(self, *names: str) -> str:
        """Return the URN of a relation: database, schema, name."""
        return urns.dataset(PLATFORM, dotted(*names), self.env, instance=self.instance)

    def container(self, *names: str) -> str:
        """Return the URN of a database, or of a schema in it."""
        return urns.container(PLATFORM, dotted(*names), self.env, instance=self.instance)

    @property
    def service(self) -> str | None:
        """The URN of the server, where it has a name."""
        return urns.located("service", PLATFORM, self.instance, self.env) if self.instance else None

    def role(self, name: str) -> str:
        """Return the URN of a role of the server; `public` is everybody."""
        return urns.located("role", PLATFORM, name, self.env, instance=self.instance)

    def prefix(self, *names: str) -> str:
        """Return what the names of everything below a database or schema begin with."""
        head = f"{urns.encode(self.instance)}:" if self.instance else ""
        return head + (urns.encode(dotted(*names)) + "." if names else "")

    def scope(self, *names: str) -> Scope:
        """Return the scope of a database or schema with everything in it."""
        return Scope(
            types=frozenset({"dataset", "container", "sequence"}),
            platform=PLATFORM,
            env=urns.encode(self.env),
            prefixes=(self.prefix(*names),),
            urns=frozenset({self.container(*names)}) if names else frozenset(),
        )

    def everybody(self) -> Scope:
        """Return the scope of all roles."""
        return Scope(types=frozenset({"role"}), platform=PLATFORM, env=urns.encode(self.env), prefixes=(self.prefix(),))
