"""The two ends of a migration: one catalog each, as a pipeline file names it, opened and closed with care."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from ..config.catalog_file import CatalogFile, load_catalog_file
from ..config.types import ComponentSpec
from ..contracts.catalog import Catalog
from ..contracts.component import Support
from ..contracts.reporter import Notice
from ..errors import CatalogError, ConfigError, LumosError, UsageError
from ..model.aspects import of_kind
from ..model.entities import FREE_KEYS, KINDS, Entity
from ..model.record import AnyRecord
from ..model.scope import Covered, Scope
from ..running.context import RunContext, contained
from ..running.redact import Redactor

PathLike = str | os.PathLike[str]

ALWAYS = FREE_KEYS - {"captured"}
"""Keys that a catalog takes without a capability of their own."""


class End:
    """One catalog while it is worked with.

    Attributes:
        name: Of the catalog, as its file calls it.
        file: The pipeline file.
        catalog: The catalog, once opened.
        target: Where it is, in words, without secrets.
        warnings: What it warned of.
    """

    def __init__(self, file: CatalogFile, spec: ComponentSpec, *, run_id: str, cancelled: Callable[[], bool]) -> None:
        self.file, self.spec, self.name = file, spec, spec.name
        self.redact = Redactor([spec.config])
        self.warnings: list[Notice] = []
        self.target = ""
        self._run_id, self._cancelled = run_id, cancelled
        self._catalog: Catalog[Any] | None = None
        self._opened = self._closed = False

    @property
    def catalog(self) -> Catalog[Any]:
        """The catalog; built when it is first needed, which does no I/O."""
        if self._catalog is None:
            self._catalog = self.spec.build()
        return self._catalog

    @property
    def capabilities(self) -> Mapping[str, Support]:
        """Aspect -> how well the catalog supports it."""
        return self.catalog.capabilities

    @cached_property
    def context(self) -> RunContext:
        """What the catalog is called with."""
        return RunContext(
            component=f"catalog {self.name}",
            run_id=self._run_id,
            memo={},
            redact=self.redact,
            cancelled=self._cancelled,
            look=lambda kind, urn: None,
            walk=lambda kind: iter(()),
        )

    def open(self) -> None:
        """Let the catalog prove that it is there, once.

        Raises:
            LumosError: When it cannot be built or reached.
        """
        if self._opened:
            return
        with self._speaking("reached"):
            self.catalog.check(self.context)
        self.target = self.redact(str(getattr(self.catalog, "target", "") or ""))
        self._opened = True

    def close(self) -> None:
        """Close the catalog; one that cannot even be closed harms nothing that was done."""
        self.warnings += self.context.warnings
        self.context.warnings = []
        if self._catalog is not None and not self._closed:
            self._closed = True
            with suppress(Exception), contained():
                self._catalog.close()

    def read(self, scope: Scope = Scope()) -> Iterator[AnyRecord]:
        """Read a scope; what the catalog can read and did not mention was looked at."""
        readable = {aspect for aspect, support in self.capabilities.items() if support.read}
        looked = {kind: sorted(readable & of_kind(kind)) for kind in KINDS}
        with self._speaking("read"):
            for record in self.catalog.read(scope, self.context):
                if isinstance(record.value, Entity) and not record.value.captured:
                    record.value.captured = looked[record.kind]
                yield record

    @contextmanager
    def _speaking(self, what: str) -> Iterator[None]:
        """Let no error of the catalog show its secrets, nor look like a defect of ours."""
        try:
            with contained():
                yield
        except LumosError as error:
            for part in ("what", "why", "fix", "where"):
                setattr(error, part, self.redact(getattr(error, part)))
            error.args = (error.what,)
            raise
        except Exception as error:
            raise CatalogError(
                f"the catalog could not be {what}",
                why=self.redact(f"{type(error).__name__}: {error}"),
                fix=f"this is a defect of the catalog {self.name}; tell its authors",
                where=self.name,
            ) from None

    def covered(self, scope: Scope) -> Iterable[Covered]:
        """What a complete reading of a scope says about what is not there."""
        readable = {aspect for aspect, support in self.capabilities.items() if support.read}
        return [Covered(scope, frozenset({"record", *readable}))]

    @property
    def label(self) -> str:
        """Its name, and where it is."""
        return f"{self.name} ({self.target})" if self.target else self.name


def end_of(path: PathLike, name: str | None, *, option: str, run_id: str, cancelled: Callable[[], bool]) -> End:
    """Return the catalog of a pipeline file that is meant.

    Args:
        path: The file.
        name: Which of its catalogs; needed when there are several.
        option: The option that says so, for the error.
        run_id: For the catalog's context.
        cancelled: Likewise.

    Raises:
        ConfigError: When the file is not valid.
        UsageError: When it has several catalogs and none is chosen, or none of that name.
    """
    file = load_catalog_file(path)
    names = [spec.name for spec in file.catalogs]
    if name is None and len(names) > 1:
        fix = f"choose one with {option} {' or '.join(names)}"
        raise UsageError("the file names several catalogs", why=", ".join(names), fix=fix, where=str(file.path))
    if name is not None and name not in names:
        fix = f"it has {', '.join(names)}"
        raise UsageError(f"there is no catalog called {name!r}", fix=fix, where=str(file.path))
    spec = next(spec for spec in file.catalogs if name in (None, spec.name))
    return End(file, spec, run_id=run_id, cancelled=cancelled)


def distinct(one: End, other: End) -> None:
    """Refuse a migration of a catalog into itself.

    Raises:
        ConfigError: When both ends are one catalog with the same options.
    """
    if (one.spec.type, one.spec.options, one.spec.base) == (other.spec.type, other.spec.options, other.spec.base):
        raise ConfigError(
            "both files name the same catalog",
            why=f"{one.file.path} and {other.file.path} have a {one.spec.type} with the same options",
            fix="name another catalog in one of them",
        )


def writable(end: End) -> frozenset[str]:
    """Return the aspects that a catalog takes, the keys included that need no capability."""
    return ALWAYS | {aspect for aspect, support in end.capabilities.items() if support.write}


def readable(end: End) -> frozenset[str]:
    """Return the aspects that a catalog gives back."""
    return ALWAYS | {aspect for aspect, support in end.capabilities.items() if support.read}


def keeps(end: End, key: str) -> bool:
    """Tell whether a catalog declares that it gives back a key, and all parts of it, as it was written."""
    if key in ALWAYS:
        return True
    parts = [support for aspect, support in end.capabilities.items() if aspect.partition(".")[0] == key]
    return all(support.lossless or not support.write for support in parts) and key in end.capabilities


def state_of(end: End, *parts: str) -> Path:
    """Return a path in the state folder of a file."""
    return end.file.state.joinpath(*parts)
