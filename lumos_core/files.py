"""Reading and writing small files: writes are all or nothing, YAML errors say where they are."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, TypeVar, overload

from .errors import DiskError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pydantic import BaseModel

    M = TypeVar("M", bound=BaseModel)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


ABANDONED = 3600.0
"""Seconds after which a temporary file is one of a writer that was killed."""


def disk_full(error: OSError) -> bool:
    """Tell whether there is no room: the disk is full, a quota is used up, or the file is too large for its disk."""
    return error.errno in _FULL


@overload
def atomic_write(
    path: str | os.PathLike[str], mode: Literal["w"] = "w", *, durable: bool = True
) -> AbstractContextManager[IO[str]]: ...
@overload
def atomic_write(
    path: str | os.PathLike[str], mode: Literal["wb"], *, durable: bool = True
) -> AbstractContextManager[IO[bytes]]: ...
@contextmanager
def atomic_write(
    path: str | os.PathLike[str], mode: Literal["w", "wb"] = "w", *, durable: bool = True
) -> Iterator[IO[Any]]:
    """Write a file that appears whole or not at all.

    The text goes to a temporary file in the same folder, is flushed to the disk, then takes the place of `path`.
    When the block raises, `path` is as it was before and the temporary file is gone. Folders are made as needed;
    an existing file keeps its permissions, a symbolic link stays a link.

    Args:
        path: Where the file belongs.
        mode: `w` for UTF-8 text with line feeds as line ends, `wb` for bytes.
        durable: False for what is of no use after a crash of the system: it is not waited for until the disk has it.

    Yields:
        The open file.

    Raises:
        DiskError: When the folder or the file cannot be written, or the disk is full.
    """
    target = Path(os.path.realpath(path))
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=_temporary(target), suffix=".tmp", dir=target.parent)
        with os.fdopen(descriptor, mode, **text) as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        Path(temporary).chmod(_permissions(target))
        Path(temporary).replace(target)
        temporary = ""
        if durable:
            _remove_abandoned(target)
    except OSError as error:
        # An error of something else that the caller reads inside the block is the caller's own.
        if not disk_full(error) and error.filename not in {
            None,
            str(target),
            str(target.parent),
            temporary,
        }:
            raise
        raise _disk_error(error, path) from error
    finally:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()


def _remove_abandoned(target: Path) -> None:
    """Remove temporary files of this target whose writers were killed: nobody else writes one file for so long."""
    start, now = _temporary(target), time.time()
    with suppress(OSError), os.scandir(target.parent) as found:
        for entry in found:
            if entry.name.startswith(start) and entry.name.endswith(".tmp") and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if now - entry.stat().st_mtime > ABANDONED:
                        os.unlink(entry.path)  # noqa: PTH108


def _temporary(target: Path) -> str:
    return f".{target.name[:80]}."


def _permissions(target: Path) -> int:
    """The permissions the file has, else those a plain `open` would give."""
    try:
        return target.stat().st_mode & 0o7777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _disk_error(error: OSError, path: str | os.PathLike[str]) -> DiskError:
    if disk_full(error):
        fix = "free some space, then run again; nothing half-written was left behind"
    else:
        fix = "choose another place, or mend its permissions"
    return DiskError("cannot write the file", why=error.strerror or str(error), fix=fix, where=os.fspath(path))


def read_yaml(path: str | os.PathLike[str], model: type[M], base: str | os.PathLike[str] | None = None) -> M:
    """Read a YAML file into a pydantic model; all its errors come at once.

    `${VAR}` and `${VAR:-default}` are read from the environment, `extends:` names a file to start from, unknown
    keys get a did-you-mean.

    Args:
        path: The file.
        model: What it must hold.
        base: Folder that relative paths (`LocalPath`) start from; the file's own folder by default.

    Returns:
        The validated model.

    Raises:
        ConfigError: With one problem per place (`file:line:column`), what was expected, and a hint.
    """
    from .config.reading import read_model

    return read_model(Path(path), model, Path(base) if base is not None else None)


if sys.platform == "win32":
    import msvcrt

    def try_lock(file: IO[bytes]) -> bool:
        """Lock an open file; False when another process holds it. The system lets go when the process ends."""
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(file: IO[bytes]) -> bool:
        """Lock an open file; False when another process holds it. The system lets go when the process ends."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
