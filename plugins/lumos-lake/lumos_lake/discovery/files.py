"""Files of one folder that are one table although their names differ in more than a number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from .cluster import GENERIC_FOLDERS, Cluster, unite
from .codes import are_ids, is_capital, is_random, is_step, of_one_alphabet, of_one_domain
from .frame import Frame
from .grouping import Known
from .names import KNOWN_EXTENSIONS, NEWEST, dated, split_extension, template
from .similarity import TELLING, Comparer, spread
from .spool import Spool

MANY = 20
"""From so many siblings of one schema on, their names are values and no names of tables."""
SAMPLE = 8
"""How many of them are read to see whether they are alike at all."""
FRAMED = 8
"""So many are enough where their names have three words in common."""
_WORDS = 3
_FIELDS = 5
"""Lists of codes have fewer, and are often called alike: `ref_code_list_country`."""
ALL_READ = 200
"""Up to so many of them are read each, to leave out an odd one."""
_SHARE = 0.8
_FEW = 3
_PIECE = re.compile(r"(.+[-_.])([a-z]{1,2})")
_LONG = 10


def table_of(frame: Frame) -> tuple[Frame | None, bool]:
    """Return the folder that names the table which a folder is a part of, and whether that is not the folder itself.

    It stands above partitions, numbers, and steps of a grid.
    """
    table, above = frame, False
    while table.parent is not None and (table.kind.kind != "named" or is_step(table.name)):
        above |= table.kind.kind in ("number", "named")
        table = table.parent
    good = table.parent is not None and table.name.casefold() not in GENERIC_FOLDERS
    if good:
        return table, above
    itself = frame.parent is not None and frame.kind.kind == "named"
    return (frame if itself and frame.name.casefold() not in GENERIC_FOLDERS else None), False


def of_one_name(own: Mapping[tuple[str, str, str], Cluster], spool: Spool) -> list[Cluster]:
    """Return the files of a folder by format and template.

    Where a name stands there with several extensions (`people.csv`, `people.tsv`, `people.csv.gz`), each extension is
    a copy of its own; where it does not, extensions tell nothing apart.

    Args:
        own: (format, template, extensions) -> files.
        spool: The files.
    """
    if len(own) < 2:
        return list(own.values())
    _name_shards(own, spool)
    groups: dict[tuple[str, str], list[tuple[str, Cluster]]] = {}
    for (format, stem, suffix), cluster in own.items():
        groups.setdefault((format, stem), []).append((suffix, cluster))
    made = []
    for (_, stem), several in groups.items():
        several.sort(key=lambda one: one[0])
        names = [{_bare(spool.path(row)) for row in cluster.rows} for _, cluster in several if len(several) > 1]
        if len(set().union(*names)) == sum(map(len, names)):
            made.append(unite(cluster for _, cluster in several))
            continue
        for place, (suffix, cluster) in enumerate(several):
            cluster.stem = f"{stem}{suffix}" if place else stem
            made.append(cluster)
    return made


def _name_shards(own: Mapping[tuple[str, str, str], Cluster], spool: Spool) -> None:
    """Take `output` for a name where it is not the name of shards: beside `input` in one folder."""
    named = {format for format, stem, _ in own if stem}
    for (format, stem, _), cluster in own.items():
        if not stem and not cluster.variable and len(cluster.rows) == 1 and format in named:
            cluster.stem = _bare(spool.path(cluster.rows[0])).casefold()


def join_files(frame: Frame, own: list[Cluster], spool: Spool, comparer: Comparer, known: Known) -> list[Cluster]:
    """Join the files that lie directly in a folder where they are one table.

    Args:
        frame: The folder.
        own: Its files, by format and template of their names.
        spool: The files.
        comparer: Compares schemas.
        known: What the last run knew.
    """
    if len(own) < 2 or comparer.blind:
        return own
    own = _lettered(_newest(own, spool, comparer), spool, comparer)
    for format in sorted({cluster.format for cluster in own}):
        siblings = [cluster for cluster in own if cluster.format == format]
        if len(siblings) > 1 and (_identified(siblings, spool, comparer) or _random(siblings, spool, comparer)):
            own = [cluster for cluster in own if cluster.format != format]
            whole = unite(siblings)
            whole.stem, whole.variable = "", True
            whole.because("file names are identifiers and the files hold the same schema", 0.75)
            own.append(whole)
            continue
        lone = [cluster for cluster in own if cluster.format == format and cluster.stem and len(cluster.rows) == 1]
        others = sum(len(cluster.rows) for cluster in own if cluster.format == format) - len(lone)
        if len(lone) < _FEW or others > (1 - _SHARE) * len(lone):
            continue
        joined = _coded(frame, lone, spool, comparer)
        if not joined and frame.parent is not None:
            before = known(frame.path) == format
            joined = _many(lone, spool, comparer, MANY if not before else MANY // 2)
            if not joined and len(framed := _framed(lone)) >= FRAMED:
                joined = _many(framed, spool, comparer, FRAMED if not before else FRAMED // 2, _FIELDS)
        if joined:
            rows = {cluster.rows[0] for cluster in joined}
            own = [cluster for cluster in own if cluster.format != format or cluster.rows[0] not in rows]
            whole = unite(joined)
            whole.stem, whole.variable = "", True
            own.append(whole)
    return own


def _newest(own: list[Cluster], spool: Spool, comparer: Comparer) -> list[Cluster]:
    """Count `rates_latest` and `rankings_current` among the files that are named by date, if of the same schema."""
    by_name = {(cluster.format, cluster.stem): cluster for cluster in own}
    rest = []
    for cluster in own:
        head, _, last = cluster.stem.rpartition("-")
        base = by_name.get((cluster.format, head))
        fits = last in NEWEST and base is not None and base.variable and len(base.rows) > 1 and len(cluster.rows) == 1
        if fits and base is not None and comparer.alike(cluster.format, [spool[base.rows[-1]], spool[cluster.rows[0]]]):
            base.rows.append(cluster.rows[0])
            base.because("a file beside the others holds the newest", 0.75)
        else:
            rest.append(cluster)
    return rest


def _lettered(own: list[Cluster], spool: Spool, comparer: Comparer) -> list[Cluster]:
    """Join files that differ in the letters that `split` gives to pieces: `orders_aa`, `orders_ab`, `orders_ac`."""
    found: dict[tuple[str, str, int], list[tuple[str, Cluster]]] = {}
    for cluster in own:
        bare = _bare(spool.path(cluster.rows[0])) if len(cluster.rows) == 1 and cluster.stem else ""
        if piece := _PIECE.fullmatch(bare):
            found.setdefault((cluster.format, piece[1], len(piece[2])), []).append((piece[2], cluster))
    for (format, head, size), pieces in found.items():
        letters = [letter for letter, _ in pieces]
        rows = [cluster.rows[0] for _, cluster in pieces]
        if (
            len(pieces) >= _FEW
            and letters == [("a" * size)[:-1] + chr(ord("a") + place) for place in range(len(letters))]
            and _same(format, spread(rows, SAMPLE), spool, comparer)
        ):
            joined = {id(cluster) for _, cluster in pieces}
            own = [cluster for cluster in own if id(cluster) not in joined]
            whole = unite(cluster for _, cluster in pieces)
            whole.stem, whole.variable = template(head)[0], True
            whole.because("file names differ in the letter of a piece", 0.8)
            own.append(whole)
    return own


def _identified(clusters: Sequence[Cluster], spool: Spool, comparer: Comparer) -> bool:
    """Tell whether files of several templates are named by identifiers of one form."""
    first = [_bare(spool.path(cluster.rows[0])) for cluster in spread(clusters, SAMPLE)]
    if not are_ids(first) or any(map(dated, first)):
        return False
    rows = [row for cluster in clusters for row in cluster.rows]
    return are_ids([_bare(spool.path(row)) for row in spread(rows, ALL_READ)]) and _same(
        clusters[0].format, spread(rows, SAMPLE), spool, comparer
    )


def _random(clusters: Sequence[Cluster], spool: Spool, comparer: Comparer) -> bool:
    """Tell whether files are named by what was drawn for them; of very many, one may have drawn no digit."""
    rows = [row for cluster in clusters for row in cluster.rows]
    names = [_bare(spool.path(row)) for row in spread(rows, ALL_READ)]
    drawn = sum(map(is_random, names))
    return (
        drawn >= max(_FEW, (1 - 1 / SAMPLE) * len(names))
        and all(name.isalnum() and len(name) >= _LONG for name in names)
        and _same(clusters[0].format, spread(rows, SAMPLE), spool, comparer)
    )


def _coded(frame: Frame, lone: Sequence[Cluster], spool: Spool, comparer: Comparer) -> list[Cluster]:
    """Return the files whose names are codes of one domain, in a folder that names a table."""
    table, _ = table_of(frame)
    if table is None:
        return []
    names = {_bare(spool.path(cluster.rows[0])): cluster for cluster in lone}
    codes = of_one_domain(list(names))
    if len(codes) < max(_FEW, _SHARE * len(names)) and not is_capital(table.name):
        codes = max(codes, of_one_alphabet(list(names)), key=len)
    if len(codes) < max(_FEW, _SHARE * len(names)):
        return []
    found = [names[name] for name in sorted(codes)]
    sample = spread([cluster.rows[0] for cluster in found], SAMPLE)
    if not _same(found[0].format, sample, spool, comparer):
        return []
    for cluster in found:
        cluster.because("file names are codes of one domain and the files hold the same schema", 0.7)
    return found


def _framed(lone: Sequence[Cluster]) -> list[Cluster]:
    """Return those files whose names have the same words but for what tells them apart: `reviews_us_{book}_v1`."""
    counts = Counter(word for cluster in lone for word in set(cluster.stem.split("-")))
    common = {word for word, count in counts.items() if count >= _SHARE * len(lone)}
    return [cluster for cluster in lone if common <= set(cluster.stem.split("-"))] if len(common) >= _WORDS else []


def _many(
    lone: Sequence[Cluster], spool: Spool, comparer: Comparer, least: int, fields: int = TELLING
) -> list[Cluster]:
    """Return very many files of one schema, whatever they are called."""
    if len(lone) < least:
        return []
    format = lone[0].format
    few = [spool[cluster.rows[0]] for cluster in spread(lone, SAMPLE)]
    if not comparer.same(format, few, (SAMPLE - 2) / SAMPLE, fields):
        return []
    found = list(lone)
    if len(lone) <= ALL_READ:
        places = comparer.same(format, [spool[cluster.rows[0]] for cluster in lone], _SHARE)
        found = [lone[place] for place in places]
    if len(found) < least:
        return []
    for cluster in found:
        cluster.because("very many files of one folder hold the same schema", 0.6)
    return found


def _same(format: str, rows: Sequence[int], spool: Spool, comparer: Comparer) -> bool:
    return len(comparer.same(format, [spool[row] for row in rows], 1.0)) == len(rows)


def _bare(path: str) -> str:
    """Return the name of a file without its extensions; a point inside the name stays (`BRK.B`)."""
    return split_extension(path.rpartition("/")[2], KNOWN_EXTENSIONS)[0]
