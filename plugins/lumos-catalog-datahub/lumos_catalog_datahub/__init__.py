"""DataHub as a catalog: a thin client, pure mapping functions, nothing of the vendor at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .mcp import mcp_file, proposals

__all__ = ["mcp_file", "proposals"]


def __getattr__(name: str) -> Any:
    """Import what writes files when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'lumos_catalog_datahub' has no attribute {name!r}")
    from . import mcp

    return getattr(mcp, name)
