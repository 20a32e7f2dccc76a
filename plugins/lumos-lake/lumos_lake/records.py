"""The records of a lake: a dataset and its statistics from what its files say, and the folders that hold datasets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from lumos_core.plugin_api import (
    AnyRecord,
    Container,
    Context,
    Dataset,
    Field,
    Layout,
    PartitionField,
    Record,
    Stats,
    paths,
    urns,
)

from .discovery import Grouping, PartitionColumn
from .heads import run_time
from .reading import Reading
from .schema_union import Drift, join_fields
from .storage import Entry
from .stored import tally

if TYPE_CHECKING:
    from lumos_profile import Profile

ASPECTS = frozenset({"fields", "layout", "properties"})
"""What the crawler itself says of every dataset."""
_MAX_DRIFT = 20


ROOT = "."
"""Name of the dataset that the root of a lake with a `base` may be."""


class Names(Struct, frozen=True):
    """How things of one source are named.

    Attributes:
        platform, env, instance: Of the URNs.
        base: What stands before every name, as a bucket does; without it names start at the root of the lake.
    """

    platform: str
    env: str
    instance: str
    base: str = ""

    def dataset(self, name: str) -> str:
        """Return the URN of a dataset."""
        return urns.dataset(self.platform, self.full(name), self.env, instance=self.instance)

    def container(self, name: str) -> str:
        """Return the URN of a folder."""
        return urns.container(self.platform, self.full(name), self.env, instance=self.instance)

    def holder(self, folder: str) -> str | None:
        """Return the URN of the container that holds what lies in a folder; None at a root that is none itself."""
        return self.container(folder) if folder or self.base else None

    def full(self, name: str) -> str:
        """Return a name below the root with the base before it."""
        if not self.base:
            return name
        return self.base if name in ("", ROOT) else f"{self.base}/{name}"

    def prefix(self, name: str) -> str:
        """Return what the names of everything below a folder begin with."""
        head = f"{urns.encode(self.instance)}:" if self.instance else ""
        full = self.full(name)
        return head + (urns.encode(full) + "/" if full else "")

    def path_of(self, prefix: str) -> str | None:
        """Return the beginning of paths that the beginning of names stands for; None when it is not below the root."""
        head = self.prefix("")
        return urns.decode(prefix[len(head) :]) if prefix.startswith(head) else None


def text(name: str) -> str:
    """Return a path as Unicode: bytes that are none are percent-encoded."""
    raw = name.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(f"%{ord(char) - 0xDC00:02X}" if "\udc80" <= char <= "\udcff" else char for char in name)


def dataset(
    grouping: Grouping, reading: Reading, names: Names, title: str, *, location: str, parent: bool, textual: bool
) -> tuple[AnyRecord, list[Drift]]:
    """Make the record of a dataset; also return where its files differ.

    Args:
        grouping: Which files it is.
        reading: What they say.
        names: How things are named.
        title: Its short name.
        location: Where it is.
        parent: Record the folder that holds it.
        textual: The format stores nothing but text.
    """
    united = join_fields([schema.fields for schema in reading.schemas], textual=textual)
    newest = reading.schemas[-1] if reading.schemas else Dataset()
    fields = with_partitions(united.fields, grouping.partitions)
    captured = set(ASPECTS)
    if reading.schemas:
        captured |= set(newest.captured).intersection(*(schema.captured for schema in reading.schemas))
    else:
        # Files or a log that say nothing must not take away what they said before: options of the layout neither.
        captured.clear()
    properties = dict(newest.properties)
    properties["lake.confidence"] = f"{grouping.confidence:.2f}"
    properties["lake.evidence"] = "; ".join(text(reason) for reason in grouping.evidence)
    if grouping.also:
        properties["lake.also"] = ", ".join(grouping.also)
    if united.drift:
        properties["lake.drift"] = "; ".join(drift.detail for drift in united.drift[:_MAX_DRIFT])
        if len(united.drift) > _MAX_DRIFT:
            properties["lake.drift"] += f"; and {len(united.drift) - _MAX_DRIFT} more"
    layout = newest.layout or Layout()
    folder = grouping.name.rpartition("/")[0]
    value = msgspec.structs.replace(
        newest,
        name=text(title),
        subtype=newest.subtype or _subtype(grouping),
        parent=names.holder(folder) if parent else None,
        captured=sorted(captured),
        fields=fields if reading.schemas else [],
        layout=msgspec.structs.replace(
            layout,
            format=layout.format or grouping.format,
            location=location,
            partition_by=layout.partition_by
            or [PartitionField(path=paths.quote(column.name)) for column in grouping.partitions],
        ),
        properties=sorted(properties.items()),
    )
    return Record(names.dataset(grouping.name), value), united.drift


def _subtype(grouping: Grouping) -> str:
    if grouping.marked:
        return "table"
    return "file" if len(grouping.files) == 1 and grouping.files[0].path == grouping.root else "file set"


def with_partitions(fields: Sequence[Field], columns: Iterable[PartitionColumn]) -> list[Field]:
    """Append the partition columns that are not in the files themselves; names differ in case only once."""
    present = {field.path.casefold() for field in fields}
    return [
        *fields,
        *(
            Field(path=paths.quote(text(column.name)), type=column.type, nullable=column.nullable)
            for column in columns
            if paths.quote(text(column.name)).casefold() not in present
        ),
    ]


def stats(grouping: Grouping, urn: str, rows: int | None, profile: Profile | None = None) -> AnyRecord | None:
    """Make the statistics of a dataset; their time is that of its newest file, so that nothing changes by itself.

    None for a table with a marker: what its log says is a record already, and which files are its own stands there.

    Args:
        grouping: Which files it is.
        urn: Of the dataset.
        rows: How many rows it has, where known.
        profile: Of its values, where one was asked for.
    """
    if not grouping.files or grouping.marked:
        return None
    at = _time(max(entry.mtime_ns for entry in grouping.files))
    value = Stats(row_count=rows)
    value.size_bytes, value.file_count = grouping.bytes, len(grouping.files)
    value.metrics = classes(grouping.files)
    if profile is not None:
        profile.onto(value)
    return Record(f"{urn}#profile@{at}", value)


def _time(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds // 1_000_000_000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def with_stored(stats: Sequence[AnyRecord], grouping: Grouping, urn: str) -> Iterator[AnyRecord]:
    """Yield the statistics that the log of a table gave, and with the profile of it what lies in storage.

    `storage.bytes` and `storage.files` are of everything below its root: also of files that the log does not name any
    more, and of the log. What the table says of its own size and files stays as it is.

    Args:
        stats: What the log gave; the last profile of the table itself is the newest.
        grouping: The table.
        urn: Of the table.
    """
    if not grouping.stored:
        yield from stats
        return
    total = [
        ("storage.bytes", sum(size for _, size, _, _ in grouping.stored)),
        ("storage.files", sum(count for _, _, count, _ in grouping.stored)),
    ]
    held: list[tuple[str, int | str]] = [*total, *_classes(grouping.stored)]
    profiles = [place for place, record in enumerate(stats) if record.urn.startswith(f"{urn}#profile@")]
    if not profiles:
        yield from stats
        newest = max(newest for _, _, _, newest in grouping.stored)
        yield Record(f"{urn}#profile@{_time(newest)}", Stats(metrics=sorted(held)))
        return
    last = max(profiles, key=lambda place: stats[place].urn)
    for place, record in enumerate(stats):
        if place == last:
            value = msgspec.structs.replace(record.value, metrics=sorted([*record.value.metrics, *held]))
            yield Record(record.urn, value)
        else:
            yield record


def spent(urn: str, counts: Mapping[str, int], ctx: Context) -> AnyRecord:
    """Make the record of what listing or reading took in this run: requests and bytes, by kind."""
    return Record(f"{urn}#audit@{run_time(ctx)}", Stats(metrics=sorted(counts.items())))


def classes(files: Iterable[Entry]) -> list[tuple[str, int | str]]:
    """Return bytes and files by storage class (`storage.bytes.GLACIER`); empty where all are of the usual one."""
    return _classes(tally(files))


def _classes(stored: Sequence[tuple[str, int, int, int]]) -> list[tuple[str, int | str]]:
    if {name for name, *_ in stored} <= {""}:
        return []
    return sorted(pair for name, size, count, _ in stored for pair in _of_class(name or "STANDARD", size, count))


def _of_class(name: str, size: int, count: int) -> tuple[tuple[str, int | str], tuple[str, int | str]]:
    return (f"storage.bytes.{name}", size), (f"storage.files.{name}", count)


def folders(names: Iterable[str]) -> list[str]:
    """Return the folders that hold datasets of these names, parents first."""
    found: set[str] = set()
    for name in names:
        folder = name.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(found)


def container(folder: str, names: Names) -> AnyRecord:
    """Make the record of a folder."""
    above, _, name = folder.rpartition("/")
    return Record(
        names.container(folder),
        Container(name=text(name), subtype="folder", parent=names.holder(above)),
    )
