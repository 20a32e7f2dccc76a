"""What a run and its worker say to each other, as plain structs on MessagePack.

Records cross as canonical lines, configuration with `${VAR}` unresolved, errors as the parts that people read.
"""

from __future__ import annotations

import traceback
from typing import Any

import msgspec
from msgspec import Struct

from .. import errors
from ..contracts.catalog import Action, Hit, Operation, Outcome
from ..contracts.component import Support
from ..contracts.source import Event, Unit
from ..errors import LumosError
from ..model.record import Record, canonical, decode
from ..model.scope import Covered, Scope
from .frames import MAX_LINE

PROTOCOL = 1
"""Version of these messages. Both sides must speak the same one."""


class Message(Struct, frozen=True, tag=True, array_like=True):
    """Base of all messages."""


# ---- from the run to the worker -------------------------------------------------------------------------------------


class Describe(Message, frozen=True):
    """Validate an entry of the pipeline; answered by `Described`."""

    kind: str
    entry: dict[str, Any]
    base: str


class Write(Struct, frozen=True, array_like=True):
    """An `Operation` with its value as a canonical line; what was held stays with the people who read the plan."""

    kind: str
    urn: str
    action: Action
    line: bytes | None
    unset: frozenset[str]
    reasons: tuple[tuple[str, str], ...]
    expect: str

    @classmethod
    def of(cls, operation: Operation) -> Write:
        """Make it ready to cross."""
        value, kind, urn = operation.set, operation.kind, operation.urn
        line = None if value is None else canonical(Record(urn, value, kind))
        return cls(kind, urn, operation.action, line, operation.unset, operation.reasons, operation.expect)

    def operation(self) -> Operation:
        """Make it what it was."""
        value: Any = None if self.line is None else decode(self.line).value
        return Operation(
            kind=self.kind,
            urn=self.urn,
            action=self.action,
            set=value,
            unset=self.unset,
            reasons=self.reasons,
            expect=self.expect,
        )


class Call(Message, frozen=True):
    """Call a method of a component, which is built when it is first called.

    Attributes:
        component: Number of the component in this conversation.
        ref: How to build it (`ComponentSpec.ref`).
        method: `check`, `plan`, `extract`, `watch`, `ack`, `suggest`, `read`, `write`, `native`, `search`.
        full: `Context.full`.
        run_id: `Context.run_id`.
        cancelled: The run was cancelled before the call began.
        scope, unit, batch, tokens, text, limit, line: What the method takes.
        once: `Context.once`.
        room: `Context.room`.
    """

    component: int
    ref: dict[str, Any]
    method: str
    full: bool = False
    run_id: str = ""
    cancelled: bool = False
    scope: Scope | None = None
    unit: Unit | None = None
    batch: list[Write] = []
    tokens: list[str] = []
    text: str = ""
    limit: int = 0
    line: bytes = b""
    once: bool = False
    room: Scope | None = None


class Answer(Message, frozen=True):
    """What the run answers to a question of a component; None when there is nothing."""

    value: Any = None


class Credit(Message, frozen=True):
    """So many more frames may be sent ahead."""

    frames: int


class Cancel(Message, frozen=True):
    """The run was cancelled: `ctx.cancelled()` is True from now on."""


class Abandon(Message, frozen=True):
    """Nobody reads this call any more: end it."""


class Close(Message, frozen=True):
    """Close a component."""

    component: int


class Shutdown(Message, frozen=True):
    """Close every component and end."""


# ---- from the worker to the run -------------------------------------------------------------------------------------


class Described(Message, frozen=True):
    """What became of an entry that was validated.

    Attributes:
        problems: The fields of each `Problem`; empty when the entry is right.
        secrets: Paths of the options that are secret.
        name: The entry's label.
        capabilities: Of a catalog, aspect by aspect; of a source, its aspects.
        system, deferred, stats, foreign: Of a catalog.
        searches: It is a catalog that can search.
        shows: It is a catalog that says what its own pages show (`native`).
        watch: Of a source, the options of its block `watch:` that the kernel reads; None without one.
        tells: It is a source that tells of events.
    """

    problems: list[dict[str, Any]] = []
    secrets: list[list[str | int]] = []
    name: str = ""
    capabilities: dict[str, Support] = {}
    system: str = ""
    deferred: frozenset[str] = frozenset()
    stats: frozenset[str] = frozenset()
    foreign: bool = False
    searches: bool = False
    shows: bool = False
    watch: dict[str, Any] | None = None
    tells: bool = False


class Declared(Message, frozen=True):
    """`ctx.covered`."""

    covered: Covered


class Progress(Message, frozen=True):
    """`ctx.progress`."""

    done: int
    total: int | None


class Warned(Message, frozen=True):
    """`ctx.warn`."""

    code: str
    message: str
    where: str


class Alive(Message, frozen=True):
    """The component polled `ctx.cancelled()`: it works, though it says nothing else."""


class Remember(Message, frozen=True):
    """`ctx.memo[key] = value`, or `del` when there is no value."""

    key: bytes
    value: bytes | None


class Recall(Message, frozen=True):
    """`ctx.memo[key]`."""

    key: bytes


class Keys(Message, frozen=True):
    """All keys of `ctx.memo`."""


class Look(Message, frozen=True):
    """`ctx.get(urn)`, answered by a line."""

    urn: str


class Walk(Message, frozen=True):
    """The next lines of `ctx.records(kind)`; `number` tells apart the walks of one call."""

    number: int
    kind: str


class UnitItem(Message, frozen=True):
    """A unit of `plan`."""

    value: Unit


class EventItem(Message, frozen=True):
    """An event of `watch`."""

    value: Event


class OutcomeItem(Message, frozen=True):
    """An outcome of `write`."""

    value: Outcome


class HitItem(Message, frozen=True):
    """A result of `search`."""

    value: Hit


class EntryItem(Message, frozen=True):
    """An entry that `suggest` gave."""

    value: dict[str, Any]


class Done(Message, frozen=True):
    """The call is over; `target` is where a catalog writes to, after `check`."""

    target: str = ""


class Failed(Message, frozen=True):
    """The call raised.

    Attributes:
        error: Name of the exception's class.
        ours: It is one of `lumos_core.errors`.
        what, why, fix, where, after: Its parts; `what` is the whole text of a foreign one.
        trace: The traceback, for `LUMOS_DEBUG`.
    """

    error: str
    ours: bool
    what: str
    why: str = ""
    fix: str = ""
    where: str = ""
    after: float | None = None
    trace: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Failed:
        """Take an exception apart; what is longer than `MAX_TEXT` is cut."""
        trace = text("".join(traceback.format_exception(error)))
        if not isinstance(error, LumosError):
            return cls(type(error).__name__, False, text(error), trace=trace)
        # A plugin's own class is what the kernel's, which it is made of, is: one that is tried again, for example.
        known = next(base.__name__ for base in type(error).__mro__ if getattr(errors, base.__name__, None) is base)
        what, why, fix, where = map(text, (error.what, error.why, error.fix, error.where))
        return cls(known, True, what, why, fix, where, getattr(error, "after", None), trace)

    def exception(self) -> Exception:
        """Make the exception again: of the same class where the kernel knows it, else of one with the same name."""
        made: Exception
        if self.ours:
            known = getattr(errors, self.error, LumosError)
            made = known(self.what, why=self.why, fix=self.fix, where=self.where)
            if isinstance(made, errors.RetryableError):
                made.after = self.after
        else:
            made = type(self.error, (Exception,), {})(self.what)
        made.__cause__ = RemoteTraceback(self.trace)
        return made


class RemoteTraceback(Exception):
    """The traceback in the worker, as the cause of the exception here."""

    def __str__(self) -> str:
        return f"in the worker:\n{self.args[0]}"


FromRun = Describe | Call | Answer | Credit | Cancel | Abandon | Close | Shutdown
FromWorker = (
    Described
    | Declared
    | Progress
    | Warned
    | Alive
    | Remember
    | Recall
    | Keys
    | Look
    | Walk
    | UnitItem
    | EventItem
    | OutcomeItem
    | HitItem
    | EntryItem
    | Done
    | Failed
)

MAX_TEXT = 1 << 20
"""Characters of an exception's parts that cross."""


def text(value: object) -> str:
    """Return what something says as text that can cross, whatever it holds and however long it is."""
    try:
        said = str(value)[:MAX_TEXT]
    except Exception as error:
        said = f"(its text cannot be shown: {type(error).__name__})"
    return said.encode("utf-8", "backslashreplace").decode()


_encoder = msgspec.msgpack.Encoder()
from_run = msgspec.msgpack.Decoder(FromRun)
"""Decodes what the run sent."""
from_worker = msgspec.msgpack.Decoder(FromWorker)
"""Decodes what the worker sent."""


def encode(message: Message) -> bytes:
    """Return the bytes of a message."""
    return _encoder.encode(message)


def checked(message: Message) -> bytes:
    """Return the bytes of a message that a component's values are in.

    Raises:
        TypeError: When they are not what the contract says: said here, they fail one call; there, the whole stream.
        UnitError: When they are too large.
    """
    content = _encoder.encode(message)
    if len(content) > MAX_LINE:
        why = f"it has {len(content):,} bytes, more than the {MAX_LINE:,} that cross from an environment"
        raise errors.UnitError(f"what the component declared ({type(message).__name__}) is too large", why=why)
    try:
        from_worker.decode(content)
    except msgspec.ValidationError as error:
        raise TypeError(f"what the component gave ({type(message).__name__}) cannot cross: {error}") from None
    return content
