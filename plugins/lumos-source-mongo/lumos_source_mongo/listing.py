"""What the role may list: databases, collections and what the server says of each, and what stays hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from .config import MongoConfig
from .errors import GONE, Redactor, denied, reason, translate

INTERNAL = ("admin", "config", "local")
_GLOB = frozenset("*?[")
Client = MongoClient[dict[str, Any]]


class Gap(Struct, frozen=True):
    """Something that could not be listed; `database` is empty for the list of databases itself."""

    database: str
    why: str


class Found(Struct, frozen=True):
    """A collection or view as `listCollections` tells it.

    Attributes:
        database: Its database.
        name: Its name.
        type: `collection`, `view` or `timeseries`.
        options: What it was made with; None when the role may see names only.
    """

    database: str
    name: str
    type: str
    options: Mapping[str, Any] | None


def databases(client: Client, config: MongoConfig, redact: Redactor) -> tuple[list[str], list[Gap], bool]:
    """Return the names of the databases to read, what hides others, and whether the names are known to exist.

    Where all databases are named in the configuration, nothing is hidden when they cannot be listed.

    Raises:
        LumosError: When they cannot be listed for another reason than a missing right.
    """
    try:
        names = _database_names(client, authorized=False)
    except PyMongoError as error:
        if not denied(error):
            raise translate(error, "the databases cannot be listed", redact) from None
        why = f"the role may not list all databases: {reason(error, redact)}"
    else:
        return sorted(name for name in names if wanted_database(name, config)), [], True
    if config.databases and not any(_GLOB.intersection(name) for name in config.databases):
        return sorted(name for name in set(config.databases) if wanted_database(name, config)), [], False
    try:
        names = _database_names(client, authorized=True)
    except PyMongoError as error:
        if not denied(error):
            raise translate(error, "the databases cannot be listed", redact) from None
        names = []
    return sorted(name for name in names if wanted_database(name, config)), [Gap("", why)], True


def _database_names(client: Client, *, authorized: bool) -> list[str]:
    found = client.list_databases(nameOnly=True, authorizedDatabases=authorized)
    return [document["name"] for document in found]


def wanted_database(name: str, config: MongoConfig) -> bool:
    """Tell whether a database is to be read."""
    if any(fnmatchcase(name, glob) for glob in config.exclude_databases):
        return False
    if config.databases:
        return any(fnmatchcase(name, glob) for glob in config.databases)
    return name not in INTERNAL


def collections(
    client: Client, database: str, config: MongoConfig, redact: Redactor
) -> tuple[list[Found], Sequence[Gap]]:
    """Return the collections of a database that are to be read, and what hides others.

    Raises:
        LumosError: When they cannot be listed for another reason than a missing right.
    """
    try:
        listed = list(client[database].list_collections())
        gaps = []
    except PyMongoError as error:
        if not denied(error):
            raise translate(error, f"the collections of {database} cannot be listed", redact) from None
        gaps = [Gap(database, f"the role may not list all collections: {reason(error, redact)}")]
        try:
            listed = list(client[database].list_collections(nameOnly=True, authorizedCollections=True))
        except PyMongoError as again:
            if not denied(again):
                raise translate(again, f"the collections of {database} cannot be listed", redact) from None
            listed = []
    wanted = wanted_collection(database, config)
    found = [
        Found(database, item["name"], str(item.get("type", "collection")), None if gaps else item.get("options", {}))
        for item in listed
        if wanted(item["name"])
    ]
    return sorted(found, key=lambda item: item.name), gaps


def wanted_collection(database: str, config: MongoConfig) -> Callable[[str], bool]:
    """Return what tells whether a collection of a database is to be read; MongoDB's own never are."""

    def fits(name: str, globs: Sequence[str]) -> bool:
        return any(fnmatchcase(name, glob) or fnmatchcase(f"{database}.{name}", glob) for glob in globs)

    def wanted(name: str) -> bool:
        if name.startswith("system.") or fits(name, config.exclude_collections):
            return False
        return not config.collections or fits(name, config.collections)

    return wanted


def indexes(client: Client, database: str, name: str) -> list[Mapping[str, Any]]:
    """Return the indexes of a collection; none when it does not exist.

    Raises:
        PyMongoError: When they cannot be listed.
    """
    try:
        return list(client[database][name].list_indexes())
    except OperationFailure as error:
        if error.code in GONE:
            return []
        raise


def exists(client: Client, database: str, name: str) -> bool:
    """Tell whether there is a collection of this name; a server that ignores filters is understood too.

    Raises:
        PyMongoError: When collections cannot be listed.
    """
    try:
        return any(item["name"] == name for item in client[database].list_collections(filter={"name": name}))
    except OperationFailure as error:
        if not denied(error):
            raise
        names = client[database].list_collections(filter={"name": name}, nameOnly=True, authorizedCollections=True)
        return any(item["name"] == name for item in names)


def sizes(client: Client, database: str, name: str) -> Mapping[str, Any]:
    """Return what `collStats` says; empty when the server or the role does not allow it.

    Raises:
        PyMongoError: When the connection fails.
    """
    try:
        return client[database].command("collStats", name)
    except OperationFailure:
        return {}


def each_database(
    client: Client, config: MongoConfig, redact: Redactor
) -> Iterator[tuple[str, list[Found], Sequence[Gap]]]:
    """List everything, database by database; the first item, with an empty name, tells what hides databases."""
    names, gaps, exist = databases(client, config, redact)
    yield "", [], gaps
    for name in names:
        found, hidden = collections(client, name, config, redact)
        if found or hidden or exist:
            yield name, found, hidden
