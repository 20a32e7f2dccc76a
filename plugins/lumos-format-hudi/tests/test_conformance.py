"""The conformance kit on the format `hudi`."""

from __future__ import annotations

import json

from lumos_core.testing.kit import FormatKit

_PROPERTIES = b"#Updated\nhoodie.table.name=t\nhoodie.table.version=6\nhoodie.table.type=COPY_ON_WRITE\n"


def _created(*names: str) -> bytes:
    fields = [{"name": name, "type": ["null", "long"], "default": None} for name in names]
    schema = json.dumps({"type": "record", "name": "t", "fields": fields})
    return _PROPERTIES + f"hoodie.table.create.schema={schema}\n".encode()


class TestHudi(FormatKit):
    name = "hudi"
    options = {"time_zone": "Europe/Berlin"}
    sample = {
        "orders/.hoodie/hoodie.properties": _created("id", "day"),
        "a table/.hoodie/hoodie.properties": _created("x"),
    }
    broken = {
        "cut/.hoodie/hoodie.properties": _PROPERTIES[:-5],
        "empty/.hoodie/hoodie.properties": b"",
        "lost/.hoodie/20260101000000000.commit": b"{}",
        "picture/.hoodie/hoodie.properties": b"\x89PNG\r\n\x1a\n",
        "newer/.hoodie/hoodie.properties": _PROPERTIES + b"hoodie.table.version=99\n",
    }
