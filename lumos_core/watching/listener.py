"""A thread that listens to one source, and begins again when that ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from ..contracts.answers import expected
from ..contracts.reporter import Notice
from ..contracts.source import Event, Source
from ..contracts.watch import WatchConfig
from ..errors import Cancelled, ConfigError, LumosError, PluginError, RetryableError
from ..model.scope import NOTHING, Scope
from ..running.context import RunContext, contained
from .inbox import Inbox

TOLD = 1_000
"""Warnings of one source that are remembered as told."""

SOONEST, LATEST = 1.0, 60.0
"""Seconds before a source is listened to again: after its first failure, and at most."""


class Listener(threading.Thread):
    """Listens to one source until it is told to stop.

    Args:
        number: Of the source in the pipeline.
        source: An instance of its own.
        name: Of the source.
        watch: Its block.
        only: What of it is watched.
        ctx: For the source.
        inbox: Where its events go.
        stop: Says when to stop.
        tell: Told what people should know, each trouble once.

    Attributes:
        fatal: Why the watch as a whole must end; None as long as it need not.
        failed: True when it could not listen, and `ctx.once` allows no second try.
    """

    def __init__(
        self,
        number: int,
        source: Source[Any],
        name: str,
        watch: WatchConfig,
        only: Scope,
        ctx: RunContext,
        inbox: Inbox,
        stop: Callable[[], bool],
        tell: Callable[[Notice], None],
    ) -> None:
        super().__init__(name=f"lumos-watch-{name}", daemon=True)
        self.number, self.source = number, source
        self.fatal: LumosError | None = None
        self.failed = False
        self._label, self._watch, self._only, self._ctx = name, watch, only, ctx
        self._inbox, self._stop_asked, self._tell = inbox, stop, tell
        self._down = False
        self._delay = SOONEST
        self._told: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Listen, again and again."""
        while not self._stop_asked():
            wait = self._delay
            try:
                with contained():
                    self._listen()
                if self._ctx.once or self._stop_asked():
                    break
                self._trouble("it ended though nobody asked it to")
            except Cancelled:
                if self._stop_asked():
                    break
                self._trouble("it says that it was cancelled")
            except (ConfigError, PluginError) as error:
                self.fatal = error
                break
            except Exception as error:  # whatever ends it, it is begun again
                self._trouble(_words(error))
                if isinstance(error, RetryableError) and error.after is not None:
                    wait = max(wait, error.after)
            self._say_warnings()
            if self._ctx.once:
                self.failed = True
                break
            self._sleep(wait)
            self._delay = min(LATEST, self._delay * 2)
        self._say_warnings()
        self._inbox.wake()

    def _listen(self) -> None:
        self.source.check(self._ctx)
        for event in expected(self.source.watch(self._ctx), Event, "watch()"):
            if self._down:
                self._down = False
                self._tell(Notice(code="watch-again", message="it is heard again", component=f"source {self._label}"))
            self._delay = SOONEST
            self._inbox.put(self.number, self._wanted(event), self._stop_asked)
            self._say_warnings()
            if self._stop_asked():
                return

    def _wanted(self, event: Event) -> Event:
        """What nobody asked for is acknowledged and no more."""
        if event.action and event.action not in self._watch.events:
            return replace(event, scope=NOTHING)
        if event.scope == NOTHING or self._only.everything:
            return event
        return replace(event, scope=event.scope.narrowed(self._only) or NOTHING)

    def _trouble(self, why: str) -> None:
        if not self._down:
            self._down = True
            fix = "" if self._ctx.once else "it is listened to again, less and less often until it can be heard"
            self._tell(
                Notice(
                    code="watch-failed", message=f"cannot be listened to: {why}", component=self._whole_name, fix=fix
                )
            )

    @property
    def _whole_name(self) -> str:
        return f"source {self._label}"

    def _say_warnings(self) -> None:
        for notice in self._ctx.warnings:
            key = (notice.code, notice.where)
            if key not in self._told:
                if len(self._told) >= TOLD:  # a watch goes on for months
                    self._told.clear()
                self._told.add(key)
                self._tell(notice)
        self._ctx.warnings.clear()

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._stop_asked() and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))


def _words(error: Exception) -> str:
    if isinstance(error, LumosError):
        return error.what + (f": {error.why}" if error.why else "")
    return f"{type(error).__name__}: {error}"
