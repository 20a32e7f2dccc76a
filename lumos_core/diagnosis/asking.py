"""Questions that may take for ever, asked at the same time, each on a thread of its own, with one deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ..config.types import ComponentSpec
from ..contracts.component import BaseComponent
from ..loading.targets import kind_words
from ..running.context import RunContext, contained
from ..running.redact import Redactor
from .finding import Finding, failed

Answer = Callable[[RunContext], Iterable[Finding]]


class Question(NamedTuple):
    """Something to ask.

    Attributes:
        area, about: Of its findings.
        answer: Asks, and yields findings; whatever it raises is one.
    """

    area: str
    about: str
    answer: Answer


def of_component(spec: ComponentSpec) -> Question:
    """Ask a component whether its other side is reachable and permitted (`check`)."""

    def answer(ctx: RunContext) -> Iterator[Finding]:
        component: BaseComponent[Any] = spec.build()
        try:
            component.check(ctx)
            silent = type(component).check is BaseComponent.check
            what = "not asked: it has no `check` of its own" if silent else "reachable and permitted"
            yield Finding(kind_words(spec.kind), spec.name, "ok", what)
        finally:
            component.close()

    return Question(kind_words(spec.kind), spec.name, answer)


def ask(questions: Iterable[Question], seconds: float, redact: Redactor) -> Iterator[Finding]:
    """Return the findings of all questions, in their order.

    Args:
        questions: What to ask.
        seconds: How long all of them together may take; what has not answered by then is a failure.
        redact: Takes secrets out of findings.
    """
    over = threading.Event()
    asked = [(question, *_start(question, redact, over)) for question in questions]
    deadline = time.monotonic() + seconds
    for question, thread, found in asked:
        thread.join(max(0.0, deadline - time.monotonic()))
        silent = thread.is_alive()
        yield from list(found)
        if silent:
            what = f"no answer within {seconds:g} s"
            fix = "look at the network and at the other side; or give it longer with `--timeout`"
            yield Finding(question.area, question.about, "fail", what, fix=fix)
    over.set()


def _start(question: Question, redact: Redactor, over: threading.Event) -> tuple[threading.Thread, list[Finding]]:
    found: list[Finding] = []
    ctx = RunContext(
        component=f"{question.area} {question.about}",
        run_id="doctor",
        memo={},
        redact=redact,
        cancelled=over.is_set,
        look=lambda kind, urn: None,
        walk=lambda kind: iter(()),
    )

    def work() -> None:
        try:
            with contained():
                found.extend(finding.redacted(redact) for finding in question.answer(ctx))
        except Exception as error:  # one that fails must not keep the others from being heard
            problems = getattr(error, "problems", ()) or (error,)
            found.extend(failed(question.area, question.about, one).redacted(redact) for one in problems)
        found.extend(
            Finding(question.area, question.about, "warn", notice.message, fix=notice.fix) for notice in ctx.warnings
        )

    # A daemon: what hangs must not keep the program from ending.
    thread = threading.Thread(target=work, name=f"lumos-doctor {question.about}", daemon=True)
    thread.start()
    return thread, found
