"""The REST API of Atlas (`/api/atlas/v2`), request by request; what its answers mean is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from lumos_remote import Auth, Basic, Bearer, Client, Exists, Missing, segments, supported

from lumos_core.plugin_api import CatalogError

from . import models
from .config import AtlasConfig
from .names import NativeId

Json = dict[str, Any]
_URL = 4_000
"""Characters of names that one address carries; Jetty takes 8 KiB for all headers."""
_OR = 20
_ABSENT = "ATLAS-404-00-009"
"""An entity with this unique attribute does not exist; other 404s are refusals."""


class Server:
    """One Atlas.

    Args:
        config: Where it is.
        cancelled: Polled between requests.
    """

    def __init__(self, config: AtlasConfig, cancelled: Callable[[], bool] | None = None) -> None:
        auth: Auth | None = None
        if config.token is not None:
            auth = Bearer(config.token.get_secret_value())
        elif config.password is not None:
            auth = Basic(config.user, config.password.get_secret_value())
        self.client = Client.of(config, auth=auth, cancelled=cancelled, path="/api/atlas")
        self._page = config.page_size
        self._entities: dict[str, Json] = {}
        self.tags: dict[str, Json] = {}

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    def check(self) -> str:
        """Return the version, when it is an Atlas that answers to us.

        Raises:
            CatalogError: It is something else, of a version that is not spoken, not ready, or does not know us.
        """
        found = self.client.get("/admin/version").value
        if not isinstance(found, dict) or "atlas" not in str(found.get("Name", "")).lower():
            raise CatalogError("what answers is not Apache Atlas", why=str(found)[:200], fix="check `server`")
        version = str(found.get("Version", ""))
        supported(version, name="Apache Atlas", since="2.0", before="3")
        status = self.client.get("/admin/status").value
        if isinstance(status, dict) and status.get("Status") not in ("ACTIVE", None):
            state = status.get("Status")
            raise CatalogError("Atlas is not ready", why=f"its status is {state}", fix="wait, or ask the active server")
        return version

    # -- types

    def types(self) -> dict[str, Json]:
        """Return name -> definition of every type of entity, and refresh `tags`."""
        if not self._entities:
            found = self.client.get("/v2/types/typedefs").value
            self._entities = {item["name"]: item for item in found.get("entityDefs") or []}
            self.tags = {item["name"]: item for item in found.get("classificationDefs") or []}
            self._relations = {item["name"] for item in found.get("relationshipDefs") or []}
        return self._entities

    def prepare(self) -> None:
        """Make the types that Lumos adds, where they are missing; several may do so at once."""
        entities = self.types()
        wanted: dict[str, list[Json]] = {"entityDefs": [], "relationshipDefs": []}
        for item in models.TYPEDEFS["entityDefs"]:
            there = entities.get(item["name"])
            held = {attribute["name"] for attribute in there.get("attributeDefs") or []} if there else set()
            if there is None or any(attribute["name"] not in held for attribute in item["attributeDefs"]):
                wanted["entityDefs"].append(item)
        for item in models.TYPEDEFS["relationshipDefs"]:
            if item["name"] not in self._relations:
                wanted["relationshipDefs"].append(item)
        if any(wanted.values()):
            for part in wanted.items():
                if part[1]:
                    self.define(dict([part]))
            self._entities = {}

    def define(self, typedefs: Json) -> None:
        """Create or update types; what another did at the same moment is taken as it is."""
        if not self._entities:
            self.types()
        known = set(self._entities) | set(self.tags) | self._relations
        new = {kind: [item for item in items if item["name"] not in known] for kind, items in typedefs.items()}
        old = {kind: [item for item in items if item["name"] in known] for kind, items in typedefs.items()}
        if any(new.values()):
            try:
                self.client.post("/v2/types/typedefs", new, retry=(500,))
            except Exists:
                self.client.put("/v2/types/typedefs", new, retry=(500,))
        if any(old.values()):
            self.client.put("/v2/types/typedefs", old, retry=(500,))

    def tag_types(self) -> dict[str, Json]:
        """Return name -> definition of every classification, as it is now."""
        found = self.client.get("/v2/types/typedefs", {"type": "classification"}).value
        self.tags = {item["name"]: item for item in found.get("classificationDefs") or []}
        return self.tags

    def tag_type(self, name: str) -> Json | None:
        """Return one classification, as it is now."""
        try:
            found: Json = self.client.get(segments("v2", "types", "classificationdef", "name", name)).value
        except Missing:
            return None
        return found

    def base(self, type_: str) -> str:
        """Return the URN type of a type that Lumos does not know."""
        seen, waiting = set[str](), [type_]
        while waiting:
            name = waiting.pop()
            if name == "Process":
                return "process"
            if name == "DataSet":
                return "dataset"
            if name not in seen:
                seen.add(name)
                waiting += self.types().get(name, {}).get("superTypes") or []
        return "entity"

    # -- reading

    def listed(self, type_: str) -> Iterator[Json]:
        """Return the headers of all entities of exactly one type, deleted ones too.

        Raises:
            CatalogError: When the listing cannot be complete.
        """
        asked = {
            "typeName": type_,
            "excludeDeletedEntities": False,
            "includeSubTypes": False,
            "attributes": ["qualifiedName"],
            "limit": self._page,
        }
        offset, seen = 0, set[str]()
        while True:
            answer = self.client.post("/v2/search/basic", {**asked, "offset": offset}, idempotent=True).value
            if not isinstance(answer, dict) or "searchParameters" not in answer:
                raise CatalogError(f"the listing of {type_} is not complete", why="an answer is no page of a search")
            found = answer.get("entities") or []  # absent, not empty, on the last page
            for header in found:
                if header["guid"] not in seen:
                    seen.add(header["guid"])
                    yield header
            offset += self._page
            if not found:
                return

    def by_guid(self, guids: Sequence[str], brief: bool = False) -> Json:
        """Return entities by their guids; `brief` leaves out relations and what they refer to.

        Raises:
            CatalogError: Some are left out; Atlas answers 404 where it does not have one.
        """
        query: list[tuple[str, Any]] = [("guid", guid) for guid in guids]
        if brief:
            query += [("ignoreRelationships", True), ("minExtInfo", True)]
        found: Json = self.client.get("/v2/entity/bulk", query).value
        if not {*guids} <= {entity["guid"] for entity in found.get("entities") or []}:
            raise CatalogError("what was asked for by its guid is not complete", why="an answer leaves entities out")
        return found

    def by_name(self, type_: str, names: Sequence[str], brief: bool = False) -> Iterator[Json]:
        """Return answers with the active entities of a type that have these qualified names."""
        for chunk in _by_length(names):
            query: list[tuple[str, Any]] = [(f"attr_{place}:qualifiedName", name) for place, name in enumerate(chunk)]
            if brief:
                query += [("ignoreRelationships", True), ("minExtInfo", True)]
            try:
                found: Json = self.client.get(
                    segments("v2", "entity", "bulk", "uniqueAttribute", "type", type_), query
                ).value
            except Missing as error:
                if isinstance(error.value, dict) and error.value.get("errorCode") == _ABSENT:
                    continue
                raise
            if found:
                yield found

    def deleted(self, type_: str, names: Sequence[str]) -> dict[str, list[str]]:
        """Return qualified name -> guids of the soft-deleted entities of a type."""
        found: dict[str, list[str]] = {}
        for start in range(0, len(names), _OR):
            criteria = [
                {"attributeName": "qualifiedName", "operator": "eq", "attributeValue": name}
                for name in names[start : start + _OR]
            ]
            asked = {
                "typeName": type_,
                "excludeDeletedEntities": False,
                "includeSubTypes": False,
                "attributes": ["qualifiedName"],
                "limit": 500,
                "offset": 0,
                "entityFilters": {"condition": "OR", "criterion": criteria},
            }
            answer = self.client.post("/v2/search/basic", asked, idempotent=True).value
            for header in answer.get("entities") or []:
                if header.get("status") == "DELETED":
                    found.setdefault(header["attributes"]["qualifiedName"], []).append(header["guid"])
        return found

    # -- writing

    def upsert(self, entities: Sequence[Json]) -> dict[str, str]:
        """Write entities, all or none, and return placeholder -> guid.

        Of concurrent upserts of one name some are answered 500, and may be sent again; some make an entity each.
        """
        answer = self.client.post("/v2/entity/bulk", {"entities": entities}, idempotent=True, retry=(500,)).value
        assigned: dict[str, str] = (answer or {}).get("guidAssignments") or {}
        return assigned

    def classify(self, guid: str, marks: Sequence[Json], new: bool) -> None:
        """Put classifications on an entity, or change those that it has."""
        path = segments("v2", "entity", "guid", guid, "classifications")
        if new:
            self.client.post(path, marks, retry=(500,))
        else:
            self.client.put(path, marks, retry=(500,))

    def declassify(self, guid: str, type_: str) -> None:
        """Take a classification off an entity."""
        self.client.delete(segments("v2", "entity", "guid", guid, "classification", type_), retry=(500,))

    def label(self, guid: str, labels: Sequence[str]) -> None:
        """Give an entity exactly these labels."""
        self.client.post(segments("v2", "entity", "guid", guid, "labels"), list(labels), idempotent=True, retry=(500,))

    def describe(self, guid: str, business: Json) -> None:
        """Give an entity exactly this business metadata.

        Raises:
            CatalogError: Atlas answered 204 and dropped some of it: it has no definition, or not for this type.
        """
        path = segments("v2", "entity", "guid", guid, "businessmetadata")
        self.client.post(path, business, {"isOverwrite": True}, idempotent=True, retry=(500,))
        held = self.by_guid([guid])["entities"][0].get("businessAttributes") or {}
        lost = [f"{name}.{key}" for name, part in business.items() for key in part if key not in held.get(name, {})]
        if lost:
            raise CatalogError("Atlas dropped business metadata", why=f"it has no {', '.join(lost)} for this type")

    def relate(self, type_: str, one: str, two: str) -> None:
        """Make a relationship between two entities.

        Raises:
            Exists: It is there already.
        """
        made = {"typeName": type_, "end1": {"guid": one}, "end2": {"guid": two}}
        self.client.post("/v2/relationship", made, idempotent=True, retry=(500,))

    def unrelate(self, guid: str) -> None:
        """End a relationship."""
        self.client.delete(segments("v2", "relationship", "guid", guid), retry=(500,))

    def delete(self, guids: Iterable[str]) -> None:
        """Soft-delete entities; those that are deleted already stay so."""
        for chunk in _by_length(list(guids)):
            self.client.delete("/v2/entity/bulk", [("guid", guid) for guid in chunk], retry=(500,))


def _by_length(texts: Sequence[str]) -> Iterator[list[str]]:
    """Cut into pieces that fit into an address."""
    chunk: list[str] = []
    length = 0
    for text in texts:
        size = 3 * len(text.encode()) + 25 if not text.isascii() else len(text) + 45
        if chunk and length + size > _URL:
            yield chunk
            chunk, length = [], 0
        chunk.append(text)
        length += size
    if chunk:
        yield chunk


def native_id(entity: Json) -> NativeId:
    """Return what identifies an entity."""
    return NativeId(entity["typeName"], str((entity.get("attributes") or {}).get("qualifiedName") or ""))
