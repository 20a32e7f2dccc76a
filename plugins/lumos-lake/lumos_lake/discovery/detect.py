"""Passes 3 to 6: from the leaf folders upwards, which files belong together.

Every folder hands a list of clusters to the folder above. Partition-like folders (`key=value`, dates, identifiers,
numbers) are laid over each other; named folders keep what is in them apart. When in doubt, named things stay apart
and nameless things are joined, and what the names leave open is decided by the schemas of a few files.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence

from .apart import by_value, chapters, held_below
from .cluster import Cluster, Trait, unite
from .codes import are_drawn, is_capital, is_numbered, is_quantity, of_one_alphabet, of_one_domain
from .files import SAMPLE, join_files, of_one_name, table_of
from .frame import Frame, Pile
from .grouping import Known
from .kids import Kids
from .many import join_folders
from .names import NEWEST, dated, folder_name, holds_identifier, is_piece, template
from .similarity import Comparer, spread
from .spelt import fold_steps
from .spool import Spool

RECURRING = 0.5
"""A file name that recurs in this share of sibling partitions names a table, not a shard."""
MANY_IDS = 10
"""From so many sibling folders with identifiers for names on, others that look like theirs are identifiers too."""
_HEX = re.compile("[0-9a-fA-F]+")
MANY_PREFIXES = 8
"""So many folders of a few hexadecimal digits spread files by their hash; fewer may be called `a1` and `12`."""
MANY_DRAWN = 3
"""So many folders are values where their names were drawn, and what is in them has one schema."""
MANY_SPELLED = 5
"""So many folders of a date are values where their files spell out the folder and the date, and have one schema."""
CODE_SHARE = 0.8
"""Sibling folders that are codes of one domain must be this share of all siblings to be read as partitions."""


class Detector:
    """Groups the files of a folder when it is closed.

    Args:
        spool: The files.
        comparer: Compares schemas of files.
        known: What the last run knew.
    """

    def __init__(self, spool: Spool, comparer: Comparer, known: Known = lambda name: None) -> None:
        self._spool = spool
        self._comparer = comparer
        self._known = known
        self._traits: dict[Trait, Trait] = {}

    def close(self, frame: Frame) -> list[Cluster]:
        """Return the clusters of a folder, with `rel` counted from it."""
        own = join_files(frame, of_one_name(frame.own, self._spool), self._spool, self._comparer, self._known)
        if frame.simple:
            return own
        depth = frame.depth
        merged: list[Cluster] = []
        self._hash_prefixes(frame)
        if frame.runs is not None and len(frame.runs) >= MANY_IDS:
            self._like_ids(frame, frame.runs)
        if (numbers := frame.numbers) is not None:
            if frame.part:
                pile = Pile()
                for _, found in numbers:
                    pile.add(found, frame.part)
                merged += self._lay(pile, depth, "date", frame.part)
            else:
                merged += self._nameless(frame, "number", numbers)
        for (kind, grain), pile in (frame.piles or {}).items():
            merged += self._lay(pile, depth, kind, grain or pile.grain)
        if frame.runs is not None:
            merged += self._nameless(frame, "run", frame.runs)
        if frame.named is not None and frame.grain:
            merged += self._items(frame, frame.named)
        if frame.named is not None and merged:
            self._newest(frame, frame.named, merged)
        if frame.named is None:
            return self._absorb(own, merged) if merged else own
        codes, taken = self._codes(frame, frame.named)
        if not codes:
            codes, taken = self._many(frame, frame.named)
        clusters = self._absorb(own, merged + codes)
        for index, name in enumerate(frame.named.names):
            if index not in taken:
                for cluster in frame.named.clusters(index):
                    cluster.rel = (name, *cluster.rel)
                    clusters.append(cluster)
        return clusters

    def _hash_prefixes(self, frame: Frame) -> None:
        """Count folders of one to three hexadecimal digits among identifiers: `00`, `3e`, `ff`."""
        kinds = [kids for kids in (frame.numbers, frame.named) if kids is not None]
        if len(kinds) < 2 or frame.runs is not None or frame.grain or sum(map(len, kinds)) < MANY_PREFIXES:
            return
        length = len(kinds[0].names[0])
        if length > 3 or any(len(name) != length or not _HEX.fullmatch(name) for kids in kinds for name in kids.names):
            return
        frame.runs = Kids()
        for kids in kinds:
            for name, found in kids:
                frame.runs.add(name, found, self._traits)
        frame.numbers = frame.named = None

    def _like_ids(self, frame: Frame, runs: Kids) -> None:
        """Count siblings among identifiers that are as long and look alike: some hashes have no digit or no letter."""
        length = len(runs.names[0])
        if frame.part or any(len(name) != length for name in runs.names):
            return
        for kids in (frame.numbers, frame.named):
            if kids is None or not any(len(name) == length and _HEX.fullmatch(name) for name in kids.names):
                continue
            rest = Kids()
            for name, found in kids:
                hexadecimal = len(name) == length and _HEX.fullmatch(name)
                (runs if hexadecimal else rest).add(name, found, self._traits)
            if kids is frame.numbers:
                frame.numbers = rest if len(rest) else None
            else:
                frame.named = rest if len(rest) else None

    def hand_up(self, child: Frame, found: list[Cluster]) -> None:
        """Hand the clusters of a folder that was closed to the folder above."""
        if child.parent is not None and found:
            child.parent.take(child, found, self._traits)

    # Passes 3 and 4: partition-like folders

    def _nameless(self, frame: Frame, kind: str, kids: Kids) -> list[Cluster]:
        """Lay numbered or identified folders over each other, if they hold parts of one thing; else they are named."""
        if not self._are_parts(frame, kind, kids):
            for child in kids:
                frame.name_apart(child, self._traits)
            return []
        pile = Pile()
        for _, found in kids:
            pile.add(found, "")
        pieces = is_piece(kids.names[0]) and is_piece(kids.names[-1])
        return self._lay(pile, frame.depth, "number" if pieces else kind, "")

    def _are_parts(self, frame: Frame, kind: str, kids: Kids) -> bool:
        if kids.deep:
            return False
        if kind == "number" and (frame.parent is None or kids.several or len(kids.firsts) > 1):
            return False
        if kind == "number" and len(kids) == 1:  # the only batch of shards
            return kids.firsts == {(min(kids.formats), "")} and table_of(frame)[0] is frame
        if len(kids.formats) > 1 or len(kids) == 1:
            name = kids.names[0]
            return len(kids) > 1 or folder_name(name).key == "id" or (is_piece(name) and not kids.several)
        format = next(iter(kids.formats))
        if kind == "run" and kids.alike:
            return kids.several or self._alike(format, kids.last)
        return self._alike(format, kids.last)

    def _alike(self, format: str, rows: Sequence[int], *, unknown: bool = True) -> bool:
        if self._comparer.blind:
            return unknown
        return self._comparer.alike(format, [self._spool[row] for row in spread(rows, 5)], unknown=unknown)

    def _alike_all(self, clusters: Sequence[Cluster], *, unknown: bool = True) -> bool:
        return self._alike(clusters[0].format, [cluster.rows[-1] for cluster in clusters], unknown=unknown)

    def _lay(self, pile: Pile, depth: int, kind: str, grain: str) -> list[Cluster]:
        """Make the clusters of folders that were laid over each other."""
        made = list(held_below(pile, depth, self._spool))
        if kind == "date":
            made += chapters(pile, depth, self._spool, self._comparer)
        elif kind == "hive":
            made += by_value(pile, depth, self._spool, self._comparer)
        for key, stems in pile.groups.items():
            counts = {stem: seen[0] for stem, (seen, _) in stems.items()}
            united = {stem: cluster for stem, (_, cluster) in stems.items()}
            for cluster in self._fold(key[1], counts, united, pile.siblings[key][0]):
                _level(cluster, depth, kind, grain)
                made.append(cluster)
        return made

    def _fold(self, format: str, counts: dict[str, int], united: dict[str, Cluster], siblings: int) -> list[Cluster]:
        """Decide which file names inside sibling partitions name tables and which are shards of one."""
        if len(united) == 1:
            return list(united.values())
        united = dict(sorted(united.items()))
        base = max(united.values(), key=lambda cluster: (len(cluster.rows), cluster.stem))
        if siblings == 1:
            recurring = [] if self._alike_all(list(united.values()), unknown=False) else list(united)
        else:
            recurring = [stem for stem, count in counts.items() if stem and count >= max(2, RECURRING * siblings)]
        labels = all(len(stem) <= 2 for stem in recurring)
        if len(recurring) > 1 and not (labels and self._alike_all([united[stem] for stem in recurring])):
            for cluster in united.values():
                cluster.because("the same file name recurs in every partition beside other names", 0.9)
            return list(united.values())
        apart = []
        for cluster in united.values():
            if cluster is base:
                continue
            if self._alike(format, [base.rows[-1], cluster.rows[-1]]):
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
                and self._alike(cluster.format, [cluster.rows[-1], other.rows[-1]])
            ]
            if len(fits) == 1:
                fits[0].add(cluster)
                fits[0].because("files stand above the partition folders", 0.9)
            else:
                above.append(cluster)
        return above

    # Pass 6: named siblings

    def _items(self, frame: Frame, named: Kids) -> list[Cluster]:
        """Join folders inside date partitions that hold nothing but one file with the name of the folder."""
        items: list[Cluster] = []
        rest = Kids()
        for name, found in named:
            (cluster, *more) = found
            alone = not more and not cluster.rel and len(cluster.rows) == 1 and folder_name(name).stem
            if alone and self._spool.path(cluster.rows[0]).rpartition("/")[2].startswith(f"{name}."):
                items.append(cluster)
            else:
                rest.add(name, found, self._traits)
        if not items or len({cluster.format for cluster in items}) > 1 or not self._alike_all(items):
            return []
        frame.named = rest if len(rest) else None
        joined = unite(items)
        _level(joined, frame.depth, "item", "")
        return [joined]

    def _codes(self, frame: Frame, named: Kids) -> tuple[list[Cluster], set[int]]:
        """Join three or more sibling folders whose names are codes of one domain, below a folder that names a table.

        Returns:
            The joined cluster, if any, and the places of the folders that are in it.
        """
        table, above = table_of(frame)
        least = 2 if above or all(map(is_quantity, named.names)) else 3
        if len(named) < least or table is None:
            return [], set()
        known = self._known(table.path) is not None
        drawn = len(named) >= MANY_DRAWN and (are_drawn(named.names) or all(map(holds_identifier, named.names)))
        groups: dict[tuple[str, str], array[int]] = {}
        for index, name in enumerate(named.names):
            kind = named.kind(index)
            if kind is None and known:  # an odd file in a folder of a table that is known
                kind = named.main(index)
            if kind is not None:
                key = (kind[0], "" if drawn or is_numbered(name) else folder_name(name).stem)
                group = groups.get(key)
                if group is None:
                    groups[key] = group = array("Q")
                group.append(index)
        for (format, stem), group in sorted(groups.items(), key=lambda item: item[0]):
            strict = False
            if not stem:
                names = [named.names[index] for index in group]
                codes = of_one_domain(names)
                if (
                    not codes
                    and frame.grain
                    and len(names) >= MANY_SPELLED
                    and all(self._spells(named.names[index], frame.name, named.last[index]) for index in group)
                ) or drawn:
                    codes, strict = set(names), True
                elif len(codes) < max(least, CODE_SHARE * len(names)) and not is_capital(table.name):
                    long = all(self._repeats(named.names[index], named.last[index]) for index in group)
                    strict = len(written := of_one_alphabet(names, long=long)) > len(codes)
                    codes = written if strict else codes
                strict |= len(codes) == 2
                group = array("Q", (index for index in group if named.names[index] in codes))
            elif not set(stem.split("-")) <= set(_words(table.name)) and all(
                dated(named.names[index]) for index in group
            ):
                continue  # `orders_2023`, `orders_2024`: editions of a table that has a name of its own
            if len(group) < least or len(group) < (0.5 if known else CODE_SHARE) * len(named):
                continue
            if strict:
                rows = spread([named.last[index] for index in group], SAMPLE)
                if len(self._comparer.same(format, [self._spool[row] for row in rows], 1.0)) < least:
                    continue
            elif not self._alike(format, [named.last[index] for index in group], unknown=known):
                continue
            whole = {index for index in group if named.kind(index) is not None}  # the others hold more than that
            joined = unite(named.take_main(index) for index in group)
            joined.partitioned = True
            joined.positional = {**joined.positional, frame.depth: "partition"}
            joined.because("sibling folders are codes of one domain and hold the same schema", 0.7)
            return [joined], whole
        return [], set()

    def _spells(self, folder: str, above: str, row: int) -> bool:
        """Tell whether a file spells out the two folders that it is in: `2023-05/dewiki/2023-05.dewiki.2001.csv`."""
        name = self._spool.path(row).rpartition("/")[2]
        return folder.isalnum() and above in name and folder in re.split("[-_. ]", name.replace(above, ""))

    def _repeats(self, folder: str, row: int) -> bool:
        """Tell whether a file begins with the name of its folder and goes on with what it is: `BTCUSDT-trades-...`."""
        name = self._spool.path(row).rpartition("/")[2]
        if not name.startswith(folder):
            return False
        rest = name.removeprefix(folder).partition(".")[0]
        return template(rest)[0] != "" or any(map(is_quantity, re.split("[-_]", rest)))

    def _newest(self, frame: Frame, named: Kids, merged: list[Cluster]) -> None:
        """Count `latest/` beside dates, runs or numbers among them: it holds the newest once more."""
        rest = Kids()
        for name, found in named:
            fits = []
            if name.casefold() in NEWEST:
                for cluster in found:
                    fits += [
                        (cluster, other)
                        for other in merged
                        if (other.rel, other.format) == (cluster.rel, cluster.format)
                        and frame.depth in other.positional
                        and self._alike_all([cluster, other])
                    ]
            if len(fits) != len(found):
                rest.add(name, found, self._traits)
                continue
            for cluster, other in fits:
                stem = other.stem
                other.add(cluster)
                other.stem = stem
                other.because("a folder beside the others holds the newest", 0.75)
        frame.named = rest if len(rest) else None

    def _many(self, frame: Frame, named: Kids) -> tuple[list[Cluster], set[int]]:
        """Join sibling folders that are values: numbered ones, and very many that are alike inside.

        Returns:
            The joined clusters, if any, and the places of the folders that are in them.
        """
        made: list[Cluster] = []
        taken: set[int] = set()
        for joined in join_folders(frame, named, self._spool, self._comparer, self._known):
            clusters = self._lay(joined.pile, frame.depth, joined.kind, "")
            for cluster in clusters:
                if joined.kind == "spelled":
                    fold_steps(cluster, frame.depth)
                if joined.name:
                    cluster.rel = (joined.name, *cluster.rel)
            made += clusters
            taken |= joined.places
        return made, taken


def _level(cluster: Cluster, depth: int, kind: str, grain: str) -> None:
    cluster.partitioned = True
    if kind == "hive":
        cluster.because("folders are named key=value", 0.98)
        return
    label = {"date": grain, "run": "run"}.get(kind, "partition")
    cluster.positional = {**cluster.positional, depth: label}
    if kind == "date":
        cluster.because(f"folders are named by date ({grain})", 0.95)
    elif kind == "item":
        cluster.because("folders inside the dates hold a file each that is named like the folder", 0.8)
    elif kind == "spelled":
        cluster.because("files spell out the folders that they are in and hold the same schemas", 0.75)
    elif kind == "many":
        cluster.because("very many sibling folders hold the same schema in the same layout", 0.6)
    elif kind == "numbered":
        cluster.because("folders differ in a number and hold the same schemas in the same layout", 0.7)
    elif kind == "run":
        cluster.because("folders are named by run or identifier and hold the same schema", 0.85)
    else:
        cluster.because("folders are numbered and hold the same schema", 0.75)


def _words(name: str) -> list[str]:
    return template(name)[0].split("-")
