"""The JSON Schema of a snapshot."""

from __future__ import annotations

import json

from lumos_core.snapshot.schema import snapshot_schema


def snapshot_format_schema() -> str:
    """Return what `lumos snapshot schema` prints."""
    return json.dumps(snapshot_schema(), indent=2, ensure_ascii=False) + "\n"
