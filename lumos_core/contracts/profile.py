"""The option `profile` of a source: one vocabulary for every source that can look at values.

Example:
    A source that profiles takes the option, and asks the library `lumos-profile` for the work:

    ```python
    class InboxConfig(Config):
        path: LocalPath = Field(description="Folder of messages.")
        profile: ProfileOption = profile_option()
    ```

    `profile: true` then means every default, and `profile: {rows: 5000}` changes one of them.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from .component import Config

LIBRARY = "lumos-profile"
"""The distribution that makes profiles."""

Quantile = Annotated[float, Field(gt=0, lt=1)]


class ProfileConfig(Config):
    """What a profile holds and what it may cost; a profile is a statistic, so that it never makes a change."""

    rows: Annotated[int, Field(ge=1)] | Literal["all"] = Field(
        default=100_000,
        description="Look at about so many rows of each dataset, spread evenly; `all`: at every row. What a file's "
        "footer or a server knows by itself holds for all rows either way.",
    )
    from_: Literal["data", "statistics"] = Field(
        default="data",
        alias="from",
        description="`data`: values are looked at. `statistics`: only what the system keeps by itself, which costs "
        "next to nothing (footers of Parquet files, the planner's statistics of a database).",
    )
    top_values: int = Field(
        default=10, ge=0, le=1000, description="So many of the most frequent values of each field; 0 for none."
    )
    quantiles: list[Quantile] = Field(
        default=[0.25, 0.5, 0.75],
        max_length=100,
        description="Quantiles of numbers, dates and times, each between 0 and 1.",
    )
    histogram: int = Field(
        default=20, ge=0, le=1000, description="Bars of equal width of a field's histogram; 0 for none."
    )
    budget_seconds: float = Field(
        default=60,
        gt=0,
        allow_inf_nan=False,
        description="Time that one dataset may take; then the profile is that of the rows so far, and says so.",
    )
    exclude: list[str] = Field(
        default=[],
        description="Globs of field paths of which no value is looked at; `DATASET#FIELD` for those of one dataset.",
        examples=[["*.comment", "crm/people#name"]],
    )

    @field_validator("quantiles")
    @classmethod
    def _in_order(cls, value: list[float]) -> list[float]:
        return sorted(set(value))


def _spelled_out(value: Any) -> Any:
    """Turn `true` and `false` into options and none; ask for the library where it is wanted and missing."""
    if value is None or value is False:
        return None
    if find_spec("lumos_profile") is None:
        raise ValueError(f"profiles need {LIBRARY}, which is not installed: pip install {LIBRARY}")
    if why := import_module("lumos_profile").unusable():
        raise ValueError(why)
    return {} if value is True else value


ProfileOption = Annotated[
    ProfileConfig | None,
    BeforeValidator(_spelled_out, json_schema_input_type=bool | ProfileConfig | None),
]
"""`true`, `false`, or a mapping with the keys of `ProfileConfig`; None when nothing is to be profiled."""


def profile_option() -> Any:
    """Return the field that a configuration gives this option: off, with the description that all sources share."""
    return Field(
        default=None,
        description="Profile the data: null shares, distinct values, ranges, quantiles, histograms, most frequent "
        "values. `true`, or a mapping of `rows`, `from`, `top_values`, `quantiles`, `histogram`, `budget_seconds` and "
        "`exclude`.",
        examples=[True, {"rows": 5000, "exclude": ["comment"]}],
    )
