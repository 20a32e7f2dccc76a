"""Writes records into Atlas: read, change, write what changed, one outcome each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lumos_remote import Forbidden, Unauthorised

from lumos_core.plugin_api import (
    AnyRecord,
    CatalogError,
    Context,
    LumosError,
    Operation,
    Outcome,
    canonical,
    shadow,
    urns,
)
from lumos_core.plugin_api import decode as decode_line

from . import mapping, models, names, tagdefs, wire
from .held import HELPER, SYSTEM, Held, Reader, forget_propagated, split
from .marks import VALUE
from .native import Mark, Native, without
from .server import Json, Server, native_id

_RANK = {"AtlasGlossary": 0, "AtlasGlossaryCategory": 1, "AtlasGlossaryTerm": 2, "rdbms_instance": 3}
_CASTS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("int", "long", "short", "byte", "date"), int),
    **dict.fromkeys(("float", "double"), float),
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}


@dataclass
class Job:
    """One record to be written.

    Attributes:
        urn: The record.
        places: Indices of its operations in the batch.
        record: As it is to be.
        held: As it is there.
        native: The entity that will be written.
    """

    urn: str
    places: list[int]
    record: AnyRecord
    held: Held | None
    id: names.NativeId
    native: Native | None = None
    foreign: dict[str, AnyRecord] = field(default_factory=dict)

    @property
    def guid(self) -> str:
        """Guid of the entity that lives; empty when there is none."""
        there = self.held.native if self.held else None
        return there.guid if there is not None and not there.removed else ""

    @property
    def removed(self) -> bool:
        """It is to be removed."""
        lifecycle = self.record.value.lifecycle
        return lifecycle is not None and bool(lifecycle.removed)


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
        self._guids: dict[names.NativeId, str] = {}

    def write(self, batch: Sequence[Operation], ctx: Context) -> list[Outcome]:
        """Apply operations, and return one outcome each, in order.

        Raises:
            CatalogError: The server does not know us.
            RetryableError: The server is out of reach.
        """
        self._server.prepare()
        self._guids = {}
        outcomes: dict[int, Outcome] = {}
        jobs: dict[str, list[int]] = {}
        tags: dict[str, list[int]] = {}
        for place, operation in enumerate(batch):
            why = self._refused(operation)
            if why:
                outcomes[place] = Outcome(operation.urn, "failed", why)
            elif operation.kind == "tag":
                tags.setdefault(operation.urn, []).append(place)
            else:
                jobs.setdefault(urns.host(operation.urn), []).append(place)
        for urn, places in tags.items():
            self._say(
                outcomes, batch, places, self._attempt(lambda urn=urn, places=places: self._tag(urn, places, batch))
            )
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

    # -- tags

    def _tag(self, urn: str, places: list[int], batch: Sequence[Operation]) -> str:
        name = names.tag_type(urn)
        there = self._server.tag_type(name)
        held = next(iter(self._reader.tags([there])), None) if there else None
        record = held.record if held else None
        before = canonical(record) if record else b""
        for place in places:
            record = batch[place].apply(_copy(record))
        assert record is not None
        _forget_guid(record, held)
        if record.value.parent and record.value.parent.startswith("urn:lumos:"):
            self._parents([record.value.parent])
        after = _copy(record)
        if before and _known(held) and canonical(_with_guid(after, held)) == before:
            return "unchanged"
        typedef = tagdefs.to_typedef(record)
        text = shadow.keep(record, tagdefs.project, (held.foreign if held else {}).values())
        old = there or {}
        options = {key: text for key, text in (old.get("options") or {}).items() if key != models.PROPERTY}
        kept = {item["name"]: item for item in old.get("attributeDefs") or []}
        fresh = [item for item in typedef["attributeDefs"] if item["name"] not in kept]
        if VALUE not in kept:
            fresh.append(tagdefs.attribute(VALUE))
        typedef["attributeDefs"] = [*kept.values(), *fresh]
        typedef["options"] = {**options, models.PROPERTY: text} if text else options
        typedef["entityTypes"] = old.get("entityTypes") or []
        self._server.define({"classificationDefs": [{**old, **typedef}]})
        self._server.tag_types()
        return "written"

    def _parents(self, tags: Iterable[str]) -> None:
        self._ensure(
            {names.tag_type(urn): set() for urn in tags if urn.startswith(("urn:lumos:tag:", "urn:lumos:class"))}
        )

    def _ensure(self, wanted: Mapping[str, set[str]]) -> None:
        """Make the classifications that are used, with the attributes that are used, where they are missing."""
        there = self._server.tags
        if any(name not in there or wanted[name] - _attributes(there[name]) for name in wanted):
            there = self._server.tag_types()
        changed = []
        for name, attributes in wanted.items():
            typedef = there.get(name) or tagdefs.blank(name)
            more = sorted(attributes - _attributes(typedef))
            if more or name not in there:
                options = dict(typedef.get("options") or {})
                added = sorted({*tagdefs.added(typedef), *more} - {VALUE})
                options |= {tagdefs.ADDED: ",".join(added)} if added else {}
                defs = [*(typedef.get("attributeDefs") or []), *(tagdefs.attribute(key) for key in more)]
                changed.append({**typedef, "attributeDefs": defs, "options": options})
        if changed:
            self._server.define({"classificationDefs": changed})
            self._server.tag_types()

    # -- entities

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
                _apply_foreign(operation, foreign)
            elif operation.action == "remove" and record is None:
                return "unchanged"
            else:
                record = operation.apply(_copy(record))
        if record is None:
            raise CatalogError("what is foreign belongs to a record, and there is none", where=urn)
        if before and canonical(_copy(record)) == before and foreign == was:
            return "unchanged"
        _forget_guid(record, held)
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
                self._guids[job.id] = job.guid
            else:
                self._guids.pop(job.id, None)
        drafts = {job.urn: mapping.to_native(job.record, self._cluster) for job in jobs}
        self._find(reference for draft in drafts.values() for reference in _references(draft))
        here = {job.id for job in jobs}
        marks: dict[str, set[str]] = {}
        for draft in drafts.values():
            for part in (draft, *draft.columns):
                for mark in part.marks:
                    marks.setdefault(mark.type, {VALUE}).update(mark.attributes)
        self._ensure(marks)
        present = {column.id: column.guid for job in jobs if job.guid for column in job.held.native.columns}  # type: ignore[union-attr]
        self._guids.update(present)
        paper = wire.Paper(self._guids, self._id)
        for job in jobs:
            paper.place(job.id)
        for job in jobs:
            draft = drafts[job.urn]
            missing = {urn for urn in _direct(draft) if (id_ := self._id(urn)) not in self._guids and id_ not in here}
            native = job.native = without(draft, missing)
            lost = mapping.projection(self._cluster, missing)
            kept = [item for urn, item in job.foreign.items() if not urn.endswith(f"#{SYSTEM}/entity")]
            text = shadow.keep(_copy(job.record), lost, kept)
            native.custom |= split(text, self._length)
            if job.removed:
                native.custom[models.GONE] = canonical(_copy(job.record)).decode()
            self._cast(native)
            glossary = self._glossary(native, {job.id: job for job in jobs}, paper)
            native.fixed = dict(job.held.native.fixed) if job.guid and job.held and job.held.native else {}
            wire.write(paper, native, job.urn, glossary, self._holder(native, job, paper), self._cluster)
            _add_residue(paper, job)
        fresh = dict(self._guids.items())
        for entity in paper.entities:
            if not entity["guid"].startswith("-"):  # ignored by Atlas when it is there already: `_finish` does it
                del entity["classifications"], entity["labels"]
        assigned = self._server.upsert(paper.entities)
        for id_, placeholder in paper.given.items():
            if placeholder in assigned:
                fresh[id_] = assigned[placeholder]
        self._guids = fresh

    def _finish(self, job: Job) -> str:
        """Do what Atlas does not do in bulk: classifications and labels of what was there, and removal."""
        native = job.native
        assert native is not None
        if job.guid and job.held is not None and job.held.native is not None:
            there = {part.id: part for part in (job.held.native, *job.held.native.columns)}
            for part in (native, *native.columns):
                if part.id in there:
                    self._mark(there[part.id], part)
        if job.removed and job.id.type not in models.GLOSSARY_TYPES and not self._owns(job):
            self._server.delete([self._guids.pop(job.id)])
        return "written"

    def _mark(self, there: Native, wanted: Native) -> None:
        old = {mark.type: mark for mark in there.marks if not mark.origin}
        new = {mark.type: mark for mark in wanted.marks}
        fresh = [wire.mark_json(mark) for type_, mark in new.items() if type_ not in old]
        other = [wire.mark_json(mark) for type_, mark in new.items() if type_ in old and not _same(mark, old[type_])]
        if fresh:
            self._server.classify(there.guid, fresh, new=True)
        if other:
            self._server.classify(there.guid, other, new=False)
        for type_ in old.keys() - new.keys():
            self._server.declassify(there.guid, type_)
        if there.labels != wanted.labels:
            self._server.label(there.guid, wanted.labels)

    def _owns(self, job: Job) -> bool:
        """Tell whether Atlas would delete other records along with this one: it is marked only then."""
        relations = models.model_of(job.id.type).owns
        if not relations or not job.guid:
            return False
        entity = self._server.by_guid([job.guid])["entities"][0]
        related = entity.get("relationshipAttributes") or {}
        return any(wire.active(related.get(relation)) for relation in relations)

    def _cast(self, native: Native) -> None:
        for part in (native, *native.columns):
            for mark in part.marks:
                types = {
                    item["name"]: item["typeName"]
                    for item in self._server.tags.get(mark.type, {}).get("attributeDefs") or []
                }
                mark.attributes = {
                    key: _cast(text, types.get(key, "string"), mark) for key, text in mark.attributes.items()
                }

    # -- references

    def _id(self, urn: str) -> names.NativeId | None:
        host, _, part = urn.partition("#")
        try:
            id_ = names.native_id(host, self._cluster)
        except ValueError:
            return None
        return names.column_id(id_, host, part, self._cluster) if part else id_

    def _find(self, references: Iterable[str]) -> None:
        """Learn the guids of what is referred to."""
        by_type: dict[str, list[str]] = {}
        for id_ in {id_ for urn in set(references) if (id_ := self._id(urn)) is not None}:
            if id_ not in self._guids and id_.type in self._server.types():
                by_type.setdefault(id_.type, []).append(id_.qualified)
        for type_, qualified in by_type.items():
            for answer in self._server.by_name(type_, qualified, brief=True):
                for entity in answer.get("entities") or []:
                    self._guids[native_id(entity)] = entity["guid"]

    def _holder(self, native: Native, job: Job, paper: wire.Paper) -> str:
        """Return the guid of what an official relation must lead to."""
        official = models.model_of(native.id.type).parent
        if official is None:
            return ""
        above = self._id(native.parent) if native.parent else None
        if above is not None and above.type == official[1]:
            return paper.known(native.parent or "")
        return self._helper(official[1], urns.parse(job.urn).platform) if official[2] else ""

    def _glossary(self, native: Native, jobs: Mapping[names.NativeId, Job], paper: wire.Paper) -> str:
        """Return the guid of the glossary that a term or category belongs to."""
        if native.id.type not in ("AtlasGlossaryTerm", "AtlasGlossaryCategory"):
            return ""
        parent, seen = native.parent, set[str]()
        while parent and parent not in seen:
            seen.add(parent)
            id_ = self._id(parent)
            if id_ is None:
                break
            if id_.type == "AtlasGlossary":
                return paper.known(parent) or self._helper("AtlasGlossary", "Lumos")
            if id_ in jobs:
                parent = jobs[id_].record.value.parent
                continue
            guid = self._guids.get(id_, "")
            entity = self._server.by_guid([guid])["entities"][0] if guid else {}
            anchor = (entity.get("relationshipAttributes") or {}).get("anchor") or {}
            return anchor.get("guid") or self._helper("AtlasGlossary", "Lumos")
        return self._helper("AtlasGlossary", "Lumos")

    def _helper(self, type_: str, platform: str) -> str:
        """Return the guid of an entity that Atlas wants to be there where Lumos knows of none."""
        id_ = names.NativeId(type_, f"{HELPER}{platform}@{self._cluster}")
        if id_ not in self._guids:
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
            self._guids[id_] = self._server.upsert([entity])["-1"]
        return self._guids[id_]


def _references(native: Native) -> Iterable[str]:
    yield from _direct(native)
    for flow in native.flows:
        for reference in (*flow.sources, *flow.targets):
            if not reference.startswith("#"):
                yield reference


def _direct(native: Native) -> Iterable[str]:
    """Return the references that stand in the entity itself."""
    if native.parent:
        yield native.parent
    yield from native.inputs
    yield from native.outputs
    for part in (native, *native.columns):
        yield from part.terms


def _attributes(typedef: Json) -> set[str]:
    return {item["name"] for item in typedef.get("attributeDefs") or []}


def _cast(text: Any, type_: str, mark: Mark) -> Any:
    cast = _CASTS.get(type_)
    if cast is None or not isinstance(text, str):
        return text
    try:
        return cast(text)
    except (ValueError, KeyError):
        raise CatalogError(f"the classification {mark.type} takes {type_}", why=f"the value is {text[:60]!r}") from None


def _same(one: Mark, other: Mark) -> bool:
    """Tell whether two classifications say the same."""
    mine, theirs = (
        {key: value for key, value in mark.attributes.items() if value is not None} for mark in (one, other)
    )
    return (mine, one.propagate, one.until) == (theirs, other.propagate, other.until)


def _depth(job: Job, jobs: Mapping[str, Job]) -> int:
    depth, parent = 0, job.record.value.parent
    while parent in jobs and depth < 50:
        depth, parent = depth + 1, jobs[parent].record.value.parent
    return depth


def _apply_foreign(operation: Operation, foreign: dict[str, AnyRecord]) -> None:
    if operation.action == "remove" or operation.set is None:
        foreign.pop(operation.urn, None)
    else:
        foreign[operation.urn] = operation.apply(foreign.get(operation.urn))


def _add_residue(paper: wire.Paper, job: Job) -> None:
    """Put back what only Atlas understands."""
    import json

    mine = job.foreign.get(f"{job.urn}#{SYSTEM}/entity")
    if mine is None:
        return
    try:
        attributes = json.loads(mine.value.body).get("attributes") or {}
    except (ValueError, AttributeError):
        raise CatalogError("what is foreign cannot be read", where=mine.urn) from None
    for entity in paper.entities:
        if entity["guid"] == paper.place(job.id):
            entity["attributes"] = {**attributes, **entity["attributes"]}


def _copy(record: AnyRecord | None) -> Any:
    return None if record is None else decode_line(canonical(record))


def _forget_guid(record: AnyRecord, held: Held | None) -> None:
    """A guid is Atlas' own; that of an entity which is gone for good stays as an alias."""
    live = held.native is None or not held.native.removed if held else False
    if live:
        now = {alias for alias in held.record.value.aliases if alias[0] == SYSTEM} if held else set()
        record.value.aliases = [alias for alias in record.value.aliases if tuple(alias) not in now]


def _with_guid(record: AnyRecord, held: Held | None) -> AnyRecord:
    if held is not None:
        own = [alias for alias in held.record.value.aliases if alias[0] == SYSTEM]
        record.value.aliases = sorted({*map(tuple, record.value.aliases), *map(tuple, own)})
    return record


def _known(held: Held | None) -> bool:
    return held is not None


def _why(error: LumosError) -> str:
    if isinstance(error, Forbidden):
        return f"this user may not: {error.why}"
    return str(error)
