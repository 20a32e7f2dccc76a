"""What one may do with entities of any kind: the protocol between HTTP and the store."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, NamedTuple

from . import fqn as names
from . import labels, patching, removing, writing
from .errors import bad, refuse, unhandled, unknown
from .kinds import Kind
from .rules import Rules
from .schema import check_uuid
from .store import Document, Head, decode
from .world import World

LARGEST_PAGE = 1_000_000
_INCLUDES = ("non-deleted", "deleted", "all")
_SCOPES = ("service", "database", "databaseSchema", "classification", "apiCollection", "directChildrenOf")
_DERIVED = (
    *(
        "children",
        "childrenCount",
        "termCount",
        "usageCount",
        "usageSummary",
        "databaseSchemas",
        "tables",
        "owns",
        "follows",
    ),
    *(
        "userCount",
        "inheritedRoles",
        "tests",
        "testSuites",
        "assets",
        "pipelines",
        "joins",
        "sampleData",
        "profile",
        "testSuite",
    ),
)


class Actor(NamedTuple):
    """Who asks.

    Attributes:
        name: Of the user.
        bot: It is a bot.
        admin: May do everything.
        roles: Names of its roles.
    """

    name: str
    bot: bool
    admin: bool
    roles: tuple[str, ...] = ()


class Result(NamedTuple):
    """What an operation answers.

    Attributes:
        document: The entity, shown.
        status: HTTP status.
        change: For the header `X-OpenMetadata-Change`.
    """

    document: Document
    status: int
    change: str


class Engine:
    """The operations.

    Args:
        world: The state.
        race: A PUT that arrives within so many seconds of the one that created the entity is taken for concurrent: 409.
    """

    def __init__(self, world: World, race: float = 0.0) -> None:
        self.world = world
        self.race = race

    def asked(self, kind: Kind, text: str | None) -> list[str]:
        """Read `fields=`.

        Raises:
            Refusal: A field that the kind does not have (400).
        """
        known = kind.fields(self.world.family)
        if text == "*":
            return list(known)
        wanted = [name.strip() for name in (text or "").split(",") if name.strip()]
        for name in wanted:
            if name not in known:
                raise bad(f"Invalid field name {name}")
        return wanted

    def locate(self, kind: Kind, identity: str, include: str = "non-deleted") -> str:
        """Check that an entity is there and may be seen.

        Raises:
            Refusal: Not an id (500), or not there (404).
        """
        check_uuid(identity)
        head = self.world.store.heads.get(identity)
        if head is None or head.kind != kind.name or not _visible(head, include):
            raise unknown(kind.name, identity)
        return identity

    def by_name(self, kind: Kind, fqn: str, include: str = "non-deleted") -> str:
        """Find an entity by its fully qualified name.

        Raises:
            Refusal: Not there (404).
        """
        found = self.world.identity(kind, fqn, deleted=True)
        if not _visible(self.world.store.heads[found], include):
            raise unknown(kind.name, fqn)
        return found

    def current(self, kind: Kind, identity: str, fields: list[str] | None = None) -> Document:
        """Show an entity as it is now."""
        raw = self.world.store.documents[identity]
        document = self.world.store.get(identity)
        return self.shown(kind, document, fields) if b'"tagFQN"' in raw else self.world.show(kind, document, fields)

    def shown(self, kind: Kind, document: Document, fields: list[str] | None = None) -> Document:
        """Show an entity, its labels completed."""
        made = self.world.show(kind, document, fields)
        for holder in labels.holders(made):
            holder["tags"] = [labels.show(self.world, label) for label in holder["tags"]]
        return made

    def listing(self, kind: Kind, arguments: Callable[[str, str], str]) -> Document:
        """A page of a kind, ordered by name."""
        fields = self.asked(kind, arguments("fields", ""))
        try:
            limit = int(arguments("limit", "10"))
        except ValueError:
            raise refuse(404, "HTTP 404 Not Found") from None
        if not 0 <= limit <= LARGEST_PAGE:
            raise bad(f"[query param limit must be between 0 and {LARGEST_PAGE}]")
        after, before = arguments("after", ""), arguments("before", "")
        if after and before:
            raise bad("Only one of before or after query parameter allowed")
        rows, earlier, later, total = self.world.store.page(
            kind.name, self._filter(kind, arguments), limit, _cursor(after), _cursor(before)
        )
        paging: Document = {"total": total}
        heads = self.world.store.heads
        if rows and later:
            paging["after"] = _token(heads[rows[-1]].name, rows[-1])
        if rows and earlier:
            paging["before"] = _token(heads[rows[0]].name, rows[0])
        return {"data": [self.current(kind, one, fields) for one in rows], "paging": paging}

    def _filter(self, kind: Kind, arguments: Callable[[str, str], str]) -> Callable[[str, Head], bool]:
        include = read_include(arguments("include", ""))
        scopes = [arguments(name, "") for name in _SCOPES]
        if kind.name in ("tag", "testCase"):
            scopes.append(arguments("parent", ""))
        prefixes = tuple(f"{names.normal(scope)}." for scope in scopes if scope)
        parents = [
            arguments(name, "")
            for name in ("glossary", "parent")
            if kind.name == "glossaryTerm" and arguments(name, "")
        ]
        for parent in parents:
            check_uuid(parent)
        glossary = [self.world.store.heads[one].fqn + "." if one in self.world.store.heads else "\0" for one in parents]
        flags = [
            (name, arguments(name, "") == "true") for name in ("isBot", "isAdmin", "isJoinable") if arguments(name, "")
        ]
        entity_link = arguments("entityLink", "").removeprefix("<#E::").removesuffix(">").split("::")
        direct = bool(arguments("directChildrenOf", ""))
        root = arguments("root", "") == "true"

        def wanted(identity: str, head: Head) -> bool:
            if not _visible(head, include) or not all(head.fqn.startswith(prefix) for prefix in (*prefixes, *glossary)):
                return False
            if root and self.world.store.heads[identity].above and self.world.store.heads[head.above].kind == kind.name:
                return False
            if direct and head.fqn != names.add(prefixes[0][:-1], head.name):
                return False
            if kind.name == "testCase" and len(entity_link) > 1 and not head.fqn.startswith(f"{entity_link[1]}."):
                return False
            return not flags or all(bool(self.world.store.get(identity).get(name)) == value for name, value in flags)

        return wanted

    def create(self, kind: Kind, request: Document, who: Actor) -> Result:
        """POST.

        Raises:
            Refusal: It exists (409).
        """
        made, parent = writing.draft(self.world, kind, request)
        if self.world.store.find(kind.name, made["fullyQualifiedName"]) is not None:
            raise refuse(409, "Entity already exists")
        stored = writing.stamp(self.world, made, kind.name, parent, who.name)
        return Result(self.current(kind, stored["id"]), 201, "entityCreated")

    def put(self, kind: Kind, request: Document, who: Actor, override: bool = False) -> Result:
        """PUT of a create request: creates, or updates by the rules for bots or people."""
        made, parent = writing.draft(self.world, kind, request)
        found = self.world.store.find(kind.name, made["fullyQualifiedName"])
        if found is None:
            stored = writing.stamp(self.world, made, kind.name, parent, who.name)
            return Result(self.current(kind, stored["id"]), 201, "entityCreated")
        old = self.world.store.get(found)
        if self.race and "changeDescription" not in old and self.world.now() - old["updatedAt"] < self.race * 1000:
            raise refuse(409, "Entity already exists")
        if old.get("deleted"):
            removing.revive_below(self.world, found, who.name)
        rules = Rules(self.world.family, True, who.bot, override)
        document, changed = writing.update(self.world, kind, old, made, rules, who.name)
        return Result(self.shown(kind, document), 200, "entityUpdated" if changed else "entityNoChange")

    def patch(self, kind: Kind, identity: str, operations: Any, who: Actor, match: str = "") -> Result:
        """PATCH with JSON Patch.

        Raises:
            Refusal: Soft-deleted (404), `If-Match` names another version (412), or the patch cannot be applied (500).
        """
        world = self.world
        old = world.store.get(self.locate(kind, identity))
        if world.family == 2 and match not in ("", "*", etag(old)):
            raise refuse(412, f"The entity has been modified: expected {match}, current {etag(old)}")
        shown = self.shown(kind, world.store.get(identity))  # of its own: labels are completed in place
        patched = patching.apply(shown, operations)
        new = self._stored(kind, old, shown, patched)
        if new["name"] != old["name"] or self._above(kind, new) != world.store.heads[identity].above:
            new = self._move(kind, old, new)
        writing.finish(world, kind, new)
        rules = Rules(world.family, False, who.bot)
        document, changed = writing.update(world, kind, old, new, rules, who.name)
        return Result(self.shown(kind, document), 200, "entityUpdated" if changed else "entityNoChange")

    def _stored(self, kind: Kind, old: Document, shown: Document, patched: Document) -> Document:
        """Turn a patched answer back into what is stored; what may not be patched is as it was."""
        known = kind.fields(self.world.family)
        for name in patched:
            if name not in known:
                raise bad(f'Unrecognized field "{name}" (class {kind.name}), not marked as ignorable')
        new: Document = {}
        settled = {
            *_DERIVED,
            *kind.inherits.split(),
            "id",
            "href",
            "fullyQualifiedName",
            "version",
            "updatedAt",
            "updatedBy",
        }
        settled |= {"changeDescription", "deleted", *(() if kind.renames else ("name", *kind.parent))}
        for name, found in known.items():
            if name in settled:
                if name in old:
                    new[name] = old[name]
            elif patched.get(name) is None:
                if found.required:
                    raise bad(f"[{name} must not be null]")
            elif found.target:
                new[name] = self.world.resolve(found, patched[name])
            else:
                if patched[name] != shown.get(name):
                    self.world.schema.value(patched[name], found.type, name)
                new[name] = patched[name]
        if "glossary" in known and kind.name == "glossaryTerm" and new.get("parent"):
            new["glossary"] = self.world.store.get(new["parent"]["id"])["glossary"]
        return new

    def _above(self, kind: Kind, new: Document) -> str:
        if not kind.renames or not kind.parent:
            return self.world.store.heads[new["id"]].above
        return next((new[name]["id"] for name in kind.parent if new.get(name)), "")

    def _move(self, kind: Kind, old: Document, new: Document) -> Document:
        """Rename an entity, or hang it below another one: with all that is below, and in all that names it."""
        world = self.world
        names.check_name(new["name"])
        new["name"] = names.unquote(new["name"])
        above = self._above(kind, new)
        fqn = names.add(world.store.heads[above].fqn if above else "", new["name"])
        if world.store.find(kind.name, fqn) not in (None, old["id"]):
            raise refuse(409, "Entity already exists")
        before, below = old["fullyQualifiedName"], list(world.store.descendants(old["id"]))
        stored = {**old, "name": new["name"], "fullyQualifiedName": fqn}
        world.store.put(kind.name, stored, above, world.clock())
        for one in below:
            document, head = world.store.get(one), world.store.heads[one]
            document["fullyQualifiedName"] = fqn + document["fullyQualifiedName"][len(before) :]
            if "glossary" in new and "glossary" in document:
                document["glossary"] = new["glossary"]
            world.store.put(head.kind, document, head.above, world.clock())
        source = {"tag": "Classification", "classification": "Classification"}.get(kind.name, "Glossary")
        if kind.name in ("tag", "classification", "glossary", "glossaryTerm"):
            labels.rename(world, source, before, fqn)
        return {**new, "fullyQualifiedName": fqn}

    def versions(self, kind: Kind, identity: str) -> Document:
        """All versions, newest first, each as JSON text."""
        self.locate(kind, identity, "all")
        current = self.world.store.get(identity)
        earlier = [decode(raw) for raw in self.world.store.history.get(identity, ())]
        made = [self.shown(kind, document) for document in (current, *reversed(earlier))]
        return {"entityType": kind.name, "versions": [json.dumps(document) for document in made]}

    def version(self, kind: Kind, identity: str, wanted: str) -> Document:
        """One version.

        Raises:
            Refusal: There is no such version (404).
        """
        for text in self.versions(kind, identity)["versions"]:
            document: Document = json.loads(text)
            if str(document["version"]) == wanted:
                return document
        raise unknown(kind.name, f"{identity} and version {wanted}")


def read_include(text: str) -> str:
    """Read `include=`.

    Raises:
        Refusal: Not one of the values there are (404, as for all wrong values of the query).
    """
    if text and text not in _INCLUDES:
        raise refuse(404, "HTTP 404 Not Found")
    return text or "non-deleted"


def _visible(head: Head, include: str) -> bool:
    return include == "all" or head.deleted == (include == "deleted")


def etag(document: Document) -> str:
    """The weak tag that `If-Match` takes."""
    return f'W/"{document["version"]}"'


def _token(name: str, identity: str) -> str:
    return base64.b64encode(json.dumps({"name": name, "id": identity}).encode()).decode()


def _cursor(text: str) -> tuple[str, str] | None:
    if not text:
        return None
    try:
        found = json.loads(base64.b64decode(text, validate=True))
        return found["name"], found["id"]
    except (ValueError, KeyError, TypeError):
        raise unhandled(f"Illegal base64 cursor {text}") from None
