"""Tags and glossary terms on entities and their members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from . import fqn as names
from .errors import bad, unknown
from .kinds import BY_NAME
from .store import Document
from .world import World

Label = dict[str, Any]
_KINDS = {"Classification": "tag", "Glossary": "glossaryTerm"}
_STORED = ("tagFQN", "source", "labelType", "state", "reason", "appliedAt", "appliedBy", "metadata")


def prepare(world: World, labels: list[Label] | None) -> list[Label]:
    """Check labels, drop repeated ones, and return them as they are stored.

    Raises:
        Refusal: An unknown tag (404), or two that exclude each other (400).
    """
    kept: dict[tuple[str, str], Label] = {}
    for label in labels or ():
        kind = _KINDS[label["source"]]
        identity = world.store.find(kind, names.normal(label["tagFQN"]))
        if identity is None or world.store.heads[identity].deleted:
            raise unknown(kind, label["tagFQN"])
        fqn = world.store.heads[identity].fqn
        stored = {name: label[name] for name in _STORED if label.get(name) is not None}
        kept.setdefault((label["source"], fqn), {**stored, "tagFQN": fqn})
    exclude(world, list(kept.values()))
    return [kept[key] for key in sorted(kept, key=lambda key: key[1])]


def exclude(world: World, labels: list[Label]) -> None:
    """Refuse two labels below a parent whose children exclude each other.

    Raises:
        Refusal: 400.
    """
    if len(labels) < 2:
        return
    parents = Counter(parent for label in labels if (parent := _parent(world, label)))
    for parent, times in parents.items():
        if times > 1 and world.store.get(parent).get("mutuallyExclusive"):
            first, second = [label["tagFQN"] for label in labels if _parent(world, label) == parent][:2]
            raise bad(f"Tag labels {first} and {second} are mutually exclusive and can't be assigned together")


def _parent(world: World, label: Label) -> str:
    identity = world.store.find(_KINDS[label["source"]], label["tagFQN"])
    return world.store.heads[identity].above if identity else ""


def merge(world: World, old: list[Label] | None, new: list[Label] | None) -> list[Label]:
    """Return what a PUT makes of labels: it never removes one.

    Raises:
        Refusal: The result holds two that exclude each other (400).
    """
    merged = {(label["source"], label["tagFQN"]): label for label in [*(new or ()), *(old or ())]}
    exclude(world, list(merged.values()))
    return [merged[key] for key in sorted(merged, key=lambda key: key[1])]


def show(world: World, label: Label) -> Label:
    """Return a label as answers show it."""
    kind = _KINDS[label["source"]]
    identity = world.store.find(kind, label["tagFQN"])
    if identity is None:
        return label
    document = world.store.get(identity)
    told = {name: document[name] for name in ("name", "displayName", "description", "style") if document.get(name)}
    return {**label, **told, "href": f"{world.base}/api/v1/{BY_NAME[kind].route}/{identity}"}


def holders(value: Any) -> Iterator[Document]:
    """Every part of a document, itself included, that has labels."""
    if isinstance(value, list):
        for item in value:
            yield from holders(item)
    elif isinstance(value, dict):
        if isinstance(value.get("tags"), list):
            yield value
        for item in value.values():
            if isinstance(item, (dict, list)):
                yield from holders(item)


def rename(world: World, source: str, old: str, new: str) -> None:
    """Follow the renaming of a tag or term in all that bears it."""
    wanted = old.encode()
    for identity, raw in list(world.store.documents.items()):
        if wanted not in raw:
            continue
        document = world.store.get(identity)
        for holder in holders(document):
            for label in holder["tags"]:
                if label.get("source") == source and (label["tagFQN"] == old or label["tagFQN"].startswith(old + ".")):
                    label["tagFQN"] = new + label["tagFQN"][len(old) :]
        head = world.store.heads[identity]
        world.store.put(head.kind, document, head.above, head.since)


def forget(world: World, source: str, fqn: str) -> None:
    """Take a tag or term that is gone for good off all that bears it."""
    wanted = fqn.encode()
    for identity, raw in list(world.store.documents.items()):
        if wanted not in raw:
            continue
        document = world.store.get(identity)
        for holder in holders(document):
            holder["tags"] = [one for one in holder["tags"] if (one.get("source"), one.get("tagFQN")) != (source, fqn)]
        head = world.store.heads[identity]
        world.store.put(head.kind, document, head.above, head.since)
