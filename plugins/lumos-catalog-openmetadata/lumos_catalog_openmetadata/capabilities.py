"""What of each aspect OpenMetadata's own pages show; all of it is read back equal."""

from __future__ import annotations

from lumos_core.plugin_api import Support, aspects

CAPABILITIES: dict[str, Support] = {
    name: Support(read=True, write=True, lossless=True, kept="all of it")
    for name in sorted(aspects.ASPECTS - {aspects.RECORD})
}
"""Aspect -> how well it is supported."""
