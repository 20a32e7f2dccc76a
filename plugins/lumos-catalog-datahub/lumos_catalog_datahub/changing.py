"""What operations change in an entity: aspects to be written, so that all that others wrote stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lumos_remote import foreign
from lumos_remote.residue import add

from lumos_core.plugin_api import (
    KINDS,
    AnyRecord,
    Entity,
    Foreign,
    Lifecycle,
    Operation,
    Outcome,
    Record,
    Stats,
    canonical,
    shadow,
    urns,
)

from . import facts
from .fieldpaths import Spelling
from .holding import (
    Held,
    backer,
    copied,
    difference,
    finder,
    has_properties,
    hold,
    kept_in,
    meant,
    resource,
    resource_of,
    without_alias,
    without_text,
)
from .mapper import Mapper
from .mapping.about import complete
from .names import SYSTEM, entity_of
from .native import Aspects, Draft, Thing, spellings_of
from .shapes import EMPTY, SHAPES, STATS
from .stamps import stamped, with_stamps

_SAME = object()
DELETE = None
"""Instead of a value: the aspect is deleted."""


class Change:
    """What a batch does to one entity.

    Args:
        mapper: The mapping.
        native: Its URN.
        thing: What the server holds; None when there is no such entity.
        others: Further entities that were read: platform resources that keep texts, datasets whose fields are named.
        author: URN of who writes, for stamps that DataHub demands.
        now: Milliseconds since 1970.

    Attributes:
        outcomes: One for each operation that was given.
        writes: (native URN, aspect) -> value, or `DELETE`.
        warnings: (code, message, URN) for the run.
    """

    def __init__(
        self, mapper: Mapper, native: str, thing: Thing | None, others: dict[str, Thing], author: str, now: int
    ) -> None:
        self.mapper, self.native, self.thing = mapper, native, thing
        self.outcomes: list[Outcome] = []
        self.writes: dict[tuple[str, str], Any] = {}
        self.warnings: list[tuple[str, str, str]] = []
        self._others, self._stamp = others, {"time": now, "actor": author}
        exists = thing is not None and bool(thing.aspects)
        self._held: Held | None = hold(mapper, thing) if exists and thing and mapper.understands(native) else None
        self._record: AnyRecord | None = self._held.record if self._held else None
        self._travelling = {one.urn: one for one in self._held.travelling} if self._held else {}
        self._restored: dict[str, AnyRecord | None] = {}

    def run(self, operations: Iterable[Operation]) -> None:
        """Apply operations, in order, and find what is to be written."""
        done: list[tuple[int, bool]] = []
        for operation in operations:
            try:
                changed = self._apply(operation)
            except (ValueError, KeyError) as error:
                self.outcomes.append(Outcome(operation.urn, "failed", str(error)))
                continue
            if isinstance(changed, Outcome):
                self.outcomes.append(changed)
                continue
            done.append((len(self.outcomes), changed))
            self.outcomes.append(Outcome(operation.urn, "written" if changed else "unchanged"))
        if self._record is not None and any(changed for _, changed in done):
            self._write_record()
        if not self.writes:
            for at, _ in done:
                if self.outcomes[at].status == "written":
                    self.outcomes[at] = Outcome(self.outcomes[at].urn, "unchanged")

    def _apply(self, operation: Operation) -> bool | Outcome:
        if operation.kind == "foreign":
            return self._apply_foreign(operation)
        if operation.kind == "stats":
            return self._apply_fact(operation)
        if not issubclass(KINDS[operation.kind], Entity) or urns.kind(operation.urn) != operation.kind:
            raise ValueError(f"{operation.urn} is not the URN of a record of kind {operation.kind}")
        return self._apply_entity(operation)

    def _apply_entity(self, operation: Operation) -> bool | Outcome:
        present = self._record
        if present is not None and present.urn != operation.urn:
            return Outcome(
                operation.urn,
                "failed",
                f"{self.native} already stands for {present.urn}; two records cannot share it. Where the name begins "
                "with a platform instance, add that to `instances`",
            )
        if present is None and operation.action == "remove":
            return False
        if clash := _clash(operation, present):
            return Outcome(operation.urn, "conflict", clash)
        after: AnyRecord = without_alias(operation.apply(present), self.native)
        _mark(operation, after.value)
        after = copied(after)
        changed = present is None or canonical(_bare(present)) != canonical(_bare(after))
        self._record = after
        return changed

    def _apply_foreign(self, operation: Operation) -> bool | Outcome:
        host, system, type_ = foreign.parts(Record(operation.urn, Foreign(), "foreign"))
        wanted = None if operation.action == "remove" else operation.set
        record = Record(operation.urn, wanted, "foreign") if isinstance(wanted, Foreign) else None
        if not host:
            return self._apply_thing(record, system)
        if self._record is None or self._record.urn != host:
            raise ValueError(f"{host} is not in the catalog, and this belongs to it")
        if system != SYSTEM:
            changed = self._travelling.get(operation.urn) != record
            if record is None:
                self._travelling.pop(operation.urn, None)
            else:
                self._travelling[operation.urn] = record
            return changed
        if f"{entity_of(self.native)}/{type_}" in self.mapper.missing:
            raise ValueError(f"this server has no aspect {type_} of {entity_of(self.native)}")
        if type_ in STATS:
            return record is not None and self._put(self.native, type_, self._whole(record))
        self._restored[type_] = record
        return True

    def _whole(self, record: AnyRecord) -> Any:
        return foreign.restore(record, find=finder(self.mapper), back=backer(self.mapper, self._spellings())).value

    def _apply_thing(self, record: AnyRecord | None, system: str) -> bool:
        """Write a foreign record that belongs to no other: an entity that we do not understand, or a note of it."""
        if system != SYSTEM:
            urn, text = resource_of(record.urn) if record else self.native, canonical(record).decode() if record else ""
            key = record.urn if record else ""
            return self._put_resource(urn, key, text) if key else self._put(self.native, "status", {"removed": True})
        if record is None:
            return self._put(self.native, "status", {"removed": True})
        changed = [self._put(self.native, aspect, value) for aspect, value in self._whole(record).items()]
        return any(changed)

    def _apply_fact(self, operation: Operation) -> bool:
        if not isinstance(operation.set, Stats):
            return False  # the past is not taken back
        fact = facts.parts(operation.urn)
        if fact.type not in facts.ASPECTS or entity_of(self.native) != "dataset":
            raise ValueError(f"DataHub takes {', '.join(sorted(facts.ASPECTS))} of datasets, not {operation.urn}")
        record = copied(Record(operation.urn, operation.set, "stats"))
        spelling = (self._spellings().get(self.native)) or Spelling()
        aspect, value = facts.write(record, self.mapper.names, spelling)
        said = facts.read(fact.host, self.native, aspect, value, self.mapper.names)
        whole = said is not None and canonical(said) == canonical(record)
        if not whole:
            value["messageId"] = facts.MARK
        present = self.thing.aspects.get(aspect) if self.thing else None
        if present is not None and _event(present) == _event(value):
            before = facts.read(fact.host, self.native, aspect, present, self.mapper.names)
            if before is not None:
                known = {**facts.write(before, self.mapper.names, spelling)[1], **_event(value)}
                value = add(value, difference(aspect, present, known))
        changed = self._put(self.native, aspect, value)
        if not whole:
            key = f"{self.native}#{fact.type}"
            changed = self._put_resource(resource_of(key), key, canonical(record).decode()) or changed
        return changed

    def _put_resource(self, urn: str, key: str, text: str) -> bool:
        wanted = resource(key, text)
        held = self._others.get(urn)
        if held is not None and kept_in(held) == wanted["platformResourceInfo"].get("value", {}).get("blob", ""):
            return False
        if held is None and not text:
            return False
        for aspect, value in wanted.items():
            self.writes[urn, aspect] = value
        return True

    def _put(self, urn: str, aspect: str, value: Any) -> bool:
        if self.thing is not None and self.thing.aspects.get(aspect) == value:
            return False
        self.writes[urn, aspect] = stamped(value, self._stamp)
        return True

    def _spellings(self) -> dict[str, Spelling]:
        found: dict[str, Spelling] = {}
        for other in self._others.values():
            own = spellings_of(Thing(other.urn, {"schemaMetadata": other.aspects.get("schemaMetadata", {})}))
            found.update({urn: spelling for urn, spelling in own.items() if urn == other.urn})
        if self.thing is not None:
            found.update(spellings_of(self.thing))
        return found

    def _write_record(self) -> None:
        assert self._record is not None
        record, mapper = self._record, self.mapper
        present: Aspects = dict(self.thing.aspects) if self.thing else {}
        old, new = self._held.said if self._held else {}, mapper.write(copied(record), self._spellings())
        wanted = dict(present)
        for aspect in sorted({*old, *new, *self._restored} - STATS.keys()):
            target = self._target(aspect, old, new)
            if target is DELETE:
                wanted.pop(aspect, None)
            elif target is not _SAME:
                wanted[aspect] = stamped(target, self._stamp)
        # What reading will give, with all that others wrote, is what the property has to complete.
        text = shadow.keep(copied(record), lambda _: mapper.read(self.native, wanted), self._travelling.values())
        self._keep(text, wanted)
        for aspect in sorted({*present, *wanted}):
            value = wanted.get(aspect, DELETE)
            if value != present.get(aspect, DELETE):
                self.writes[self.native, aspect] = value

    def _keep(self, text: str, wanted: Aspects) -> None:
        """Put the property `lumos` where it belongs."""
        assert self._record is not None
        if not has_properties(entity_of(self.native)):
            self._put_resource(resource_of(self.native), self.native, text)
            return
        if text == (self._held.text if self._held else ""):
            return
        info = SHAPES[entity_of(self.native)].info
        bare = without_text(wanted.get(info) or self._blank(self._record))
        if text:
            bare["customProperties"] = {**bare.get("customProperties", {}), shadow.PROPERTY: text}
        wanted[info] = bare

    def _blank(self, record: AnyRecord) -> Aspects:
        """The aspect that holds custom properties, of a record that says nothing in it."""
        draft = Draft(record.urn, self.native, self.mapper.names, self.mapper.missing)
        complete(draft)
        found: Aspects = draft.aspects.get(draft.shape.info, {})
        return found

    def _target(self, aspect: str, old: Aspects, new: Aspects) -> Any:
        """Return what an aspect is to hold: a value, `DELETE`, or `_SAME` as it holds now."""
        before, after = old.get(aspect), new.get(aspect)
        present = self.thing.aspects.get(aspect) if self.thing else None
        restored = aspect in self._restored
        same = self._held is not None and before == after and not restored
        if same and (present is not None or not self._says_more(aspect, after)):
            return _SAME
        if after is None and aspect not in EMPTY and not restored and aspect != SHAPES[entity_of(self.native)].info:
            return DELETE
        blank = EMPTY.get(aspect, {})
        target: Any = after if after is not None else blank
        if restored:
            target = self._with_restored(aspect, target, known=aspect in new or aspect in old or aspect in EMPTY)
        elif present is not None:
            rest = difference(aspect, without_text(present), before if before is not None else blank)
            target = self._with_rest(aspect, target, rest, new)
        if target is DELETE or present is None:
            return target
        text = present.get("customProperties", {}).get(shadow.PROPERTY) if isinstance(present, dict) else None
        if text is not None:
            return {**target, "customProperties": {**target.get("customProperties", {}), shadow.PROPERTY: text}}
        return target

    def _says_more(self, aspect: str, value: Any) -> bool:
        """Tell whether an aspect that is absent would say something: what the server did not take before."""
        assert self.thing is not None
        read, now = self.mapper.read, self.thing.aspects
        return canonical(read(self.native, now)) != canonical(read(self.native, {**now, aspect: value}))

    def _with_rest(self, aspect: str, target: Any, rest: Any, new: Aspects) -> Any:
        """An aspect with what others wrote in it, unless that would say something else than what is meant."""
        assert self._record is not None
        if not rest:
            return target
        candidate = add(target, rest)
        ours, theirs = (self.mapper.read(self.native, {**new, aspect: value}).value for value in (target, candidate))
        meant: Any = self._record.value
        for key in type(ours).__struct_fields__:
            said, read = getattr(ours, key), getattr(theirs, key)
            if read not in (said, getattr(meant, key, None)):
                message = f"`{aspect}` holds what does not fit what is written now; that part of it is left out"
                self.warnings.append(("stale-residue", message, self._record.urn))
                return target
        return candidate

    def _with_restored(self, aspect: str, target: Any, known: bool) -> Any:
        """An aspect with the residue of a foreign record."""
        record = self._restored[aspect]
        if record is None:
            return target if known else DELETE
        said = meant(aspect, target)
        written = foreign.restore(record, said, find=finder(self.mapper), back=backer(self.mapper, self._spellings()))
        stamps = {member: held for member, held in target.items() if member not in said}
        if written.stale:
            self._refuse(record.urn, f"what is understood of {aspect} was changed since this was read; it is left out")
        elif written.missing:
            self._refuse(record.urn, f"it refers to what DataHub cannot hold: {', '.join(written.missing)}", "written")
        return with_stamps({**stamps, **written.value})

    def _refuse(self, urn: str, reason: str, status: Any = "conflict") -> None:
        self.outcomes = [Outcome(urn, status, reason) if one.urn == urn else one for one in self.outcomes]


def _clash(operation: Operation, present: AnyRecord | None) -> str:
    """Say which key moved since the operation was planned; empty when none did."""
    if present is None or not isinstance(operation.held, Entity) or operation.set is None:
        return ""
    for key in type(operation.held).__struct_fields__:
        wanted, held, now = (getattr(one, key, None) for one in (operation.set, operation.held, present.value))
        named = key in operation.unset or (wanted is not None and wanted != [])
        if key in ("captured", "aliases") or not named or _same(now, held) or _same(now, wanted):
            continue
        return f"`{key}` was changed in DataHub since this was planned"
    return ""


def _same(one: Any, other: Any) -> bool:
    return one == other or (one in (None, []) and other in (None, []))


def _mark(operation: Operation, value: Entity) -> None:
    """Set or take away the mark of a soft delete, as the action says."""
    if operation.action not in ("remove", "restore"):
        return
    lifecycle = value.lifecycle or Lifecycle()
    marked = Lifecycle(
        removed=operation.action == "remove",
        status=lifecycle.status,
        deprecated=lifecycle.deprecated,
        retention=lifecycle.retention,
        extra=lifecycle.extra,
    )
    value.lifecycle = None if marked == Lifecycle() else marked


def _bare(record: AnyRecord) -> AnyRecord:
    """A record without what reading adds."""
    found = copied(record)
    found.value.captured = []
    return found


def _event(value: Aspects) -> Aspects:
    """What identifies an event of a time series."""
    return {key: value[key] for key in ("timestampMillis", "eventGranularity", "messageId") if key in value}


def group(mapper: Mapper, operations: Sequence[Operation]) -> dict[str, list[int]]:
    """Return native URN -> places of the operations on that entity, in order; what has none is left out."""
    groups: dict[str, list[int]] = {}
    for place, operation in enumerate(operations):
        try:
            groups.setdefault(native_of(mapper, operation), []).append(place)
        except ValueError:
            continue
    return groups


def native_of(mapper: Mapper, operation: Operation) -> str:
    """Return the native URN of the entity that an operation is about.

    Raises:
        ValueError: It has none.
    """
    host = urns.host(operation.urn)
    if host == operation.urn and operation.kind == "foreign":
        _, system, _ = foreign.parts(Record(operation.urn, Foreign(), "foreign"))
        if system != SYSTEM:
            return resource_of(operation.urn)
    return mapper.names.native(host)
