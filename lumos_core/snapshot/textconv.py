"""A snapshot as text with a line per field, for `git diff` and for people.

`git config diff.lumos.textconv "lumos snapshot textconv"`, and in `.gitattributes`: `*.lumos.jsonl diff=lumos`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ..model.record import line_kind, line_urn

_encode = msgspec.json.Encoder(order="sorted").encode
_VALUE = b'","value":'


def textconv(lines: Iterable[bytes]) -> Iterator[str]:
    """Return the text of sorted lines: a head per record, then a line per field, element and plain key.

    Example:
        ```
        dataset urn:lumos:dataset:(postgres,shop.orders,PROD)
          description.source: One row per order
          field customer.email: varchar(64) {"nullable":true}
          name: orders
        ```
    """
    for line in lines:
        yield f"{line_kind(line)} {line_urn(line)}"
        value = msgspec.json.decode(line[line.index(_VALUE, 9) + len(_VALUE) : -1])
        yield from _texts(value, "")


def _texts(value: dict[str, Any], prefix: str) -> Iterator[str]:
    for key, part in value.items():
        name = f"{prefix}{key}"
        if isinstance(part, dict):
            yield from _texts(part, f"{name}.")
        elif key == "fields" and isinstance(part[0], dict):
            yield from map(_field, part)
        elif key == "captured":
            yield f"  {name}: {' '.join(part)}"
        elif isinstance(part, list):
            yield from (f"  {name}: {_plain(item)}" for item in part)
        else:
            yield f"  {name}: {_plain(part)}"


def _field(field: dict[str, Any]) -> str:
    rest = {key: part for key, part in field.items() if key not in ("path", "type")}
    text = f"  field {_plain(field['path'])}: {_plain(field.get('type', 'unknown'))}"
    return f"{text} {_encode(rest).decode()}" if rest else text


def _plain(part: Any) -> str:
    """A text that fits on a line stands as it is; everything else as JSON."""
    if isinstance(part, str) and part.isprintable():
        return part
    return _encode(part).decode()
