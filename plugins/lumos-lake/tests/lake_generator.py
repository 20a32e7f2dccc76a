"""Makes lakes of which the truth is known: a listing, the schema of every file, and which files are one table.

It shares no word list with the detector: names are made of syllables, or taken from a list of its own. Everything is
drawn from a seeded generator, so that a seed is a lake.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import quote

Schema = frozenset  # of (path, family)

NOUNS = [
    "invoices",
    "trips",
    "sensors",
    "ledger",
    "clicks",
    "tickets",
    "claims",
    "visits",
    "policies",
    "shipments",
    "readings",
    "payroll",
    "returns",
    "bookings",
    "meters",
    "votes",
    "auctions",
    "refunds",
    "beacons",
    "patients",
    "courses",
    "matches",
    "permits",
    "parcels",
    "wallets",
    "surveys",
    "streams",
    "fares",
    "tariffs",
    "pallets",
    "crews",
    "routes",
    "assets",
    "quotas",
    "leads",
    "offers",
]
PLACES = [
    "finance",
    "ops",
    "growth",
    "platform",
    "legacy",
    "emporium",
    "hr-team",
    "riskdesk",
    "core2",
    "web_team",
    "zone-a",
    "area51",
    "clinic",
    "fleet",
]
SYLLABLES = ["ka", "lo", "mi", "ten", "ra", "vu", "shi", "por", "del", "an", "qua", "zek", "ou", "bri", "fen", "tal"]
COLUMNS = [
    "id",
    "uid",
    "amount",
    "currency",
    "status",
    "kind",
    "created",
    "updated",
    "lat",
    "lon",
    "speed",
    "title",
    "body",
    "email",
    "phone",
    "city",
    "zip_code",
    "weight",
    "height",
    "price",
    "quantity",
    "sku",
    "vendor",
    "score",
    "rank",
    "label",
    "flag",
    "note",
    "hash_key",
    "ref",
    "parent_ref",
    "start_at",
    "end_at",
    "duration",
    "temp",
    "humidity",
    "level",
    "zone",
    "owner",
    "priority",
]
FAMILIES = ("number", "text", "wall", "bool", "instant")
EXTENSIONS = {"csv": ("csv",), "json": ("json", "jsonl", "ndjson"), "parquet": ("parquet",), "avro": ("avro",)}


@dataclass
class Table:
    """One table of the truth."""

    root: str
    format: str
    layout: str
    scheme: str = "none"
    noise: str = "none"
    drift: str = "none"
    files: set[str] = field(default_factory=set)
    partitions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


@dataclass
class Lake:
    """A listing and its truth."""

    tables: list[Table] = field(default_factory=list)
    schemas: dict[str, Schema] = field(default_factory=dict)
    noise: set[str] = field(default_factory=set)

    @property
    def paths(self) -> list[str]:
        return sorted({*self.schemas, *self.noise, *(path for table in self.tables for path in table.files)})


class Maker:
    """Draws one lake."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.lake = Lake()
        self.used: set[str] = set()

    def word(self) -> str:
        for _ in range(500):
            made = (
                self.rng.choice(NOUNS)
                if self.rng.random() < 0.6
                else "".join(self.rng.choice(SYLLABLES) for _ in range(self.rng.randint(3, 4)))
            )
            if self.rng.random() < 0.25:
                made += self.rng.choice(["_", "-"]) + self.rng.choice(NOUNS)
            if self.rng.random() < 0.1:
                made = made.title()
            if made.casefold() not in self.used:
                self.used.add(made.casefold())
                return made
        raise RuntimeError("out of words")

    def place(self) -> str:
        depth = self.rng.choice([0, 1, 1, 2])
        return "".join(self.rng.choice(PLACES) + "/" for _ in range(depth))

    def schema(self) -> dict[str, str]:
        names = self.rng.sample(COLUMNS, self.rng.randint(4, 12))
        return {name: self.rng.choice(FAMILIES) for name in names}

    def unlike(self, others: list[dict[str, str]]) -> dict[str, str]:
        """A schema that shares less than a third of its columns with the others."""
        while True:
            made = self.schema()
            if all(len(made.keys() & other.keys()) * 3 <= min(len(made), len(other)) for other in others):
                return made

    def put(self, table: Table, path: str, schema: dict[str, str]) -> None:
        table.files.add(path)
        self.lake.schemas[path] = frozenset(schema.items())

    def drifted(self, schema: dict[str, str], drift: str, late: bool) -> dict[str, str]:
        made = dict(schema)
        if drift == "added" and late:
            made["extra_col"] = "text"
        elif drift == "type" and late:
            name = sorted(made)[0]
            made[name] = "text" if made[name] != "text" else "number"
        elif drift == "dropped" and late and len(made) > 3:
            made.pop(sorted(made)[-1])
        return made

    def shard(self, style: str, index: int, name: str, ext: str, day: date) -> str:
        rng = self.rng
        unique = str(uuid.UUID(int=rng.getrandbits(128), version=4))
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
        }[style]

    STYLES = ("spark", "plain", "named", "uuid", "number", "dated", "stamp", "gz", "duck", "kafka")

    def extension(self, format: str) -> str:
        return self.rng.choice(EXTENSIONS[format])

    def sprinkle(self, table: Table, folders: list[str]) -> None:
        """Add what is not data beside the files of a table."""
        if table.noise == "none":
            return
        for folder in folders:
            kinds = {
                "spark": ["_SUCCESS", "._SUCCESS.crc", ".part-0.csv.crc", "_committed_123", "_started_123"],
                "temporary": ["_temporary/0/task_1/part-0.parquet", ".hive-staging_x/part-0.csv"],
                "desktop": [".DS_Store", "Thumbs.db", "README.md"],
                "upload": ["upload.csv.tmp", "part-9.parquet.inprogress", "x.json.part"],
                "markers": ["_$folder$"],
            }[table.noise]
            for kind in kinds:
                self.lake.noise.add(folder + kind)

    def days(self, count: int) -> list[date]:
        start = date(2023, 1, 1) + timedelta(days=self.rng.randrange(600))
        return [start + timedelta(days=index) for index in range(count)]

    # Layouts

    def files_of(self, table: Table, folders: list[str], schema: dict[str, str], name: str) -> None:
        """Put one to four shards of one style into each folder."""
        style, ext = self.rng.choice(self.STYLES), self.extension(table.format)
        count = self.rng.choice([1, 2, 3, 4])
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
    ) -> tuple[Table, str, dict[str, str]]:
        name = self.word()
        table = Table(f"{self.place()}{name}", format, layout, scheme, noise, drift)
        self.lake.tables.append(table)
        return table, name, self.schema()

    def sharded(self, format: str, noise: str, drift: str) -> None:
        table, name, schema = self.table("sharded", format, noise, drift)
        style, ext = self.rng.choice(self.STYLES), self.extension(format)
        days = self.days(12)
        for index in range(self.rng.randint(2, 12)):
            path = f"{table.root}/{self.shard(style, index, name, ext, days[index])}"
            self.put(table, path, self.drifted(schema, drift, index > 3))
        self.sprinkle(table, [table.root + "/"])

    def hive(self, format: str, noise: str, drift: str) -> None:
        scheme = self.rng.choice(["date", "ymd", "text", "two", "encoded", "null", "numbers"])
        table, name, schema = self.table("hive", format, noise, drift, scheme)
        days = self.days(self.rng.randint(2, 8))
        words = [self.word() for _ in range(3)]
        if scheme == "date":
            key = self.rng.choice(["dt", "date", "ds", "load_day"])
            rows, table.partitions, table.types = [f"{key}={day}" for day in days], (key,), ("date",)
        elif scheme == "ymd":
            rows = [f"year={day.year}/month={day.month:02d}/day={day.day:02d}" for day in days]
            table.partitions, table.types = ("year", "month", "day"), ("int64",) * 3
        elif scheme == "text":
            rows, table.partitions, table.types = [f"segment={word}" for word in words], ("segment",), ("string",)
        elif scheme == "two":
            rows = [f"grp={word}/dt={day}" for word in words for day in days[:3]]
            table.partitions, table.types = ("grp", "dt"), ("string", "date")
        elif scheme == "encoded":
            rows = [f"city={quote(city, safe='')}" for city in ("São Paulo", "New York", "a/b", "x:y", "50%")]
            table.partitions, table.types = ("city",), ("string",)
        elif scheme == "null":
            rows = [*(f"grp={word}" for word in words), "grp=__HIVE_DEFAULT_PARTITION__"]
            table.partitions, table.types = ("grp",), ("string",)
        else:
            rows, table.partitions, table.types = [f"bucket={n}" for n in range(5)], ("bucket",), ("int64",)
        self.files_of(table, [f"{table.root}/{row}/" for row in rows], schema, name)

    def dated(self, format: str, noise: str, drift: str) -> None:
        scheme = self.rng.choice(["y/m/d", "y/m", "date", "compact", "y/m/d/h", "month"])
        table, name, schema = self.table("dated", format, noise, drift, scheme)
        days = self.days(self.rng.randint(2, 8))
        if scheme == "y/m/d":
            rows, table.partitions = [f"{d:%Y/%m/%d}" for d in days], ("year", "month", "day")
        elif scheme == "y/m":
            months = [date(2023, 1 + index, 1) for index in range(len(days))]
            rows, table.partitions = [f"{d:%Y/%m}" for d in months], ("year", "month")
        elif scheme == "date":
            rows, table.partitions = [d.isoformat() for d in days], ("date",)
        elif scheme == "compact":
            rows, table.partitions = [f"{d:%Y%m%d}" for d in days], ("date",)
        elif scheme == "month":
            rows, table.partitions = [f"2023-{index + 1:02d}" for index in range(len(days))], ("month",)
        else:
            rows = [f"{d:%Y/%m/%d}/{hour:02d}" for d in days[:2] for hour in (0, 7, 23)]
            table.partitions = ("year", "month", "day", "hour")
        self.files_of(table, [f"{table.root}/{row}/" for row in rows], schema, name)

    def runs(self, format: str, noise: str, drift: str) -> None:
        scheme = self.rng.choice(["uuid", "hive", "stamp"])
        table, name, schema = self.table("runs", format, noise, drift, scheme)
        made = [str(uuid.UUID(int=self.rng.getrandbits(128), version=4)) for _ in range(self.rng.randint(2, 5))]
        rows = {
            "uuid": made,
            "hive": [f"run_id={one}" for one in made],
            "stamp": [f"run_{d:%Y%m%d}_0300" for d in self.days(len(made))],
        }[scheme]
        self.files_of(table, [f"{table.root}/{row}/" for row in rows], schema, name)

    def codes(self, format: str, noise: str, drift: str) -> None:
        table, name, schema = self.table("codes", format, noise, drift)
        rows = self.rng.choice(
            [
                ["eu", "us", "apac"],
                ["de", "fr", "it", "es"],
                ["GBR", "DEU", "USA"],
                ["store_01", "store_02", "store_17"],
            ]
        )
        self.files_of(table, [f"{table.root}/{row}/" for row in rows], schema, name)
        table.partitions = ("partition_0",)

    def file_per_table(self, format: str, noise: str, drift: str) -> None:
        folder = f"{self.place()}{self.word()}/"
        seen: list[dict[str, str]] = []
        for _ in range(self.rng.randint(2, 6)):
            name = self.word()
            path = f"{folder}{name}.{self.extension(format)}"
            table = Table(path, format, "file-per-table", "none", noise, "none")
            seen.append(self.unlike(seen[-3:]))
            self.put(table, path, seen[-1])
            self.lake.tables.append(table)
            self.sprinkle(table, [folder])

    def twins(self, format: str, noise: str, drift: str) -> None:
        """Files of one schema whose names say that they are different tables."""
        folder, base, schema = f"{self.place()}{self.word()}/", self.word(), self.schema()
        ext = self.extension(format)
        for prefix in self.rng.sample(["us", "eu", "north", "online", "wholesale"], 3):
            path = f"{folder}{prefix}_{base}.{ext}"
            table = Table(path, format, "twins", "none", noise, "none")
            self.put(table, path, schema)
            self.lake.tables.append(table)

    def twin_folders(self, format: str, noise: str, drift: str) -> None:
        """Folders of one schema whose names say that they are different tables."""
        folder, base, schema = f"{self.place()}{self.word()}/", self.word(), self.schema()
        for suffix in self.rng.sample(["draft", "final", "audited", "partners", "mobile"], 3):
            table = Table(f"{folder}{base}_{suffix}", format, "twin-folders", "none", noise, drift)
            self.files_of(table, [table.root + "/"], schema, base)
            self.lake.tables.append(table)

    def stems(self, format: str, noise: str, drift: str) -> None:
        """Several sharded tables in one folder."""
        folder, ext, seen = f"{self.place()}{self.word()}/", self.extension(format), []
        for _ in range(self.rng.randint(2, 4)):
            name = self.word()
            table = Table(folder + name, format, "stems", "none", noise, drift)
            seen.append(self.unlike(seen))
            for index, day in enumerate(self.days(self.rng.randint(2, 6))):
                self.put(table, f"{folder}{name}_{day:%Y-%m-%d}.{ext}", self.drifted(seen[-1], drift, index > 2))
            self.lake.tables.append(table)

    def landing(self, format: str, noise: str, drift: str) -> None:
        """A folder per day with a file or folder per table."""
        folder, ext, seen = f"{self.place()}{self.word()}/", self.extension(format), []
        days, deep = self.days(self.rng.randint(3, 6)), self.rng.random() < 0.5
        form = self.rng.choice(["%Y-%m-%d", "%Y/%m/%d", "dt=%Y-%m-%d"])
        for _ in range(self.rng.randint(2, 4)):
            name = self.word()
            scheme = ("folders " if deep else "files ") + form
            table = Table(folder + name, format, "landing", scheme, noise, drift)
            table.partitions = {"%Y-%m-%d": ("date",), "%Y/%m/%d": ("year", "month", "day")}.get(form, ("dt",))
            seen.append(self.unlike(seen))
            for index, day in enumerate(days):
                tail = f"{name}/part-{index}.{ext}" if deep else f"{name}.{ext}"
                self.put(table, f"{folder}{day.strftime(form)}/{tail}", self.drifted(seen[-1], drift, index > 2))
            self.lake.tables.append(table)

    def tenants(self, format: str, noise: str, drift: str) -> None:
        """A folder per tenant with a folder per table: named things that stay apart."""
        folder, ext = f"{self.place()}{self.word()}/", self.extension(format)
        names, schemas = [self.word() for _ in range(2)], [self.schema()]
        schemas.append(self.unlike(schemas))
        for tenant in self.rng.sample(["acme", "globex", "initech", "umbrella", "hooli"], 3):
            for name, schema in zip(names, schemas, strict=True):
                table = Table(f"{folder}{tenant}/{name}", format, "tenants", "none", noise, drift)
                for index in range(2):
                    self.put(table, f"{table.root}/part-{index:05d}.{ext}", schema)
                self.lake.tables.append(table)

    def marked(self, format: str, noise: str, drift: str) -> None:
        kind = self.rng.choice(["delta", "iceberg", "hudi"])
        root = f"{self.place()}{self.word()}"
        table = Table(root, kind, "marked", kind, noise, "none")
        marker = {
            "delta": [f"_delta_log/{n:020d}.json" for n in range(3)],
            "iceberg": ["metadata/v1.metadata.json", "metadata/snap-1.avro", "metadata/version-hint.text"],
            "hudi": [".hoodie/hoodie.properties", ".hoodie/20240101.commit"],
        }[kind]
        table.files = {f"{root}/{name}" for name in marker}
        self.lake.noise |= table.files
        for index in range(self.rng.randint(0, 4)):
            self.lake.noise.add(f"{root}/data/day={index}/part-{index}.parquet")
        self.lake.tables.append(table)

    def mixed(self, format: str, noise: str, drift: str) -> None:
        """Shards of two formats in one folder."""
        root = f"{self.place()}{self.word()}"
        other = "json" if format != "json" else "csv"
        for kind, count in ((format, 5), (other, 2)):
            name = root if kind == format else f"{root}/*.{kind}"
            table = Table(name, kind, "mixed", "none", noise, "none")
            schema = self.schema()
            for index in range(count):
                self.put(table, f"{root}/part-{index:04d}.{self.extension(kind)}", schema)
            self.lake.tables.append(table)


LAYOUTS = [
    "sharded",
    "hive",
    "dated",
    "runs",
    "codes",
    "file_per_table",
    "twins",
    "twin_folders",
    "stems",
    "landing",
    "tenants",
    "marked",
    "mixed",
]


def make(seed: int, count: int = 40) -> Lake:
    """Make a lake of about `count` groups of tables."""
    maker = Maker(seed)
    for index in range(count):
        layout: Callable[[str, str, str], None] = getattr(maker, LAYOUTS[index % len(LAYOUTS)])
        format = maker.rng.choice(sorted(EXTENSIONS))
        noise = maker.rng.choice(["none", "spark", "temporary", "desktop", "upload", "markers"])
        drift = maker.rng.choice(["none", "added", "type", "dropped"])
        layout(format, noise, drift)
    return maker.lake


@dataclass
class Score:
    """How well a lake was grouped."""

    found: int = 0
    expected: int = 0
    right: int = 0
    split: int = 0
    merged: int = 0
    keys_right: int = 0
    keys_found: int = 0
    keys_expected: int = 0
    roots: int = 0
    strata: dict[str, list[int]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.right / self.expected

    @property
    def precision(self) -> float:
        return self.right / self.found

    @property
    def key_f1(self) -> float:
        return 2 * self.keys_right / ((self.keys_found + self.keys_expected) or 1)

    def weak(self, floor: float) -> Iterator[tuple[str, int, int]]:
        for name, (right, expected) in sorted(self.strata.items()):
            if right < floor * expected:
                yield name, right, expected


def judge(score: Score, lake: Lake, groupings: list[object]) -> None:
    """Compare the groupings of a lake with its truth: a table is found when exactly its files are one dataset."""
    truth = {frozenset(table.files): table for table in lake.tables}
    owner = {path: key for key in truth for path in key}
    score.found += len(groupings)
    score.expected += len(truth)
    matched = set()
    for grouping in groupings:
        files = frozenset(entry.path for entry in grouping.files)
        table = truth.get(files)
        if table is None or table.format != grouping.format:
            touched = {owner[path] for path in files if path in owner}
            score.merged += len(touched) > 1
            score.split += len(touched) == 1
            score.errors.append(f"found {grouping.name} {grouping.format} {len(files)} {sorted(files)[:3]}")
            continue
        matched.add(files)
        score.right += 1
        score.roots += grouping.name == table.root
        if grouping.name != table.root:
            score.errors.append(f"name {grouping.name} expected {table.root} ({table.layout})")
        names = [(column.name, index) for index, column in enumerate(grouping.partitions)]
        wanted = [(name, index) for index, name in enumerate(table.partitions)]
        score.keys_found += len(names)
        score.keys_expected += len(wanted)
        score.keys_right += len(set(names) & set(wanted))
        if table.types and names == wanted and [c.type for c in grouping.partitions] != list(table.types):
            score.errors.append(f"types {grouping.name} {[c.type for c in grouping.partitions]} expected {table.types}")
    for key, table in truth.items():
        if key not in matched:
            score.errors.append(f"missed {table.layout} {table.scheme} {table.root} {sorted(table.files)[:3]}")
        for stratum in (
            f"layout {table.layout}",
            f"scheme {table.layout} {table.scheme}",
            f"format {table.format}",
            f"noise {table.noise}",
            f"drift {table.drift}",
            f"layout {table.layout}, format {table.format}",
        ):
            cell = score.strata.setdefault(stratum, [0, 0])
            cell[1] += 1
            cell[0] += key in matched
