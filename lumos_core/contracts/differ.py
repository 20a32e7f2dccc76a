"""The contract of a differ.

Example:
    ```python
    class Existence(Differ[ExistenceConfig]):
        def diff(self, pairs: Iterator[Pair], ctx: Context) -> Iterable[Change]:
            for before, after, captured in pairs:
                if before is None and after is not None:
                    yield Change(rule="dataset-added", urn=after.urn, severity="non-breaking", bump="minor")
                elif after is None and before is not None:
                    yield Change(rule="dataset-removed", urn=before.urn, severity="breaking", bump="major")
    ```
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from ..model.change import Change
from ..model.record import AnyRecord
from .component import BaseComponent, C, ComponentKind
from .context import Context


class Pair(NamedTuple):
    """One record before and after.

    Attributes:
        before: None when it was not there.
        after: None when it is gone, and the coverage of both sides licenses that conclusion.
        captured: Aspects that both sides looked at, plus `record`; only these license the removal of a key.
    """

    before: AnyRecord | None
    after: AnyRecord | None
    captured: frozenset[str]


class Differ(BaseComponent[C]):
    """Says what differing records mean: what, where, for whom how severe, why, what to do."""

    component_kind: ClassVar[ComponentKind] = "differ"

    @abstractmethod
    def diff(self, pairs: Iterator[Pair], ctx: Context) -> Iterable[Change]:
        """Turn pairs of differing records into changes; one stream, so that a rename replaces remove and add.

        `pairs` come sorted by (kind, URN), equal records left out. `ctx.graph` is the lineage after the change.
        """

    def rules(self) -> Sequence[Mapping[str, Any]]:
        """Return the rule catalogue as data (id, area, severities, bump, why, fix) for `lumos rules`. Optional."""
        return ()
