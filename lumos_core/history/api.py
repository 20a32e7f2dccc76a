"""`open_store`, `view`, `log` and `diff`: the history, for the command line and for Python users."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import dropwhile, islice
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from ..contracts.store import Entry, Store
from ..errors import UsageError
from ..model.change import SEVERITIES, Version
from ..model.record import decode
from ..model.urns import host
from . import query
from .refs import names_file, nothing_recorded, resolve
from .versions import version_prefix
from .views import View, lines_of_kinds

if TYPE_CHECKING:
    from ..config.pipeline import Pipeline
    from ..config.types import ComponentSpec
    from ..contracts.reporter import RunResult

PathLike = str | os.PathLike[str]


def open_store(pipeline: PathLike | Pipeline | None = None) -> Store[Any]:
    """Open the store of a pipeline for reading; `close()` it afterwards.

    Args:
        pipeline: A pipeline, its file, or a store's database file. By default `LUMOS_CONFIG`, else `./lumos.yaml`,
            and where there is no such file, `.lumos/store.db`.

    Raises:
        StoreError: When nothing is recorded yet, or the store cannot be read.
        ConfigError: When the pipeline file is not valid.
    """
    spec = store_spec(pipeline)
    store: Store[Any] = spec.build()
    try:
        if not store.refs():
            raise nothing_recorded(str(getattr(spec.config, "path", "")))
    except BaseException:  # the caller gets no store to close
        store.close()
        raise
    return store


@contextmanager
def view(as_of: str = "head", pipeline: PathLike | Pipeline | None = None) -> Iterator[View]:
    """Look at what was known at some time.

    Args:
        as_of: A snapshot file, ref, run, state, release, day or time (`lumos_core.history.refs`).
        pipeline: As for `open_store`; not read when `as_of` is a file.

    Raises:
        UsageError: When `as_of` names nothing.
        StoreError: As `open_store`.
        SnapshotError: When the file is not a snapshot.

    Example:
        ```python
        with view("2026-01-15") as then:
            print(query.stats(then).kinds)
        ```
    """
    if names_file(as_of):
        yield resolve(None, as_of)
        return
    store = open_store(pipeline)
    try:
        yield resolve(store, as_of)
    finally:
        store.close()


class Moment(Struct, frozen=True, kw_only=True):
    """One commit in a history.

    Attributes:
        entry: The commit; `entry.digest` is that of the dataset's line, when one was asked for.
        version: The version that the dataset got, with its findings; None when it got none.
    """

    entry: Entry
    version: Version | None = None


def log(
    dataset: str = "", *, pipeline: PathLike | Pipeline | None = None, as_of: str = "head", limit: int | None = None
) -> list[Moment]:
    """Return the history of everything, or of one dataset, newest first.

    Args:
        dataset: URN or name; empty: every run.
        pipeline: As for `open_store`.
        as_of: Leave out what came later.
        limit: At most so many.

    Raises:
        UsageError: When there is no such dataset, then or ever.
        StoreError: As `open_store`.
    """
    store = open_store(pipeline)
    try:
        last = _commit_of(resolve(store, as_of))
        commits: Iterator[Entry] = dropwhile(lambda entry: _name(entry) != _name(last), store.log(ref=last.ref))
        versions: dict[str, Version] = {}
        if dataset:
            urn, seen = dataset_urn(store, dataset, as_of), {_name(entry) for entry in commits}
            commits = (entry for entry in store.log(urn, last.ref) if _name(entry) in seen)
            versions = _versions(store, urn)
        return [
            Moment(entry=entry, version=versions.get(str(entry.meta.get("run")))) for entry in islice(commits, limit)
        ]
    finally:
        store.close()


def diff(
    before: str,
    after: str = "head",
    *,
    pipeline: PathLike | Pipeline | None = None,
    differ: str | ComponentSpec | None = None,
    fail_on: str = "",
) -> RunResult:
    """Compare two snapshots, runs, releases, days or times.

    Args:
        before: A snapshot file, ref, run, state, release, day or time (`lumos_core.history.refs`).
        after: The same.
        pipeline: As for `open_store`; also says which differ judges.
        differ: The differ instead of the pipeline's.
        fail_on: Severity from which `result.gate` fails and `result.exit_code` is 1; empty: no gate.

    Returns:
        A result with `mode` "diff", so that every reporter can show it. `changes` can be read again and again.

    Raises:
        UsageError: When a side names nothing.
        SnapshotError: When a file is not a snapshot.
        StoreError: As `open_store`.
    """
    from ..config.types import ComponentSpec
    from .diff import compare

    if fail_on and fail_on not in SEVERITIES:
        raise UsageError(f"there is no severity {fail_on}", fix=f"one of {', '.join(SEVERITIES)}")
    if isinstance(differ, str):
        spec = ComponentSpec("differ", differ)
    else:
        spec = differ or _differ_spec(pipeline)

    @contextmanager
    def sides() -> Iterator[tuple[View, View]]:
        with ExitStack() as stack:
            store = None
            if not (names_file(before) and names_file(after)):
                store = open_store(pipeline)
                stack.callback(store.close)
            yield resolve(store, before), resolve(store, after)

    return compare(sides, spec.validated(), fail_on=fail_on)


def _part(pipeline: PathLike | Pipeline | None, key: Literal["store", "differ"]) -> ComponentSpec | None:
    """Return a component of the pipeline; None when there is no pipeline file, or it is a database."""
    from ..config.api import database_spec, none_to_find, part_of
    from ..config.pipeline import Pipeline as PipelineType

    if isinstance(pipeline, PipelineType):
        return pipeline.store if key == "store" else pipeline.differ
    if none_to_find(pipeline) or database_spec("store", "sqlite", pipeline):
        return None
    return part_of(pipeline, key)


def store_spec(pipeline: PathLike | Pipeline | None) -> ComponentSpec:
    """Return the store of a pipeline, of its file, or of a database; by default that of the current folder."""
    from ..config.api import database_spec
    from ..config.types import ComponentSpec

    spec = database_spec("store", "sqlite", pipeline) or _part(pipeline, "store") or ComponentSpec("store", "sqlite")
    return spec.validated()


def _differ_spec(pipeline: PathLike | Pipeline | None) -> ComponentSpec:
    from ..config.types import ComponentSpec

    return _part(pipeline, "differ") or ComponentSpec("differ", "semantic")


def _commit_of(found: View) -> Entry:
    entry = getattr(found, "entry", None)
    if not isinstance(entry, Entry):
        raise UsageError("a snapshot file has no history", why=found.text, fix="name a run, a release or a time")
    return entry


def _name(entry: Entry) -> tuple[str, str, str]:
    """Return what tells commits apart; two that changed nothing share their state."""
    return entry.state, entry.at, str(entry.meta.get("run"))


def dataset_urn(store: Store[Any], dataset: str, as_of: str = "head") -> str:
    """Return the URN of a dataset; one that is gone is still found.

    Raises:
        UsageError: When there is no such dataset, then or ever; or when several have that name.
    """
    if dataset.startswith("urn:"):
        if next(store.log(host(dataset)), None) is not None:
            return host(dataset)
        return query.find(resolve(store, as_of), dataset).urn
    seen = resolve(store, as_of)
    urn, _ = query.match(lines_of_kinds(seen, frozenset()), dataset)
    if urn is None:
        urn, _ = query.match(store.history("dataset", "urn:lumos:dataset:"), dataset)
    return urn or query.find(seen, dataset).urn  # which tells what is close


def _versions(store: Store[Any], urn: str) -> dict[str, Version]:
    """Return run -> version of a dataset."""
    found: dict[str, Version] = {}
    for line in store.history("stats", version_prefix(urn)):
        version = decode(line).value.version
        if version is not None and version.run:
            found[version.run] = version
    return found
