"""Writes records into Atlas: read, change, write what changed, one outcome each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lumos_remote import Forbidden, Unauthorised

from lumos_core.plugin_api import (
    CatalogError,
    Context,
    LumosError,
    Operation,
    Outcome,
    canonical,
    shadow,
    urns,
)

from . import mapping, models, names, relations, wire
from .drafts import Job, apply_foreign, copied, forget_guid
from .held import SYSTEM, Held, Reader, forget_propagated, split
from .links import Links, direct, references
from .marks import VALUE
from .native import Native, without
from .server import Server
from .tagging import Tagger

_RANK = {"AtlasGlossary": 0, "AtlasGlossaryCategory": 1, "AtlasGlossaryTerm": 2, "rdbms_instance": 3}


class Writer:
    """Applies batches of operations.

    Args:
        server: The server.
        reader: Reads what is there.
        cluster: Name of our cluster.
        batch: Records in one request.
        length: Characters of one custom attribute; 0 = no limit.
    """

    def __init__(self, server: Server, reader: Reader, cluster: str, batch: int, length: int) -> None:
        self._server, self._reader = server, reader
        self._cluster, self._batch, self._length = cluster, batch, length
        self._links, self._tagger = Links(server, cluster), Tagger(server, reader)

    def write(self, batch: Sequence[Operation], ctx: Context) -> list[Outcome]:
        """Apply operations, and return one outcome each, in order.

        Raises:
            CatalogError: The server does not know us.
            RetryableError: The server is out of reach.
        """
        self._server.prepare()
        self._links.guids = {}
        outcomes: dict[int, Outcome] = {}
        jobs: dict[str, list[int]] = {}
        tags: dict[str, list[int]] = {}
        for place, operation in enumerate(batch):
            why = self._refused(operation)
            if why:
                outcomes[place] = Outcome(operation.urn, "failed", why)
            elif urns.parse(urns.host(operation.urn)).kind == "tag":
                tags.setdefault(urns.host(operation.urn), []).append(place)
            else:
                jobs.setdefault(urns.host(operation.urn), []).append(place)
        for urn, places in tags.items():
            operations = [batch[place] for place in places]
            said = self._attempt(lambda urn=urn, some=operations: self._tagger.write(urn, some))
            self._say(outcomes, batch, places, said)
        self._records(jobs, batch, ctx, outcomes)
        return [outcomes[place] for place in range(len(batch))]

    def _refused(self, operation: Operation) -> str:
        """Say why an operation cannot be done, whatever the server says; empty when it can."""
        if operation.kind == "stats":
            return "Atlas keeps no statistics"
        host = urns.host(operation.urn)
        try:
            parsed = urns.parse(host)
            if operation.kind != "foreign" and parsed.kind != operation.kind:
                return f"{operation.urn} is no {operation.kind}"
            if parsed.kind == "tag":
                meets = names.tag_urn(names.tag_type(host))
            elif parsed.kind == "foreign":
                return "Atlas has no place for a thing of another catalog that belongs to no record"
            else:
                id_ = names.native_id(host, self._cluster)
                base = self._server.base(id_.type) if id_.type not in models.URN_TYPES else ""
                meets = names.urn_of(*id_, self._cluster, base)
        except ValueError as error:
            return str(error)
        if operation.kind == "tag" and host != operation.urn:
            return "a part of a tag is no record"
        return "" if meets == host else f"in Atlas it would be the same as {meets}"

    def _attempt(self, work: Any) -> tuple[Any, str]:
        try:
            return work(), ""
        except Unauthorised:
            raise
        except CatalogError as error:
            return "failed", _why(error)

    def _say(self, outcomes: dict[int, Outcome], batch: Sequence[Operation], places: Iterable[int], said: Any) -> None:
        for place in places:
            outcomes[place] = Outcome(batch[place].urn, said[0], said[1])

    def _records(
        self, wanted: Mapping[str, list[int]], batch: Sequence[Operation], ctx: Context, outcomes: dict[int, Outcome]
    ) -> None:
        there = {urn: self._reader.held(native) for urn, native in self._reader.by_urn(wanted, ctx).items()}
        jobs = []
        for urn, places in wanted.items():
            said, why = self._attempt(lambda urn=urn, places=places: self._job(urn, places, batch, there.get(urn)))
            if isinstance(said, Job):
                jobs.append(said)
            else:
                self._say(outcomes, batch, places, (said, why))
        by_urn = {job.urn: job for job in jobs}
        jobs.sort(key=lambda job: (_RANK.get(job.id.type, 4 + models.is_process(job.id.type, "")), _depth(job, by_urn)))
        for start in range(0, len(jobs), self._batch):
            if ctx.cancelled():
                self._server.client._stop()
            self._send(jobs[start : start + self._batch], batch, outcomes)

    def _job(self, urn: str, places: list[int], batch: Sequence[Operation], held: Held | None) -> Job | str:
        record = held.record if held else None
        before = canonical(record) if record else b""
        foreign = dict(held.foreign) if held else {}
        was = dict(foreign)
        for place in places:
            operation = batch[place]
            if operation.kind == "foreign":
                apply_foreign(operation, foreign)
            elif operation.action == "remove" and record is None:
                return "unchanged"
            else:
                record = operation.apply(copied(record))
        if record is None:
            raise CatalogError("what is foreign belongs to a record, and there is none", where=urn)
        if before and canonical(copied(record)) == before and foreign == was:
            return "unchanged"
        forget_guid(record, held)
        if held is not None and held.native is not None:
            forget_propagated(record, held.native)
        record.value.captured = []
        id_ = names.native_id(urn, self._cluster)
        return Job(urn, places, record, held, id_, foreign=foreign)

    def _send(self, jobs: Sequence[Job], batch: Sequence[Operation], outcomes: dict[int, Outcome]) -> None:
        """Write some records in one request; when it is refused, each half alone, to find who is to blame."""
        try:
            self._request(jobs)
        except Unauthorised:
            raise
        except CatalogError as error:
            if len(jobs) == 1:
                self._say(outcomes, batch, jobs[0].places, ("failed", _why(error)))
                return
            middle = len(jobs) // 2
            for half in (jobs[:middle], jobs[middle:]):
                self._send(half, batch, outcomes)
            return
        for job in jobs:
            self._say(outcomes, batch, job.places, self._attempt(lambda job=job: self._finish(job)))

    def _request(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if job.guid:
                self._links.guids[job.id] = job.guid
            else:
                self._links.guids.pop(job.id, None)
        drafts = {job.urn: mapping.to_native(job.record, self._cluster) for job in jobs}
        self._links.find(reference for draft in drafts.values() for reference in references(draft))
        self._links.find(
            urn for job in jobs if job.guid and job.held and job.held.native for _, urn in job.held.native.ties
        )
        here = {job.id for job in jobs}
        marks: dict[str, set[str]] = {}
        for draft in drafts.values():
            for part in (draft, *draft.columns):
                for mark in part.marks:
                    marks.setdefault(mark.type, {VALUE}).update(mark.attributes)
        self._tagger.ensure(marks)
        present = {column.id: column.guid for job in jobs if job.guid for column in job.held.native.columns}  # type: ignore[union-attr]
        self._links.guids.update(present)
        paper = wire.Paper(self._links.guids, self._links.id)
        for job in jobs:
            paper.place(job.id)
        for job in jobs:
            draft = drafts[job.urn]
            missing = {
                urn
                for urn in direct(draft)
                if (id_ := self._links.id(urn)) not in self._links.guids and id_ not in here
            }
            native = job.native = without(draft, missing)
            lost = mapping.projection(self._cluster, missing)
            kept = [item for urn, item in job.foreign.items() if not urn.endswith(f"#{SYSTEM}/entity")]
            text = shadow.keep(copied(job.record), lost, kept)
            native.custom |= split(text, self._length)
            native.custom |= split(relations.mark(native.ties), self._length, models.TOLD)
            if job.removed:
                native.custom[models.GONE] = canonical(copied(job.record)).decode()
            self._tagger.cast(native)
            glossary = self._links.glossary(native, {job.id: job for job in jobs}, paper)
            native.fixed = dict(job.held.native.fixed) if job.guid and job.held and job.held.native else {}
            wire.write(paper, native, job.urn, glossary, self._links.holder(native, job, paper), self._cluster)
            _add_residue(paper, job)
        fresh = dict(self._links.guids.items())
        for entity in paper.entities:
            if not entity["guid"].startswith("-"):  # ignored by Atlas when it is there already: `_finish` does it
                del entity["classifications"], entity["labels"]
        assigned = self._server.upsert(paper.entities)
        for id_, placeholder in paper.given.items():
            if placeholder in assigned:
                fresh[id_] = assigned[placeholder]
        self._links.guids = fresh

    def _finish(self, job: Job) -> str:
        """Do what Atlas does not do in bulk: classifications and labels of what was there, and removal."""
        native = job.native
        assert native is not None
        if job.guid and job.held is not None and job.held.native is not None:
            there = {part.id: part for part in (job.held.native, *job.held.native.columns)}
            for part in (native, *native.columns):
                if part.id in there:
                    self._tagger.mark(there[part.id], part)
        self._relate(job, native)
        business = _residue(job).get("businessAttributes") or {}
        held = (
            job.held.native.residue.get("businessAttributes", {}) if job.guid and job.held and job.held.native else {}
        )
        if held and not business and not job.removed:
            raise CatalogError(
                "business metadata was not taken away", why="Lumos sets it, and takes single values away, but not all"
            )
        if business != held and business:
            self._server.describe(self._links.guids[job.id], business)
        if job.removed and job.id.type not in models.GLOSSARY_TYPES and not self._owns(job):
            self._server.delete([self._links.guids.pop(job.id)])
        return "written"

    def _relate(self, job: Job, native: Native) -> None:
        """Relate a term to others; what it told and tells no more is ended, unless the other term tells it, too."""
        held = job.held.native if job.guid and job.held else None
        old = set(held.ties) - set(held.shared) if held else set()
        guid = self._links.guids.get(job.id, "")
        wanted, gone = (
            {
                (attribute, there)
                for attribute, urn in ties
                if (id_ := self._links.id(urn)) is not None and (there := self._links.guids.get(id_))
            }
            for ties in (set(native.ties), old - set(native.ties))
        )
        relations.relate(self._server, guid, wanted, gone)

    def _owns(self, job: Job) -> bool:
        """Tell whether Atlas would delete other records along with this one: it is marked only then."""
        relations = models.model_of(job.id.type).owns
        if not relations or not job.guid:
            return False
        entity = self._server.by_guid([job.guid])["entities"][0]
        related = entity.get("relationshipAttributes") or {}
        return any(wire.active(related.get(relation)) for relation in relations)


def _depth(job: Job, jobs: Mapping[str, Job]) -> int:
    depth, parent = 0, job.record.value.parent
    while parent in jobs and depth < 50:
        depth, parent = depth + 1, jobs[parent].record.value.parent
    return depth


def _residue(job: Job) -> dict[str, Any]:
    """Return what only Atlas understands.

    Raises:
        CatalogError: It is not what Atlas gave.
    """
    mine = job.foreign.get(f"{job.urn}#{SYSTEM}/entity")
    if mine is None:
        return {}
    try:
        body = json.loads(mine.value.body)
        return {key: dict(body.get(key) or {}) for key in ("attributes", "businessAttributes")}
    except (ValueError, TypeError, AttributeError):
        raise CatalogError("what is foreign cannot be read", where=mine.urn) from None


def _add_residue(paper: wire.Paper, job: Job) -> None:
    residue = _residue(job).get("attributes", {})
    before = job.held.foreign.get(f"{job.urn}#{SYSTEM}/entity") if job.guid and job.held else None
    gone = (json.loads(before.value.body).get("attributes") or {}).keys() - residue.keys() if before else ()
    said = {**residue, **dict.fromkeys(gone)}
    for entity in paper.entities if said else ():
        if entity["guid"] == paper.place(job.id):
            wanted = {name: said[name] for name, _ in models.model_of(job.id.type).official if name in said}
            entity["attributes"] = {**said, **entity["attributes"], **wanted}


def _why(error: LumosError) -> str:
    if isinstance(error, Forbidden):
        return f"this user may not: {error.why}"
    return str(error)
