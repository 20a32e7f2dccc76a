"""The layouts: each function adds one table, or a group of tables that lie together, to a lake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from urllib.parse import quote

from . import words
from .maker import Columns, Maker
from .truth import Table


def sharded(make: Maker, format: str, noise: str, drift: str) -> None:
    """One flat folder of shards."""
    table, name, schema = make.table("sharded", format, noise, drift)
    style, ext = make.style(format), make.extension(format)
    days = make.days(12)
    for index in range(make.rng.randint(2, 12)):
        path = f"{table.root}/{make.shard(style, index, name, ext, days[index])}"
        make.put(table, path, make.drifted(schema, drift, index > 3))
    make.sprinkle(table, [table.root + "/"])


def hive(make: Maker, format: str, noise: str, drift: str) -> None:
    """Folders `key=value`."""
    scheme = make.rng.choice(["date", "ymd", "text", "two", "encoded", "null", "numbers", "order", "missing", "case"])
    table, name, schema = make.table("hive", format, noise, drift, scheme)
    days = make.days(make.rng.randint(2, 8))
    values = [make.word() for _ in range(3)]
    if scheme == "date":
        key = make.rng.choice(["dt", "date", "ds", "load_day"])
        rows, table.partitions, table.types = [f"{key}={day}" for day in days], (key,), ("date",)
    elif scheme == "ymd":
        rows = [f"year={day.year}/month={day.month:02d}/day={day.day:02d}" for day in days]
        table.partitions, table.types = ("year", "month", "day"), ("int64",) * 3
    elif scheme == "text":
        rows, table.partitions, table.types = [f"segment={value}" for value in values], ("segment",), ("string",)
    elif scheme == "two":
        rows = [f"grp={value}/dt={day}" for value in values for day in days[:3]]
        table.partitions, table.types = ("grp", "dt"), ("string", "date")
    elif scheme == "encoded":
        rows = [f"place={quote(value, safe='')}" for value in ("São Paulo", "New York", "a/b", "x:y", "50%")]
        table.partitions, table.types = ("place",), ("string",)
    elif scheme == "null":
        rows = [*(f"grp={value}" for value in values), "grp=__HIVE_DEFAULT_PARTITION__"]
        table.partitions, table.types = ("grp",), ("string",)
    elif scheme == "order":
        rows = [f"grp={values[0]}/n={n}" for n in range(4)] + [f"n=5/grp={values[1]}"]
        table.partitions, table.types = ("grp", "n"), ("string", "int64")
    elif scheme == "missing":
        rows = [f"grp={value}/n={n}" for value in values for n in range(2)] + ["grp=other"]
        table.partitions, table.types = ("grp", "n"), ("string", "int64")
    elif scheme == "case":
        rows = [*(f"day={day}" for day in days), f"Day={days[-1]}"]
        table.partitions, table.types = ("day",), ("date",)
    else:
        rows, table.partitions, table.types = [f"bucket={n}" for n in range(5)], ("bucket",), ("int64",)
    make.files_of(table, [f"{table.root}/{row}/" for row in rows], schema, name)


def dated(make: Maker, format: str, noise: str, drift: str) -> None:
    """Folders of dates without a key."""
    scheme = make.rng.choice(["y/m/d", "y/m", "date", "compact", "y/m/d/h", "month", "hour", "year"])
    table, name, schema = make.table("dated", format, noise, drift, scheme)
    days = make.days(make.rng.randint(2, 8))
    if scheme == "y/m/d":
        rows, table.partitions = [f"{d:%Y/%m/%d}" for d in days], ("year", "month", "day")
    elif scheme == "y/m":
        months = [date(2023, 1 + index, 1) for index in range(len(days))]
        rows, table.partitions = [f"{d:%Y/%m}" for d in months], ("year", "month")
    elif scheme == "date":
        rows, table.partitions = [d.isoformat() for d in days], ("date",)
    elif scheme == "compact":
        rows, table.partitions = [f"{d:%Y%m%d}" for d in days], ("date",)
    elif scheme == "hour":
        rows, table.partitions = [f"{d:%Y-%m-%d}-{hour:02d}" for d in days[:2] for hour in (0, 7, 23)], ("?",)
    elif scheme == "year":
        rows, table.partitions = [str(2015 + index) for index in range(len(days))], ("year",)
    elif scheme == "month":
        rows, table.partitions = [f"2023-{index + 1:02d}" for index in range(len(days))], ("month",)
    else:
        rows = [f"{d:%Y/%m/%d}/{hour:02d}" for d in days[:2] for hour in (0, 7, 23)]
        table.partitions = ("year", "month", "day", "hour")
    make.files_of(table, [f"{table.root}/{row}/" for row in rows], schema, name)


def runs(make: Maker, format: str, noise: str, drift: str) -> None:
    """A folder per run of the job: copies of the whole, and no column."""
    scheme = make.rng.choice(["uuid", "hive", "stamp"])
    table, name, schema = make.table("runs", format, noise, drift, scheme)
    made = [make.unique() for _ in range(make.rng.randint(2, 5))]
    rows = {
        "uuid": made,
        "hive": [f"run_id={one}" for one in made],
        "stamp": [f"run_{d:%Y%m%d}_0300" for d in make.days(len(made))],
    }[scheme]
    make.files_of(table, [f"{table.root}/{row}/" for row in rows], schema, name)


def codes(make: Maker, format: str, noise: str, drift: str) -> None:
    """Folders whose names are codes of one domain."""
    table, name, schema = make.table("codes", format, noise, drift)
    table.partitions = ("?",)
    make.files_of(table, [f"{table.root}/{row}/" for row in make.rng.choice(words.CODES)], schema, name)


def file_per_table(make: Maker, format: str, noise: str, drift: str) -> None:
    """A folder with a file per table."""
    folder = f"{make.place()}{make.word()}/"
    seen: list[Columns] = []
    for _ in range(make.rng.randint(2, 6)):
        path = f"{folder}{make.word()}.{make.extension(format)}"
        table = Table(path, format, "file per table", "none", noise)
        seen.append(make.unlike(seen[-3:]))
        make.put(table, path, seen[-1])
        make.lake.tables.append(table)
        make.sprinkle(table, [folder])


def folder_per_table(make: Maker, format: str, noise: str, drift: str) -> None:
    """A database: a folder with a folder per table, some of them alike."""
    folder, seen = f"{make.place()}{make.word()}.db/", [make.schema()]
    for _ in range(make.rng.randint(2, 5)):
        name = make.word()
        table = Table(folder + name, format, "folder per table", "none", noise, drift)
        schema = seen[0] if make.rng.random() < 0.3 else make.unlike(seen[-2:])
        seen.append(schema)
        make.files_of(table, [table.root + "/"], schema, name)
        make.lake.tables.append(table)


def nested(make: Maker, format: str, noise: str, drift: str) -> None:
    """A table whose folder also holds the folder of another table."""
    outer, _, schema = make.table("nested", format, noise, drift)
    for index in range(3):
        make.put(
            outer, f"{outer.root}/part-{index:05d}.{make.extension(format)}", make.drifted(schema, drift, index > 1)
        )
    inner_name = make.word()
    inner = Table(f"{outer.root}/{inner_name}", format, "nested", "none", noise, drift)
    make.files_of(inner, [inner.root + "/"], make.unlike([schema]), inner_name)
    make.lake.tables.append(inner)


def twins(make: Maker, format: str, noise: str, drift: str) -> None:
    """Files of one schema whose names say that they are different tables."""
    folder, base, schema = f"{make.place()}{make.word()}/", make.word(), make.schema()
    ext = make.extension(format)
    for prefix in make.rng.sample(["us", "eu", "north", "online", "wholesale"], 3):
        path = f"{folder}{prefix}_{base}.{ext}"
        table = Table(path, format, "twins", "none", noise)
        make.put(table, path, schema)
        make.lake.tables.append(table)


def twin_folders(make: Maker, format: str, noise: str, drift: str) -> None:
    """Folders of one schema whose names say that they are different tables."""
    folder, base, schema = f"{make.place()}{make.word()}/", make.word(), make.schema()
    for suffix in make.rng.sample(["draft", "final", "audited", "partners", "mobile"], 3):
        table = Table(f"{folder}{base}_{suffix}", format, "twin folders", "none", noise, drift)
        make.files_of(table, [table.root + "/"], schema, base)
        make.lake.tables.append(table)


def stems(make: Maker, format: str, noise: str, drift: str) -> None:
    """Several sharded tables in one folder."""
    folder, ext = f"{make.place()}{make.word()}/", make.extension(format)
    seen: list[Columns] = []
    for _ in range(make.rng.randint(2, 4)):
        name = make.word()
        table = Table(folder + name, format, "stems", "none", noise, drift)
        seen.append(make.unlike(seen))
        for index, day in enumerate(make.days(make.rng.randint(2, 6))):
            make.put(table, f"{folder}{name}_{day:%Y-%m-%d}.{ext}", make.drifted(seen[-1], drift, index > 2))
        make.lake.tables.append(table)


def landing(make: Maker, format: str, noise: str, drift: str) -> None:
    """A folder per day with a file or folder per table."""
    folder, ext = f"{make.place()}{make.word()}/", make.extension(format)
    seen: list[Columns] = []
    days, deep = make.days(make.rng.randint(3, 6)), make.rng.random() < 0.5
    form = make.rng.choice(["%Y-%m-%d", "%Y/%m/%d", "dt=%Y-%m-%d"])
    for _ in range(make.rng.randint(2, 4)):
        name = make.word()
        table = Table(folder + name, format, "landing", ("folders " if deep else "files ") + form, noise, drift)
        table.partitions = {"%Y-%m-%d": ("date",), "%Y/%m/%d": ("year", "month", "day")}.get(form, ("dt",))
        seen.append(make.unlike(seen))
        for index, day in enumerate(days):
            tail = f"{name}/part-{index}.{ext}" if deep else f"{name}.{ext}"
            make.put(table, f"{folder}{day.strftime(form)}/{tail}", make.drifted(seen[-1], drift, index > 2))
        make.lake.tables.append(table)


def tenants(make: Maker, format: str, noise: str, drift: str) -> None:
    """A folder per tenant with a folder per table: named things that stay apart."""
    folder, ext = f"{make.place()}{make.word()}/", make.extension(format)
    names, schemas = [make.word() for _ in range(2)], [make.schema()]
    schemas.append(make.unlike(schemas))
    for tenant in make.rng.sample(words.TENANTS, 3):
        for name, schema in zip(names, schemas, strict=True):
            table = Table(f"{folder}{tenant}/{name}", format, "tenants", "none", noise, drift)
            for index in range(2):
                make.put(table, f"{table.root}/part-{index:05d}.{ext}", schema)
            make.lake.tables.append(table)


def marked(make: Maker, format: str, noise: str, drift: str) -> None:
    """A table of a table format, with data files that only its log may speak of; `format` is not looked at."""
    kind = make.rng.choice(words.MARKED)
    root = f"{make.place()}{make.word()}"
    table = Table(root, kind, "marked", marked=True)
    table.columns = make.schema()
    names = {
        "delta": [f"_delta_log/{n:020d}.json" for n in range(make.rng.randint(1, 3))],
        "iceberg": ["metadata/v1.metadata.json", "metadata/version-hint.text"],
        "hudi": [".hoodie/hoodie.properties", ".hoodie/20240101000000000.commit"],
    }[kind]
    table.files = {f"{root}/{name}" for name in names}
    make.lake.noise |= table.files
    for index in range(make.rng.randint(0, 4)):
        make.lake.noise.add(f"{root}/data/day={index}/part-{index}.parquet")
    make.lake.tables.append(table)


def mixed(make: Maker, format: str, noise: str, drift: str) -> None:
    """Shards of two formats in one folder."""
    root = f"{make.place()}{make.word()}"
    other = "json" if format != "json" else "csv"
    for kind, count in ((format, 5), (other, 2)):
        name = root if kind == format else f"{root}/*.{kind}"
        table = Table(name, kind, "mixed", "none", noise)
        schema = make.schema()
        for index in range(count):
            make.put(table, f"{root}/part-{index:04d}.{make.extension(kind)}", schema)
        make.lake.tables.append(table)


LAYOUTS: dict[str, Callable[[Maker, str, str, str], None]] = {
    "sharded": sharded,
    "hive": hive,
    "dated": dated,
    "runs": runs,
    "codes": codes,
    "file per table": file_per_table,
    "folder per table": folder_per_table,
    "nested": nested,
    "twins": twins,
    "twin folders": twin_folders,
    "stems": stems,
    "landing": landing,
    "tenants": tenants,
    "marked": marked,
    "mixed": mixed,
}
