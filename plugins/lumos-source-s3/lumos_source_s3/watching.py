"""Watching: messages of a queue become scopes to look at again, and are deleted when that is committed.

A message says that something happened to an object, and nothing here trusts it further: what it leads to is a look at
the dataset, which finds whatever is there by then. So neither order nor repetition matters.

Threads: one receiver waits at the queue, others join it while there is a backlog, one keeps what was received from
being given to others and deletes what is done. The events themselves are made on the thread that asks for them.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from queue import Empty, SimpleQueue

from lumos_core.plugin_api import Context, Event, LumosError, RetryableError, Scope, visible

from .ledger import Identity, Ledger
from .messages import Message, ObjectEvent, parse
from .queue import BATCH, VISIBILITY, Letter, Mailbox

RECEIVERS = 4
"""Requests under way at once while there is a backlog."""
HELD = 20_000
"""Messages that may wait for a look; S3 gives at most 120,000 before they are deleted."""
_TICK = 0.2
"""Seconds between two looks at whether to stop."""
_BEAT = VISIBILITY / 3
"""Seconds between two requests that messages stay ours."""
_LATEST = 60.0
"""Seconds, at most, before a queue that cannot be reached is asked again."""
_PAUSE = 1.0
"""Seconds, at most, between two requests while nothing in the queue is ours."""
_TRIES = 3
"""How often a request may fail where nobody waits for a better day."""

Touched = Callable[[Sequence[str], Context], Mapping[str, Scope]]


class Mail:
    """What a source is told of by its queue.

    Args:
        mailbox: The queue.
        bucket: The bucket that is watched.
        prefix: What its keys begin with.
        touched: Path below the prefix -> what is to be looked at again.
        wanted: Whether a path below the prefix is looked at, at all.
        delete_foreign: Delete messages about other buckets and keys, which are left alone otherwise.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        bucket: str,
        prefix: str,
        touched: Touched,
        *,
        wanted: Callable[[str], bool] = lambda path: True,
        delete_foreign: bool = False,
    ) -> None:
        self._mailbox, self._bucket, self._prefix = mailbox, bucket, prefix
        self._touched, self._wanted, self._delete_foreign = touched, wanted, delete_foreign
        self._ledger = Ledger()
        self._over = threading.Event()
        self._heart: threading.Thread | None = None
        self._pause = 0.0
        self._odd: Counter[str] = Counter()

    # Telling

    def watch(self, ctx: Context) -> Iterator[Event]:
        """Yield what changed until the context is cancelled; with `once`, until nothing waits.

        Raises:
            ConfigError: When the queue is not there or may not be read.
            RetryableError: With `once`, when it cannot be reached.
        """
        arrived: SimpleQueue[list[Letter] | LumosError | None] = SimpleQueue()
        stop, backlog = threading.Event(), threading.Event()
        self._over.clear()
        self._mailbox.url  # noqa: B018  # a queue that is not there ends the watch before anything begins
        self._beat()
        for number in range(RECEIVERS):
            threading.Thread(
                target=self._receive,
                args=(number == 0, ctx.once, arrived, stop, backlog),
                name=f"lumos-sqs-{number}",
                daemon=True,
            ).start()
        try:
            yield from self._events(arrived, ctx)
        finally:
            stop.set()
            backlog.set()
            self._take_back(arrived)
            self._tell_counts(ctx)

    def ack(self, tokens: Sequence[str]) -> None:
        """Note that events are done, and delete the messages of which all is.

        Raises:
            ConfigError: When messages may not be deleted.
            RetryableError: When the queue cannot be reached; it is tried again.
        """
        self._ledger.done(tokens)
        self._delete()

    def close(self) -> None:
        """Delete what is done and give back what is not, so that the next watch gets it at once."""
        self._over.set()
        try:
            self._delete()
            self._mailbox.extend(self._ledger.held(), 0)
        except LumosError:  # they come again by themselves
            return
        finally:
            self._ledger.drop(self._ledger.held())

    # Receiving

    def _receive(
        self,
        first: bool,
        once: bool,
        arrived: SimpleQueue[list[Letter] | LumosError | None],
        stop: threading.Event,
        backlog: threading.Event,
    ) -> None:
        """Receive until it is over; all but the first only as long as there is a backlog."""
        failed = 0
        while not stop.is_set():
            if not first:
                backlog.wait()
            if self._pause or len(self._ledger) >= HELD:
                stop.wait(max(self._pause, _TICK if len(self._ledger) >= HELD else 0))
            if stop.is_set():
                return
            try:
                letters = self._mailbox.receive((1 if once else self._mailbox.wait) if first else 0)
            except RetryableError as error:
                failed += 1
                arrived.put(error)
                stop.wait(min(_LATEST, 2.0**failed) * random.uniform(0.5, 1))
                continue
            except LumosError as error:
                arrived.put(error)
                return
            except BaseException as error:
                what = f"{self._mailbox.title}: messages cannot be received"
                arrived.put(RetryableError(what, why=type(error).__name__))
                raise
            failed = 0
            if stop.is_set():
                self._give_back(letters)
                return
            if letters or first:
                arrived.put(letters)
            if len(letters) == BATCH:
                backlog.set()
            elif not first:
                backlog.clear()
            if first and once and not letters:
                arrived.put(None)
                return

    def _events(self, arrived: SimpleQueue[list[Letter] | LumosError | None], ctx: Context) -> Iterator[Event]:
        failures = 0
        while not ctx.cancelled():
            found = _drained(arrived)
            letters = list(chain.from_iterable(one for one in found if isinstance(one, list)))
            for one in found:
                if isinstance(one, RetryableError):
                    failures += 1
                    if ctx.once and failures >= _TRIES:
                        raise one
                    if failures == 1:
                        ctx.warn("watch-interrupted", f"{one.what}: {one.why}; it is tried again", one.where)
                elif isinstance(one, LumosError):
                    raise one
                elif one is not None:
                    failures = 0
            if letters:
                yield from self._read(letters, ctx)
            if None in found:
                return

    def _read(self, letters: Sequence[Letter], ctx: Context) -> Iterator[Event]:
        """Yield what letters tell that was not told yet; one look at the folders for all of them."""
        fresh: dict[Identity, tuple[ObjectEvent, str]] = {}
        ours = False
        for letter in letters:
            message = parse(letter.body)
            events, whole = self._sorted(letter.id, message, ctx)
            ours = ours or bool(events) or bool(message.tested)
            by_identity = {event.identity: event for event in events if self._counts(event)}
            tokens = self._ledger.take(letter.id, letter.receipt, by_identity, ours=whole)
            fresh.update({identity: (by_identity[identity], token) for identity, token in tokens.items()})
        self._pause = 0.0 if ours else min(_PAUSE, self._pause * 2 or 0.02)
        paths = {event.key[len(self._prefix) :] for event, _ in fresh.values()}
        scopes = self._touched(sorted(paths), ctx) if paths else {}
        for event, token in fresh.values():
            yield _event(event, scopes[event.key[len(self._prefix) :]], token)
        self._delete_what_is_done(ctx)

    def _sorted(self, id: str, message: Message, ctx: Context) -> tuple[list[ObjectEvent], bool]:
        """Return what of a message is about what is watched, and whether it may be deleted once that is done."""
        if message.unknown:
            self._tell(ctx, id, "message-unknown", f"a message is left in the queue, since {message.unknown}")
        foreign = [event.bucket for event in message.events if not self._is_ours(event.bucket, event.key)]
        if message.tested and message.tested != self._bucket:
            foreign.append(message.tested)
        if foreign:
            left = "deleted" if self._delete_foreign else "left in the queue"
            place = f"another bucket ({visible(foreign[0])[:80]})" if foreign[0] != self._bucket else "other keys"
            self._tell(ctx, id, "message-foreign", f"a message about {place} is {left}; give each source its own queue")
        ours = [event for event in message.events if self._is_ours(event.bucket, event.key)]
        return ours, not message.unknown and (not foreign or self._delete_foreign)

    def _is_ours(self, bucket: str, key: str) -> bool:
        return bucket == self._bucket and key.startswith(self._prefix)

    def _counts(self, event: ObjectEvent) -> bool:
        """Tell whether an event can change anything that is read: a placeholder of a folder holds nothing."""
        return event.matters and not event.key.endswith("/") and self._wanted(event.key[len(self._prefix) :])

    def _tell(self, ctx: Context, id: str, code: str, message: str) -> None:
        """Tell of a kind of message once, by an example."""
        self._odd[message] += 1
        if self._odd[message] == 1:
            ctx.warn(code, message, f"{self._mailbox.title}, message {visible(id)}")

    def _tell_counts(self, ctx: Context) -> None:
        for message, count in self._odd.items():
            if count > 1:
                ctx.warn("messages-left", f"{count:,} times: {message}", self._mailbox.title)
        self._odd.clear()

    # Keeping and deleting

    def _delete_what_is_done(self, ctx: Context) -> None:
        try:
            self._delete()
        except RetryableError as error:
            ctx.warn("delete-failed", f"{error.what}: {error.why}; it is tried again", error.where)

    def _delete(self) -> None:
        """Delete finished messages; what is left is tried again with the next ones, or by the heart."""
        finished = self._ledger.finished()
        if not finished:
            return
        left = finished
        try:
            left = self._mailbox.delete(finished)
        finally:
            self._ledger.again({id: finished[id] for id in left})

    def _beat(self) -> None:
        """Keep what was received, from now until the end."""
        if self._heart is None or not self._heart.is_alive():
            self._heart = threading.Thread(target=self._keep, name="lumos-sqs-heart", daemon=True)
            self._heart.start()

    def _keep(self) -> None:
        while not self._over.wait(_BEAT):
            try:
                self._delete()
                self._ledger.drop(self._mailbox.extend(self._ledger.held()))
            except LumosError:  # then they come again; whoever receives says why
                continue

    def _give_back(self, letters: Sequence[Letter]) -> None:
        try:
            self._mailbox.extend({letter.id: letter.receipt for letter in letters}, 0)
        except LumosError:  # they come again by themselves
            return

    def _take_back(self, arrived: SimpleQueue[list[Letter] | LumosError | None]) -> None:
        """Give back what arrived and was not read."""
        while True:
            try:
                letters = arrived.get_nowait()
            except Empty:
                return
            if isinstance(letters, list):
                self._give_back(letters)


def _drained(
    arrived: SimpleQueue[list[Letter] | LumosError | None],
) -> list[list[Letter] | LumosError | None]:
    """Return all that arrived, after a moment's wait for the first of it."""
    found: list[list[Letter] | LumosError | None] = []
    with suppress(Empty):
        found.append(arrived.get(timeout=_TICK))
        while True:
            found.append(arrived.get_nowait())
    return found


def _event(event: ObjectEvent, scope: Scope, token: str) -> Event:
    facts = {"event": event.name, "size": event.size, "etag": event.etag, "version": event.version}
    return Event(
        scope,
        token,
        event.action,
        visible(f"s3://{event.bucket}/{event.key}"),
        event.at,
        tuple((name, visible(value)) for name, value in facts.items() if value),
    )
