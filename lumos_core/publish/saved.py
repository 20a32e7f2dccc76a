"""A plan that is saved, looked at, and applied later: one JSON document, a step a line.

```json
{"format":"lumos-plan/1","pipeline":"shop","run":"...","made":"...","head":"...","catalogs":[
{"catalog":"local","target":"...","published":"...","publishing":"...","counts":{...},"steps":[
{"action":"create","kind":"dataset","urn":"...","set":{...},"line":{...}}
]}
],"sha256":"..."}
```

The digest covers every byte before it, so that a plan which was altered, cut or reformatted is refused: what was
agreed upon is what is applied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, TypeVar

import msgspec
from msgspec import Struct

from ..errors import DiskError, PlanError
from ..files import atomic_write
from .steps import Step, StepFile, decode_step, encode

FORMAT = "lumos-plan/1"

T = TypeVar("T")

_END = b'],"sha256":"'


class Saved(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a plan was made from.

    Attributes:
        format: `lumos-plan/1`.
        pipeline: Name of the pipeline.
        run: Id of the run that made it.
        made: RFC 3339 UTC.
        head: The state of the store that it was compared with; empty when there was none.
    """

    format: str
    pipeline: str
    run: str
    made: str
    head: str


class SavedCatalog(Struct, kw_only=True, forbid_unknown_fields=True):
    """The plan of one catalog.

    Attributes:
        catalog: Its name in the pipeline.
        target: Where it is.
        published: The state that remembers what it was given; empty when there was none.
        publishing: The state that remembers what is in doubt; empty when there was none.
        counts: Records by action: create, update, remove, restore, keep; and facts.
        conflicts: [URN, key, why], left to people.
        removed: How many records would be removed softly.
        known: How many are published; counted when some would be removed.
        blocked: Why the guard refuses it; empty when it does not.
        operations: How many steps are not `keep`.
    """

    catalog: str
    target: str
    published: str
    publishing: str
    counts: dict[str, int] = {}
    conflicts: list[tuple[str, str, str]] = []
    removed: int = 0
    known: int = 0
    blocked: str = ""
    operations: int = 0


_encoder = msgspec.json.Encoder()


def save(path: Path, about: Saved, catalogs: Iterable[tuple[SavedCatalog, StepFile]]) -> None:
    """Write a plan; the file appears whole or not at all.

    Raises:
        DiskError: When it cannot be written.
    """
    with atomic_write(path, "wb") as file:
        out = _Hashed(file)
        out.write(_open(_encoder.encode(about), "catalogs"))
        comma = b"\n"
        for catalog, steps in catalogs:
            out.write(comma + _open(_encoder.encode(catalog), "steps"))
            lead = b"\n"
            for step in steps:
                out.write(lead + encode(step))
                lead = b",\n"
            out.write(b"\n]}")
            comma = b",\n"
        out.write(b"\n" + _END)
        file.write(out.digest.hexdigest().encode() + b'"}\n')


def _open(encoded: bytes, key: str) -> bytes:
    """An object that is not closed yet, with one more key: a list."""
    return encoded[:-1] + f',"{key}":['.encode()


class _Hashed:
    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.digest.update(data)


class SavedPlan:
    """A saved plan that is as it was written.

    Args:
        path: The file; read whole, and verified, before anything is concluded from it.

    Raises:
        PlanError: When it is no plan, or not whole, or not as it was written.
        DiskError: When it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._verify()
            with path.open("rb") as file:
                self.about = self._about(file.readline())
        except OSError as error:
            raise DiskError("cannot read the plan", why=error.strerror or str(error), where=str(path)) from error

    def catalogs(self, folder: Path) -> Iterator[tuple[SavedCatalog, StepFile]]:
        """Return the plan of each catalog; its steps are copied into a folder."""
        with self.path.open("rb") as file:
            file.readline()
            for number in range(2**31):
                line = file.readline()
                if line.startswith(_END):
                    return
                catalog = self._part(line, "steps", SavedCatalog)
                steps = StepFile.copy(folder / f"saved-{number}.jsonl", self._steps(file), catalog.operations)
                yield catalog, steps

    def _steps(self, file: BinaryIO) -> Iterator[Step]:
        while not (line := file.readline()).startswith(b"]}"):
            try:
                yield decode_step(line.rstrip(b",\n"))
            except ValueError as error:
                raise self._bad(f"it holds a step that cannot be read: {error}") from error

    def _verify(self) -> None:
        digest, last = hashlib.sha256(), b""
        with self.path.open("rb") as file:
            for line in file:
                digest.update(last)
                last = line
        if not last.startswith(_END):
            raise self._bad("it is no saved plan, or its end is missing")
        digest.update(_END)
        if last != _END + digest.hexdigest().encode() + b'"}\n':
            raise self._bad("it is not as it was written")

    def _about(self, line: bytes) -> Saved:
        about = self._part(line, "catalogs", Saved)
        if about.format != FORMAT:
            raise PlanError(
                f"the plan has the format {about.format[:40]!r}",
                why=f"this version of Lumos knows {FORMAT}",
                fix="apply it with the version that made it, or make it anew",
                where=str(self.path),
            )
        return about

    def _part(self, line: bytes, key: str, kind: type[T]) -> T:
        end = _open(b"}", key) + b"\n"
        if not line.endswith(end):
            raise self._bad("it is no saved plan")
        try:
            return msgspec.json.decode(line[: -len(end)] + b"}", type=kind)
        except ValueError as error:
            raise self._bad(f"it is no plan of this version: {error}") from error

    def _bad(self, why: str) -> PlanError:
        return PlanError(
            "the plan cannot be applied",
            why=why,
            fix="make it anew: `lumos plan --out FILE`",
            where=str(self.path),
        )
