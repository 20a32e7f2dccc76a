"""The JSON Schema of what the reporter `webhook` posts."""

from __future__ import annotations

import json

from lumos_reporter_webhook.payload import schema


def notice_schema() -> str:
    """Return the JSON Schema of `lumos-notice/1`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
