"""The folders of a listing as a tree; the order in which the listing comes does not matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..storage import Entry


class Node:
    """One folder.

    Attributes:
        name: Its own name; empty for the root.
        parent: The folder that holds it.
        dirs: Folders in it, by name.
        files: Files in it.
    """

    __slots__ = ("dirs", "files", "name", "parent")

    def __init__(self, name: str = "", parent: Node | None = None) -> None:
        self.name = name
        self.parent = parent
        self.dirs: dict[str, Node] = {}
        self.files: list[Entry] = []

    @property
    def path(self) -> str:
        """Path below the root, without a final `/`."""
        return "/".join(self.segments)

    @property
    def segments(self) -> tuple[str, ...]:
        """The names from the root down to this folder."""
        names: list[str] = []
        node: Node = self
        while node.parent is not None:
            names.append(node.name)
            node = node.parent
        return tuple(reversed(names))

    def walk(self) -> Iterator[Node]:
        """Yield this folder and all below, parents first."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(node.dirs.values())

    def entries(self) -> list[Entry]:
        """Return every file in this folder and below."""
        return [entry for node in self.walk() for entry in node.files]


def build(listing: Iterable[Entry]) -> Node:
    """Make the tree of a listing, every level sorted by name."""
    root = Node()
    folders: dict[str, Node] = {"": root}
    last, node = "", root
    for entry in listing:
        folder = entry.path.rpartition("/")[0]
        if folder != last:
            last = folder
            known = folders.get(folder)
            node = known if known is not None else _add(folders, folder)
        node.files.append(entry)
    for node in folders.values():
        node.files.sort()
        node.dirs = dict(sorted(node.dirs.items()))
    return root


def _add(folders: dict[str, Node], path: str) -> Node:
    missing = []
    while path not in folders:
        path, _, name = path.rpartition("/")
        missing.append(name)
    node = folders[path]
    for name in reversed(missing):
        child = Node(name, node)
        node.dirs[name] = child
        path = f"{path}/{name}" if path else name
        folders[path] = node = child
    return node
