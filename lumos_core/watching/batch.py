"""What one look is about: events that were heard, and sources that are looked at whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..contracts.source import Event
from ..model.scope import NOTHING, Covered, Scope, united
from ..snapshot.select import intersect


class Heard(NamedTuple):
    """An event of a source.

    Attributes:
        source: Number of the source in the pipeline.
        event: What it told; its scope is `NOTHING` when nothing is to be read for it.
    """

    source: int
    event: Event


class Batch(NamedTuple):
    """What is to be looked at; empty when it is false, but a `kick` alone is worth a look.

    Attributes:
        events: What was heard.
        due: Number of a source -> what of it is looked at whole.
        whole: The whole pipeline is looked at, as `lumos run` does.
        kick: Something of an earlier look is still owed: to a catalog, or to a notifier.
    """

    events: tuple[Heard, ...] = ()
    due: Mapping[int, Scope] = {}
    whole: bool = False
    kick: bool = False

    @property
    def looks(self) -> bool:
        """True when there is something to look at, not only something to acknowledge."""
        return self.whole or self.kick or bool(self.due) or any(heard.event.scope != NOTHING for heard in self.events)

    @property
    def told(self) -> dict[int, Scope]:
        """Number of a source -> what its events are about."""
        found: dict[int, list[Scope]] = {}
        for heard in self.events:
            if heard.event.scope != NOTHING:
                found.setdefault(heard.source, []).append(heard.event.scope)
        return {number: united(scopes) for number, scopes in found.items()}

    @property
    def within(self) -> Scope:
        """What the events are about."""
        return united(self.told.values())

    def __bool__(self) -> bool:
        return self.looks or bool(self.events)

    def joined(self, other: Batch) -> Batch:
        """Return both as one."""
        due = {**self.due, **other.due}
        return Batch((*self.events, *other.events), due, self.whole or other.whole, self.kick or other.kick)


NO_BATCH = Batch()


def unread(events: Iterable[Heard], gaps: Sequence[Covered]) -> tuple[list[Heard], list[Heard]]:
    """Part events into those whose effects are committed, and those of which something could not be read.

    Args:
        events: What was looked at.
        gaps: What was declared less than complete.
    """
    failed = [covered.scope for covered in gaps if covered.status == "failed"]
    done: list[Heard] = []
    left: list[Heard] = []
    for heard in events:
        scope = heard.event.scope
        missing = scope != NOTHING and any(intersect(scope, gap) is not None for gap in failed)
        (left if missing else done).append(heard)
    return done, left
