"""The server: who we are there, which version it is, and the few requests that are made to it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from typing import Any

from lumos_remote import Auth, Bearer, Client, Missing, Refused, Unauthorised, segments, supported
from lumos_remote.config import address

from lumos_core.plugin_api import CatalogError

from . import platforms
from .config import OpenMetadataConfig
from .entities import TYPES, EntityType
from .mapping import values
from .names import Names, Place

Doc = dict[str, Any]

SINCE, BEFORE = "1.6", "3"
"""Versions that are spoken: from the first to before the second."""

SECOND_FAMILY = (1, 13)
"""The first version with the fields and rules of 2.0."""


def api(server: str) -> str:
    """Return the address of the API; `server` may name it or the user interface."""
    base = address(server)
    for end in ("/api/v1", "/api"):
        base = base.removesuffix(end)
    return f"{base}/api/v1"


class Server:
    """One server, for one reading or writing.

    Args:
        config: Where it is and who we are.
        cancelled: Polled while waiting.
        names: Those of an earlier use, where there was one: version and services are known then.

    Attributes:
        client: Sends requests.
        names: How URNs and entities belong together there.
    """

    def __init__(
        self, config: OpenMetadataConfig, cancelled: Callable[[], bool] | None = None, names: Names | None = None
    ) -> None:
        self.config = config
        reached = config.model_copy(update={"server": api(config.server)})
        self.client = Client.of(reached, auth=self._auth(reached, cancelled), cancelled=cancelled)
        self._names = names
        self._lock = threading.Lock()
        self._defined: set[str] = set()
        self._types: dict[str, tuple[str, dict[str, str | None]]] = {}

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _auth(self, config: OpenMetadataConfig, cancelled: Callable[[], bool] | None) -> Auth:
        if config.token is not None:
            return Bearer(config.token.get_secret_value())
        assert config.email is not None
        assert config.password is not None
        return _Login(config, cancelled)

    @property
    def names(self) -> Names:
        """How URNs and entities belong together; asks for the version and the services when first used.

        Raises:
            Unsupported: The server is older than 1.6, or newer than what is known.
        """
        if self._names is None:
            family = self.family()
            known = {}
            for category in platforms.CATEGORIES.values():
                for service in self.listing(TYPES[category.service]):
                    known[category.service, service["name"]] = service.get("serviceType") or ""
            self._names = Names(family, self.config.services, known)
        return self._names

    def family(self) -> int:
        """Ask for the version; return 1 for 1.6 to 1.12, 2 from 1.13.

        Raises:
            Unsupported: It is another.
        """
        answer = self.client.get("/system/version").value
        said = answer.get("version", "") if isinstance(answer, dict) else ""
        version = supported(said, name="OpenMetadata", since=SINCE, before=BEFORE)
        return 2 if version >= SECOND_FAMILY else 1

    def get(self, place: Place) -> Doc | None:
        """Return an entity by its name, soft-deleted too; None when there is none."""
        type_ = TYPES[place.type]
        query = {"fields": type_.asked(self._family) or None, "include": "all" if type_.soft else None}
        try:
            return _object(self.client.get(f"/{type_.route}{segments('name', place.fqn)}", query).value, place.fqn)
        except Missing:
            return None

    @property
    def _family(self) -> int:
        return self._names.family if self._names is not None else 1

    def listing(
        self, type_: EntityType, parent: tuple[str, str] | None = None, include: str = "all", **more: Any
    ) -> Iterator[Doc]:
        """Return all entities of a type, soft-deleted too, as far as the listing can be trusted.

        Args:
            type_: Their type.
            parent: Argument and value that select those below one entity.
            include: `all`, `deleted` or `non-deleted`.
            more: Further arguments of the listing.

        Raises:
            CatalogError: A page came twice, an entity came twice, or fewer came than there are.
        """
        query: Doc = {"limit": self.config.page_size, "fields": None, **more}
        query["fields"] = type_.asked(self._family) if self._names is not None else None
        if type_.soft:
            query["include"] = include
        if parent is not None:
            query[parent[0]] = parent[1]
        seen: set[str] = set()
        cursors: set[str] = set()
        total = None
        while True:
            page = _object(self.client.get(f"/{type_.route}", query).value, type_.route)
            rows, paging = page.get("data"), page.get("paging") or {}
            if not isinstance(rows, list):
                raise self._untrusted(type_, "a page without `data`")
            for row in rows:
                if row["id"] in seen:
                    raise self._untrusted(type_, "an entity came twice")
                seen.add(row["id"])
                yield row
            counted = paging.get("total")
            if isinstance(counted, int):
                total = counted if total is None else min(total, counted)
            after = paging.get("after")
            if not after:
                break
            if after in cursors or not rows:
                raise self._untrusted(type_, "a page came twice")
            cursors.add(after)
            query["after"] = after
        if total is not None and len(seen) < total:
            raise self._untrusted(type_, f"{len(seen)} of {total} came")

    def _untrusted(self, type_: EntityType, why: str) -> CatalogError:
        return CatalogError(
            f"the listing of {type_.route} is not complete", why=why, fix="run again", where=self.client.server
        )

    def define(self, type_: EntityType) -> None:
        """Make sure that entities of a type can have the property `lumos`."""
        if not type_.extension or type_.name in self._defined:
            return
        with self._lock:
            if type_.name in self._defined:
                return
            path = f"/metadata/types{segments('name', type_.name)}"
            found = self.client.get(path, {"fields": "customProperties"}).value
            there = {one["name"]: one["propertyType"].get("name") for one in found.get("customProperties") or ()}
            self._types[type_.name] = (found["id"], there)
            if values.PROPERTY not in there:
                told = "What Lumos knows of this and OpenMetadata cannot say; written by Lumos."
                self._add_property(type_, values.PROPERTY, "string", told)
            self._defined.add(type_.name)

    def takes(self, type_: EntityType, name: str, value: str | int) -> bool:
        """Tell whether entities of a type can have a value as a custom property; one that is not there is made."""
        self.define(type_)
        with self._lock:
            there = self._types[type_.name][1]
            if name not in there:
                self._add_property(type_, name, values.type_of(value), f"The property `{name}`, as Lumos knows it.")
            return values.fits(there[name] or "", value)

    def _add_property(self, type_: EntityType, name: str, of: str, description: str) -> None:
        identity, there = self._types[type_.name]
        wanted = self.client.get(f"/metadata/types{segments('name', of)}").value
        reference = {"id": wanted["id"], "type": "type"}
        body = {"name": name, "description": description, "propertyType": reference}
        self.client.put(f"/metadata/types{segments(identity)}", body)
        there[name] = of


def _object(value: Any, what: str) -> Doc:
    if not isinstance(value, dict):
        raise CatalogError(f"the answer for {what} is no object", fix="check `server`, and what stands before it")
    return value


class _Login(Bearer):
    """The token of a person who logs in with a password; got again when it has expired."""

    def __init__(self, config: OpenMetadataConfig, cancelled: Callable[[], bool] | None) -> None:
        self._config, self._cancelled = config, cancelled
        assert config.password is not None
        self._password = config.password.get_secret_value()
        super().__init__(self._login)

    def _login(self) -> str:
        coded = base64.b64encode(self._password.encode()).decode()
        body = {"email": self._config.email, "password": coded}
        with Client.of(self._config, cancelled=self._cancelled) as client:
            client.redact.add(self._password, coded)
            try:
                answer = client.post("/users/login", body, idempotent=True).value
            except Refused as error:
                raise Unauthorised(
                    "OpenMetadata does not know this mail address and password",
                    why=error.why,
                    fix="check `email` and `password`",
                ) from None
        token = answer.get("accessToken") if isinstance(answer, dict) else None
        if not token:
            raise Unauthorised("the login gave no token", fix="check that the server has basic login")
        return str(token)

    def secrets(self) -> list[str]:
        """Return the token, and the password in both of its spellings."""
        return [*super().secrets(), self._password, base64.b64encode(self._password.encode()).decode()]
