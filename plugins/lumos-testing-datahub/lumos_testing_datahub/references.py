"""Which aspects name an entity, and taking it out of them, as GMS does when references are deleted."""

from __future__ import annotations

from typing import Any

from .proposals import Engine, Rejected
from .store import decode, encode

_GONE = object()


def remove(engine: Engine, urn: str, dry: bool) -> list[tuple[str, str]]:
    """Take a URN out of all aspects: elements of arrays that name it go, and optional fields.

    Args:
        engine: What is held.
        urn: Of the entity.
        dry: Only find them.

    Returns:
        Entity and aspect of each place.
    """
    needle, found = encode(urn), []
    for entity, held in list(engine.store.entities.items()):
        for name, stored in list(held.aspects.items()):
            if needle not in stored.value or name == engine.registry.entities[held.type].key:
                continue
            found.append((entity, name))
            if dry:
                continue
            left = _without(decode(stored.value), urn)
            try:
                engine.fits(name, {} if left is _GONE else left)
            except Rejected:  # it was required
                engine.store.delete(entity, name)
            else:
                engine.store.put(entity, held.type, name, encode({} if left is _GONE else left), decode(stored.system))
    return found


def _without(value: Any, urn: str) -> Any:
    """What is left of a value; an object of an array that names the URN in a field of its own goes as a whole."""
    if value == urn:
        return _GONE
    if isinstance(value, list):
        kept = [_without(item, urn) for item in value if not (isinstance(item, dict) and urn in _strings(item))]
        return [item for item in kept if item is not _GONE]
    if isinstance(value, dict):
        left = {key: _without(item, urn) for key, item in value.items()}
        return {key: item for key, item in left.items() if item is not _GONE}
    return value


def _strings(item: dict[str, Any]) -> list[str]:
    return [value for value in item.values() if isinstance(value, str)]
