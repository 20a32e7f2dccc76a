"""Profiles of the datasets of a lake: which files and rows are looked at, and what is remembered of them.

A format that can hand out values has the methods of `Profiled`. The work is that of the library `lumos-profile`, which
is imported only where a configuration asks for a profile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from lumos_core.plugin_api import Cancelled, Context, Field, File, Format, LumosError, ProfileConfig, visible

from . import records
from .memory import Quiet, digest_of, reader_id
from .storage import Entry, Storage, reason

if TYPE_CHECKING:
    from lumos_profile import Profile, Profiler

VERSION = "1"
"""Of what is remembered; another one is forgotten."""
MOST_FILES = 64
"""A sample is taken from at most so many files of a dataset ..."""
ROWS_PER_FILE = 1_000
"""... and from fewer where that would leave less than so many rows for each."""


class Known(NamedTuple):
    """What a file says of one of its columns without being read.

    Attributes:
        rows: How many values the column has.
        nulls: How many are null; None when it is not said.
        minimum, maximum: As Python values; None when it is not said, or not exactly.
    """

    rows: int
    nulls: int | None = None
    minimum: Any = None
    maximum: Any = None


class Sampling:
    """What is asked of a format, and what it answers beside the values.

    Attributes:
        rows: Hand out about so many rows of the file; None for all.
        takes: Tells whether the values of a path are wanted.
        over: Tells when to stop.
        whole: The format sets it to False when it does not hand out every row.
        how: Which rows those are, in words.
    """

    def __init__(self, rows: int | None, takes: Callable[[str], bool], over: Callable[[], bool]) -> None:
        self.rows = rows
        self.takes = takes
        self.over = over
        self.whole = True
        self.how = ""

    def partial(self, how: str) -> None:
        """Say that not every row is handed out, and which are (`the beginning`, `16 evenly spaced blocks`)."""
        self.whole, self.how = False, how


class Profiled(Protocol):
    """A format of which profiles can be made."""

    def sample(self, file: File, ask: Sampling, ctx: Context) -> Iterable[Any]:
        """Yield batches of a file's rows: record batches of Arrow, or lists of mappings.

        Raises:
            UnitError: When the file cannot be read.
        """

    def statistics(self, file: File) -> Mapping[str, Known]:
        """Return what the file itself says of its columns, by path; nothing where the format keeps nothing.

        Raises:
            UnitError: When the file cannot be read.
        """


def profile_of(
    name: str,
    files: Sequence[Entry],
    total: int | None,
    fields: Sequence[Field],
    format: Format[Any],
    storage: Storage,
    urn: str,
    config: ProfileConfig,
    ctx: Context,
) -> Profile | None:
    """Profile a dataset, or recall the profile of the same files; None when there is nothing to look at.

    Args:
        name: Of the dataset, below the root.
        files: Its files, in order of path.
        total: How many rows they have, where known.
        fields: Those of its record; nothing else is profiled.
        format: Reads them.
        storage: Opens them.
        urn: Of the dataset.
        config: What the user asked for.
        ctx: Memo, tags of the known record, cancellation, warnings.
    """
    from lumos_profile import tagged

    tags = tagged(ctx.get(urn))
    files = [entry for entry in files if entry.size]
    if not callable(getattr(format, "sample", None)):
        message = f"the format {format.name_in_urn} cannot be profiled; rows and bytes are all that is said"
        ctx.warn("profile-not-supported", message, records.text(name))
        return None
    if not files or not fields:
        return None
    key = b"profile\0" + urn.encode("utf-8", "surrogateescape")
    state = _state(files, total, fields, format, config, tags)
    if not ctx.full and (held := _recall(ctx.memo.get(key), state)) is not None:
        return held.without(tags)
    made = _Work(name, files, total, fields, format, storage, urn, config, tags, ctx).run()
    ctx.memo[key] = state + msgspec.msgpack.encode(made)
    return made


def _state(
    files: Sequence[Entry],
    total: int | None,
    fields: Sequence[Field],
    format: Format[Any],
    config: ProfileConfig,
    tags: frozenset[str],
) -> bytes:
    """Return what must be equal for a remembered profile to be that of these files."""
    # A tag that went away lets its field be profiled again; one that came is heeded without reading anything.
    parts = [VERSION, reader_id(format), config.model_dump_json(), str(total), *(field.path for field in fields)]
    text = "\0".join([*parts, "\1", *sorted(tags)])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape") + digest_of(files)).digest()


def _recall(blob: bytes | None, state: bytes) -> Profile | None:
    from lumos_profile import Profile

    if blob is None or not blob.startswith(state):
        return None
    try:
        return msgspec.msgpack.decode(blob[len(state) :], type=Profile)
    except msgspec.DecodeError:
        return None


class _Work:
    """The profiling of one dataset."""

    def __init__(
        self,
        name: str,
        files: Sequence[Entry],
        total: int | None,
        fields: Sequence[Field],
        format: Any,
        storage: Storage,
        urn: str,
        config: ProfileConfig,
        tags: frozenset[str],
        ctx: Context,
    ) -> None:
        from lumos_profile import Budget, Profiler

        self._name = records.text(name)
        self._files = files
        self._total = total
        self._format: Profiled = format
        self._storage = storage
        self._urn = urn
        self._config = config
        self._ctx = ctx
        self._budget = Budget(config.budget_seconds, ctx.cancelled)
        paths = {field.path for field in fields}
        self._profiler: Profiler = Profiler(config, self._name, tags, lambda path: _stem(path) in paths)
        self._whole = True
        self._how: set[str] = set()

    def run(self) -> Profile:
        """Ask the files themselves first, then look at values within the budget."""
        for path, known in self._footers().items():
            self._profiler.give(path, _facts(known))
        if self._config.from_ == "statistics":
            return self._profiler.profile(whole=False, total=self._total, looked=False, stopped=self._stopped())
        self._look()
        if self._ctx.cancelled():
            raise Cancelled("the run was cancelled")
        how = "; ".join(sorted(self._how))
        return self._profiler.profile(whole=self._whole, total=self._total, sample=how, stopped=self._stopped())

    def _stopped(self) -> str:
        return f"after {self._config.budget_seconds:g} s (`budget_seconds`)" if self._budget.spent else ""

    def _footers(self) -> dict[str, Known]:
        """Unite what all files say of their columns; a column counts only where each of them says it."""
        united: dict[str, Known] = {}
        for place, entry in enumerate(self._files):
            if self._budget.over():
                return {}
            try:
                found = self._format.statistics(self._storage.file(entry, self._urn))
            except (LumosError, OSError):
                return {}
            if not place:
                united = dict(found)
            else:
                united = {path: unite(known, found[path]) for path, known in united.items() if path in found}
        return united

    def _look(self) -> None:
        from lumos_profile import spread

        rows, files = self._config.rows, self._files
        quota: int | None = None
        if rows != "all" and (self._total is None or self._total > rows):
            chosen = spread(len(files), min(len(files), MOST_FILES, max(1, rows // ROWS_PER_FILE)))
            if len(chosen) < len(files):
                self._partial(f"{len(chosen)} of {len(files)} files, evenly spaced")
            files = [files[place] for place in chosen]
            quota = max(1, rows // len(files))
        for entry in files:
            if self._budget.over():
                self._whole = False
                return
            self._file(entry, quota)

    def _file(self, entry: Entry, quota: int | None) -> None:
        ask = Sampling(quota, self._profiler.takes, self._budget.over)
        try:
            for batch in self._format.sample(self._storage.file(entry, self._urn), ask, Quiet(self._ctx)):
                if isinstance(batch, list):
                    self._profiler.documents(batch)
                else:
                    self._profiler.arrow(batch)
                if self._budget.over():
                    self._whole = False
                    return
        except (LumosError, OSError, ValueError) as error:  # pyarrow's errors are ValueErrors or OSErrors
            if isinstance(error, LumosError):
                why = f"{error.what}: {error.why}" if error.why else error.what
            else:
                why = reason(error) if isinstance(error, OSError) and error.errno else type(error).__name__
            self._partial("files that could be read")
            self._ctx.warn("cannot-profile", f"its values cannot be read ({visible(why)})", records.text(entry.path))
        if not ask.whole:
            self._partial(ask.how)

    def _partial(self, how: str) -> None:
        self._whole = False
        self._how.add(how)


def _stem(path: str) -> str:
    """Return the field that the elements of a list belong to."""
    while path.endswith("[]"):
        path = path[:-2]
    return path


def unite(first: Known, second: Known) -> Known:
    """Return what is known of two parts of a column together."""
    both = first.nulls is not None and second.nulls is not None
    nulls = (first.nulls or 0) + (second.nulls or 0) if both else None
    low = high = None
    if _empty(first) or _empty(second):
        full = second if _empty(first) else first
        low, high = full.minimum, full.maximum
    elif None not in (first.minimum, second.minimum, first.maximum, second.maximum):
        with suppress(TypeError):  # the files do not agree on the type
            low, high = min(first.minimum, second.minimum), max(first.maximum, second.maximum)
    return Known(first.rows + second.rows, nulls, low, high)


def _empty(known: Known) -> bool:
    return known.nulls == known.rows


def _facts(known: Known) -> Any:
    from lumos_profile.facts import Facts, plain

    low, high = (None if value is None else plain(value) for value in (known.minimum, known.maximum))
    return Facts(rows=known.rows, all_nulls=known.nulls, minimum=low, maximum=high)
