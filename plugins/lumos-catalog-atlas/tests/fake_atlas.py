"""An Atlas that answers as Atlas 2.1.0 was seen to answer: types, entities, relations, classifications, search."""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID

from lumos_core.testing.servers.http import Answer, HttpFake, Refusal, Request, route

Json = dict[str, Any]
_BASE = "/api/atlas"
_TAG = re.compile(r"[^\W\d_][\w .]*")
_CUSTOM = re.compile(r"[\w-]{1,50}")
_KINDS = ("entityDefs", "relationshipDefs", "classificationDefs")
_ZERO = {"boolean": False, "int": 0, "long": 0, "date": 0, "float": 0.0, "double": 0.0}


def refuse(status: int, code: str, message: str) -> Refusal:
    return Refusal(Answer.json({"errorCode": f"ATLAS-{code}", "errorMessage": message}, status))


class FakeAtlas(HttpFake):
    """The part of Atlas that the catalog uses; `admin` may do everything, `reader` may read."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        defs = json.loads((Path(__file__).parent / "fixtures/typedefs.json").read_text(encoding="utf-8"))
        self.defs: dict[str, dict[str, Json]] = {
            kind: {item["name"]: {**item, "guid": self._guid()} for item in defs.get(kind, [])} for kind in _KINDS
        }
        self.entities: dict[str, Json] = {}
        self._named: dict[tuple[str, str], str] = {}
        self._rows: dict[str, list[Json]] = defaultdict(list)
        self._known: dict[tuple[str, str], Any] = {}
        self.version = {"Name": "apache-atlas", "Version": "2.1.0", "Description": "Metadata Management"}
        self.clock = 1_700_000_000_000

    _numbers = itertools.count(1)

    def _guid(self) -> str:
        return str(UUID(int=next(self._numbers)))

    def check(self, request: Request) -> Answer | None:
        token = request.headers.get("authorization", "").removeprefix("Basic ")
        user, _, password = base64.b64decode(token).decode().partition(":")
        if user not in ("admin", "reader") or password != "secret":
            return Answer.html("<html><title>Error 401</title></html>", 401)
        if user == "reader" and request.method != "GET" and "/search/" not in request.path:
            raise refuse(403, "403-00-001", "reader is not authorized to perform create entity: type=any")
        self.clock += 1
        return None

    # -- admin and types

    @route("GET", f"{_BASE}/admin/version")
    def admin_version(self, request: Request) -> Json:
        return self.version

    @route("GET", f"{_BASE}/admin/status")
    def admin_status(self, request: Request) -> Json:
        return {"Status": "ACTIVE"}

    @route("GET", f"{_BASE}/v2/types/typedefs")
    def typedefs(self, request: Request) -> Json:
        kind = request.argument("type")
        kinds = [name for name in _KINDS if name.startswith(kind)]
        return {name: list(self.defs[name].values()) if name in kinds else [] for name in _KINDS}

    @route("GET", f"{_BASE}/v2/types/classificationdef/name/{{name}}")
    def classificationdef(self, request: Request, name: str) -> Json:
        if name not in self.defs["classificationDefs"]:
            raise refuse(404, "404-00-001", f"Given typename {name} was invalid")
        return self.defs["classificationDefs"][name]

    @route("POST", f"{_BASE}/v2/types/typedefs")
    def define(self, request: Request) -> Json:
        body = request.json()
        self._known.clear()
        for kind in _KINDS:
            for item in body.get(kind) or []:
                if any(item["name"] in self.defs[other] for other in _KINDS):
                    raise refuse(409, "409-00-001", f"Given type {item['name']} already exists")
                if kind == "classificationDefs" and not _TAG.fullmatch(item["name"]):
                    raise refuse(400, "400-00-01D", f"{item['name']}: invalid name for CLASSIFICATION.")
                self._above(kind, item, {other["name"] for other in body[kind]})
        for kind in _KINDS:
            for item in body.get(kind) or []:
                made = {"guid": self._guid(), "superTypes": [], "attributeDefs": [], **item}
                made["description"] = item.get("description") or item["name"]
                self.defs[kind][item["name"]] = made
        return body

    @route("PUT", f"{_BASE}/v2/types/typedefs")
    def redefine(self, request: Request) -> Json:
        body = request.json()
        self._known.clear()
        for kind in _KINDS:
            for item in body.get(kind) or []:
                there = self.defs[kind].get(item["name"])
                if there is None:
                    raise refuse(404, "404-00-001", f"Given typename {item['name']} was invalid")
                held = {attribute["name"] for attribute in there["attributeDefs"]}
                if held - {attribute["name"] for attribute in item.get("attributeDefs") or []}:
                    raise refuse(400, "400-00-01B", f"{item['name']}: removal of attributes is not supported")
                self._above(kind, item)
                self.defs[kind][item["name"]] = {**there, **item, "guid": there["guid"]}
        return body

    def _above(self, kind: str, item: Json, along: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        for above in item.get("superTypes") or []:
            if above not in self.defs[kind] and above not in along:
                raise refuse(400, "400-00-014", f"{above}: Unknown typename")

    def supers(self, type_: str) -> set[str]:
        """A type with everything above it."""
        if ("supers", type_) in self._known:
            return set(self._known["supers", type_])
        found, waiting = set[str](), [type_]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.defs["entityDefs"].get(name, {}).get("superTypes") or []
        self._known["supers", type_] = found
        return found

    def _attributes(self, type_: str) -> dict[str, Json]:
        return {
            item["name"]: item for name in self.supers(type_) for item in self.defs["entityDefs"][name]["attributeDefs"]
        }

    def _ends(self, type_: str) -> dict[str, tuple[Json, int]]:
        """Attribute -> (relation, end) for every relation that a type has."""
        if ("ends", type_) in self._known:
            return dict(self._known["ends", type_])
        supers, found = self.supers(type_), {}
        for relation in self.defs["relationshipDefs"].values():
            for end in (1, 2):
                if relation[f"endDef{end}"]["type"] in supers:
                    found[relation[f"endDef{end}"]["name"]] = (relation, end)
        self._known["ends", type_] = found
        return found

    # -- entities

    def alive(self, type_: str, name: str) -> Json | None:
        """The active entity of a type with a qualified name."""
        entity = self.entities.get(self._named.get((type_, name), ""))
        return entity if entity is not None and entity["status"] == "ACTIVE" else None

    @route("POST", f"{_BASE}/v2/entity/bulk")
    def upsert(self, request: Request) -> Json:
        given: list[Json] = request.json()["entities"]
        assigned: dict[str, str] = {}
        fresh: dict[str, bool] = {}
        for item in given:
            self._valid(item)
        for item in given:
            there = self.entities.get(item["guid"]) or self.alive(item["typeName"], item["attributes"]["qualifiedName"])
            guid = there["guid"] if there else self._guid()
            fresh.setdefault(guid, there is None)
            if item["guid"] not in self.entities:
                assigned[item["guid"]] = guid
            if there is None:
                self._named[item["typeName"], item["attributes"]["qualifiedName"]] = guid
                self.entities[guid] = self._blank(item["typeName"], guid, item["attributes"]["qualifiedName"])
        for item in given:
            guid = assigned.get(item["guid"], item["guid"])
            self._fill(self.entities[guid], item, fresh[guid], assigned)
        return {"mutatedEntities": {}, "guidAssignments": assigned}

    def _valid(self, item: Json) -> None:
        type_ = item["typeName"]
        if type_ not in self.defs["entityDefs"]:
            raise refuse(400, "400-00-014", f"Type ENTITY with name {type_} does not exist")
        exists = item["guid"] in self.entities or self.alive(type_, item["attributes"]["qualifiedName"])
        wanted = {**item["attributes"], **(item.get("relationshipAttributes") or {})}
        if not exists:
            needed = [
                name for name, attribute in self._attributes(type_).items() if not attribute.get("isOptional", True)
            ]
            needed += [
                name
                for name, (relation, end) in self._ends(type_).items()
                if end == 2
                and relation["relationshipCategory"] == "COMPOSITION"
                and relation["endDef1"]["type"] in ("rdbms_db", "rdbms_instance", "aws_s3_v2_container", "rdbms_table")
            ]
            for name in needed:
                if wanted.get(name) is None:
                    why = f"{type_}.{name}: mandatory attribute value missing in type {type_}"
                    raise refuse(404, "404-00-007", f"Invalid instance creation/updation parameters passed : {why}")
        for key in item.get("customAttributes") or {}:
            if not _CUSTOM.fullmatch(key):
                raise refuse(400, "400-00-08D", f"Invalid key: {key} in custom attribute")
        for mark in item.get("classifications") or []:
            if mark["typeName"] not in self.defs["classificationDefs"]:
                raise refuse(404, "404-00-00D", f"invalid classification {mark['typeName']}")

    def _blank(self, type_: str, guid: str, name: str) -> Json:
        attributes = {key: _ZERO.get(item["typeName"]) for key, item in self._attributes(type_).items()}
        attributes["qualifiedName"] = name
        return {
            "typeName": type_,
            "guid": guid,
            "status": "ACTIVE",
            "attributes": attributes,
            "customAttributes": {},
            "labels": [],
            "classifications": [],
            "updateTime": self.clock,
        }

    def _fill(self, entity: Json, item: Json, fresh: bool, assigned: dict[str, str]) -> None:
        known, ends = self._attributes(entity["typeName"]), self._ends(entity["typeName"])
        related = dict(item.get("relationshipAttributes") or {})
        for name, value in item["attributes"].items():
            if name in ends:
                related[name] = value
            elif name in known:  # what it does not know is dropped without a word
                zero = _ZERO.get(known[name]["typeName"])
                entity["attributes"][name] = zero if value is None else value
        if "customAttributes" in item:
            entity["customAttributes"] = dict(item["customAttributes"])
        if fresh:  # ignored where the entity is there already
            entity["labels"] = list(item.get("labels") or [])
            entity["classifications"] = [{"propagate": True, **mark} for mark in item.get("classifications") or []]
        for name, value in related.items():
            if name not in ends:
                continue
            ids = value if isinstance(value, list) else [] if value is None else [value]
            guids = [assigned.get(end["guid"], end["guid"]) for end in ids]
            for guid in guids:
                if guid not in self.entities:
                    raise refuse(404, "404-00-00A", f"Referenced entity {guid} is not found")
            self._relate(entity["guid"], *ends[name], guids)
        entity["updateTime"] = self.clock

    def _relate(self, guid: str, relation: Json, end: int, others: list[str]) -> None:
        mine, other = f"end{end}", f"end{3 - end}"
        standing = {
            row[other]: row
            for row in self._rows[guid]
            if (row["type"], row[mine], row["status"]) == (relation["name"], guid, "ACTIVE")
        }
        for gone in standing.keys() - set(others):
            standing[gone]["status"] = "DELETED"
            if relation["relationshipCategory"] == "COMPOSITION" and end == 1:
                self._remove(gone)
        single = relation[f"endDef{3 - end}"]["cardinality"] == "SINGLE"
        for new in others:
            if new in standing:
                continue
            for row in self._rows[new]:
                if single and (row["type"], row[other], row["status"]) == (relation["name"], new, "ACTIVE"):
                    row["status"] = "DELETED"
            row = {"type": relation["name"], mine: guid, other: new, "status": "ACTIVE", "guid": self._guid()}
            for host in {guid, new}:
                self._rows[host].append(row)

    def _remove(self, guid: str) -> None:
        entity = self.entities[guid]
        if entity["status"] == "DELETED":
            return
        entity["status"], entity["updateTime"] = "DELETED", self.clock
        for row in self._rows[guid]:
            if row["status"] == "ACTIVE":
                row["status"] = "DELETED"
                category = self.defs["relationshipDefs"][row["type"]]["relationshipCategory"]
                if category == "COMPOSITION" and row["end1"] == guid:
                    self._remove(row["end2"])

    @route("DELETE", f"{_BASE}/v2/entity/bulk")
    def delete(self, request: Request) -> Json:
        for guid in request.query.get("guid", []):
            if guid in self.entities:
                self._remove(guid)
        return {}

    @route("GET", f"{_BASE}/v2/entity/bulk")
    def bulk(self, request: Request) -> Json:
        guids = request.query.get("guid", [])
        for guid in guids:
            if guid not in self.entities:
                raise refuse(404, "404-00-005", f"Given instance guid {guid} is invalid/not found")
        return self._told([self.entities[guid] for guid in guids], request)

    @route("GET", f"{_BASE}/v2/entity/bulk/uniqueAttribute/type/{{type_}}")
    def by_name(self, request: Request, type_: str) -> Json:
        names = [value for key, values in request.query.items() if key.endswith(":qualifiedName") for value in values]
        found = [entity for name in names if (entity := self.alive(type_, name))]
        return self._told(found, request)

    def _told(self, entities: list[Json], request: Request) -> Json:
        brief = request.argument("ignoreRelationships") == "true"
        shown = [self._shown(entity, brief) for entity in entities]
        parts = [
            row["end2"]
            for entity in entities
            for row in self._rows[entity["guid"]]
            if not brief and self._owned(row, entity)
        ]
        return {"entities": shown, "referredEntities": {guid: self._shown(self.entities[guid]) for guid in parts}}

    def _owned(self, row: Json, entity: Json) -> bool:
        category = self.defs["relationshipDefs"][row["type"]]["relationshipCategory"]
        return bool(row["end1"] == entity["guid"] and category == "COMPOSITION")

    def _shown(self, entity: Json, brief: bool = False) -> Json:
        shown = json.loads(json.dumps(entity))
        shown["classifications"] = [
            {"entityGuid": entity["guid"], "entityStatus": entity["status"], **mark}
            for mark in shown["classifications"]
        ]
        if brief:
            return shown
        related: Json = {}
        for name, (relation, end) in self._ends(entity["typeName"]).items():
            mine, other = f"end{end}", f"end{3 - end}"
            rows = [
                row
                for row in self._rows[entity["guid"]]
                if row["type"] == relation["name"] and row[mine] == entity["guid"]
            ]
            ends = [self._end(row, row[other]) for row in rows]
            if relation["endDef1"] == relation["endDef2"]:  # both sides show it under one name
                ends += [
                    self._end(row, row[mine])
                    for row in self._rows[entity["guid"]]
                    if row["type"] == relation["name"] and row[other] == entity["guid"]
                ]
            single = relation[f"endDef{end}"]["cardinality"] == "SINGLE"
            ends.sort(key=lambda end: end["relationshipStatus"])
            related[name] = (ends[0] if ends else None) if single else ends
        shown["relationshipAttributes"] = related
        for name in ("inputs", "outputs"):
            if name in related:
                shown["attributes"][name] = [
                    {"guid": end["guid"], "typeName": end["typeName"]} for end in related[name]
                ]
        return shown

    def _end(self, row: Json, guid: str) -> Json:
        other = self.entities[guid]
        return {
            "guid": guid,
            "typeName": other["typeName"],
            "entityStatus": other["status"],
            "displayText": other["attributes"].get("name"),
            "relationshipType": row["type"],
            "relationshipGuid": row["guid"],
            "relationshipStatus": row["status"],
        }

    # -- relationships

    @route("POST", f"{_BASE}/v2/relationship")
    def relate(self, request: Request) -> Json:
        asked = request.json()
        if asked["typeName"] not in self.defs["relationshipDefs"]:
            raise refuse(400, "400-00-014", "unknown type of relationship")
        one, two = (self._of(asked[end]["guid"])["guid"] for end in ("end1", "end2"))
        for row in self._rows[one]:
            if (row["type"], row["status"]) == (asked["typeName"], "ACTIVE") and (row["end1"], row["end2"]) == (
                one,
                two,
            ):
                raise refuse(409, "409-00-008", f"relationship already exists between entities {one} and {two}")
        row = {"type": asked["typeName"], "end1": one, "end2": two, "status": "ACTIVE", "guid": self._guid()}
        for host in {one, two}:
            self._rows[host].append(row)
        return {**asked, "guid": row["guid"], "status": "ACTIVE"}

    @route("DELETE", f"{_BASE}/v2/relationship/guid/{{guid}}")
    def unrelate(self, request: Request, guid: str) -> None:
        found = [row for rows in self._rows.values() for row in rows if row["guid"] == guid]
        if not found:
            raise refuse(404, "404-00-00C", f"Given relationship guid {guid} is invalid/not found")
        for row in found:
            row["status"] = "DELETED"

    # -- classifications, labels, search

    def _of(self, guid: str) -> Json:
        if guid not in self.entities:
            raise refuse(404, "404-00-005", f"Given instance guid {guid} is invalid/not found")
        return self.entities[guid]

    @route("POST", f"{_BASE}/v2/entity/guid/{{guid}}/classifications")
    def classify(self, request: Request, guid: str) -> None:
        entity = self._of(guid)
        for mark in request.json():
            if any(there["typeName"] == mark["typeName"] for there in entity["classifications"]):
                raise refuse(400, "400-00-01A", f"entity: {guid}, already associated with classification")
            if mark["typeName"] not in self.defs["classificationDefs"]:
                raise refuse(404, "404-00-00D", "invalid classification")
            entity["classifications"].append({"propagate": True, **mark})

    @route("PUT", f"{_BASE}/v2/entity/guid/{{guid}}/classifications")
    def reclassify(self, request: Request, guid: str) -> None:
        for mark in request.json():
            there = next(item for item in self._of(guid)["classifications"] if item["typeName"] == mark["typeName"])
            there.update(mark)

    @route("DELETE", f"{_BASE}/v2/entity/guid/{{guid}}/classification/{{name}}")
    def declassify(self, request: Request, guid: str, name: str) -> None:
        entity = self._of(guid)
        left = [mark for mark in entity["classifications"] if mark["typeName"] != name]
        if len(left) == len(entity["classifications"]):
            raise refuse(400, "400-00-06D", f"{name} is not associated with entity")
        entity["classifications"] = left

    @route("POST", f"{_BASE}/v2/entity/guid/{{guid}}/labels")
    def label(self, request: Request, guid: str) -> None:
        self._of(guid)["labels"] = request.json()

    @route("POST", f"{_BASE}/v2/search/basic")
    def search(self, request: Request) -> Json:
        asked = request.json()
        wanted = {item["attributeValue"] for item in (asked.get("entityFilters") or {}).get("criterion", [])}
        if asked["typeName"] not in self.defs["entityDefs"]:
            raise refuse(400, "400-00-014", "unknown type")
        text = str(asked.get("query") or "").strip("*").lower()
        found = [
            {key: entity[key] for key in ("typeName", "guid", "status")}
            | {"attributes": {key: entity["attributes"].get(key) for key in ("qualifiedName", "name")}}
            for entity in self.entities.values()
            if (asked["typeName"] in self.supers(entity["typeName"]))
            and (asked.get("includeSubTypes", True) or entity["typeName"] == asked["typeName"])
            and (not asked.get("excludeDeletedEntities") or entity["status"] == "ACTIVE")
            and (not wanted or entity["attributes"]["qualifiedName"] in wanted)
            and text in str(entity["attributes"].get("name")).lower()
        ]
        page = found[asked["offset"] : asked["offset"] + asked["limit"]]
        answer: Json = {"queryType": "BASIC", "searchParameters": asked, "approximateCount": len(found)}
        return answer | ({"entities": page} if page else {})
