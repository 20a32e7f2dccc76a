"""Looking into files and folders for discovery: schemas, first bytes, and what to suggest for a lake."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import partial
from itertools import islice
from typing import Any

from lumos_core.plugin_api import (
    AnyRecord,
    ComponentSpec,
    Context,
    Covered,
    Format,
    Graph,
    LumosError,
    Scope,
    read_yaml,
)

from .config import DEFAULT_FORMATS
from .discovery import Layout, Overrides, Signature, layout
from .discovery.names import vague_suffix
from .discovery.noise import never_listed
from .discovery.overrides import Filter
from .discovery.spelling import Spelled, spell
from .reading import peek
from .review import text_of
from .schema_union import family
from .sniffing import HEAD, format_of
from .storage import Entry, LocalStorage, Storage

SUGGEST_LIMIT = 1_000_000
"""Files that a suggestion looks at."""
OVERRIDES = "discovery.yaml"


class Looking:
    """A context for looking at a lake outside of a run: nothing is remembered or declared."""

    def __init__(self) -> None:
        self.memo: MutableMapping[bytes, bytes] = {}
        self.graph = Graph()
        self.cancelled: Callable[[], bool] = lambda: False
        self.full = self.once = False
        self.run_id = "look"
        self.room: Scope | None = None

    def covered(self, covered: Covered) -> None:
        """Declare nothing."""

    def progress(self, done: int, total: int | None = None) -> None:
        """Show nothing."""

    def warn(self, code: str, message: str, where: str = "") -> None:
        """Say nothing: what matters is in the answer."""

    def get(self, urn: str) -> AnyRecord | None:
        """Know nothing from before."""
        return None

    def records(self, kind: str) -> Iterator[AnyRecord]:
        """Know nothing from before."""
        return iter(())

    def component(self, spec: ComponentSpec) -> Any:
        """Build a component."""
        return spec.build()


def extensions(formats: Mapping[str, Format[Any]]) -> dict[str, str]:
    """Return extension -> name of its format."""
    return {extension: name for name, format in formats.items() for extension in format.extensions}


def signature(
    formats: Mapping[str, Format[Any]], storage: Storage, ctx: Context, peeked: set[str], name: str, entry: Entry
) -> Signature | None:
    """Return the schema of one file as discovery compares it, and note its path in `peeked`; None when unreadable."""
    value = peek(entry, formats[name], storage, ctx)
    if value is None:
        return None
    peeked.add(entry.path)
    return frozenset((field.path.casefold(), family(field.type)) for field in value.fields)


def sniff(formats: Mapping[str, Format[Any]], storage: Storage, entry: Entry) -> str:
    """Return the format that a file without an extension begins like; empty for none.

    Text is only looked at where the name is that of one of many, or says that it is text or packed: a number, `.gz`.

    Raises:
        OSError: When it cannot be read.
        LumosError: When the storage says so.
    """
    with storage.file(entry, "").open() as file:
        head = file.read(HEAD)
    magics = [(magic, name) for name, format in formats.items() for magic in format.magic]
    name = entry.path.rpartition("/")[2]
    suffix = vague_suffix(name)
    texts = ("json",) if suffix == ".log" else ("json", "csv") if suffix or any(map(str.isdigit, name)) else ()
    return format_of(head, magics, texts)


def _guess(formats: Mapping[str, Format[Any]], storage: Storage, entry: Entry) -> str | None:
    """Do what `sniff` does; of a file that cannot be read nothing is known, since the run itself names it."""
    try:
        return sniff(formats, storage, entry)
    except OSError:
        return None


def examine(
    storage: Storage, *, limit: int = SUGGEST_LIMIT, overrides: Overrides | None = None, root_name: str = "root"
) -> tuple[Layout, dict[str, Format[Any]], list[str]]:
    """Look at a lake that no configuration describes, as a run with the suggested one would.

    Args:
        storage: Where it lies.
        limit: Files that are looked at.
        overrides: What people know better.
        root_name: Name of the dataset that the root itself may be.

    Returns:
        How its files are grouped, the formats that are in it and can be read, and those that are not installed.
    """
    wanted = Filter(list(overrides.include), list(overrides.exclude)) if overrides is not None else None
    listing = islice((one for one in storage.list() if wanted is None or wanted(one.path)), limit)
    first = layout(listing, overrides=overrides, sniff=partial(_guess, {}, storage), root_name=root_name)
    found = sorted({format for one in first.groupings for format in (one.format, *one.also)})
    names = [name for name in found if _installed(name)] or [name for name in DEFAULT_FORMATS if _installed(name)]
    formats: dict[str, Format[Any]] = {name: ComponentSpec("format", name).build() for name in names}
    ctx = Looking()
    second = layout(
        first.listing,
        extensions=extensions(formats),
        markers={name: format.markers for name, format in formats.items() if format.markers},
        overrides=overrides,
        peek=partial(signature, formats, storage, ctx, set()),
        sniff=partial(_guess, formats, storage),
        root_name=root_name,
    )
    return second, formats, [name for name in found if name not in formats]


def reviewed(found: Layout, formats: Mapping[str, Format[Any]]) -> str:
    """Return the text of a `discovery.yaml` that spells out what was found."""
    spelled: list[Spelled] = spell(found, extensions(formats))
    return text_of(spelled, found.seen)


def suggest(path: str) -> list[dict[str, Any]]:
    """Suggest a `files` source for a folder, and its `discovery.yaml`; nothing when it holds no data.

    Table formats are found by their markers. Only formats that are installed are named: a pipeline that names what is
    not installed would not even start, and the run itself names what it does not read.
    """
    if not os.path.isdir(path):  # noqa: PTH112
        return []
    own = os.path.join(path, OVERRIDES)  # noqa: PTH118
    has_own = os.path.isfile(own)  # noqa: PTH113
    overrides = read_yaml(own, Overrides) if has_own else None
    name = os.path.basename(os.path.abspath(path)) or "root"  # noqa: PTH100, PTH119
    found, formats, missing = examine(LocalStorage(path, prune=never_listed), overrides=overrides, root_name=name)
    if not found.groupings or not formats:
        return []
    entry: dict[str, Any] = {"type": "files", "path": ".", "formats": list(formats)}
    if missing:
        entry["#"] = f"Not installed: {', '.join(missing)}."
    if not has_own:
        entry |= {"overrides": OVERRIDES, "#files": {OVERRIDES: reviewed(found, formats)}}
    return [entry]


def to_read(format: str) -> str:
    """Return what to do so that files of a format are read."""
    try:
        ComponentSpec("format", format).validated()
    except LumosError as error:
        return f"it is not installed: {error.fix}, then add `{format}` to `formats`"
    return f"add `{format}` to `formats`"


def _installed(format: str) -> bool:
    return to_read(format).startswith("add")
