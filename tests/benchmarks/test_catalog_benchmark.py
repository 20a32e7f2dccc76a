"""The local catalog at size: what an upsert and a search cost, against bare SQLite doing the same work.

Ratios are asserted; milliseconds are printed. `LUMOS_BENCH_SCALE` scales the number of datasets (1.0 = 100,000).
"""

from __future__ import annotations

import os
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from lumos_core.plugin_api import (
    Dataset,
    Description,
    Field,
    Operation,
    Owner,
    Record,
    TagLink,
    canonical,
    urns,
)
from lumos_core.testing.context import MemoryContext

pytest.importorskip("lumos_catalog_local")

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
SIZES = [max(10, round(size * SCALE)) for size in (100, 10_000, 100_000)]
FIELDS = 50
SYLLABLES = [first + vowel for first in "bcdfghjklmnprstvwz" for vowel in ("a", "e", "i", "o", "u", "ar", "en", "ol")]

pytestmark = pytest.mark.benchmark


def vocabulary() -> list[str]:
    """4,000 words of two to four syllables."""
    pick = random.Random(7)
    made: dict[str, None] = {}
    while len(made) < 4_000:
        made["".join(pick.choices(SYLLABLES, k=pick.randint(2, 4)))] = None
    return list(made)


WORDS = vocabulary()
WEIGHTS = [1 / (rank + 20) for rank in range(len(WORDS))]
"""As in real texts: few words are everywhere, most are rare."""


def pool() -> list[Field]:
    """3,000 columns, from which tables choose theirs; a third of them described."""
    pick = random.Random(11)
    words = iter(pick.choices(WORDS, WEIGHTS, k=20_000))
    made: dict[str, Field] = {}
    while len(made) < 3_000:
        path = "_".join(islice(words, pick.randint(1, 3)))
        text = Description(source=" ".join(islice(words, 6)).capitalize()) if pick.random() < 0.33 else None
        made[path] = Field(path, type="string", nullable=True, description=text)
    return list(made.values())


POOL = pool()


def dataset(number: int, salt: int = 0) -> Operation:
    """One dataset of 50 fields, with a name that holds a word of its own; `updated` is a word of every one.

    With a salt, it has changed since: three of its fields are others.
    """
    pick = random.Random(number)
    words = iter(pick.choices(WORDS, WEIGHTS, k=18))
    fields = [Field("id", type="int64"), Field("updated_at", type="timestamp(us)"), *pick.sample(POOL, FIELDS - 2)]
    if salt:
        known = {field.path for field in fields}
        others = random.Random(salt).sample(POOL, FIELDS)
        fields[-3:] = [field for field in others if field.path not in known][:3]
    coined = random.Random(number)
    name = f"{''.join(coined.choices(SYLLABLES, k=coined.randint(3, 5)))}_{number:06}"
    return Operation(
        kind="dataset",
        urn=urns.dataset("postgres", f"shop.public.{name}"),
        action="create",
        set=Dataset(
            name=f"{next(words)}_{next(words)}_{name}",
            subtype="table",
            fields=fields,
            owners=[Owner(urns.plain("group", f"team {number % 40}"))],
            tags=[TagLink(urns.plain("tag", f"area.{number % 200}"))],
            description=Description(source=" ".join(islice(words, 15)).capitalize()),
        ),
    )


def raw(operation: Operation) -> tuple[str, str, str, str, str]:
    """The texts of a dataset, as a plain table for full-text search would hold them."""
    value: Any = operation.set
    fields = " ".join(f"{f.path} {f.description.source if f.description else ''}" for f in value.fields)
    tags = " ".join(urns.name(link.tag) for link in value.tags)
    owners = " ".join(urns.name(owner.owner) for owner in value.owners)
    return value.name, fields, tags, owners, value.description.source


def chunks(low: int, high: int) -> Iterator[list[Operation]]:
    for start in range(low, high, 500):
        yield [dataset(number) for number in range(start, min(high, start + 500))]


def timed(action: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1000


def percentile(times: list[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


def tell(name: str, times: list[float]) -> float:
    middle = statistics.median(times)
    print(f"  {name:<50} p50 {middle:8.3f} ms   p99 {percentile(times, 0.99):8.3f} ms")
    return middle


class Bench:
    """The catalog, and beside it bare SQLite with the same rows."""

    def __init__(self, folder: Path) -> None:
        from lumos_core.config.types import ComponentSpec

        self.catalog = ComponentSpec("catalog", "local", {"path": str(folder / "catalog.db")}).build()
        self.rows = _bare(folder / "rows.db")
        self.rows.execute("CREATE TABLE record(id INTEGER PRIMARY KEY, kind, urn, line, UNIQUE(kind, urn))")
        self.texts = _bare(folder / "texts.db")
        self.texts.execute("CREATE VIRTUAL TABLE t USING fts5(name, fields, tags, owners, description)")
        self.texts.execute("INSERT INTO t(t, rank) VALUES('rank', 'bm25(10.0, 4.0, 4.0, 3.0, 1.5)')")
        self.count = 0

    def grow(self, size: int) -> None:
        begin = time.perf_counter()
        for batch in chunks(self.count, size):
            outcomes = self.catalog.write(batch, MemoryContext())
            assert {outcome.status for outcome in outcomes} == {"written"}
            with self.rows:
                self.rows.executemany(UPSERT, [row(operation) for operation in batch])
            with self.texts:
                self.texts.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", map(raw, batch))
        print(f"\n{size:,} datasets of {FIELDS} fields ({time.perf_counter() - begin:.0f} s to load all three)")
        self.count = size

    def upsert(self, operation: Operation) -> float:
        return timed(lambda: list(self.catalog.write([operation], MemoryContext())))

    def bare_upsert(self, operation: Operation) -> float:
        values = row(operation)

        def write() -> None:
            with self.rows:
                self.rows.execute(UPSERT, values)

        return timed(write)

    def bare_search(self, word: str, what: str = "rowid, name") -> float:
        query = f"SELECT {what} FROM t WHERE t MATCH ? ORDER BY rank LIMIT 20"
        return timed(lambda: self.texts.execute(query, (word,)).fetchall())

    def search(self, text: str) -> float:
        return timed(lambda: list(self.catalog.search(text, 20)))


UPSERT = "INSERT INTO record(kind, urn, line) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET line = excluded.line"


def row(operation: Operation) -> tuple[str, str, bytes]:
    return operation.kind, operation.urn, canonical(Record(operation.urn, operation.set, operation.kind))


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA cache_size=-{32 * 1024}")
    return connection


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("catalog"))
    yield made
    made.catalog.close()
    made.rows.close()
    made.texts.close()


def test_upsert_does_not_grow_with_the_catalog(bench: Bench) -> None:
    middles = []
    for size in SIZES:
        bench.grow(size)
        pick = random.Random(size)
        ours, bare = [], []
        for step in range(200):
            # Half of them change a dataset that is there, half are new.
            number = pick.randrange(size) if step % 2 else 10_000_000 + size * 10 + step
            operation = dataset(number, salt=step if step % 2 else 0)
            ours.append(bench.upsert(operation))
            bare.append(bench.bare_upsert(operation))
        middles.append(tell("upsert", ours))
        base = tell("the same row by bare sqlite3", bare)
        print(f"  ratio to bare sqlite3 {middles[-1] / base:.1f}")
    print(f"  growth from {SIZES[1]:,} to {SIZES[2]:,}: {middles[2] / middles[1]:.2f}")
    if SCALE >= 1:
        # The target is about 10,000 and 100,000 datasets; a tenth of them fits into the page cache at first.
        assert middles[2] <= 1.5 * middles[1]


SHOWN = "rowid, name, snippet(t, -1, '', '', '…', 20)"
"""What a page of results needs from a bare table: what it is called, and where it matched."""


def both(bench: Bench, name: str, words: list[str], rounds: int) -> tuple[float, float]:
    """Time both on the same words, in turn, so that a busy machine slows both.

    Returns the ratios of the medians to the bare query for keys and names, and to the one that also tells where.
    """
    ours, keys, shown = [], [], []
    for text in words[:2]:
        bench.search(text)
        bench.bare_search(text)
    for _ in range(rounds):
        for text in words:
            keys.append(bench.bare_search(text))
            shown.append(bench.bare_search(text, SHOWN))
            ours.append(bench.search(text))
    plain = tell(f"bare FTS5, {name}", keys)
    told = tell(f"bare FTS5 with snippet, {name}", shown)
    middle = tell(f"search, {name}", ours)
    print(f"  ratio to bare {middle / plain:.2f}, to bare with snippet {middle / told:.2f}")
    return middle / plain, middle / told


def typical(bench: Bench) -> list[str]:
    """Words in the middle of the vocabulary: each in some per cent of the datasets or less."""
    words = random.Random(3).sample(WORDS[400:3_000], 40)
    counts = [bench.texts.execute("SELECT count(*) FROM t WHERE t MATCH ?", (word,)).fetchone()[0] for word in words]
    print(
        f"\n  typical words match {min(counts):,} to {max(counts):,} datasets, median {statistics.median(counts):,.0f}"
    )
    return words


def test_search_costs_what_the_index_costs(bench: Bench, hold: Callable[[float, float], None]) -> None:
    bench.grow(SIZES[2])
    ratio, _ = both(bench, "typical word", typical(bench), 5)
    common, _ = both(bench, "a word in every dataset", ["updated", "id"], 5)
    hold(common, 1.2)
    if SCALE >= 1:
        # The target is one for 100,000 datasets: showing 20 results costs the same in any catalog, and beside finding
        # them it is small only at size. Below it the ratio is only printed.
        assert ratio <= 2.0
    words = typical(bench)
    pairs = [f"{one} {other}" for one, other in zip(words, WORDS[:40], strict=True)]
    both(bench, "two words", pairs, 3)
    tell("explore (total, facets, suggestions)", [timed(lambda w=w: bench.catalog.explore(w)) for w in words])
    filters = {"owner": ["team 7"]}
    tell("explore with a filter", [timed(lambda w=w: bench.catalog.explore(w, filters=filters)) for w in words])
    tell("explore, a word in every dataset", [timed(lambda: bench.catalog.explore("updated")) for _ in range(5)])


def mistyped(word: str, pick: random.Random) -> str:
    """A word with one or two typing errors."""
    letters = list(word)
    for _ in range(1 if len(word) < 6 else pick.randint(1, 2)):
        place = pick.randrange(1, len(letters))
        error = pick.randrange(4)
        if error == 0:
            letters[place] = pick.choice("xqy")
        elif error == 1:
            letters.insert(place, pick.choice("xqy"))
        elif error == 2 and len(letters) > 4:
            del letters[place]
        else:
            letters[place - 1], letters[place] = letters[place], letters[place - 1]
    return "".join(letters)


def test_fuzzy_search_looks_at_the_vocabulary(bench: Bench) -> None:
    from lumos_catalog_local.fuzzy import near

    bench.grow(SIZES[2])
    pick = random.Random(5)
    known = set(WORDS)
    wanted = [word for word in pick.sample(WORDS, 200) if len(word) > 4]
    typed = {word: mistyped(word, pick) for word in wanted}
    typed = {word: text for word, text in typed.items() if text not in known}
    found = 0
    times = []
    with bench.catalog._file.reading() as connection:
        size = connection.execute("SELECT count(*) FROM word").fetchone()[0]
        for word, text in typed.items():
            begin = time.perf_counter()
            close = near(connection, text)
            times.append((time.perf_counter() - begin) * 1000)
            found += word in [item.word for item in close]
    print(
        f"\n  vocabulary of {size:,} words; the word that was meant is among the first three: {found / len(typed):.0%}"
    )
    middle = tell("near words", times)
    whole = tell("fuzzy search, whole answer", [bench.search(text) for text in typed.values()])
    scan = tell("reading the whole vocabulary", [timed(lambda: _scan(bench)) for _ in range(5)])
    print(f"  ratio to reading the whole vocabulary {middle / scan:.2f}; whole answer {whole / scan:.2f}")
    assert found >= 0.8 * len(typed)


def _scan(bench: Bench) -> None:
    with bench.catalog._file.reading() as connection:
        connection.execute("SELECT text FROM word").fetchall()
