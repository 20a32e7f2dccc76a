"""Storage: a lexicographic, streaming, resumable listing, and files that can be opened.

The local implementation stands on `os.scandir`: a plain Python file costs pyarrow nothing, and one `stat` per file
is all that a listing needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from msgspec import Struct

from lumos_core.plugin_api import File


class Entry(NamedTuple):
    """One object of a listing.

    Attributes:
        path: Path below the root, with `/`; bytes that are not Unicode stand as surrogate escapes.
        size: Bytes.
        mtime_ns: Time of the last modification, nanoseconds since 1970 (UTC).
        tag: The storage's own etag, where it has one; behind a space the class in which it is stored, where that is
            not the usual one. One text, since there are as many as there are files.
    """

    path: str
    size: int = 0
    mtime_ns: int = 0
    tag: str = ""

    @property
    def etag(self) -> str:
        """Changes whenever the content does: the storage's etag, else size and time."""
        tag = self.tag
        if " " in tag:  # moving a file to another class leaves its content alone
            tag = tag.partition(" ")[0]
        return tag or f"{self.size}-{self.mtime_ns}"

    @property
    def kept_as(self) -> str:
        """Name of the class in which it is stored (`GLACIER`); empty for the usual one."""
        return self.tag.partition(" ")[2]


class Gap(NamedTuple):
    """A folder or file that could not be listed, and why; `path` is empty for the root itself."""

    path: str
    reason: str


class StoredFile(Struct):
    """A file as formats see it (`lumos_core.plugin_api.File`)."""

    path: str
    size: int
    etag: str
    local: str | None
    urn: str

    def open(self) -> BinaryIO:
        """Open for reading and seeking.

        Raises:
            OSError: As the system says.
        """
        return open(self.local or self.path, "rb")  # noqa: PTH123


class Storage(Protocol):
    """What discovery and reading ask of a place that holds files.

    Attributes:
        pinned: True when what `file` opens is the very content that was listed, or refused with `RetryableError`; a
            file then need not be looked at again after it was read.
    """

    pinned: bool

    def list(self, *, start_after: str = "", under: Sequence[str] = ()) -> Iterator[Entry]:
        """Yield every file in lexicographic order of path.

        Args:
            start_after: Only what comes after this path.
            under: Only what lies in these folders, none of which is inside another; empty = everything.
        """

    def stat(self, path: str) -> Entry:
        """Return the present state of one file.

        Raises:
            OSError: When it is gone or cannot be reached.
        """

    def file(self, entry: Entry, urn: str) -> File:
        """Return a handle for reading."""

    def withheld(self, entry: Entry) -> str:
        """Return why a file is not given out (it is archived); empty when it may be read."""

    def spent(self) -> dict[str, int]:
        """Return what listing and reading took since the last call: requests and bytes by kind; empty where free."""


class LocalStorage:
    """A folder of this machine.

    Args:
        root: The folder; when it is a file, the listing holds just that file.
        follow_symlinks: Follow links to folders and files; a loop is entered once.
        prune: Told the name of a folder; True leaves it out unlisted.
        on_gap: Told what could not be listed.
        on_skip: Told the path of each symbolic link or special file that was left out.
    """

    pinned = False

    def __init__(
        self,
        root: Path | str,
        *,
        follow_symlinks: bool = False,
        prune: Callable[[str], bool] = lambda name: False,
        on_gap: Callable[[Gap], None] = lambda gap: None,
        on_skip: Callable[[str], None] = lambda path: None,
    ) -> None:
        self.root = os.fspath(root)
        self._follow = follow_symlinks
        self._prune = prune
        self._on_gap = on_gap
        self._on_skip = on_skip
        # Paths start from the root, or from the folder of a root that is a file.
        self._file = os.path.isfile(self.root)  # noqa: PTH113
        self._base = os.path.dirname(self.root) if self._file else self.root  # noqa: PTH120

    def list(self, *, start_after: str = "", under: Sequence[str] = ()) -> Iterator[Entry]:
        """Yield every file in lexicographic order of path; a folder that is denied is told to `on_gap`."""
        if self._file:
            yield self.stat(os.path.basename(self.root))  # noqa: PTH119
            return
        if not under:
            yield from self._walk("", start_after)
        for folder in sorted(under, key=lambda folder: f"{folder}/"):
            if self._listed(folder):
                yield from self._walk(f"{folder}/", start_after)

    def _listed(self, folder: str) -> bool:
        """Tell whether a walk from the root would come to a folder."""
        path = self.root
        for name in folder.split("/"):
            path = os.path.join(path, name)  # noqa: PTH118
            if self._prune(name) or (not self._follow and os.path.islink(path)):  # noqa: PTH114
                return False
        return True

    def _walk(self, folder: str, start_after: str) -> Iterator[Entry]:
        seen = set()
        if self._follow:
            with suppress(OSError):  # told by the scan
                seen.add(self._identity(os.path.join(self.root, folder)))  # noqa: PTH118
        stack: list[Iterator[tuple[str, os.DirEntry[str], bool]]] = [self._scan(folder, start_after)]
        while stack:
            for path, entry, is_dir in stack[-1]:
                if is_dir:
                    if self._follow:
                        identity = self._identity(entry.path)
                        if identity in seen:
                            continue
                        seen.add(identity)
                    stack.append(self._scan(path + "/", start_after))
                    break
                try:
                    status = entry.stat(follow_symlinks=self._follow)
                except OSError as error:
                    if not isinstance(error, FileNotFoundError):
                        self._on_gap(Gap(path, reason(error)))
                    continue
                yield Entry(path, status.st_size, status.st_mtime_ns)
            else:
                stack.pop()

    def _scan(self, prefix: str, start_after: str) -> Iterator[tuple[str, os.DirEntry[str], bool]]:
        try:
            with os.scandir(os.path.join(self.root, prefix)) as scan:  # noqa: PTH118
                entries = [self._kind(prefix, entry) for entry in scan]
        except OSError as error:
            # A folder that vanished meanwhile was removed; one that is denied hides what is in it.
            if not (isinstance(error, FileNotFoundError) and prefix):
                self._on_gap(Gap(prefix.rstrip("/"), reason(error)))
            return iter(())
        found = sorted((item for item in entries if item is not None), key=lambda item: item[0])
        ready = ((path.rstrip("/") if is_dir else path, entry, is_dir) for path, entry, is_dir in found)
        if not start_after:
            return ready
        return (item for item in ready if _after(item[0], start_after, item[2]))

    def _kind(self, prefix: str, entry: os.DirEntry[str]) -> tuple[str, os.DirEntry[str], bool] | None:
        path = prefix + entry.name
        try:
            if entry.is_dir(follow_symlinks=self._follow):
                # Sorted as storage keys are: a folder's files stand where its name with `/` stands.
                return None if self._prune(entry.name) else (path + "/", entry, True)
            if entry.is_file(follow_symlinks=self._follow):
                return path, entry, False
        except OSError as error:
            self._on_gap(Gap(path, reason(error)))
            return None
        self._on_skip(path)
        return None

    @staticmethod
    def _identity(path: str) -> tuple[int, int]:
        status = os.stat(path)  # noqa: PTH116
        return status.st_dev, status.st_ino

    def local(self, path: str) -> str:
        """Return the absolute local path of a listed path."""
        return os.path.join(self._base, path)  # noqa: PTH118

    def stat(self, path: str) -> Entry:
        """Return the present state of one file.

        Raises:
            OSError: When it is gone or cannot be reached.
        """
        status = os.stat(self.local(path))  # noqa: PTH116
        return Entry(path, status.st_size, status.st_mtime_ns)

    def withheld(self, entry: Entry) -> str:
        """Return that every file may be read."""
        return ""

    def spent(self) -> dict[str, int]:
        """Return that nothing is counted."""
        return {}

    def file(self, entry: Entry, urn: str) -> StoredFile:
        """Return a handle for reading."""
        return StoredFile(entry.path, entry.size, entry.etag, self.local(entry.path), urn)


def reason(error: OSError) -> str:
    """Say why a system call failed, without absolute paths."""
    return error.strerror or type(error).__name__


def _after(path: str, start: str, is_dir: bool) -> bool:
    """Tell whether a file, or something in a folder, comes after a path."""
    if is_dir:
        return f"{path}/" > start or start.startswith(f"{path}/")
    return path > start
