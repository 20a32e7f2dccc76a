"""What the name of a file or folder says: format, template, date, number, identifier, code.

Template: a name with its variable parts (digits, dates, uuids, hashes) taken out; files of one table differ only there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from .words import words

COMPRESSIONS = words(
    """
    .gz .gzip .bz2 .bzip2 .zst .zstd .snappy .sz .lz4 .lz4_raw .xz .lzma .lzo .deflate .br .z
    """
)
"""Suffixes that say how a file is packed, not what it holds."""

TEXTS = words(".txt .text .dat .data .tbl .log")
"""Suffixes that promise no more than text: its first bytes say what is in it."""

KNOWN_EXTENSIONS: dict[str, str] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".psv": "csv",
    ".parquet": "parquet",
    ".parq": "parquet",
    ".pq": "parquet",
    ".avro": "avro",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".orc": "orc",
    ".feather": "arrow",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".xlsx": "excel",
    ".xls": "excel",
    ".xml": "xml",
}
"""Extensions of data formats, so that those nobody reads can be named in a report."""

_UUID = r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}"
_HEX = r"(?<![0-9A-Za-z])(?=[0-9A-Fa-f]*\d)[0-9A-Fa-f]{7,64}(?![0-9A-Za-z])"
_BASE32 = r"(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{26}(?![0-9A-Za-z])"
_STAMP = r"\d{4}-?\d\d-?\d\d[Tt]\d\d(?:[:\-_]?\d\d){0,2}(?:\.\d+)?[Zz]?(?![0-9A-Za-z])"
_PART = r"(?:[Qq][1-4]|[Hh][12]|[Ww]\d\d)"
_PART_OF_YEAR = rf"(?<![0-9A-Za-z])(?:{_PART}[-_ ]?(?:19|20)\d\d|(?:19|20)\d\d[-_ ]?{_PART})(?![0-9A-Za-z])"
_OF = r"\d+[-_]of[-_]\d+"
_PANE = r"(?<![0-9A-Za-z])pane-\d+(?:-first|-last)*(?![0-9A-Za-z])"
"""How Apache Beam and Dataflow call what a window has written."""
_QUERY = r"(?<![0-9A-Za-z])\d{8}_\d{6}_\d{5}_[0-9a-z]{5}(?![0-9A-Za-z])"
"""The id of a query of Presto, Trino and Athena, which begins the names of the files that it writes."""
_DECADE = r"(?<!\d)(?:\d\d)?\d\ds(?![0-9A-Za-z])"
_VARIABLE = re.compile(f"{_PART_OF_YEAR}|{_QUERY}|{_PANE}|{_OF}|{_DECADE}|{_STAMP}|{_UUID}|{_HEX}|{_BASE32}|\\d+")
_LONGEST_PLAIN_DATE = 20
"""No date has more letters and digits than this without anything between them."""
_UUID_ALONE = re.compile(_UUID)
_IDENTIFIER = re.compile(f"(?:{_UUID}|{_HEX}|{_BASE32})")
_SPLIT = re.compile(r"[\x00\s_\-.,;()\[\]+@~=]+")
_MONTHS = words(
    """
    jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july august
    september october november december
    """
)
_SHARD_WORDS = words(
    """
    part parts data file files chunk shard block batch output out result results segment seg split
    partition piece page records rows task attempt compacted merged run bucket delta base worker export
    exports dump load loads full cdc
    """
)
_PLAIN_SHARDS = words(
    """
    part data file output out result results 000000
    """
)
_RUN_WORDS = words(
    """
    run runs run_id runid batch load job attempt snapshot snap version ver v rev revision export extract
    import part chunk shard bucket partition split gen generation delivery drop exec execution ts
    timestamp ingest ingestion time
    """
)


class FileName(NamedTuple):
    """What a file name says.

    Attributes:
        format: Format by its extension; empty when it has none that is known.
        stem: Its template in lower case: empty when it names a shard and nothing else.
        variable: Whether something in it can vary (digits, an identifier, a month).
        bare: The name without extensions.
    """

    format: str
    stem: str
    variable: bool
    bare: str


_TURNED = re.compile(
    rf"(.+\.(?:{'|'.join(one[1:] for one in sorted(KNOWN_EXTENSIONS))}))[.-](?:\d{{1,3}}|\d{{8}}|\d{{4}}-\d\d-\d\d)",
    re.IGNORECASE,
)
"""What logs are called when their turn is over: `events.json.1`, `events.json-20240501`."""


def turned(name: str) -> bool:
    """Tell whether a number or a date stands behind the extension of a name."""
    while f".{name.rpartition('.')[2].lower()}" in COMPRESSIONS:
        name = name.rpartition(".")[0]
    return _TURNED.fullmatch(name) is not None


def split_extension(name: str, extensions: Mapping[str, str]) -> tuple[str, str]:
    """Return the name without its extensions, and the format; compression suffixes are taken off first."""
    bare, dot, ext = name.rpartition(".")
    while dot and bare and f".{ext.lower()}" in COMPRESSIONS:
        name = bare
        bare, dot, ext = name.rpartition(".")
    if dot and bare and (turned := _TURNED.fullmatch(name)):
        name = turned[1]
        bare, dot, ext = name.rpartition(".")
    if not (dot and bare):
        return name, ""
    found = extensions.get(f".{ext.lower()}") or KNOWN_EXTENSIONS.get(f".{ext.lower()}", "")
    if not found and f".{ext.lower()}" not in TEXTS:
        return name, ""
    while True:
        inner, dot, ext = bare.rpartition(".")
        if not (dot and inner and f".{ext.lower()}" in COMPRESSIONS):
            return bare, found
        bare = inner


def vague_suffix(name: str) -> str:
    """Return the suffix of a name that promises text (`.txt`) or says that it is packed (`.gz`), if it has one."""
    stem, dot, suffix = name.casefold().rpartition(".")
    packed = ""
    while dot and stem and f".{suffix}" in COMPRESSIONS:
        packed = f".{suffix}"
        stem, dot, suffix = stem.rpartition(".")
    return f".{suffix}" if dot and stem and f".{suffix}" in TEXTS else packed


@lru_cache(maxsize=8192)
def template(bare: str) -> tuple[str, bool]:
    """Return (stem, variable) of a name without extensions."""
    stripped, count = _VARIABLE.subn("\0", bare)
    words = [word for word in _SPLIT.split(stripped.casefold()) if word]
    kept = [word for word in words if word not in _MONTHS]
    variable = bool(count) or (len(kept) < len(words) and bool(kept))
    if len(kept) < len(words) and not kept:
        kept = words
    if kept and (kept[0] in _SHARD_WORDS if variable else len(kept) == 1 and kept[0] in _PLAIN_SHARDS):
        return "", variable
    if kept and variable and (all(len(word) == 1 for word in kept) or _all_drawn(bare)):
        return "", True
    return "-".join(kept), variable


_DRAWN = re.compile(r"(?!.*[a-z]{4})(?=(?:.*?(?:\d[A-Za-z]|[A-Za-z]\d)){3})(?=(?:.*?[a-z][A-Z]){2})[0-9A-Za-z]{10,}")
"""Letters of both cases and digits, in turns as no word has them: `2CVXk1mBvGZpyJ3`."""


def _all_drawn(bare: str) -> bool:
    """Tell whether a name is made of numbers and identifiers alone: `1683874502.2CVXk1mBvGZpyJ3.9781c280-...`."""
    words = [word for word in _SPLIT.split(_IDENTIFIER.sub("\0", bare)) if word and not word.isdigit()]
    return words != [bare] and all(map(_DRAWN.fullmatch, words))


NEWEST = words("latest current newest")
"""What the newest edition is called when it is kept once more, or is still growing."""


def nameless(bare: str) -> bool:
    """Tell whether nothing in a name can be the name of a table: words of shards, numbers, identifiers."""
    words = [word for word in _SPLIT.split(_VARIABLE.sub("\0", bare).casefold()) if word]
    return not words or words[0] in _SHARD_WORDS


def file_name(name: str, extensions: Mapping[str, str]) -> FileName:
    """Read the name of a file."""
    bare, format = split_extension(name, extensions)
    stem, variable = template(bare)
    return FileName(format, stem, variable or turned(name), bare)


_DASHED = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z])")
_NO_UUID = "00000000-0000-0000-0000-000000000000"
_DIGITS = str.maketrans("123456789", "000000000")


def same_shape(name: str) -> str:
    """Return a text that two file names share only if all that is read from them is the same.

    Digits are equal to each other, but in extensions (`.bz2`, `.sha1`), which never begin with one.
    """
    if "-" in name:
        name = _DASHED.sub(_NO_UUID, name)
    head, dot, tail = name.partition(".")
    return f"{head.translate(_DIGITS)}.{_tail(tail)}" if dot else head.translate(_DIGITS)


@lru_cache(maxsize=1024)
def _like(shape: str) -> Callable[[str], object]:
    head, dot, tail = shape.partition(".")
    parts = [head, *(tail.split(".") if dot else ())]
    made = []
    for place, part in enumerate(parts):
        numeric = place == 0 or part[:1] == "0"
        pieces = (
            re.sub("0+", lambda run: f"[0-9]{{{len(run[0])}}}", piece) if numeric else re.escape(piece)
            for piece in (re.escape(one) if numeric else one for one in part.split(_NO_UUID))
        )
        made.append(_DASHED.pattern.join(pieces))
    return re.compile(r"\.".join(made)).fullmatch


def like(name: str) -> Callable[[str], object]:
    """Return what tells, at little cost, whether another file name has the same shape; it may say no where it has."""
    return _like(same_shape(name))


@lru_cache(maxsize=4096)
def _tail(tail: str) -> str:
    return ".".join(part.translate(_DIGITS) if part[:1].isdigit() else part for part in tail.split("."))


FolderKind = Literal["hive", "date", "run", "number", "named"]


class FolderName(NamedTuple):
    """What a folder name says.

    Attributes:
        kind: Its role, as far as the name alone tells it.
        key: Hive key (decoded, as written), or the grain of a date (`year`, `month`, `day`, `hour`, `date`, ...).
        stem: Template of any other name.
    """

    kind: FolderKind
    key: str = ""
    stem: str = ""


_OF_DATA = re.compile("(?:data|files?|dumps?|archives?)[-_](?=.*\\d{4})", re.IGNORECASE)
"""Words that say nothing before the date in the name of a folder: `data_2024`."""
_YEAR = r"(?:19|20)\d\d"
_M, _D, _H = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])", r"(?:[01]\d|2[0-3])"
_S = r"[-_.]"
_ZONE = r"(?:z|[+-]\d\d:?\d\d)?"
_MON = "|".join(sorted(_MONTHS))
_DATES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (grain, re.compile(pattern, re.IGNORECASE))
    for grain, pattern in (
        ("year", rf"(?:y|yr|year)?[-_]?{_YEAR}|fy{_YEAR}"),
        ("quarter", rf"{_YEAR}[-_]?q[1-4]|q[1-4][-_]?{_YEAR}"),
        ("week", rf"{_YEAR}[-_]?w(?:0[1-9]|[1-4]\d|5[0-3])"),
        ("month", rf"{_YEAR}{_S}{_M}|{_YEAR}{_M}|(?:m|month)[-_]?(?:{_M}|[1-9])"),
        ("date", rf"{_YEAR}({_S}){_M}\1{_D}|{_YEAR}{_M}{_D}|{_D}-{_M}-{_YEAR}|{_M}-{_D}-{_YEAR}"),
        ("date", rf"(?:day|date|dt|ds|as[-_]?of|partition)[-_](?:{_YEAR}([-_.]){_M}\1{_D}|{_YEAR}{_M}{_D})"),
        ("period", rf"{_YEAR}{_M}(?:{_D})?[-_]{_YEAR}{_M}(?:{_D})?|{_YEAR}-{_M}-{_D}(?:_|--|_to_){_YEAR}-{_M}-{_D}"),
        ("month", rf"(?:{_MON})[-_. ]?{_YEAR}|{_YEAR}[-_. ]?(?:{_MON})"),
        ("day", rf"(?:d|day)[-_]?(?:{_D}|[1-9])"),
        ("hour", rf"(?:h|hr|hour)[-_]?(?:{_H}|\d)"),
        (
            "timestamp",
            rf"{_YEAR}{_S}?{_M}{_S}?{_D}(?:--|[Tt_\- ])?{_H}(?:[-_:.]?[0-5]\d)?(?:[-_:.]?[0-5]\d)?(?:[.]\d+)?{_ZONE}",
        ),
    )
)


_SEASON = re.compile(r"(?:19|20)(\d\d)[-_]((?:19|20)?\d\d)")
"""Two years on end: `2012-13`, `2012_2013`."""


@lru_cache(maxsize=8192)
def folder_name(name: str) -> FolderName:
    """Read the name of a folder."""
    key, equals, _ = name.partition("=")
    if equals and key:
        return FolderName("hive", key)
    if len(name) <= _LONGEST_PLAIN_DATE or not (name.isalnum() or _UUID_ALONE.fullmatch(name)):
        plain = _OF_DATA.sub("", name, count=1)
        for grain, pattern in _DATES:
            if pattern.fullmatch(plain):
                return FolderName("date", grain)
    if (season := _SEASON.fullmatch(name)) and (int(season[1]) + 1) % 100 == int(season[2]) % 100:
        return FolderName("date", "season")
    if name.isascii() and name.isdigit():
        return FolderName("number")
    if _IDENTIFIER.fullmatch(name):
        return FolderName("run", "id")
    if _TRANSACTION.fullmatch(name):
        return FolderName("run", "transaction")
    stripped, count = _VARIABLE.subn("\0", name)
    words = [word for word in _SPLIT.split(stripped.casefold()) if word]
    if count and (not words or all(word in _RUN_WORDS for word in words) or _only_time(words)):
        return FolderName("run", "-".join(words) or "id")
    return FolderName("named", "", "-".join(words) if count else "")


def is_piece(name: str) -> bool:
    """Tell whether a folder holds a numbered piece of a table, and is no run of anything: `chunk-000`."""
    return folder_name(name).key in _PIECES


_PIECES = words("chunk part shard split partition bucket")


def holds_identifier(name: str) -> bool:
    """Tell whether a UUID or a hash is a part of a name: `checkout-7d9f8b6c5d-x2x4z`."""
    found = _IDENTIFIER_IN.search(name)
    return found is not None and not found[0].isdigit()


_IDENTIFIER_IN = re.compile(f"{_UUID}|{_HEX}")
_TRANSACTION = re.compile(r"(?:base_\d+|(?:delete_)?delta_\d+_\d+(?:_\d+)?)(?:_v\d+)?")
"""Folders of Hive's transactional tables."""
_YEARLIKE = re.compile(rf"(?<!\d){_YEAR}(?:[-_.]?{_M}(?:[-_.]?{_D})?)?(?!\d)")


def dated(name: str) -> bool:
    """Tell whether a date, a month or a year stands in a name."""
    return _YEARLIKE.search(name) is not None


def _only_time(words: list[str]) -> bool:
    return all(word in ("t", "z") for word in words)


def calendar_part(names: list[str], above: str) -> str:
    """Return what plain numbers below a date folder count: `month` below a year, `day` below a month, `hour`.

    Args:
        names: The sibling folders, digits only.
        above: The grain of the folder that holds them.

    Returns:
        The grain, or an empty text when a number does not fit.
    """
    below = {
        "year": ("month", 1, 12),
        "month": ("day", 1, 31),
        "day": ("hour", 0, 23),
        "date": ("hour", 0, 23),
        "hour": ("minute", 0, 59),
        "minute": ("second", 0, 59),
    }
    if above not in below:
        return ""
    grain, low, high = below[above]
    padded = grain in ("minute", "second")  # below an hour, other numbers are shards
    fits = all(len(name) <= 2 and low <= int(name) <= high and len(name) > padded for name in names)
    if fits:
        return grain
    if above == "year" and all(len(name) == 3 and 1 <= int(name) <= 366 for name in names):
        return "day_of_year"
    return ""


_PARTS_OF_YEAR: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("quarter", re.compile(r"(?:q|qtr|quarter)[-_ ]?[1-4]", re.IGNORECASE)),
    ("week", re.compile(r"(?:w|wk|week|kw)[-_ ]?(?:0?[1-9]|[1-4]\d|5[0-3])", re.IGNORECASE)),
)


def calendar_names(names: list[str], above: str) -> dict[str, set[str]]:
    """Return which named folders below a year are parts of it: grain -> names (`Q1`, `W07`, `jan`, `01-jan`)."""
    if above != "year":
        return {}
    found: dict[str, set[str]] = {}
    for name in names:
        for grain, pattern in _PARTS_OF_YEAR:
            if pattern.fullmatch(name):
                found.setdefault(grain, set()).add(name)
                break
        else:
            words = [word for word in _SPLIT.split(name.casefold()) if word and not word.isdigit()]
            if len(words) == 1 and words[0] in _MONTHS:
                found.setdefault("month", set()).add(name)
    return found
