"""Draws one lake from a seed: names, schemas, shards, noise and drift; the layouts stand in `layouts.py`."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from . import words
from .truth import Lake, Table

Columns = dict[str, str]
"""Name of a column -> family of its type."""
NOISE = {
    "none": (),
    "spark": ("_SUCCESS", "._SUCCESS.crc", ".part-0.csv.crc", "_committed_123", "_started_123"),
    "temporary": ("_temporary/0/task_1/part-0.parquet", ".hive-staging_x/part-0.csv"),
    "desktop": (".DS_Store", "Thumbs.db", "README.md"),
    "upload": ("upload.csv.tmp", "part-9.parquet.inprogress", "x.json.part"),
    "markers": ("_$folder$",),
    "descriptions": ("manifest.json", "schema.json", "part-0.csv.md5", "load.manifest.json", "_metadata"),
}
"""What lies beside the files of a table and is no data."""
DRIFT = ("none", "added", "type", "dropped")
STYLES = (
    *("spark", "plain", "named", "uuid", "number", "dated", "stamp", "gz", "duck", "kafka"),
    *("of", "epoch", "slices", "load", "hash", "month"),
)


class Maker:
    """Draws one lake.

    Args:
        seed: The same seed gives the same lake.

    Attributes:
        rng: Everything is drawn from it.
        lake: What was made so far.
    """

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.lake = Lake()
        self._used: set[str] = set()

    def word(self) -> str:
        """Return a name that was not used before, whatever its case."""
        for _ in range(500):
            made = self.rng.choice(words.NOUNS)
            if self.rng.random() >= 0.6:
                made = "".join(self.rng.choice(words.SYLLABLES) for _ in range(self.rng.randint(3, 4)))
            if self.rng.random() < 0.25:
                made += self.rng.choice(["_", "-"]) + self.rng.choice(words.NOUNS)
            if self.rng.random() < 0.1:
                made = made.title()
            if self.rng.random() < 0.1:
                made += str(self.rng.randint(2, 4))
            if made.casefold() not in self._used:
                self._used.add(made.casefold())
                return made
        raise RuntimeError("out of words: make smaller lakes")

    def place(self) -> str:
        """Return the folders above a table, with a slash at the end, or nothing."""
        depth = self.rng.choice([0, 1, 1, 2])
        return "".join(self.rng.choice(words.PLACES) + "/" for _ in range(depth))

    def schema(self) -> Columns:
        """Return four to twelve columns."""
        names = self.rng.sample(words.COLUMNS, self.rng.randint(4, 12))
        return {name: self.rng.choice(words.FAMILIES) for name in names}

    def unlike(self, others: Sequence[Columns]) -> Columns:
        """Return a schema that shares less than a third of its columns with the others."""
        while True:
            made = self.schema()
            if all(len(made.keys() & other.keys()) * 3 <= min(len(made), len(other)) for other in others):
                return made

    def put(self, table: Table, path: str, schema: Columns) -> None:
        """Add a file to a table."""
        table.files.add(path)
        table.columns.update(schema)
        self.lake.contents[path] = dict(schema)
        self.lake.schemas[path] = frozenset(schema.items())

    def drifted(self, schema: Columns, drift: str, late: bool) -> Columns:
        """Return the schema as it is in the earlier or the later files."""
        made = dict(schema)
        if drift == "added" and late:
            made["extra_col"] = "text"
        elif drift == "type" and late:
            name = sorted(made)[0]
            made[name] = "text" if made[name] != "text" else "number"
        elif drift == "dropped" and late and len(made) > 3:
            made.pop(sorted(made)[-1])
        return made

    def unique(self) -> str:
        """Return a UUID."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def shard(self, style: str, index: int, name: str, ext: str, day: date) -> str:
        """Return the name of one of the files of a table."""
        unique = self.unique()
        return {
            "spark": f"part-{index:05d}-{unique}-c000.snappy.{ext}",
            "plain": f"part-{index}.{ext}",
            "named": f"{name}_{index:04d}.{ext}",
            "uuid": f"{unique}.{ext}",
            "number": f"{index:06d}_0.{ext}",
            "dated": f"{name}-{day.isoformat()}.{ext}",
            "stamp": f"{name}.{day:%Y%m%d}T{index:02d}0000.{ext}",
            "gz": f"{name}-{index}.{ext}.gz",
            "duck": f"data_{index}.{ext}",
            "kafka": f"{name}+0+{index * 1000:010d}.{ext}",
            "of": f"{name}-{index:05d}-of-00012.{ext}",
            "epoch": f"{name}_{1_680_000_000_000 + index * 86_400_000}.{ext}",
            "slices": f"data_0_{index}_0.{ext}",
            "load": f"LOAD{index:08d}.{ext}",
            "hash": f"{name}-{unique.replace('-', '')}.{ext}",
            "month": f"{name}_{2015 + index // 12}-{index % 12 + 1:02d}.{ext}",
        }[style]

    def style(self, format: str) -> str:
        """Return a style of file names; only text is compressed as a whole."""
        return self.rng.choice([one for one in STYLES if one != "gz" or format in ("csv", "json")])

    def extension(self, format: str) -> str:
        """Return one of the extensions of a format."""
        return self.rng.choice(words.FORMATS[format])

    def days(self, count: int) -> list[date]:
        """Return some days in a row."""
        start = date(2023, 1, 1) + timedelta(days=self.rng.randrange(600))
        return [start + timedelta(days=index) for index in range(count)]

    def sprinkle(self, table: Table, folders: Sequence[str]) -> None:
        """Add what is not data beside the files of a table."""
        for folder in folders:
            self.lake.noise.update(folder + name for name in NOISE[table.noise])

    def files_of(self, table: Table, folders: Sequence[str], schema: Columns, name: str) -> None:
        """Put one to four shards of one style into each folder."""
        style, ext, count = self.style(table.format), self.extension(table.format), self.rng.choice([1, 2, 3, 4])
        days = self.days(len(folders) * count)
        number = 0
        for rank, folder in enumerate(folders):
            for _ in range(count):
                path = folder + self.shard(style, number, name, ext, days[number])
                self.put(table, path, self.drifted(schema, table.drift, rank * 2 >= len(folders)))
                number += 1
        self.sprinkle(table, folders)

    def table(
        self, layout: str, format: str, noise: str, drift: str, scheme: str = "none"
    ) -> tuple[Table, str, Columns]:
        """Begin a table in a place of its own; return it with its short name and its schema."""
        name = self.word()
        table = Table(f"{self.place()}{name}", format, layout, scheme, noise, drift)
        self.lake.tables.append(table)
        return table, name, self.schema()
