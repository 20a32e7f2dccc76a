"""The walk over a listing in order of path: folders open and close, and only open ones are held."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from ..storage import Entry
from . import names, noise
from .cluster import Cluster
from .detect import Detector
from .frame import Frame, Tally, add
from .grouping import Grouping, Sniff
from .names import KNOWN_EXTENSIONS, FolderName, file_name, folder_name, same_shape, turned, vague_suffix
from .spool import BLOCK, Files, OutOfOrder, Spool
from .told import Told

_VERDICTS = 100_000
_SHORT = 24
_STREAK = 16
SNIFFED = 5
"""So many files of one folder and template must begin alike before others are taken to do so."""


class Verdict(NamedTuple):
    """What the name of a file decides.

    Attributes:
        key: (format, template, extensions) of data that is read; None of any other file.
        variable: Whether something in the name can vary.
        noise: The rule by which it is no data.
        format: A format that nobody named; empty when it is not known.
        bare: Whether only the first bytes can tell the format.
    """

    key: tuple[str, str, str] | None
    variable: bool
    noise: str
    format: str
    bare: bool


_NOTHING = Verdict(None, False, "", "", False)


class Walk:
    """Feeds the files of a listing to the folders that they are in.

    Args:
        spool: Where the files are kept.
        detector: Groups the files of a folder that is closed.
        extensions: Extension (lower case, with dot) -> format, of the formats that are read.
        markers: Format -> what marks its tables.
        read: The formats among them that are read.
        root_name: Name of the dataset that the root itself may be.
        hidden: Take names with a leading `.` or `_` for data too.
        sniff: Tells the format of a file without an extension.
    """

    def __init__(
        self,
        spool: Spool,
        detector: Detector,
        *,
        extensions: Mapping[str, str],
        markers: Mapping[str, Sequence[str]],
        read: frozenset[str],
        root_name: str,
        hidden: bool,
        sniff: Sniff | None,
    ) -> None:
        self._spool = spool
        self._detector = detector
        self._extensions = extensions
        self._formats = frozenset(extensions.values())
        self._read = read
        self._root_name = root_name
        self._hidden = hidden
        self._sniff = sniff
        self._verdicts: dict[str, Verdict] = {}
        self._order = list(markers)
        self._beside: list[tuple[str, int, str, bool]] = []
        self._holders: dict[str, list[tuple[str, int, str]]] = {}
        for format, patterns in markers.items():
            for place, pattern in enumerate(patterns):
                folder, slash, glob = pattern.partition("/")
                if slash:
                    self._holders.setdefault(folder, []).append((format, place, glob))
                else:
                    self._beside.append((format, place, folder, True))
        self._frame = self._root = Frame("", None, FolderName("named"), False, 0)
        self._root.globs = self._beside
        self._told: Told | None = None

    def listing(self, entries: Iterator[Entry], told: Told | None) -> None:
        """Feed a whole listing; `told` takes what people have grouped already.

        Raises:
            OutOfOrder: When it is not in order of path.
        """
        spool, verdicts = self._spool, self._verdicts
        sizes, times, block, judge = spool.sizes, spool.times, spool.block, self._verdict
        last, folder, opened = "", "\0", False
        # Long names hold identifiers and are never seen twice; one that looks like many before it is judged like them.
        expected = _NOTHING
        expects: Callable[[str], object] | None = None
        streak = 0
        self._told = told
        for entry in entries:
            path = entry.path
            if path < last:
                raise OutOfOrder(spool, entry, entries)
            last = path
            cut = path.rfind("/")
            above = path[:cut] if cut >= 0 else ""
            if above != folder:
                folder, opened = above, False
                spool.folder()
            row = len(sizes)
            sizes.append(entry.size)
            times.append(entry.mtime_ns)
            block.append((path, entry.tag))
            if len(block) == BLOCK:
                spool.flush()
            if told is not None:
                if not opened:
                    self._retreat(folder, row)
                if told(entry, row):
                    continue
            if not opened:
                self._enter(folder, row)
                opened = True
                frame = self._frame
                own, plain = frame.own, not frame.noisy and not frame.globs
            name = path[cut + 1 :]
            if plain:
                if expects is not None and expects(name):
                    verdict = expected
                else:
                    verdict = verdicts.get(name) or judge(name)
                    if verdict is not expected:
                        expected, streak, expects = verdict, 0, None
                    elif len(name) > _SHORT and (streak := streak + 1) == _STREAK:
                        expects = names.like(name)
                if verdict.key is not None and (cluster := own.get(verdict.key)) is not None:
                    cluster.rows.append(row)
                    if verdict.variable:
                        cluster.variable = True
                    continue
            self._file(entry, name, row)

    def finish(self) -> tuple[list[Cluster], list[Grouping], Tally]:
        """Close what is open; return the clusters of the root, the marked tables, and what was left out."""
        while self._frame is not self._root:
            self._leave(len(self._spool))
        clusters = self._close(self._root, len(self._spool))
        return clusters, self._root.marks or [], self._root.tally or {}

    # Folders

    def _retreat(self, folder: str, row: int) -> str:
        """Close the folders that a folder is not in; return what its paths begin with."""
        inside = f"{folder}/" if folder else ""
        while not inside.startswith(self._frame.prefix):
            self._leave(row)
        return inside

    def _enter(self, folder: str, row: int) -> None:
        inside = self._retreat(folder, row)
        frame = self._frame
        for name in inside[len(frame.prefix) :].split("/")[:-1]:
            noisy = frame.noisy or noise.noise_folder(name, self._hidden) != ""
            frame = Frame(name, frame, folder_name(name), noisy, row)
            if self._beside:
                frame.globs = self._beside
            if name in self._holders:
                frame.globs = [
                    *self._beside,
                    *((format, place, glob, False) for format, place, glob in self._holders[name] if glob),
                ]
            self._frame = frame

    def _leave(self, end: int) -> None:
        frame = self._frame
        parent = frame.parent
        assert parent is not None  # the root is never left
        self._frame = parent
        if frame.name not in self._holders and frame.tally is None and frame.simple and len(frame.own) < 2:
            self._detector.hand_up(frame, list(frame.own.values()))
            return
        found = self._close(frame, end)
        for format, place, glob in self._holders.get(frame.name, ()):
            if not glob or (format, place) in frame.held:
                parent.claims = {**(parent.claims or {}), (format, place): range(frame.first, end)}
        if frame.tally:
            if parent.tally is None:
                parent.tally = {}
            add(parent.tally, frame.tally)
        if frame.marks:
            if parent.marks is None:
                parent.marks = frame.marks
            else:
                parent.marks += frame.marks
        self._detector.hand_up(frame, found)

    def _close(self, frame: Frame, end: int) -> list[Cluster]:
        """Return the clusters of a folder; none when a table format owns it."""
        if frame.claims:
            self._mark(frame, end)
            frame.tally = None
            return []
        return [] if frame.noisy else self._detector.close(frame)

    def _mark(self, frame: Frame, end: int) -> None:
        """Make the table that a table format has marked.

        Of several markers that of a format in `read` wins, then the first as `KNOWN_MARKERS` has them: Delta, whose
        writers translate their log for others (UniForm), before Iceberg, before Hudi.
        """
        found, claims = frame.claims or {}, dict[str, range]()
        for format, place in sorted(found, key=lambda claim: (self._order.index(claim[0]), claim[1])):
            claims.setdefault(format, found[format, place])
        holders = [rows for rows in claims.values() if rows]
        names = sorted(claims, key=lambda name: name not in self._read)
        why = [f"the folder has the marker of {name}" for name in names]
        if len(names) > 1:
            why.append(
                f"its schema is that of {names[0]}, the first of them" + " that is read" * (names[0] in self._read)
            )
        whole = claims[names[0]] or range(frame.first, end)
        rows: Sequence[int] = whole
        if self._told is not None and (taken := self._told.taken(whole)):
            rows = array("Q", (row for row in rows if row not in taken))
        apart = [mark for mark in frame.marks or () if not any(_first(mark) in held for held in holders)]
        frame.marks = [
            *apart,
            Grouping(
                name=frame.path or self._root_name,
                root=frame.path,
                format=names[0],
                also=tuple(names[1:]),
                files=Files(self._spool, rows),
                evidence=tuple(why),
                marked=True,
            ),
        ]

    # Files

    def _file(self, entry: Entry, name: str, row: int) -> None:
        frame = self._frame
        if frame.globs:
            self._glob(frame, name)
        if frame.noisy:
            frame.leave_out("noise", "folder", row)
            return
        verdict = self._verdict(name)
        key = verdict.key
        if key is None:
            if verdict.noise:
                frame.leave_out("noise", verdict.noise, row)
                return
            format = verdict.format
            if verdict.bare and entry.size and self._sniff is not None:
                format = self._sniffed(frame, entry, name, verdict.variable)
            if format not in self._formats:
                frame.leave_out("unread" if format else "unknown", format, row)
                return
            key = (format, file_name(name, self._extensions).stem, "")
        cluster = frame.own.get(key)
        if cluster is None:
            frame.own[key] = Cluster(key[1], key[0], array("Q", (row,)), verdict.variable)
        else:
            cluster.rows.append(row)
            cluster.variable |= verdict.variable

    def _sniffed(self, frame: Frame, entry: Entry, name: str, variable: bool) -> str:
        """Return the format that first bytes tell; of many files of one kind in a folder, those of a few tell it."""
        assert self._sniff is not None  # asked by the caller
        if not variable:
            return self._sniff(entry) or ""
        if frame.sniffed is None:
            frame.sniffed = {}
        stem = file_name(name, self._extensions).stem
        format, count = frame.sniffed.get(stem, ("", 0))
        if count >= SNIFFED:
            return format
        found = self._sniff(entry)
        if found is None:
            return ""
        frame.sniffed[stem] = (found, count + 1 if found == format else 1)
        return found

    def _verdict(self, name: str) -> Verdict:
        shape = same_shape(name)
        verdict = self._verdicts.get(shape)
        if verdict is None:
            if len(self._verdicts) >= _VERDICTS:
                self._verdicts.clear()
            verdict = self._verdicts[shape] = self._judge(name)
        if len(name) <= _SHORT:
            self._verdicts[name] = verdict  # the same few names recur in every partition
        return verdict

    def _judge(self, name: str) -> Verdict:
        found = file_name(name, self._extensions)
        format = found.format
        rule = noise.noise_file(name, self._hidden, format in self._formats)
        if rule:
            return Verdict(None, False, rule, "", False)
        if format in self._formats:
            suffix = name[len(found.bare) :].casefold()
            if turned(name):
                suffix = re.split("(?<=[a-z])[.-]", suffix)[0]
            return Verdict((format, found.stem, suffix), found.variable, "", "", False)
        return Verdict(None, found.variable, "", format, not format and _bare(name))

    def _glob(self, frame: Frame, name: str) -> None:
        for format, place, glob, own in frame.globs:
            if fnmatchcase(name, glob):
                if own:
                    frame.claims = {**(frame.claims or {}), (format, place): range(0)}  # the folder itself
                else:
                    frame.held = (*frame.held, (format, place))


def _first(mark: Grouping) -> int:
    return mark.files.rows[0] if isinstance(mark.files, Files) else -1


def _bare(name: str) -> bool:
    """Tell whether a name has nothing that looks like an extension."""
    if vague_suffix(name):
        return True
    stem, dot, ext = name.rpartition(".")
    return (
        not dot or not stem or not ext or ext.isdigit() or (f".{ext.lower()}" not in KNOWN_EXTENSIONS and len(ext) > 8)
    )
