"""The block `watch:` of a source: how `lumos watch` learns of changes.

Every source may have it in a pipeline, since the kernel can look at any source again and again. A source with options
of its own for it declares the field:

Example:
    ```python
    class QueueWatch(WatchConfig):
        queue: str = Field(default="", description="Queue that tells of uploads.")

    class InboxConfig(Config):
        path: LocalPath = Field(description="Folder of messages.")
        watch: QueueWatch | None = Field(default=None, description="How `lumos watch` learns of changes.")
    ```
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from .component import Config

Mode = Literal["events", "polling", "hybrid"]


class WatchConfig(Config):
    """How `lumos watch` learns that something changed."""

    mode: Mode = Field(
        default="hybrid",
        description="`events`: what the source tells, after one full look at the start. `polling`: a full look every "
        "`interval`. `hybrid`: both, so that a lost event is made good; a source that tells nothing is polled.",
    )
    interval: float = Field(
        default=60, gt=0, le=30 * 86400, allow_inf_nan=False, description="Seconds from one full look to the next."
    )
    events: list[Literal["created", "deleted"]] = Field(
        default=["created", "deleted"],
        min_length=1,
        description="Which events lead to a look; an overwritten object is a created one.",
    )
    debounce: float = Field(
        default=0.3,
        ge=0,
        le=3600,
        allow_inf_nan=False,
        description="Seconds of quiet that are waited for after an event, so that a burst becomes one look; "
        "a burst that does not end is looked at after ten times as many.",
    )
    watch_tables: list[str] = Field(
        default=[],
        description="Only these: URNs, or beginnings of names as in `--select`; empty = everything.",
        examples=[["raw/orders", "raw/events/"]],
    )

    @field_validator("watch_tables")
    @classmethod
    def _beginnings(cls, value: list[str]) -> list[str]:
        for text in value:
            if not text or any(char in text for char in "*?["):
                raise ValueError("URNs or beginnings of names; a pattern says nothing about what is not there yet")
        return value
