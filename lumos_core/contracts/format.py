"""The contract of a file format.

Example:
    ```python
    class Lines(Format[LinesConfig]):
        extensions = (".txt",)

        def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[Record]:
            for file in files:
                yield Record(file.urn, Dataset(captured=["fields"], fields=[Field("line", type="string")]))
    ```
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import BinaryIO, ClassVar, Protocol

from ..model.record import AnyRecord
from .component import BaseComponent, C, ComponentKind
from .context import Context


class File(Protocol):
    """One stored object.

    Attributes:
        path: Path below the root of its source, with `/`.
        size: Bytes.
        etag: Changes whenever the content does: an etag, or size and modification time.
        local: Absolute local path, or None when it is not on this machine's disk.
        urn: The dataset that it belongs to.
    """

    path: str
    size: int
    etag: str
    local: str | None
    urn: str

    def open(self) -> BinaryIO:
        """Open for reading and seeking; a compressed file is read as it lies.

        Raises:
            OSError: As the storage says.
        """


class Format(BaseComponent[C]):
    """Claims files by extension and magic, or a folder by its marker, and reads their schema.

    Attributes:
        extensions: Lower-case, with the dot; a compression suffix is taken off the name before, and not off the bytes.
        magic: First bytes that prove the format.
        markers: Names whose presence makes a folder one dataset: a folder (`_delta_log/`), or files in a folder or
            beside the data, which may be a glob (`metadata/*.metadata.json`).
        name_in_urn: Platform-neutral short name (`csv`), used in `layout.format`.
        positional: True when the order of fields is what readers go by (CSV).
        memo_version: Change it when the same bytes give another schema: what was remembered of files is forgotten.
    """

    component_kind: ClassVar[ComponentKind] = "format"
    extensions: ClassVar[tuple[str, ...]] = ()
    magic: ClassVar[tuple[bytes, ...]] = ()
    markers: ClassVar[tuple[str, ...]] = ()
    name_in_urn: ClassVar[str] = ""
    positional: ClassVar[bool] = False
    memo_version: ClassVar[str] = "1"

    @abstractmethod
    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[AnyRecord]:
        """Read what files of one dataset say: one fragment per file, in the order of `files`.

        A fragment is a `Dataset` record (fields, layout, properties) and, when known for free, a `Stats` record
        (row count, sizes). It reads the fewest bytes that hold the schema.

        A format with `markers` is given every file below the marker of one table at once, in lexicographic order, and
        nothing beside it. It answers with one `Dataset` for the table, and with `Stats` records that are kept as they
        are. Files of several URNs are several tables.

        Raises:
            UnitError: When a file cannot be read; `where` names it.
            RetryableError: When a file changed while being read.
        """
