"""`lumos validate`."""

from __future__ import annotations

import click

from .output import emit, json_option, pipeline_argument


@click.command("validate")
@pipeline_argument
@json_option
@click.pass_context
def command(ctx: click.Context, pipeline: str | None, as_json: bool) -> None:
    """Check a pipeline file, and the files that go with it, without reading any data.

    All problems of all components are shown at once, each with its line; when there are none, those of waivers, rules
    and the local discovery.yaml of a lake. PIPELINE is a file or a folder that holds
    lumos.yaml; LUMOS_CONFIG, else ./lumos.yaml, by default.
    """
    from ..running.api import validate

    loaded = validate(pipeline)
    parts = [{"kind": spec.kind, "name": spec.name, "type": spec.type} for spec in loaded.components()]
    data = {"valid": True, "pipeline": loaded.name, "path": str(loaded.path), "components": parts}

    def text() -> str:
        named = ", ".join(dict.fromkeys(spec.name for spec in loaded.sources))
        return f"{loaded.path} is valid: {len(parts)} components, sources: {named}"

    emit(ctx, data, text)
