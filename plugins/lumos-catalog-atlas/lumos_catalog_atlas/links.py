"""Finds what records refer to, and makes what Atlas wants to be there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lumos_core.plugin_api import urns

from . import models, names, wire
from .drafts import Job
from .held import HELPER
from .native import Native
from .server import Json, Server, native_id


class Links:
    """What is called how on the server.

    Args:
        server: The server.
        cluster: Name of our cluster.

    Attributes:
        guids: Type and qualified name -> guid, as far as it is known.
    """

    def __init__(self, server: Server, cluster: str) -> None:
        self._server, self._cluster = server, cluster
        self.guids: dict[names.NativeId, str] = {}

    def id(self, urn: str) -> names.NativeId | None:
        """Return where a reference leads to; None when it is no entity."""
        host, _, part = urn.partition("#")
        try:
            id_ = names.native_id(host, self._cluster)
        except ValueError:
            return None
        return names.column_id(id_, host, part, self._cluster) if part else id_

    def find(self, references: Iterable[str]) -> None:
        """Learn the guids of what is referred to."""
        by_type: dict[str, list[str]] = {}
        for id_ in {id_ for urn in set(references) if (id_ := self.id(urn)) is not None}:
            if id_ not in self.guids and id_.type in self._server.types():
                by_type.setdefault(id_.type, []).append(id_.qualified)
        for type_, qualified in by_type.items():
            for answer in self._server.by_name(type_, qualified, brief=True):
                for entity in answer.get("entities") or []:
                    self.guids[native_id(entity)] = entity["guid"]

    def holder(self, native: Native, job: Job, paper: wire.Paper) -> str:
        """Return the guid of what an official relation must lead to."""
        official = models.model_of(native.id.type).parent
        if official is None:
            return ""
        above = self.id(native.parent) if native.parent else None
        if above is not None and above.type == official[1]:
            return paper.known(native.parent or "")
        return self._helper(official[1], urns.parse(job.urn).platform) if official[2] else ""

    def glossary(self, native: Native, jobs: Mapping[names.NativeId, Job], paper: wire.Paper) -> str:
        """Return the guid of the glossary that a term or category belongs to."""
        if native.id.type not in ("AtlasGlossaryTerm", "AtlasGlossaryCategory"):
            return ""
        parent, seen = native.parent, set[str]()
        while parent and parent not in seen:
            seen.add(parent)
            id_ = self.id(parent)
            if id_ is None:
                break
            if id_.type == "AtlasGlossary":
                return paper.known(parent) or self._helper("AtlasGlossary", "Lumos")
            if id_ in jobs:
                parent = jobs[id_].record.value.parent
                continue
            guid = self.guids.get(id_, "")
            entity = self._server.by_guid([guid])["entities"][0] if guid else {}
            anchor = (entity.get("relationshipAttributes") or {}).get("anchor") or {}
            return anchor.get("guid") or self._helper("AtlasGlossary", "Lumos")
        return self._helper("AtlasGlossary", "Lumos")

    def _helper(self, type_: str, platform: str) -> str:
        """Return the guid of an entity that Atlas wants to be there where Lumos knows of none."""
        id_ = names.NativeId(type_, f"{HELPER}{platform}@{self._cluster}")
        if id_ not in self.guids:
            above = models.model_of(type_).parent
            attributes = {"qualifiedName": id_.qualified, "name": platform}
            attributes |= {name: platform for name, _ in models.model_of(type_).official}
            related = {above[0]: {"guid": self._helper(above[1], platform)}} if above and above[2] else {}
            entity: Json = {
                "typeName": type_,
                "guid": "-1",
                "attributes": attributes,
                "relationshipAttributes": related,
            }
            self.guids[id_] = self._server.upsert([entity])["-1"]
        return self.guids[id_]


def references(native: Native) -> Iterable[str]:
    """Return everything that a record refers to."""
    yield from direct(native)
    for flow in native.flows:
        for reference in (*flow.sources, *flow.targets):
            if not reference.startswith("#"):
                yield reference


def direct(native: Native) -> Iterable[str]:
    """Return the references that stand in the entity itself."""
    if native.parent:
        yield native.parent
    yield from (urn for _, urn in native.ties)
    yield from native.inputs
    yield from native.outputs
    for part in (native, *native.columns):
        yield from part.terms
