"""`lumos plugins`."""

from __future__ import annotations

import click

from .output import emit, json_option, table_of


@click.command("plugins")
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List installed plugins and their health.

    A plugin is ok, incompatible (made for another kernel), broken, or disabled (LUMOS_DISABLE_PLUGINS).
    """
    from rich.table import Table

    from ..loading.api import plugins, summary_of

    found = plugins()

    def table() -> Table:
        rows = []
        for plugin in found:
            told = summary_of(plugin) if plugin.status == "ok" else plugin.reason
            fix = f" Fix: {plugin.fix}" if plugin.fix and plugin.status != "ok" else ""
            notes = "".join(f" Note: {note}" for note in plugin.notes)
            rows.append((plugin.distribution, plugin.version, plugin.status, f"{told}{fix}{notes}".strip()))
        return table_of("distribution", "version", "status", "offers", rows=rows)

    emit(ctx, [_plain(plugin) for plugin in found], table)


def _plain(plugin: object) -> dict[str, object]:
    from ..loading.registry import PluginInfo

    assert isinstance(plugin, PluginInfo)
    components = [
        {"kind": kind, "name": component.name, "summary": component.summary} for kind, component in plugin.components
    ]
    data = {key: value for key, value in plugin._asdict().items() if key != "components"}
    return {**data, "components": components}
