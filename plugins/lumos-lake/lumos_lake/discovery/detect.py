"""Passes 3 to 6: from the leaf folders upwards, which files belong together.

Every folder hands a list of clusters to the folder above. Partition-like folders (`key=value`, dates, identifiers,
numbers) are laid over each other; named folders keep what is in them apart. When in doubt, named things stay apart
and nameless things are joined, and what the names leave open is decided by the schemas of a few files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from ..storage import Entry
from . import noise
from .cluster import GENERIC_FOLDERS, Cluster, unite
from .codes import of_one_domain
from .grouping import Known
from .names import KNOWN_EXTENSIONS, calendar_names, calendar_part, dated, file_name, folder_name, template
from .similarity import Comparer, spread
from .tree import Node

Child = tuple[str, list[Cluster]]
RECURRING = 0.5
"""A file name that recurs in this share of sibling partitions names a table, not a shard."""
CODE_SHARE = 0.8
"""Sibling folders that are codes of one domain must be this share of all siblings to be read as partitions."""


class Detector:
    """Groups the files of one tree.

    Args:
        extensions: Extension (lower case, with dot) -> format, of the formats that are read.
        comparer: Compares schemas of files.
        known: What the last run knew.
        hidden: Take names with a leading `.` or `_` for data too.
        sniff: Names the format of a file without extension from its first bytes.
    """

    def __init__(
        self,
        extensions: Mapping[str, str],
        comparer: Comparer,
        known: Known = lambda name: None,
        *,
        hidden: bool = False,
        sniff: Callable[[Entry], str] | None = None,
    ) -> None:
        self._extensions = extensions
        self._formats = frozenset(extensions.values())
        self._comparer = comparer
        self._known = known
        self._hidden = hidden
        self._sniff = sniff
        self.unread: Counter[str] = Counter()
        self.unknown = 0
        self.noise = 0

    def clusters(self, root: Node, claimed: frozenset[Node]) -> list[Cluster]:
        """Return the clusters of a tree, with `rel` counted from its root; claimed folders are left out."""
        order: list[Node] = []
        pending = [root]
        while pending:
            node = pending.pop()
            order.append(node)
            for name, child in node.dirs.items():
                if child in claimed:
                    continue
                if noise.noise_folder(name, self._hidden):
                    self.noise += sum(len(inner.files) for inner in child.walk())
                    continue
                pending.append(child)
        results: dict[Node, list[Cluster]] = {}
        for node in reversed(order):
            if node not in claimed:
                results[node] = self._folder(node, results)
        return results.get(root, [])

    def _folder(self, node: Node, results: dict[Node, list[Cluster]]) -> list[Cluster]:
        own = self._leaf(node)
        kinds: dict[str, list[Child]] = {"hive": [], "date": [], "number": [], "run": [], "named": []}
        for name, child in node.dirs.items():
            if found := results.pop(child, None):
                kinds[folder_name(name).kind].append((name, found))
        if not any(kinds.values()):
            return own
        depth = len(node.segments)
        merged: list[Cluster] = []
        if kinds["number"]:
            grain = calendar_part([name for name, _ in kinds["number"]], self._grain(node))
            merged += self._try(node, depth, "date" if grain else "number", grain, kinds["number"], kinds["named"])
        if kinds["named"] and (above := self._grain(node)):
            for grain, parts in calendar_names([name for name, _ in kinds["named"]], above).items():
                chosen = [child for child in kinds["named"] if child[0] in parts]
                kinds["named"] = [child for child in kinds["named"] if child[0] not in parts]
                merged += self._try(node, depth, "date", grain, chosen, kinds["named"])
        for kind in ("hive", "date", "run"):
            merged += self._try(node, depth, kind, "", kinds[kind], kinds["named"])
        codes, named = self._codes(node, depth, kinds["named"])
        clusters = self._absorb(own, merged + codes)
        for name, found in named:
            for cluster in found:
                cluster.rel = (name, *cluster.rel)
                clusters.append(cluster)
        return clusters

    def _grain(self, node: Node) -> str:
        """Return which part of a date a folder names; empty when it names none."""
        if node.parent is None:
            return ""
        found = folder_name(node.name)
        if found.kind == "date":
            return found.key
        if found.kind == "hive":
            value = folder_name(node.name.partition("=")[2])
            return value.key if value.kind == "date" and value.key != "year" else found.key.casefold()
        return calendar_part([node.name], self._grain(node.parent)) if found.kind == "number" else ""

    # Pass 5: one folder

    def _leaf(self, node: Node) -> list[Cluster]:
        clusters: dict[tuple[str, str], Cluster] = {}
        for entry in node.files:
            name = entry.path.rpartition("/")[2]
            found = file_name(name, self._extensions)
            format = found.format
            if noise.noise_file(name, self._hidden, format in self._formats):
                self.noise += 1
                continue
            if not format and entry.size and self._sniff is not None and _bare(name):
                format = self._sniff(entry)
            if format not in self._formats:
                if format:
                    self.unread[format] += 1
                else:
                    self.unknown += 1
                continue
            cluster = clusters.get((format, found.stem))
            if cluster is None:
                clusters[format, found.stem] = Cluster(found.stem, format, [entry], found.variable)
            else:
                cluster.files.append(entry)
                cluster.variable |= found.variable
        return list(clusters.values())

    # Passes 3 and 4: partition-like folders

    def _try(
        self, node: Node, depth: int, kind: str, grain: str, children: list[Child], named: list[Child]
    ) -> list[Cluster]:
        """Lay partition-like siblings over each other; those that are none are handed back among the named."""
        if not children:
            return []
        if kind in ("run", "number") and not self._nameless(node, kind, children):
            named.extend(children)
            return []
        merged = []
        groups: dict[tuple[tuple[str, ...], str], dict[str, list[tuple[str, Cluster]]]] = {}
        for name, found in children:
            for cluster in found:
                stems = groups.setdefault((cluster.rel, cluster.format), {})
                stems.setdefault(cluster.stem, []).append((name, cluster))
        for (_, format), stems in groups.items():
            for cluster in self._fold(format, stems):
                merged.append(self._level(cluster, depth, kind, grain or _grain_of(children)))
        return merged

    def _nameless(self, node: Node, kind: str, children: Sequence[Child]) -> bool:
        """Tell whether numbered or identified folders hold parts of one thing."""
        if any(cluster.rel for _, found in children for cluster in found):
            return False
        if kind == "number" and (len(children) < 2 or node.parent is None):
            return False
        first = [found[0] for _, found in children]
        if kind == "number" and (
            any(len(found) > 1 for _, found in children) or len({(c.format, c.stem) for c in first}) > 1
        ):
            return False
        if len({cluster.format for cluster in first}) > 1 or len(children) == 1:
            return len(children) > 1 or folder_name(children[0][0]).key == "id"
        recurring = {(c.format, c.stem) for c in children[0][1]}
        if kind == "run" and all({(c.format, c.stem) for c in found} == recurring for _, found in children):
            return len(recurring) > 1 or self._alike(first)
        return self._alike(first)

    def _alike(self, clusters: Sequence[Cluster], *, unknown: bool = True) -> bool:
        files = [cluster.files[-1] for cluster in clusters]
        return self._comparer.alike(clusters[0].format, spread(files, 5), unknown=unknown)

    def _level(self, cluster: Cluster, depth: int, kind: str, grain: str) -> Cluster:
        cluster.partitioned = True
        if kind == "hive":
            cluster.because("folders are named key=value", 0.98)
        elif kind == "date":
            cluster.positional[depth] = grain
            cluster.because(f"folders are named by date ({grain})", 0.95)
        elif kind == "run":
            cluster.positional[depth] = "run"
            cluster.because("folders are named by run or identifier and hold the same schema", 0.85)
        else:
            cluster.positional[depth] = "partition"
            cluster.because("folders are numbered and hold the same schema", 0.75)
        return cluster

    def _fold(self, format: str, stems: dict[str, list[tuple[str, Cluster]]]) -> list[Cluster]:
        """Decide which file names inside sibling partitions name tables and which are shards of one."""
        if len(stems) == 1:
            return [unite([cluster for _, cluster in next(iter(stems.values()))])]
        counts = {stem: len({name for name, _ in found}) for stem, found in stems.items()}
        siblings = len({name for found in stems.values() for name, _ in found})
        united = {stem: unite([cluster for _, cluster in found]) for stem, found in sorted(stems.items())}
        base = max(united.values(), key=lambda cluster: (len(cluster.files), cluster.stem))
        if siblings == 1:
            recurring = [] if self._alike(list(united.values()), unknown=False) else list(united)
        else:
            recurring = [stem for stem, count in counts.items() if stem and count >= max(2, RECURRING * siblings)]
        labels = all(len(stem) <= 2 for stem in recurring)
        if len(recurring) > 1 and not (labels and self._alike([united[stem] for stem in recurring])):
            for cluster in united.values():
                cluster.because("the same file name recurs in every partition beside other names", 0.9)
            return list(united.values())
        apart = []
        for cluster in united.values():
            if cluster is base:
                continue
            if self._comparer.alike(format, [base.files[-1], cluster.files[-1]]):
                base.add(cluster)
                base.because("differently named files in the partitions hold the same schema", 0.85)
            else:
                cluster.because("its schema differs from that of the other files in the partitions", 0.6)
                apart.append(cluster)
        return [base, *apart]

    def _absorb(self, own: list[Cluster], merged: list[Cluster]) -> list[Cluster]:
        """Let files that stand above the partition folders join them when they are of the same table."""
        above = list(merged)
        for cluster in own:
            fits = [
                other
                for other in merged
                if not other.rel
                and other.format == cluster.format
                and (cluster.stem == other.stem or not cluster.stem)
                and self._comparer.alike(cluster.format, [cluster.files[-1], other.files[-1]])
            ]
            if len(fits) == 1:
                fits[0].add(cluster)
                fits[0].because("files stand above the partition folders", 0.9)
            else:
                above.append(cluster)
        return above

    # Pass 6: named siblings

    def _codes(self, node: Node, depth: int, named: list[Child]) -> tuple[list[Cluster], list[Child]]:
        """Join three or more sibling folders whose names are codes of one domain, below a folder that names a table."""
        table: Node | None = node
        while table is not None and table.parent is not None and folder_name(table.name).kind in ("hive", "date"):
            table = table.parent  # the folder that names the table may stand above partitions
        if len(named) < 3 or table is None or table.parent is None or table.name.casefold() in GENERIC_FOLDERS:
            return [], named
        if folder_name(table.name).kind != "named":
            return [], named
        known = self._known(table.path) is not None
        groups: dict[tuple[str, str], list[Child]] = {}
        for name, found in named:
            if len(found) == 1 and not found[0].rel:
                groups.setdefault((found[0].format, folder_name(name).stem), []).append((name, found))
        for (_, stem), group in sorted(groups.items()):
            if not stem:
                codes = of_one_domain([name for name, _ in group])
                group = [child for child in group if child[0] in codes]
            elif not set(stem.split("-")) <= set(_words(table.name)) and all(dated(name) for name, _ in group):
                continue  # `orders_2023`, `orders_2024`: editions of a table that has a name of its own
            if len(group) < 3 or len(group) < (0.5 if known else CODE_SHARE) * len(named):
                continue
            clusters = [found[0] for _, found in group]
            if not self._alike(clusters, unknown=known):
                continue
            joined = unite(clusters)
            joined.partitioned = True
            joined.positional[depth] = "partition"
            joined.because("sibling folders are codes of one domain and hold the same schema", 0.7)
            taken = {name for name, _ in group}
            return [joined], [child for child in named if child[0] not in taken]
        return [], named


def _bare(name: str) -> bool:
    """Tell whether a name has nothing that looks like an extension."""
    stem, dot, ext = name.rpartition(".")
    return not dot or not stem or ext.isdigit() or (f".{ext.lower()}" not in KNOWN_EXTENSIONS and len(ext) > 8)


def _words(name: str) -> list[str]:
    return template(name)[0].split("-")


def _grain_of(children: Sequence[Child]) -> str:
    grains = Counter(folder_name(name).key for name, _ in children)
    return min(grains, key=lambda grain: (-grains[grain], grain))
