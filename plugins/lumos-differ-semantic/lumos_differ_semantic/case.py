"""One pair under judgement, and what a detection module finds in it."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from lumos_core.plugin_api import Context, Field, Severity, urns

from .settings import Settings, Stance


class Levels(NamedTuple):
    """Severities that stand in for those of the rule; None leaves the rule's own."""

    history: Severity | None = None
    consumer: Severity | None = None
    writer: Severity | None = None


class Found(NamedTuple):
    """What a detection module found; the rule says the rest.

    Attributes:
        rule: Id of the rule.
        path: Field path or aspect; empty for the whole record.
        before: Canonical text of the old value.
        after: Canonical text of the new value.
        subject: What the sentence is about, where it may be a record or a field.
        aspect: A further word for the sentence.
        levels: Severities that this very case has instead of the rule's.
        note: A further sentence on why.
    """

    rule: str
    path: str = ""
    before: str | None = None
    after: str | None = None
    subject: str = ""
    aspect: str = ""
    levels: Levels | None = None
    note: str = ""


class FieldMatch(NamedTuple):
    """How the fields of a pair belong together.

    Attributes:
        common: (old, new) for every field that is on both sides, renamed ones included.
        removed: Fields that are gone, topmost only.
        added: Fields that are new, topmost only.
        renamed: (rule, old, new) for every field found under another path, topmost only.
        paths: Old path -> new path, for renamed fields and everything inside them.
    """

    common: list[tuple[Field, Field]]
    removed: list[Field]
    added: list[Field]
    renamed: list[tuple[str, Field, Field]]
    paths: dict[str, str]


class Case:
    """One pair of records that are both there, with what the detection modules share.

    Attributes:
        urn: URN after the change.
        kind: Kind of the record.
        old: Value before.
        new: Value after.
        captured: Aspects that both sides looked at; only these license the removal of a key.
        settings: The configuration.
        stance: How this record is judged.
        ctx: The run.
    """

    def __init__(
        self,
        urn: str,
        kind: str,
        old: Any,
        new: Any,
        captured: frozenset[str],
        settings: Settings,
        ctx: Context,
        old_urn: str = "",
    ) -> None:
        self.urn, self.old_urn, self.kind = urn, old_urn or urn, kind
        self.old, self.new = old, new
        self.captured = captured
        self.settings = settings
        self.ctx = ctx
        self.stance: Stance = settings.stance(urn, tag_names(old, new) if settings.by_tag else ())

    @cached_property
    def name(self) -> str:
        """The name that messages use."""
        return record_name(self.urn, self.new)

    @cached_property
    def match(self) -> FieldMatch:
        """How the fields belong together; computed when first asked for."""
        from .matching import match_fields

        return match_fields(self)

    @cached_property
    def changed(self) -> frozenset[str]:
        """The keys of the record whose values differ."""
        old, new = self.old, self.new
        return frozenset(key for key in new.__struct_fields__ if getattr(old, key) != getattr(new, key))

    def follow(self, path: str) -> str:
        """Return where an old path is now."""
        return self.match.paths.get(path, path) if "fields" in self.changed else path

    @cached_property
    def edited(self) -> list[tuple[Field, Field]]:
        """(old, new) for every field that is on both sides and differs."""
        return [(old, new) for old, new in self.match.common if old != new] if "fields" in self.changed else []

    @cached_property
    def things(self) -> list[Part]:
        """The record and each of its fields that differs, as things that people describe."""
        parts = [Part(self, self.old, self.new, "", "", f"`{self.name}`")]
        for old, new in self.edited:
            parts.append(Part(self, old, new, "fields.", new.path, f"Field `{new.path}` of `{self.name}`"))
        return parts


class Part(NamedTuple):
    """A record or a field, seen as a thing that people describe.

    Attributes:
        case: The pair.
        old: The thing before.
        new: The thing after.
        prefix: `fields.` for a field, for the names of aspects.
        path: Path of the field; empty for the record.
        subject: How a sentence names it.
    """

    case: Case
    old: Any
    new: Any
    prefix: str
    path: str
    subject: str

    def knows(self, aspect: str) -> bool:
        """True when both sides looked at an aspect, so that its absence means something."""
        return f"{self.prefix}{aspect}" in self.case.captured

    def at(self, aspect: str) -> str:
        """Return the path of a finding: the field, or the aspect of the record."""
        return self.path or aspect


def tag_names(*values: Any) -> list[str]:
    """Return the names of the tags of some values."""
    return [urns.name(link.tag) for value in values for link in getattr(value, "tags", ())]


def record_name(urn: str, value: Any) -> str:
    """Return how messages name a record: its own name, else the name in its URN."""
    return getattr(value, "name", None) or urns.name(urn)
