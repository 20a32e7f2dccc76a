"""The document form of a snapshot, for people and other tools: one list of `{urn, ...value}` per kind.

```yaml
lumos_snapshot:
  format: lumos-snapshot/1
  exported_at: '2026-01-15T10:30:00Z'
  sources: [{name: postgres, layers: [source]}]
  coverage: [{scope: {platform: postgres}, aspects: [record], status: complete}]
  datasets:
  - urn: urn:lumos:dataset:(postgres,shop.orders,PROD)
    name: orders
```

Reading it gives the same lines as the line form.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from ..errors import SnapshotError
from ..files import atomic_write
from ..model.coverage import Coverage
from ..model.entities import KINDS
from ..model.record import Record, canonical, line_key, line_kind
from ..model.scope import Covered
from .frame import FORMAT, Declared, Header, SourceInfo, check_version
from .reader import ordered
from .yamlform import dump_yaml, fit, load_yaml

DocumentFormat = Literal["json", "yaml"]

ROOT = "lumos_snapshot"

_UNCHANGED = {"foreign": "foreign", "stats": "stats", "property": "properties"}
PLURALS = {kind: _UNCHANGED.get(kind, f"{kind}s") for kind in sorted(KINDS)}
"""Kind -> the name of its list."""

_KINDS = {plural: kind for kind, plural in PLURALS.items()}
_HEAD = ("format", "exported_at", "sources", "coverage")
_SUFFIXES: dict[str, DocumentFormat] = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}


class Document(NamedTuple):
    """What a document holds: the lines are sorted, unique and canonical."""

    header: Header
    coverage: Coverage
    lines: list[bytes]


def document_format(path: Path) -> DocumentFormat | None:
    """Return the document form that a file name stands for; None for the line form."""
    return _SUFFIXES.get(path.suffix.lower())


def write_document(
    path: Path, format: DocumentFormat, header: Header, coverage: Coverage, lines: Iterable[bytes]
) -> None:
    """Write sorted lines as a document; memory is that of one record.

    Raises:
        DiskError: When the disk is full; a file that was there before is untouched.
    """
    head: dict[str, Any] = {
        "format": FORMAT,
        "exported_at": header.exported_at,
        "sources": header.sources,
        "coverage": [Declared(c.scope, c.aspects, c.status, c.reason) for c in coverage.declared()],
    }
    head = {key: msgspec.to_builtins(value, order="sorted") for key, value in head.items()}
    with atomic_write(path, "wb") as file:
        for text in _FORMS[format](head, lines):
            file.write(text)


def _as_json(head: dict[str, Any], lines: Iterable[bytes]) -> Iterator[bytes]:
    yield f'{{"{ROOT}":{{\n'.encode()
    parts = [f'"{key}":{json.dumps(value, ensure_ascii=False)}' for key, value in head.items()]
    yield ",\n".join(parts).encode()
    for kind, group in groupby(lines, key=line_kind):
        yield f',\n"{PLURALS[kind]}":['.encode()
        for number, line in enumerate(group):
            yield b"\n" if number == 0 else b",\n"
            yield _element(line)
        yield b"\n]"
    yield b"\n}}\n"


def _element(line: bytes) -> bytes:
    key = line_key(line)
    urn = key[key.index(b'"urn":"', 9) :]
    value = line[len(key) + len(b'","value":') : -1]
    return b"{" + urn + b'"}' if value == b"{}" else b"{" + urn + b'",' + value[1:]


def _as_yaml(head: dict[str, Any], lines: Iterable[bytes]) -> Iterator[bytes]:
    yield f"{ROOT}:\n".encode()
    yield dump_yaml(head, indent=2)
    for kind, group in groupby(lines, key=line_kind):
        yield f"  {PLURALS[kind]}:\n".encode()
        for line in group:
            yield dump_yaml([msgspec.json.decode(_element(line))], indent=2)


_FORMS: dict[DocumentFormat, Callable[[dict[str, Any], Iterable[bytes]], Iterator[bytes]]] = {
    "json": _as_json,
    "yaml": _as_yaml,
}


def read_document(path: Path) -> Document:
    """Read a document.

    Raises:
        SnapshotError: When it is not one, or a record in it is not valid; with its place.
    """
    where = str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SnapshotError("cannot read the snapshot", why=error.strerror or str(error), where=where) from None
    content = load_yaml(data, where) if document_format(path) == "yaml" else _load_json(data, where)
    if not isinstance(content, dict) or not isinstance(content.get(ROOT), dict) or len(content) != 1:
        raise SnapshotError("this is not a Lumos snapshot", why=f"it has no key `{ROOT}`", where=where)
    body: dict[str, Any] = content[ROOT]
    check_version(str(body.get("format", "")), where)
    for key in body.keys() - _KINDS.keys() - set(_HEAD):
        close = difflib.get_close_matches(str(key), [*_KINDS, *_HEAD], n=1)
        fix = f"did you mean `{close[0]}`?" if close else ""
        raise SnapshotError(f"unknown key `{ROOT}.{key}`", fix=fix, where=where)
    header = _convert(body, Header, where, keys=("exported_at", "format", "sources"))
    declared = _items(body, "coverage", where)
    coverage = Coverage(
        Covered(c.scope, c.aspects, c.status, c.reason)
        for c in (_typed(fit(Declared, item), Declared, f"{where}: coverage") for item in declared)
    )
    lines = sorted(_lines(body, where), key=line_key)
    return Document(header, coverage, list(ordered(lines, where)))


def _lines(body: dict[str, Any], where: str) -> Iterator[bytes]:
    for plural, kind in _KINDS.items():
        for number, item in enumerate(_items(body, plural, where)):
            place = f"{where}: {plural}[{number}]"
            if not isinstance(item, dict) or not isinstance(item.get("urn"), str):
                raise SnapshotError("this record has no `urn`", where=place)
            urn = item.pop("urn")
            value = _typed(fit(KINDS[kind], item), KINDS[kind], f"{place} {urn}")
            try:
                yield canonical(Record(urn, value, kind))
            except ValueError as error:
                raise SnapshotError("this record is not valid", why=str(error), where=place) from None


def _items(body: dict[str, Any], key: str, where: str) -> list[Any]:
    found = body.get(key) or []
    if not isinstance(found, list):
        raise SnapshotError(f"`{key}` is not a list", where=where)
    return found


def _convert(body: dict[str, Any], type_: type[Header], where: str, keys: tuple[str, ...]) -> Header:
    header = _typed(fit(type_, {key: body[key] for key in keys if key in body}), type_, where)
    sources: tuple[SourceInfo, ...] = header.sources
    return Header(header.exported_at, sources=sources)


def _typed(value: Any, type_: Any, where: str) -> Any:
    try:
        return msgspec.convert(value, type_)
    except (msgspec.ValidationError, ValueError) as error:
        raise SnapshotError("this is not valid here", why=str(error), where=where) from None


def _load_json(data: bytes, where: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError(f"a key stands twice in {{{', '.join(key for key, _ in pairs)[:80]}}}")
        return found

    def refuse(text: str) -> Any:
        raise ValueError(f"{text} is not a whole number; decimals are texts")

    try:
        return json.loads(data, object_pairs_hook=unique, parse_float=refuse, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise SnapshotError("this is not valid JSON", why=str(error), where=where) from None
