"""Options of the crawler, shared by the source `files` and the presets of single formats."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from lumos_core.plugin_api import Config, FormatSpec, LocalPath, ProfileOption, profile_option

DEFAULT_FORMATS = ("csv", "parquet", "avro", "json")
"""What `files` reads when `formats` is not given."""


class LakeConfig(Config):
    """What to leave out of a lake, and how its datasets are named, wherever it lies."""

    include: list[str] = Field(
        default=[],
        description="Globs below `path` that a file must fit (`**` crosses folders); empty = everything.",
        examples=[["sales/**", "**/*.parquet"]],
    )
    exclude: list[str] = Field(
        default=[], description="Globs below `path` of files to leave out.", examples=[["**/tmp/**"]]
    )
    platform: str = Field(default="file", min_length=1, description="Platform in the URNs.")
    env: str = Field(default="PROD", min_length=1, description="Environment in the URNs.")
    instance: str = Field(
        default="",
        description="Name that tells this root from another root of the same platform; needed when a pipeline has two.",
    )
    hidden: bool = Field(default=False, description="Also look at files and folders whose name begins with `.` or `_`.")
    overrides: LocalPath | None = Field(
        default=None,
        description="A `discovery.yaml` that says which files are one table where the layout does not; "
        "the file of that name in `path` is used when this is not given.",
    )
    max_files: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="Read at most so many files of one dataset: the oldest, the newest and evenly spaced ones by path; "
        "`fields` is then declared partial. Default: every file is read.",
    )
    max_objects: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="List at most so many files, in order of path; nothing is then concluded from what was not found, "
        "and the run ends as incomplete. Default: everything is listed.",
    )
    containers: bool = Field(default=True, description="Record the folders that hold datasets.")
    profile: ProfileOption = profile_option()

    @field_validator("instance", "platform", "env")
    @classmethod
    def _one_word(cls, value: str) -> str:
        if value != value.strip():
            raise ValueError("no spaces at the beginning or the end")
        return value


class CrawlConfig(LakeConfig):
    """A lake in a folder of this machine."""

    path: LocalPath = Field(description="Folder to crawl, or a single file; relative to the pipeline file.")
    follow_symlinks: bool = Field(default=False, description="Follow symbolic links; a loop is followed once.")


class FilesConfig(CrawlConfig):
    """Options of the source `files`."""

    formats: list[FormatSpec] = Field(
        default=list(DEFAULT_FORMATS),
        validate_default=True,
        min_length=1,
        description='Formats to read, each a name or `{type: csv, delimiter: ";"}`; other files are never read.',
    )
