"""Pass 2: folders that a table format has marked. The innermost marker owns its subtree, the outer one the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from .tree import Node

KNOWN_MARKERS: dict[str, tuple[str, ...]] = {
    "delta": ("_delta_log/",),
    "iceberg": ("metadata/*.metadata.json", "metadata/*.metadata.json.gz", "metadata/version-hint.text"),
    "hudi": (".hoodie/",),
    "paimon": ("schema/schema-0",),
    "lance": ("_versions/*.manifest",),
}
"""What marks a folder as one table, whether or not its format is installed.

`name/` is a folder, `name/glob` a file in a folder, `glob` a file beside the data.
"""


def heads(markers: Mapping[str, Sequence[str]]) -> frozenset[str] | None:
    """Return the folder names that a marker can begin with; None when a marker is a file beside the data."""
    patterns = [pattern for several in markers.values() for pattern in several]
    return frozenset(p.partition("/")[0] for p in patterns) if all("/" in p for p in patterns) else None


def find(node: Node, markers: Mapping[str, Sequence[str]], begins: frozenset[str] | None = None) -> dict[str, Node]:
    """Return the formats that claim a folder, each with the folder that holds its marker.

    Args:
        node: The folder.
        markers: Format -> what marks its tables.
        begins: What `heads` returned, to pass over most folders at once.
    """
    found: dict[str, Node] = {}
    if begins is not None and begins.isdisjoint(node.dirs):
        return found
    for format, patterns in markers.items():
        for pattern in patterns:
            holder = _holder(node, pattern)
            if holder is not None:
                found.setdefault(format, holder)
    return found


def _holder(node: Node, pattern: str) -> Node | None:
    folder, slash, glob = pattern.partition("/")
    if not slash:
        return node if any(fnmatchcase(entry.path.rpartition("/")[2], folder) for entry in node.files) else None
    inner = node.dirs.get(folder)
    if inner is None or not glob:
        return inner
    return inner if any(fnmatchcase(entry.path.rpartition("/")[2], glob) for entry in inner.files) else None
