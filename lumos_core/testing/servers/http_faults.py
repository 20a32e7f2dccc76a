"""What goes wrong in a fake HTTP service, on purpose.

Example:
    ```python
    fake.faults.when(method="GET", path="/tables", times=2).answer(429, headers={"Retry-After": "1"})
    fake.faults.when(method="PUT", after=10, times=1).lose_answer()  # applied, but nobody learns it
    fake.faults.when(path="/search", times=1).alter(lambda request, answer: Answer(body=answer.body[:-5]))
    fake.faults.chaos(seed=7, share=0.05)  # one request in twenty fails, one way or another
    ...
    fake.faults.clear()
    ```
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .http_wire import Answer, Request

Proceed = Callable[[], Answer]
"""Applies the request and gives the true answer."""

_CLOSED = Answer(0, sent=0)
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"


class Fault(NamedTuple):
    """A fault that hits a request.

    Attributes:
        name: What it is, for the log.
        act: Answers instead of the service; calls its second argument to have the request applied.
    """

    name: str
    act: Callable[[Request, Proceed], Answer]


class Rule:
    """Which requests a fault hits. The fault itself is chosen by one of the methods; `Faults.when` makes rules.

    Args:
        method: The method; "" for any.
        path: A regular expression that is searched in the path and query as they were sent.
        times: How many requests it hits; None for all.
        after: How many matching requests pass before.
        share: The chance of a matching request to be hit.
        seed: Makes `share` repeatable.
    """

    def __init__(self, method: str, path: str, times: int | None, after: int, share: float, seed: int) -> None:
        self._method = method
        self._path = re.compile(path)
        self._left = times
        self._after = after
        self._share = share
        self._random = random.Random(seed)
        self._faults: list[Fault] = []
        self.hits = 0

    def hit(self, request: Request) -> Fault | None:
        """Return the fault for a request, and count it."""
        if not self._faults or self._left == 0 or self._method not in ("", request.method):
            return None
        if not self._path.search(request.target):
            return None
        if self._after > 0:
            self._after -= 1
            return None
        if self._share < 1 and self._random.random() >= self._share:
            return None
        if self._left is not None:
            self._left -= 1
        self.hits += 1
        return self._faults[0] if len(self._faults) == 1 else self._random.choice(self._faults)

    def do(self, name: str, act: Callable[[Request, Proceed], Answer]) -> Rule:
        """Do anything; with several faults in one rule, each hit takes one at random."""
        self._faults.append(Fault(name, act))
        return self

    def answer(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Rule:
        """Answer with a status, a JSON value and headers; the request is not applied."""
        value = {"code": status, "message": "fault"} if body is None else body
        given = (
            Answer(status, value, headers or {}) if isinstance(value, bytes) else Answer.json(value, status, headers)
        )
        return self.do(f"{status}", lambda request, proceed: given)

    def page(self, status: int = 502, title: str = "Bad Gateway") -> Rule:
        """Answer with an HTML page, as a proxy does; the request is not applied."""
        return self.do(f"{status} page", lambda request, proceed: Answer.html(_PAGE.format(title), status))

    def redirect(self, to: str, status: int = 302) -> Rule:
        """Redirect, to a login page for example; the request is not applied."""
        given = Answer(status, b"", {"Location": to})
        return self.do("redirect", lambda request, proceed: given)

    def close(self) -> Rule:
        """Close the connection without an answer, BEFORE the request was applied."""
        return self.do("close", lambda request, proceed: _CLOSED)

    def lose_answer(self) -> Rule:
        """Close the connection without an answer, AFTER the request was applied."""

        def act(request: Request, proceed: Proceed) -> Answer:
            proceed()
            return _CLOSED

        return self.do("lose answer", act)

    def cut(self, share: float = 0.5) -> Rule:
        """Apply the request and close the connection in the middle of the body of the answer."""

        def act(request: Request, proceed: Proceed) -> Answer:
            answer = proceed()
            return answer._replace(sent=min(max(1, int(len(answer.body) * share)), max(1, len(answer.body) - 1)))

        return self.do("cut", act)

    def truncate(self, share: float = 0.5) -> Rule:
        """Apply the request and answer with a part of the body as if that were all."""
        return self.alter(lambda request, answer: answer._replace(body=answer.body[: int(len(answer.body) * share)]))

    def delay(self, seconds: float) -> Rule:
        """Wait, then apply the request and answer truly."""

        def act(request: Request, proceed: Proceed) -> Answer:
            time.sleep(seconds)
            return proceed()

        return self.do("delay", act)

    def alter(self, function: Callable[[Request, Answer], Answer]) -> Rule:
        """Apply the request and answer with what a function makes of the true answer."""
        return self.do("alter", lambda request, proceed: function(request, proceed()))


class Faults:
    """The faults of a fake; the first rule that fits a request acts, the others do not count it."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def when(
        self,
        *,
        method: str = "",
        path: str = "",
        times: int | None = None,
        after: int = 0,
        share: float = 1.0,
        seed: int = 0,
    ) -> Rule:
        """Add a rule and return it, for one of its methods to say what happens; the arguments are those of `Rule`."""
        rule = Rule(method, path, times, after, share, seed)
        with self._lock:
            self._rules.append(rule)
        return rule

    def chaos(
        self, seed: int, share: float = 0.1, *, method: str = "", path: str = "", times: int | None = None
    ) -> Rule:
        """Let a share of the requests fail in one of the ways that a client must survive, at random.

        Which: 429 and 503 with `Retry-After: 0`, 502 with a page, a closed connection before and after the request was
        applied, a body that is cut.
        """
        rule = self.when(method=method, path=path, times=times, share=share, seed=seed)
        soon = {"Retry-After": "0"}
        return rule.answer(429, headers=soon).answer(503, headers=soon).page().close().lose_answer().cut()

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules.clear()

    def hit(self, request: Request) -> Fault | None:
        """Return the fault for a request, and count it."""
        if not self._rules:
            return None
        with self._lock:
            return next((fault for rule in self._rules if (fault := rule.hit(request))), None)
