"""Options of the enricher `rules`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lumos_core.plugin_api import Config, LocalPath

MadeKind = Literal["user", "group", "tag", "term", "domain", "data_product", "ownership_type", "job"]


class RulesEnricherConfig(Config):
    """Where the rules are, and what they alone decide."""

    path: LocalPath = Field(description="The rules file (YAML).")
    complete: frozenset[MadeKind] = Field(
        default=frozenset(),
        description="Kinds of which this file is the only authority: what is no longer in it counts as removed.",
    )
