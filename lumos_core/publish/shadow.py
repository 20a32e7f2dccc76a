"""The property `lumos`: what a catalog cannot say itself, kept on the nearest entity there, and read back.

A catalog tells by a pure function what of a record it can say: `project(record)` is what reading would give, without
the property, once the record was written. What differs from that is kept, key by key, with `base`, the digest of what
the catalog said of the key when it was written. On reading, a key that is still as it was gets its full value back.
A key that people have edited since is merged element by element: what they changed, added or took away in the catalog
stands, and what the catalog could not say of the rest is still known. Such keys are *stale* and are told.

Example:
    ```python
    def to_native(record):
        text = shadow.keep(record, project)
        return native_of(record) | {"customProperties": {"lumos": text} if text else {}}

    def from_native(native, ctx):
        found = shadow.recall(record_of(native), native["customProperties"].get("lumos", ""), project)
        for key in found.stale:
            ctx.warn("stale-shadow", f"`{key}` was edited in the catalog; its value there is taken", found.record.urn)
        return found.record
    ```
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from ..model.comparing import has_required, is_empty, place
from ..model.entities import KINDS, Entity, Field
from ..model.record import AnyRecord, Record, canonical, decode, normalise
from ..model.shapes import Shape, key_function, shapes

Project = Callable[[AnyRecord], AnyRecord]
"""What reading gives, without the property, once a record was written; pure."""

PROPERTY = "lumos"
"""Name of the property."""

_SKIPPED = frozenset({"captured"})


class Recalled(NamedTuple):
    """A record with all that is known of it.

    Attributes:
        record: With what the catalog says and what the property keeps.
        stale: Keys that were edited in the catalog since they were written: there the catalog's value was taken.
        foreign: Records of kind `foreign` that travelled in the property.
    """

    record: AnyRecord
    stale: tuple[str, ...] = ()
    foreign: tuple[AnyRecord, ...] = ()


class _Kept(Struct, omit_defaults=True, kw_only=True):
    """The text of the property.

    Attributes:
        base: Key -> digest of what the catalog said of it; `urn` -> the URN that its own id stands for.
        foreign: Lines of foreign records.
        partial: Keys of which `record` has only the elements that differ.
        record: Line of a record that has just the keys that are kept.
    """

    base: dict[str, str] = {}
    foreign: list[Raw] = []
    partial: list[str] = []
    record: Raw = Raw(b"")


def keep(record: AnyRecord, project: Project, foreign: Iterable[AnyRecord] = ()) -> str:
    """Return the text of the property for a record; empty when the catalog says all of it.

    Args:
        record: As it is to be read back.
        project: What the catalog can say of a record.
        foreign: What other catalogs know of it and this one does not.
    """
    wanted, native = normalise(record), normalise(project(record))
    value: Any = type(wanted.value)()
    kept = _Kept(foreign=[Raw(line) for line in sorted(map(canonical, foreign))])
    for key in _keys(type(wanted.value)):
        new, said = getattr(wanted.value, key), getattr(native.value, key, None)
        if new == said or (is_empty(new) and is_empty(said)):
            continue
        kept.base[key] = _digest(said)
        fields = said if key == "fields" and said else []
        if fields and [place(field) for field in new] == [place(field) for field in fields]:
            kept.partial.append(key)
            new = [field for field, there in zip(new, fields, strict=True) if field != there]
        setattr(value, key, new)
    if (wanted.urn, wanted.kind) != (native.urn, native.kind):
        kept.base["urn"] = native.urn
    if not kept.base and not kept.foreign:
        return ""
    kept.record = Raw(canonical(Record(wanted.urn, value, wanted.kind)))
    return msgspec.json.encode(kept, order="sorted").decode()


def recall(native: AnyRecord, text: str, project: Project) -> Recalled:
    """Return what was kept of a record, as far as nobody edited it in the catalog since.

    A text that cannot be read is stale as a whole.

    Args:
        native: What the catalog says without the property; not changed.
        text: The property; empty when there is none.
        project: As for `keep`.
    """
    if not text:
        return Recalled(native)
    try:
        kept = msgspec.json.decode(text, type=_Kept)
        wanted = decode(bytes(kept.record))
        foreign = tuple(decode(bytes(line)) for line in kept.foreign)
    except (ValueError, KeyError):
        return Recalled(native, (PROPERTY,))
    if not isinstance(wanted.value, Entity) or not isinstance(native.value, Entity):
        return Recalled(native, (PROPERTY,))
    urn, kind, stale = wanted.urn, wanted.kind, list[str]()
    if (urn, kind) != (native.urn, native.kind) and kept.base.get("urn") != native.urn:
        # The thing was renamed or copied: the property speaks of another one.
        return Recalled(native, ("urn",))
    value = _as_kind(native.value, kind)
    full = _Full(native, value, wanted, kept.partial, project)
    for key in kept.base:
        if key not in type(value).__struct_fields__ or key in _SKIPPED:
            continue
        said = getattr(native.value, key, None)
        if _digest(said) == kept.base[key]:
            setattr(value, key, full.wanted(key))
        else:
            stale.append(key)
            setattr(value, key, full.merged(key, said))
    return Recalled(normalise(Record(urn, value, kind)), tuple(sorted(stale)), foreign)


class _Full:
    """What was meant, as whole as it can be known again."""

    def __init__(
        self, native: AnyRecord, value: Entity, wanted: AnyRecord, partial: Sequence[str], project: Project
    ) -> None:
        self._native, self._kept, self._partial, self._project = native, wanted, partial, project
        self._struct = type(value)
        self._blank = type(value)()

    def wanted(self, key: str) -> Any:
        """The value of a key as it was written."""
        kept = getattr(self._kept.value, key)
        if key not in self._partial:
            return kept
        own = {place(field): field for field in kept}
        return [own.get(place(field), field) for field in getattr(self._native.value, key)]

    def merged(self, key: str, said: Any) -> Any:
        """The value of a key that was edited in the catalog."""
        wanted = self.wanted(key)
        if is_empty(said):
            return said if said is not None else getattr(self._blank, key)
        if key == "fields":
            return self._fields(wanted, said)
        return self._merge(dict(shapes(self._struct))[key], wanted, said, _of_record(key))

    def _fields(self, wanted: list[Field], said: list[Field]) -> list[Field]:
        """Which fields there are, and their order, is what the catalog says now."""
        kept = {place(field): field for field in wanted}
        meant = [kept.get(place(field), field) for field in said]
        then = {place(field): field for field in self._said({"fields": meant}).get("fields", [])}
        merged = []
        for number, (now, full) in enumerate(zip(said, meant, strict=True)):
            was = then.get(place(now))
            merged.append(full if full is now or was == now else self._field(full, was, now, said, number))
        return merged

    def _field(self, full: Field, was: Field | None, now: Field, said: list[Field], number: int) -> Field:
        changes: dict[str, Any] = {}
        for key, shape in shapes(Field):
            new, held = getattr(full, key), getattr(now, key)
            if new == held or (was is not None and getattr(was, key) == held):
                changes[key] = new
            elif is_empty(held):
                changes[key] = held
            else:
                changes[key] = self._merge(shape, new, held, _of_field(key, full, said, number))
        return Field(**changes)

    def _merge(self, shape: Shape, wanted: Any, said: Any, spot: _Spot) -> Any:
        """What people left as it was keeps its full value; everything else is what the catalog says."""
        if shape.form == "list" and shape.keys is not None:
            return self._merge_set(shape, wanted or [], said, spot)
        then = spot.pick(self._said(spot.build(wanted))) if not is_empty(wanted) else None
        if shape.form != "struct" or shape.struct is None or has_required(shape.struct):
            return wanted if then == said else said
        struct, parts = shape.struct, {}
        for key, inner in shapes(struct):
            new, was, now = (getattr(side, key, None) for side in (wanted, then, said))
            if now == was or (is_empty(now) and is_empty(was)):
                parts[key] = new if new is not None else getattr(struct(), key)
            else:
                parts[key] = now if is_empty(now) else self._merge(inner, new, now, _of_struct(key, struct, spot))
        return struct(**parts)

    def _merge_set(self, shape: Shape, wanted: list[Any], said: list[Any], spot: _Spot) -> list[Any]:
        """An element whose words in the catalog are all still there stands; so does one that has none there."""
        name = key_function(shape)
        present = {msgspec.json.encode(element) for element in said}
        spoken = set[bytes]()
        merged: dict[Any, Any] = {}
        for element in wanted:
            words = {msgspec.json.encode(word) for word in spot.pick(self._said(spot.build([element]))) or []}
            if words <= present:
                merged[name(element)] = element
                spoken |= words
        for element in said:
            if msgspec.json.encode(element) not in spoken:
                merged.setdefault(name(element), element)
        return list(merged.values())

    def _said(self, parts: dict[str, Any]) -> dict[str, Any]:
        """What the catalog would say of a record with these keys only."""
        value = replace(self._struct(), **parts)
        told = normalise(self._project(decode(canonical(Record(self._kept.urn, value, self._kept.kind)))))
        return {key: getattr(told.value, key) for key in type(told.value).__struct_fields__}


class _Spot(NamedTuple):
    """A place in a record: how to make the keys of one that has only a value there, and how to find it again."""

    build: Callable[[Any], dict[str, Any]]
    pick: Callable[[dict[str, Any]], Any]


def _of_record(key: str) -> _Spot:
    return _Spot(lambda part: {key: part}, lambda keys: keys.get(key))


def _of_field(key: str, full: Field, said: list[Field], number: int) -> _Spot:
    def build(part: Any) -> dict[str, Any]:
        alone = Field(path=full.path, part=full.part, type=full.type)
        setattr(alone, key, part)
        return {"fields": [*said[:number], alone, *said[number + 1 :]]}

    def pick(keys: dict[str, Any]) -> Any:
        return next((getattr(field, key) for field in keys.get("fields", ()) if place(field) == place(full)), None)

    return _Spot(build, pick)


def _of_struct(key: str, struct: type[Struct], spot: _Spot) -> _Spot:
    return _Spot(lambda part: spot.build(struct(**{key: part})), lambda keys: getattr(spot.pick(keys), key, None))


def _as_kind(value: Entity, kind: str) -> Entity:
    """The same keys in the struct of a kind."""
    struct: Any = KINDS[kind]
    if type(value) is struct:
        return replace(value)
    names = [key for key in struct.__struct_fields__ if key in type(value).__struct_fields__]
    made: Entity = struct(**{key: getattr(value, key) for key in names})
    return made


def _keys(struct: type[Struct]) -> list[str]:
    return [key for key in struct.__struct_fields__ if key not in _SKIPPED]


def _digest(value: Any) -> str:
    data = b"" if is_empty(value) else msgspec.json.encode(value, order="sorted")
    return hashlib.sha256(data).hexdigest()[:32]
