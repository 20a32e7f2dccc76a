"""`lumos schema`."""

from __future__ import annotations

import click

from .output import write_json


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the pipeline file.

    It holds the options of every installed plugin. Save it, and name it in the first line of a pipeline for editors:
    `# yaml-language-server: $schema=lumos.schema.json`.
    """
    from ..config.api import pipeline_schema

    write_json(pipeline_schema())
