"""Watching: messages of a queue become scopes to look at again, and are deleted when that is committed.

A message says that something happened to an object, and nothing here trusts it further: what it leads to is a look at
the dataset, which finds whatever is there by then. So neither order nor repetition matters.

A thread of its own keeps what was received from being given to others, and deletes what could not be deleted at once.
The events are made on the thread that asks for them.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from lumos_core.plugin_api import Context, Event, LumosError, RetryableError, Scope, visible

from .ledger import Ledger
from .messages import Message, ObjectEvent, parse
from .queue import VISIBILITY, Letter, Mailbox
from .receiving import Receivers

if TYPE_CHECKING:
    from .source import S3Source

HELD = 20_000
"""Messages that may wait for a look; S3 gives at most 120,000 before they are deleted."""
_FULL = 0.2
"""Seconds between two looks at whether it is fewer."""
_BEAT = VISIBILITY / 3
"""Seconds between two requests that messages stay ours."""
_PAUSE = 1.0
"""Seconds, at most, between two requests while nothing in the queue is ours."""
_CHOICE = 60.0
"""Seconds between two looks at what counts: overrides may be edited while they are watched by."""
_TRIES = 3
"""How often a request may fail where nobody waits for a better day."""

Touched = Callable[[Sequence[str], Context], Mapping[str, Scope]]
Choice = tuple[object, Callable[[str], bool]]
"""The rules of a choice, and what says of a path whether it is looked at, at all."""


class Mail:
    """What a source is told of by its queue.

    Args:
        mailbox: The queue.
        bucket: The bucket that is watched.
        path_of: Key -> path in the lake; None for what lies elsewhere.
        touched: Path -> what is to be looked at again.
        choose: Asked when a watch begins, and every minute, what counts.
        everything: What is looked at when other paths count than before.
        delete_foreign: Delete messages about other buckets and keys, which are left alone otherwise.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        bucket: str,
        path_of: Callable[[str], str | None],
        touched: Touched,
        *,
        choose: Callable[[], Choice] = lambda: (None, lambda path: True),
        everything: Scope = Scope(),
        delete_foreign: bool = False,
    ) -> None:
        self._mailbox, self._bucket, self._path_of = mailbox, bucket, path_of
        self._touched, self._choose, self._delete_foreign = touched, choose, delete_foreign
        self._everything, self._choose_at = everything, 0.0
        self._rules: object = None
        self._wanted: Callable[[str], bool] = lambda path: True
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
        self._over.clear()
        self._mailbox.url  # noqa: B018  # a queue that is not there ends the watch before anything begins
        if not self._choose_at:
            self._rules, self._wanted = self._choose()
            self._choose_at = time.monotonic() + _CHOICE
        self._beat()
        receivers = Receivers(self._mailbox, once=ctx.once, delay=self._delay)
        receivers.start()
        try:
            yield from self._events(receivers, ctx)
        finally:
            receivers.stop()
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

    # Reading

    def _events(self, receivers: Receivers, ctx: Context) -> Iterator[Event]:
        failures = 0
        while not ctx.cancelled() and not receivers.ended:
            if time.monotonic() >= self._choose_at:
                yield from self._choose_again(ctx)
            letters, errors, answered = receivers.arrived()
            if letters:
                yield from self._read(letters, ctx)
            if answered:
                failures = 0
            for error in errors:
                failures += 1
                if not isinstance(error, RetryableError) or (ctx.once and failures >= _TRIES):
                    raise error
                if failures == 1:
                    ctx.warn("watch-interrupted", f"{error.what}: {error.why}; it is tried again", error.where)

    def _choose_again(self, ctx: Context) -> Iterator[Event]:
        """Ask what counts by now; where that is something else, what was passed over meanwhile is looked at too."""
        self._choose_at = time.monotonic() + _CHOICE
        try:
            rules, self._wanted = self._choose()
        except LumosError as error:
            said = error.what + (f": {error.why}" if error.why else "")
            ctx.warn("overrides-unread", f"{said}; events are chosen by what was read before", error.where)
            return
        if rules != self._rules:
            self._rules = rules
            yield Event(self._everything)

    def _delay(self) -> float:
        """Seconds before the next request: while too much waits for a look, and while nothing in the queue is ours."""
        return _FULL if len(self._ledger) >= HELD else self._pause

    def _read(self, letters: Sequence[Letter], ctx: Context) -> Iterator[Event]:
        """Yield what letters tell that was not told yet; one look at the folders for all of them."""
        fresh: dict[str, tuple[ObjectEvent, str]] = {}
        ours = False
        for letter in letters:
            message = parse(letter.body)
            events, whole = self._sorted(letter.id, message, ctx)
            ours = ours or bool(events) or bool(message.tested)
            told = {event.identity: (event, path) for event, path in events if self._counts(event, path)}
            tokens = self._ledger.take(letter.id, letter.receipt, told, ours=whole)
            fresh.update({token: told[identity] for identity, token in tokens.items()})
        self._pause = 0.0 if ours else min(_PAUSE, self._pause * 2 or 0.02)
        try:
            scopes = self._touched(sorted({path for _, path in fresh.values()}), ctx) if fresh else {}
            for token in list(fresh):
                event, path = fresh.pop(token)
                yield _event(event, scopes[path], token)
        finally:
            self._give_back(fresh)
        self._delete_what_is_done(ctx)

    def _sorted(self, id: str, message: Message, ctx: Context) -> tuple[list[tuple[ObjectEvent, str]], bool]:
        """Return what of a message is about what is watched, and whether it may be deleted once that is done."""
        if message.unknown:
            self._tell(ctx, id, "message-unknown", f"a message is left in the queue, since {message.unknown}")
        ours, foreign = [], [message.tested] if message.tested not in ("", self._bucket) else []
        for event in message.events:
            path = self._path_of(event.key) if event.bucket == self._bucket else None
            if path is None:
                foreign.append(event.bucket)
            else:
                ours.append((event, path))
        if foreign:
            left = "deleted" if self._delete_foreign else "left in the queue"
            place = f"another bucket ({visible(foreign[0])[:80]})" if foreign[0] != self._bucket else "other keys"
            text = f"a message about {place} is {left}; give each source a queue of its own"
            self._tell(ctx, id, "message-foreign", text)
        return ours, not message.unknown and (not foreign or self._delete_foreign)

    def _counts(self, event: ObjectEvent, path: str) -> bool:
        """Tell whether an event can change anything that is read: a placeholder of a folder holds nothing."""
        placeholder = event.key.endswith("/") and event.size in ("", "0")
        return event.matters and not placeholder and self._wanted(path)

    def _tell(self, ctx: Context, id: str, code: str, message: str) -> None:
        """Tell of a kind of message once, by an example."""
        self._odd[message] += 1
        if self._odd[message] == 1:
            ctx.warn(code, message, f"{self._mailbox.title}, message {visible(id)}")

    def _tell_counts(self, ctx: Context) -> None:
        often = [f"{count:,} times: {message}" for message, count in self._odd.items() if count > 1]
        if often:
            ctx.warn("messages-left", "; ".join(often), self._mailbox.title)
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

    def _give_back(self, tokens: Collection[str]) -> None:
        """Give back the messages of what could not be told after all."""
        if tokens:
            with suppress(LumosError):  # they come again by themselves
                self._mailbox.extend(self._ledger.forget(tokens), 0)

    def _beat(self) -> None:
        """Keep what was received, from now until the end."""
        if self._heart is None or not self._heart.is_alive():
            self._heart = threading.Thread(target=self._keep, name="lumos-sqs-heart", daemon=True)
            self._heart.start()

    def _keep(self) -> None:
        while not self._over.wait(_BEAT):
            with suppress(LumosError):  # then they come again; whoever receives says why
                self._delete()
                self._ledger.drop(self._mailbox.extend(self._ledger.held()))


def mail_of(source: S3Source) -> Mail:
    """Return what a source is told of by the queue that its `watch:` names."""
    config = source.config
    assert config.watch is not None, "asked for where a queue is named"
    return Mail(
        Mailbox(source.connection, config.watch.sqs_queue, config.read_timeout),
        config.bucket,
        source.path_of,
        source.touched,
        choose=source.present_filter,
        everything=source.scope,
        delete_foreign=config.watch.foreign == "delete",
    )


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
