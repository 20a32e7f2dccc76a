"""The one crawler: a storage is listed, its files are grouped into datasets, every schema is looked at."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from lumos_core.plugin_api import (
    AnyRecord,
    ComponentSpec,
    ConfigError,
    Context,
    Explained,
    Format,
    LumosError,
    Scope,
    Source,
    Stats,
    Unit,
    read_yaml,
    urns,
)

from . import records
from .config import LakeConfig
from .discovery import Grouping, Layout, Overrides, layout
from .discovery.names import split_extension
from .discovery.overrides import Filter
from .discovery.similarity import spread
from .explaining import explain
from .licence import Seen, cut_short, declare, judge
from .narrowing import KEY, Roots
from .probe import Looking, extensions, signature, sniff
from .profiling import profile_of
from .reading import Reading, read
from .records import ASPECTS, Names
from .resuming import resumed
from .storage import Entry, Gap, Storage, reason
from .stored import count_stored
from .tables import read_log, same_files
from .telling import tell, tell_drift
from .units import unpack
from .work import planned

C = TypeVar("C", bound=LakeConfig)


class Crawler(Source[C], Generic[C]):
    """The one crawler; a subclass says where the files lie and which formats it reads."""

    capabilities: ClassVar[frozenset[str]] = ASPECTS | {
        "record",
        "description",
        "fields.description",
        "fields.properties",
        "keys",
        "native_schema",
    }

    _known_roots: tuple[bytes | None, Roots | None] | None = None

    # What a subclass says

    @abstractmethod
    def formats(self, ctx: Context) -> dict[str, Format[Any]]:
        """Build the formats to read, by name."""

    @abstractmethod
    def storage(self, gaps: list[Gap], skipped: list[str]) -> Storage:
        """Open the place where the files lie.

        Args:
            gaps: Gets what could not be listed.
            skipped: Gets the paths of what was left out, and is no file.
        """

    @property
    @abstractmethod
    def root_name(self) -> str:
        """Name of the dataset that the root itself may be."""

    @property
    def title(self) -> str:
        """What the lake is called in messages."""
        return self.root_name

    def location(self, root: str) -> str:
        """Return where a folder or file below the root is, for the layout of its dataset."""
        return records.text(root) or "."

    def narrows(self) -> bool:
        """Tell whether a part of the lake may be listed alone."""
        return True

    def overrides(self) -> Overrides:
        """Read what people know better than any layout tells.

        Raises:
            ConfigError: When the file cannot be read.
        """
        return read_yaml(self.config.overrides, Overrides) if self.config.overrides is not None else Overrides()

    @property
    def names(self) -> Names:
        """How things of this source are named."""
        return Names(self.config.platform, self.config.env, self.config.instance)

    @property
    def scope(self) -> Scope:
        """Everything that this source may hold: its instance alone, or all names that have no instance."""
        return Scope(
            types=frozenset({"dataset", "container"}),
            platform=urns.encode(self.config.platform),
            env=urns.encode(self.config.env),
            prefixes=(self.names.prefix(""),),
        )

    def measure(self, files: Sequence[Entry], value: Stats, storage: Any, ctx: Context) -> None:
        """Add to the statistics of a dataset what the storage knows of its files.

        Args:
            files: Its files.
            value: Its statistics, to be added to.
            storage: What `storage` returned.
            ctx: The run.
        """

    def filter(self) -> tuple[Overrides, Filter]:
        """Return the overrides, and which paths are looked at.

        Raises:
            ConfigError: When the overrides cannot be read or a glob is not valid.
        """
        overrides = self.overrides()
        try:
            include = [*self.config.include, *overrides.include]
            return overrides, Filter(include, [*self.config.exclude, *overrides.exclude])
        except ValueError as error:
            raise ConfigError(str(error), fix="correct `include` or `exclude`", where="include") from error

    # Planning

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """List the lake, group its files, declare what was seen, and yield units of one or several datasets.

        A narrow scope is answered by listing the folders of its datasets, where that gives the answer of the whole. In
        a watch, what was found to be otherwise in these folders is answered too.

        Raises:
            ConfigError: When the lake is missing or cannot be read.
        """
        reach = self.scope.narrowed(within)
        if reach is None:
            return
        self.check(ctx)
        seen = Seen.nothing()
        known = Roots.recall(ctx) if ctx.room is not None and reach != self.scope else None
        found, listed = self._look(reach, within, seen, ctx)
        if found is None:
            return
        if ctx.room is not None and reach != self.scope:
            reach = self._with_neighbours(reach, ctx.room, known, listed, found, ctx)
        tell(found, self.formats(ctx), seen.gaps, seen.skipped, self.title, ctx)
        for covered in declare(reach, self.scope, self.names, self.root_name, found, seen.gaps):
            ctx.covered(covered)
        if seen.cut:
            for covered in cut_short(self.scope, self.names, found, seen.cut[0], self.config.max_objects or 0):
                ctx.covered(covered)
        yield from planned(found, reach, self.names, seen.peeked, folders=self.config.containers)
        if seen.spent:
            root = self.names.container("")
            yield Unit(key="listing", scope=Scope(urns=frozenset({root})), args={"spent": dict(seen.spent)})

    def _look(self, reach: Scope, within: Scope, seen: Seen, ctx: Context) -> tuple[Layout | None, list[str] | None]:
        """Find the datasets of a scope, by listing no more than it takes.

        Returns:
            The layout, None when the run was cancelled; and the folders that were listed, None for everything.
        """
        known = None if ctx.full or within.includes(self.scope) or not self.narrows() else Roots.recall(ctx)
        folders = known.asked(reach, self.names) if known is not None else None
        while known is not None and folders is not None:
            found = self._layout(folders, seen, ctx)
            if found is None:
                return None, folders
            wider = known.wider(folders, found.groupings)
            if wider == folders:
                after = known.after(folders, found.groupings, self.names)
                if after != known and not seen.gaps:  # what a gap hides is still known
                    after.remember(ctx)
                return found, folders
            folders = wider
            seen.gaps.clear()
            seen.skipped.clear()
        found = self._layout((), seen, ctx)
        if found is not None and not seen.gaps and not seen.cut:
            Roots.of(found.groupings, self.names).remember(ctx)
        return found, None

    def _with_neighbours(
        self, reach: Scope, room: Scope, known: Roots | None, listed: list[str] | None, found: Layout, ctx: Context
    ) -> Scope:
        """Return a scope with everything that is not as it was in the folders that were listed."""
        if known is None:
            return self.scope.narrowed(room) or reach
        names = self.names
        here = [one for one in found.groupings if not same_files(one, names.dataset(one.name), ctx)]
        changed = known.changed(listed, found.groupings, names) | {names.dataset(one.name) for one in here}
        return msgspec.structs.replace(reach, urns=reach.urns | {urn for urn in changed if room.matches(urn)})

    def touched(self, paths: Iterable[str], ctx: Context) -> dict[str, Scope]:
        """Return for each path what must be looked at again after it came, went or changed."""
        blob = ctx.memo.get(KEY)
        if self._known_roots is None or self._known_roots[0] != blob:
            # A watch asks with every few messages, and the last look is long past.
            self._known_roots = blob, None if blob is None else Roots.read(blob)
        _, known = self._known_roots
        return {path: self.scope if known is None else known.scope_of(path, self.names) for path in paths}

    def _layout(self, folders: Sequence[str], seen: Seen, ctx: Context) -> Layout | None:
        overrides, wanted = self.filter()
        storage, formats = self.storage(seen.gaps, seen.skipped), self.formats(ctx)
        seen.cut.clear()
        listing = resumed(partial(storage.list, under=folders))
        found = layout(
            self._wanted(listing, wanted, seen.cut, ctx),
            extensions=extensions(formats),
            markers={name: format.markers for name, format in formats.items() if format.markers},
            overrides=overrides,
            peek=partial(signature, formats, storage, ctx, seen.peeked),
            known=partial(self._known, ctx),
            hidden=self.config.hidden,
            sniff=partial(self._sniff, formats, storage, seen.gaps),
            root_name=self.root_name,
        )
        if folders or seen.cut:
            found.idle = ()  # what was not listed may be what they fit
        if not seen.cut:
            count_stored(found, seen.gaps)
        seen.spent.update(storage.spent())
        return None if ctx.cancelled() else found

    def _wanted(
        self, listing: Iterator[Entry], wanted: Callable[[str], bool], cut: list[str], ctx: Context
    ) -> Iterator[Entry]:
        """Yield what is to be looked at, up to the budget and until the run is cancelled."""
        budget = self.config.max_objects
        for count, entry in enumerate(listing):
            if count % 1000 == 0 and ctx.cancelled():
                return
            if count == budget:
                cut.append(entry.path)
                return
            if wanted(entry.path):
                yield entry

    @staticmethod
    def _sniff(formats: dict[str, Format[Any]], storage: Storage, gaps: list[Gap], entry: Entry) -> str | None:
        try:
            return sniff(formats, storage, entry)
        except ConfigError:  # nothing else could be read either
            raise
        except FileNotFoundError:  # it went meanwhile
            return ""
        except OSError as error:  # what it is cannot be known, nor that nothing is there
            gaps.append(Gap(entry.path, reason(error)))
        except LumosError as error:
            gaps.append(Gap(entry.path, f"{error.what}: {error.why}" if error.why else error.what))
        return None

    # Explaining

    def explain(self, path: str) -> Iterable[Explained]:
        """Say which datasets are at a place, how sure that is and why, and what is in none.

        Raises:
            ConfigError: When the lake or its overrides cannot be read.
        """
        ctx, seen = Looking(), Seen.nothing()
        self.check(ctx)
        found = self._layout((), seen, ctx)
        if found is not None:
            yield from explain(
                found,
                path,
                extensions=extensions(self.formats(ctx)),
                wanted=self.filter()[1],
                gaps=[*seen.gaps, *(Gap(after, "`max_objects` ended the listing here") for after in seen.cut)],
                skipped=seen.skipped,
                hidden=self.config.hidden,
            )

    def _known(self, ctx: Context, name: str) -> str | None:
        record = ctx.get(self.names.dataset(name))
        if record is None or record.value.layout is None:
            return None
        format: str | None = record.value.layout.format
        return format

    # Reading

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Read the datasets of a unit, or its folders.

        Raises:
            RetryableError: When a file keeps changing while it is read.
        """
        if "spent" in unit.args:
            yield records.spent(self.names.container(""), unit.args["spent"], ctx)
        for folder in unit.args.get("folders", ()):
            yield records.container(os.fsdecode(folder), self.names)
        if "groupings" not in unit.args:
            return
        formats = self.formats(ctx)
        storage = self.storage([], [])
        for done, blob in enumerate(unit.args["groupings"]):
            grouping, peeked = unpack(blob)
            yield from self._dataset(grouping, peeked, formats, storage, ctx)
            ctx.progress(done + 1, len(unit.args["groupings"]))

    def _dataset(
        self,
        grouping: Grouping,
        peeked: Sequence[str],
        formats: dict[str, Format[Any]],
        storage: Storage,
        ctx: Context,
    ) -> Iterator[AnyRecord]:
        urn = self.names.dataset(grouping.name)
        format = formats.get(grouping.format)
        chosen: Sequence[Entry] = grouping.files
        if format is None:
            reading = Reading([], [], None, [], [])
        elif grouping.marked:
            reading = read_log(chosen, format, storage, urn, ctx)
        else:
            if self.config.max_files is not None and len(chosen) > self.config.max_files:
                chosen = spread(chosen, self.config.max_files)
            reading = read(chosen, format, storage, urn, ctx, peeked)
        title = (self.names.base if grouping.name == records.ROOT else grouping.name).rpartition("/")[2]
        if len(grouping.files) == 1 and grouping.files[0].path == grouping.root:
            title = split_extension(title, extensions(formats))[0]
        record, drift = records.dataset(
            grouping,
            reading,
            self.names,
            title,
            location=self.location(grouping.root),
            parent=self.config.containers,
            textual=format is not None and format.positional,
        )
        if grouping.marked and not reading.schemas and (known := ctx.get(urn)) is not None:
            # Aliases count without an entry in `captured`: a log that cannot be read must not take them away.
            record.value.aliases = known.value.aliases
        if format is not None:
            judge(grouping, chosen, reading, frozenset(record.value.captured) | {"fields"}, urn, ctx)
        tell_drift(drift, grouping.name, reading.examples, ctx)
        yield record
        yield from records.with_stored(reading.stats, grouping, urn)
        rows = reading.rows if len(chosen) == len(grouping.files) else None
        profile = None
        if self.config.profile is not None and format is not None and not grouping.marked:
            profile = profile_of(
                grouping.name, chosen, rows, record.value.fields, format, storage, urn, self.config.profile, ctx
            )
            if profile is not None and rows is None and profile.whole and len(chosen) == len(grouping.files):
                rows = profile.rows
        if statistics := records.stats(grouping, urn, rows, profile):
            self.measure(grouping.files, statistics.value, storage, ctx)
            yield statistics
        if spent := storage.spent():
            yield records.spent(urn, spent, ctx)


def named_formats(specs: Iterable[ComponentSpec], ctx: Context) -> dict[str, Format[Any]]:
    """Build the formats that a configuration names, by name."""
    built: dict[str, Format[Any]] = {}
    for spec in specs:
        format: Format[Any] = ctx.component(spec)
        built[format.name_in_urn or spec.name] = format
    return built
