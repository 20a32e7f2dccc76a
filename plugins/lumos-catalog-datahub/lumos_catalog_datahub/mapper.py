"""Records from native entities, and native entities from records: pure functions, without any server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lumos_core.plugin_api import KINDS, AnyRecord, Entity, Record, normalise, urns

from .fieldpaths import Spelling
from .mapping import about, edges, fields, governance, special
from .names import Names, entity_of
from .native import Aspects, Draft, View
from .shapes import SHAPES

_PARTS = (about, governance, fields, edges, special)


class Mapper:
    """The mapping, for a set of known instances and a server's models.

    Args:
        names: The mapping of URNs.
        missing: `entity/aspect` that the server does not have.
        definitions: Structured properties that the server has, with their definitions; None: as if it had all.
    """

    def __init__(
        self,
        names: Names | None = None,
        missing: frozenset[str] = frozenset(),
        definitions: Mapping[str, Aspects] | None = None,
    ) -> None:
        self.definitions = definitions
        self.names = names or Names()
        self.missing = missing

    def understands(self, native: str) -> bool:
        """Tell whether an entity is a record of Lumos."""
        return entity_of(native) in SHAPES and urns.kind(self.names.lumos(native)) != "foreign"

    def read(self, native: str, aspects: Mapping[str, Any], urn: str = "") -> AnyRecord:
        """Return what an entity says by itself, without the property `lumos`.

        Args:
            native: Its URN.
            aspects: What it holds.
            urn: The URN of the record, where it is known; as the native one says by default.
        """
        found = urn or self.names.lumos(native)
        view = View(native, aspects, self.names)
        struct: Any = KINDS[urns.kind(found)]
        value: Entity = struct()
        for part in _PARTS:
            part.read(view, value)
        return normalise(Record(found, value))

    def write(self, record: AnyRecord, spellings: Mapping[str, Spelling] | None = None) -> Aspects:
        """Return the aspects that say what DataHub can say of a record.

        Args:
            record: The record.
            spellings: How the server spells the fields of datasets, by native URN.

        Raises:
            ValueError: Its URN has no native one.
        """
        draft = Draft(record.urn, self.names.native(record.urn), self.names, self.missing, spellings, self.definitions)
        for part in _PARTS:
            part.write(record.value, draft)
        about.complete(draft)
        return draft.aspects

    def project(self, record: AnyRecord) -> AnyRecord:
        """Return what reading gives of a record once it was written, without the property `lumos`."""
        return self.read(self.names.native(record.urn), self.write(record))
