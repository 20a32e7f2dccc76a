"""The installed plugins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..loading.registry import PluginInfo
from .finding import Finding

AREA = "plugins"


def installed(plugins: Sequence[PluginInfo]) -> Iterator[Finding]:
    """Tell how many plugins can be used, and everything about those that cannot, or that are odd.

    A plugin that cannot be used is a warning: whether it matters is said by the pipeline that names it.
    """
    usable = sum(plugin.status == "ok" for plugin in plugins)
    yield Finding(AREA, "installed", "ok", f"{usable} of {len(plugins)} can be used")
    for plugin in plugins:
        about = f"{plugin.distribution} {plugin.version}".strip()
        if plugin.status == "disabled":
            yield Finding(AREA, about, "ok", f"disabled: {plugin.reason}")
        elif plugin.status != "ok":
            yield Finding(AREA, about, "warn", plugin.status, plugin.reason, plugin.fix)
        for note in plugin.notes:
            yield Finding(AREA, about, "warn", note)
