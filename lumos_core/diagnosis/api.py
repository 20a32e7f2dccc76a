"""`doctor`, for the command line and for Python users."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from ..config.pipeline import Pipeline
from ..loading.guarded import quiet_stdout
from ..loading.registry import Registry
from ..running.context import RunContext
from ..running.redact import Redactor
from ..running.reporting import notifies
from .asking import Question, ask, of_component
from .declared import environments, load, state_of
from .environment import environment
from .finding import Finding
from .installed import installed
from .memory import memory

TIMEOUT = 10.0
"""Seconds that everything which has to be asked may take."""

ASKED = ("source", "enricher", "cost_model", "catalog")
"""Kinds whose `check` a run would call. Notifiers are asked too: a run with nothing to tell would not notice."""


def doctor(pipeline: str | os.PathLike[str] | None = None, *, timeout: float = TIMEOUT) -> list[Finding]:
    """Look at everything that a run needs, and say what to do about what is wrong; writes nothing.

    The environment, the plugins, the pipeline and its variables, the environments it declares, the store (whether it
    opens, is held, can be read to its end), and what each source, enricher, cost model, catalog and notifier says when
    it is asked whether its other side is reachable and permitted.

    Args:
        pipeline: The YAML file; `LUMOS_CONFIG`, else `lumos.yaml`, by default. Without any, only the environment and
            the plugins are looked at.
        timeout: Seconds that everything which has to be asked may take, all at the same time.

    Returns:
        The findings, in that order; a run can be expected to begin and to be complete when none has the status
        `fail`. They hold no secrets.

    Example:
        >>> import lumos_core
        >>> [f.status for f in lumos_core.doctor() if (f.area, f.about) == ("environment", "python")]
        ['ok']
    """
    encoding = getattr(sys.stdout, "encoding", None) or ""
    with quiet_stdout():
        return list(_findings(pipeline, timeout, encoding))


def _findings(path: str | os.PathLike[str] | None, timeout: float, encoding: str) -> Iterator[Finding]:
    plugins = Registry.load().plugins()
    loaded, told = load(path)
    yield from environment(state_of(path, loaded), plugins, encoding)
    yield from installed(plugins)
    yield from told
    if loaded is None:
        return
    redact = Redactor(spec.config for spec in loaded.components())
    yield from ask(_questions(loaded), timeout, redact)


def _questions(pipeline: Pipeline) -> Iterator[Question]:
    yield Question("environments", "", lambda ctx: environments(pipeline.path))
    yield Question("store", pipeline.store.name, lambda ctx: _store(pipeline, ctx))
    for spec in pipeline.components():
        if spec.kind in ASKED or (spec.kind == "reporter" and notifies(spec)):
            yield of_component(spec)


def _store(pipeline: Pipeline, ctx: RunContext) -> Iterator[Finding]:
    store = pipeline.store.build()
    try:
        yield from memory(pipeline, store, ctx)
    finally:
        store.close()
