"""Conformance of file formats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import pytest

from ...contracts.format import Format
from ...errors import LumosError
from ...model.entities import Dataset
from ...model.urns import dataset
from ..context import MemoryContext
from .base import ComponentKit
from .checks import check_record


class SampleFile:
    """A `File` in memory, or on disk where a format insists on a local path."""

    def __init__(self, path: str, content: bytes, folder: Path | None = None) -> None:
        self.path, self.size, self.etag = path, len(content), str(hash(content))
        self.urn = dataset("file", path)
        self.local: str | None = None
        self._content = content
        self.streams: list[BytesIO] = []
        if folder is not None:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            self.local = str(target)

    def open(self) -> BinaryIO:
        """Open the content."""
        self.streams.append(BytesIO(self._content))
        return self.streams[-1]


class FormatKit(ComponentKit):
    r"""Everything that a file format promises.

    Fill in `name`, `options`, `sample` and `broken`.

    Example:
        ```python
        from lumos_core.testing.kit import FormatKit

        class TestCsv(FormatKit):
            name = "csv"
            sample = {"orders.csv": b"id,amount\n1,9.50\n"}
            broken = {"picture.csv": b"\x89PNG\r\n"}
        ```

    Attributes:
        name, options, live, unproven: As for every kit, see `ComponentKit`.
        sample: Path -> content of sound files, each with at least one field.
        broken: Path -> content of files that must be refused.
        files: Returns the sound files, where a library makes them.
        broken_files: Returns the files that must be refused, where a library makes them.
    """

    kind = "format"
    sample: ClassVar[Mapping[str, bytes]] = {}
    broken: ClassVar[Mapping[str, bytes]] = {}

    def files(self) -> Mapping[str, bytes]:
        """Return the sound files; override it when they are made by a library."""
        return self.sample

    def broken_files(self) -> Mapping[str, bytes]:
        """Return the files that must be refused; override it when they are made by a library."""
        return self.broken

    def exercise(self, component: Format[Any], folder: Path, ctx: MemoryContext) -> Iterable[object]:
        """Inspect the sound files, then the broken ones."""
        for path, content in {**self.files(), **self.broken_files()}.items():
            yield from component.inspect([SampleFile(path, content)], ctx)

    def inspected(self, component: Format[Any], files: list[SampleFile]) -> list[Any]:
        """Inspect files and return the dataset fragments."""
        records = component.inspect(files, MemoryContext())
        return [record for record in records if isinstance(record.value, Dataset)]

    def test_claims_its_files(self, component: Format[Any]) -> None:
        """`extensions`, `magic` or `markers` must fit the samples, or no crawler ever offers them."""
        claims = component.extensions or component.markers or component.magic
        assert claims, "it has neither `extensions`, `magic` nor `markers`: no crawler ever offers it a file"
        for extension in component.extensions:
            assert extension.startswith("."), f"{extension!r} needs its dot"
            assert extension == extension.lower(), f"{extension!r} must be lower-case"
        assert component.name_in_urn, "name_in_urn is shown as `layout.format`"
        for path, content in self.files().items():
            plain = path.lower()
            for packed in (".gz", ".bz2", ".xz", ".zst", ".zstd", ".lz4", ".snappy", ".deflate"):
                plain = plain.removesuffix(packed)
            marked = any(fnmatchcase(path, f"*{marker}*") for marker in component.markers)
            claimed = plain.endswith(tuple(component.extensions)) or content.startswith(tuple(component.magic))
            assert claimed or marked, (
                f"no crawler would offer {path}: it has none of {component.extensions}, {component.magic} or "
                f"{component.markers}"
            )

    def test_there_are_samples(self) -> None:
        """`sample` needs at least one sound file, and `broken` one to refuse, or nothing is proven."""
        if not self.files():
            pytest.fail(f"{type(self).__name__} has no `sample`: write `sample = {{'a.csv': b'...'}}`", pytrace=False)
        if not self.broken_files():
            self._missing("`broken`", "what a broken file does is not proven")

    def test_readings_are_equal_and_closed(self, component: Format[Any]) -> None:
        """A file reads the same twice, and is closed afterwards: `with file.open() as stream`."""
        for path, content in {**self.files(), **self.broken_files()}.items():
            told = []
            for _ in range(2):
                file = SampleFile(path, content)
                try:
                    told.append(repr(list(component.inspect([file], MemoryContext()))))
                except LumosError as error:
                    told.append(str(error))
                left = [stream for stream in file.streams if not stream.closed]
                assert not left, f"{path} is opened and not closed"
            assert told[0] == told[1], f"{path} reads differently the second time"

    def test_files_come_one_by_one(self, component: Format[Any]) -> None:
        """Files are read as their fragments are asked for: a dataset may have a million of them."""
        files = [SampleFile(path, content) for path, content in self.files().items()] * 200
        next(iter(component.inspect(files, MemoryContext())))
        opened = len({id(stream) for file in files for stream in file.streams})
        assert opened <= 100, f"{opened} files were opened before the first fragment came"

    def test_one_fragment_per_file(self, component: Format[Any]) -> None:
        """One dataset fragment per file, in the order of the files: drift is found by comparing them."""
        files = [SampleFile(path, content) for path, content in self.files().items()]
        fragments = self.inspected(component, files)
        given = [record.urn for record in fragments]
        assert given == [file.urn for file in files], "there is not one fragment per file, in the order of the files"

    def test_fields_are_found(self, component: Format[Any]) -> None:
        """Each sample has at least one field, `fields` is captured, and `layout.format` says the format."""
        for path, content in self.files().items():
            record = self.inspected(component, [SampleFile(path, content)])[0]
            check_record(record)
            assert record.value.fields, f"no field in {path}"
            assert "fields" in record.value.captured, f"the fields of {path} are not in `captured`"
            assert record.value.layout is not None, f"{path} has no `layout`"
            assert record.value.layout.format == component.name_in_urn, "`layout.format` is not `name_in_urn`"

    def test_local_and_stream_agree(self, component: Format[Any], tmp_path: Path) -> None:
        """A file on this disk and the same bytes from a store must read alike."""
        for path, content in self.files().items():
            here = self.inspected(component, [SampleFile(path, content, tmp_path)])
            there = self.inspected(component, [SampleFile(path, content)])
            assert here == there, f"{path} reads differently from the disk and from a store"

    def test_broken_files_are_refused_by_name(self, component: Format[Any]) -> None:
        """A broken file must raise a `LumosError` that names it; nothing may be guessed from it."""
        for path, content in self.broken_files().items():
            with pytest.raises(LumosError) as caught:
                list(component.inspect([SampleFile(path, content)], MemoryContext()))
            assert path in f"{caught.value.where} {caught.value}", f"the error does not name {path}"

    def test_types_are_canonical(self, component: Format[Any]) -> None:
        """Field types are canonical type texts, and paths canonical paths."""
        from ...model import paths, types

        for path, content in self.files().items():
            for field in self.inspected(component, [SampleFile(path, content)])[0].value.fields:
                assert types.render(types.parse(field.type)) == field.type, f"{path}: {field.path} {field.type}"
                assert paths.join(paths.split(field.path)) == field.path
