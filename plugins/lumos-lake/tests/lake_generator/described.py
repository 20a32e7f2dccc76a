"""Lakes that people described: patterns of paths with the truth, expanded into listings.

The form stands at the head of `open.yaml`. What is random in a path is drawn from the path itself, so that a listing is
always the same.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from .truth import Lake, Schema, Table

FAMILIES = {"n": "number", "t": "text", "w": "wall", "i": "instant", "b": "bool"}
_FOLDER = Path(__file__).parent
_SETS = {
    "open": "open.yaml",
    "formerly-held-out": "formerly_held_out.yaml",
    "further": "further.yaml",
    "ordinary": "ordinary.yaml",
    "beyond": "beyond.yaml",
    "second-held-out": "second_held_out.yaml",
    "held-out": "held_out.yaml",
}
HALVES = {half: file for half, file in _SETS.items() if (_FOLDER / file).exists()}
"""Set of described lakes -> its file; `held-out` only while there is one that nobody has looked into."""
_DRAWN = re.compile(r"\{(uuid|hex|word)(\d*)\}")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def described(half: str) -> list[tuple[str, Lake]]:
    """Return the described lakes of one set, each with its name.

    Args:
        half: One of `HALVES`. All but `held-out` may be learned from.
    """
    said = yaml.safe_load((_FOLDER / HALVES[half]).read_text(encoding="utf-8"))
    return [(one["id"], _lake(one)) for one in said]


def _lake(said: dict[str, Any]) -> Lake:
    lake = Lake()
    for one in said["tables"]:
        roots = one["root"] if isinstance(one["root"], list) else [one["root"]]
        columns = [str(text).partition(":") for text in one.get("partitions") or ()]
        table = Table(
            *(roots[0], one["format"], said["id"]),
            names=tuple(roots),
            marked=bool(one.get("marked")),
            partitions=tuple(name for name, _, _ in columns) if one.get("partitions", ()) is not None else None,
            types=tuple(kind for _, _, kind in columns),
        )
        for pattern in one["files"]:
            schema = _schema(pattern.get("columns") or one.get("columns", ""))
            variables = {key: value for key, value in pattern.items() if key not in ("path", "columns")}
            for path in _expanded(pattern["path"], variables):
                table.files.add(path)
                if schema:
                    lake.schemas[path] = schema
        if not table.marked:
            lake.formats.update(dict.fromkeys(table.files, table.format))
        lake.tables.append(table)
    for line in said.get("noise", ()):
        pattern, _, rest = line.partition(" | ")
        variables = dict(part.strip().split("=", 1) for part in rest.split(";")) if rest else {}
        wanted = {key: value if ".." in value else value.split(",") for key, value in variables.items()}
        lake.noise.update(_expanded(pattern, wanted))
    return lake


def _schema(text: str) -> Schema:
    pairs = (word.rpartition(":") for word in text.split())
    return frozenset((name.casefold(), FAMILIES[kind]) for name, _, kind in pairs)


def _expanded(pattern: str, variables: dict[str, Any]) -> Iterator[str]:
    keys = list(variables)
    for number, values in enumerate(itertools.product(*(_values(variables[key]) for key in keys))):
        path = _DRAWN.sub(lambda found: "{" + found[0] + "}", pattern).format(**dict(zip(keys, values, strict=True)))
        yield _draw(path, number)


def _draw(path: str, number: int) -> str:
    """Replace what is drawn, each place by something of its own."""
    places = itertools.count()

    def replace(found: re.Match[str]) -> str:
        seed = hashlib.sha256(f"{path} {number} {next(places)}".encode()).digest()
        if found[1] == "uuid":
            return str(uuid.UUID(bytes=seed[:16], version=4))
        size = int(found[2])
        return seed.hex()[:size] if found[1] == "hex" else "".join(_LETTERS[byte % 62] for byte in seed[:size])

    return _DRAWN.sub(replace, path)


def _values(said: Any) -> list[Any]:
    if isinstance(said, str):
        first, _, last = said.partition("..")
        return list(range(int(first), int(last) + 1))
    if isinstance(said, dict):
        return list(_dates(said))
    return list(said)


def _dates(said: dict[str, Any]) -> Iterator[datetime]:
    at = datetime.fromisoformat(str(said["from"]))
    for _ in range(said["count"]):
        yield at
        if said["step"] == "month":
            at = at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
        else:
            at += timedelta(**{f"{said['step']}s": 1})
