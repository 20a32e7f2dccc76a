"""`lumos describe`."""

from __future__ import annotations

import json
from typing import Any

import click

from .output import emit, json_option, table_of

COMMON = "Whatever the type is; more about these keys in docs/reference/pipeline.md and in `lumos schema`."


@click.command("describe")
@click.argument("kind")
@click.argument("name")
@json_option
@click.pass_context
def command(ctx: click.Context, kind: str, name: str, as_json: bool) -> None:
    """Show the options and abilities of one component.

    KIND is source, format, enricher, differ, catalog, store, cost-model, reporter or executor; NAME as in YAML.
    """
    from rich.console import Group

    from ..loading.api import describe

    told = describe(kind, name)

    def page() -> Group:
        from rich.text import Text

        origin = f"{told['distribution']} {told['version']}".strip() or "not packaged"
        parts: list[Any] = [Text(f"{told['kind']} {told['name']} ({origin})", style="bold")]
        parts += [Text(told["summary"] or told["doc"]), Text("")]
        rows = [(o["name"], o["type"], _default(o), o["description"]) for o in told["options"]]
        parts.append(table_of("option", "type", "default", "description", rows=rows) if rows else Text("No options."))
        common = [(key["name"], key["description"]) for key in told["common"]]
        parts += [Text(""), table_of("common key", "description", rows=common), Text(COMMON, style="dim")]
        if told["capabilities"]:
            support = [(aspect, _support(how)) for aspect, how in told["capabilities"].items()]
            parts += [Text(""), table_of("aspect", "support", rows=support)]
        return Group(*parts, Text(""), Text("Example:", style="bold"), Text(told["example"].rstrip()))

    emit(ctx, told, page)


def _default(option: dict[str, Any]) -> str:
    if option["required"]:
        return "required"
    value = option["default"]
    if value is None or value == "":
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _support(support: dict[str, Any]) -> str:
    words = [key for key, value in support.items() if value is True]
    texts = [f"kept in `lumos`: {text}" if key == "kept" else text for key, text in support.items()]
    return "; ".join([", ".join(words), *(text for text in texts if isinstance(text, str))])
