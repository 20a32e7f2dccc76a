"""The contract of a source.

Example:
    A complete source. `plan` says what there is to read, `extract` reads one piece of it:

    ```python
    class Inbox(Source[InboxConfig]):
        def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
            for name in sorted(os.listdir(self.config.path)):
                urn = urns.dataset("inbox", name)
                if within.matches(urn):
                    yield Unit(key=name, scope=Scope(urns=frozenset({urn})))
            if within.everything:
                ctx.covered(Covered(Scope(platform="inbox"), frozenset({"record"})))

        def extract(self, unit: Unit, ctx: Context) -> Iterable[Record]:
            urn = urns.dataset("inbox", unit.key)
            yield Record(urn, Dataset(name=unit.key, captured=["fields"], fields=[Field("line", type="string")]))
            ctx.covered(Covered(unit.scope, frozenset({"fields"})))
    ```
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal

from msgspec import Struct

from ..model.record import AnyRecord
from ..model.scope import Scope
from .component import BaseComponent, C, ComponentKind
from .context import Context


class Unit(Struct, frozen=True, kw_only=True):
    """The atom of parallelism, progress, retry and failure: plain data that an executor can ship.

    Attributes:
        key: Unique within its source and run; shown in messages.
        scope: What it reads; *failed* is declared for it when it fails.
        weight: Relative cost, for progress and balance.
        args: Plain data that `extract` needs (JSON types and bytes).
    """

    key: str
    scope: Scope
    weight: int = 1
    args: dict[str, Any] = {}


class Event(Struct, frozen=True):
    """Something changed inside a scope: re-read it.

    Attributes:
        scope: What is to be read again; `NOTHING` for what concerns nobody: it is acknowledged and no more.
        token: Handed to `ack` after the commit; empty when there is nothing to acknowledge.
        action: `created`, `deleted`, or empty when it is not known or neither; `watch: {events: ...}` chooses by it.
        path: What changed, for people: `s3://shop-lake/raw/orders/part-7.parquet`.
        at: When it changed, as the storage says: RFC 3339 UTC; empty when it does not say.
        facts: Further facts, as pairs of text, for the `metadata` of a `ChangeEvent`.
    """

    scope: Scope
    token: str = ""
    action: Literal["", "created", "deleted"] = ""
    path: str = ""
    at: str = ""
    facts: tuple[tuple[str, str], ...] = ()


class Explained(Struct, frozen=True, kw_only=True):
    """One thing that a source found at a place, or left out, and why: what `lumos discover --explain` shows.

    Attributes:
        kind: `dataset`, or why something is in none: `noise` (no data), `unread` (of a format that nobody named),
            `unknown` (of no known format), `excluded` (by the configuration), `gap` (could not be looked at).
        name: Of the dataset; else the rule, the format or the place.
        root: The folder or file that holds it.
        format: Name of its format.
        files: How many files.
        bytes: Their total size.
        partitions: Levels of partitioning, outermost first, each as `name: type`.
        confidence: Of a dataset, 0 to 1.
        why: The evidence, in sentences.
        notes: What is odd about it.
        examples: Paths of a few of its files.
    """

    kind: Literal["dataset", "noise", "unread", "unknown", "excluded", "gap"]
    name: str
    root: str = ""
    format: str = ""
    files: int = 0
    bytes: int = 0
    partitions: tuple[str, ...] = ()
    confidence: float = 1.0
    why: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


class Source(BaseComponent[C]):
    """Reads metadata from where data lives.

    Attributes:
        capabilities: Aspects that it can capture.
    """

    component_kind: ClassVar[ComponentKind] = "source"
    capabilities: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """Say what there is to read inside a scope, as units that stand alone.

        What was listed completely is declared here (`ctx.covered(... "record" ...)`), since only the listing knows.
        A unit that later fails takes its own scope out of that declaration.

        Raises:
            LumosError: When nothing can be listed; the source then counts as failed as a whole.
        """

    @abstractmethod
    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Read one unit; records come in any order, fragments of one URN are united.

        Raises:
            RetryableError: The unit is tried again.
            LumosError: The unit is reported and left out; nothing is concluded from the gap.
        """

    def watch(self, ctx: Context) -> Iterable[Event]:
        """Wait for changes; yields scopes to re-read, never a diff. Optional.

        It is called on a thread of its own and an instance of its own, and goes on until `ctx.cancelled()` is true,
        which it asks at least once a second, also while it waits; with `ctx.once` it returns when nothing waits any
        more. When it ends otherwise, it is called again after a while, longer each time. An event is yielded as soon
        as it is known: bursts are gathered by the kernel. What was not acknowledged is yielded again by the next
        watch, and may be by this one. `ctx.memo` holds what the last run left there; what is
        put in lives as long as the watch. Coverage is not declared here.

        Raises:
            RetryableError: It is called again, as after any other error but a `ConfigError`.
            ConfigError: When it can never work; ends the watch with exit code 2.
        """
        return ()

    def ack(self, tokens: Sequence[str]) -> None:
        """Acknowledge events after their effects are committed: at least once. Optional.

        Called on the instance that watches, from another thread, while `watch` goes on. What is not acknowledged
        comes again.

        Raises:
            RetryableError: It is tried again with the next ones.
        """

    def suggest(self, path: str) -> Iterable[dict[str, Any]]:
        """Look at a folder, or at what a connection string leads to, and suggest entries for `sources:`. Optional.

        Each entry has its `type`; its `path`, if it has one, starts from that folder. `#` holds a comment to stand
        above it, `#hint` a sentence for who asked, where nothing was found: what was looked at, and what to try;
        `#enrich` entries of enrichers that go with it, which are written where they are installed, and `#files` texts
        of files that go with it, by name: they are written beside the pipeline, and an option of the entry that is
        such a name is left out where that file is not written.
        """
        return ()

    def explain(self, path: str) -> Iterable[Explained]:
        """Say what was found at a place below what the source reads, how sure that is and why. Optional.

        Nothing is remembered, and nothing is read that a run would not read.

        Args:
            path: A folder, a file, or the name of a dataset, below where the source begins; empty = everything.
        """
        return ()
