"""SQL from outside of the stream: scripts in folders and models of dbt, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from lumos_core.plugin_api import ConfigError, Context, UnitError

from .config import DbtManifest, Place, SqlFiles
from .dialects import known
from .gaps import Gaps
from .names import Site
from .structs import Name


class Text(Struct, frozen=True):
    """One text to read.

    Attributes:
        sql: The text.
        site: Where its names belong.
        where: Its place, for people: a path relative to the folder that is configured.
        line: Line of that file on which the text begins.
        target: What a lone query is written into; None where each statement says so itself.
    """

    sql: str
    site: Site
    where: str
    line: int = 1
    target: Name | None = None


class _Metadata(Struct):
    adapter_type: str = ""


class _Settings(Struct):
    materialized: str | None = None


class _Node(Struct):
    resource_type: str = ""
    name: str = ""
    alias: str | None = None
    database: str | None = None
    schema_: str | None = msgspec.field(default=None, name="schema")
    relation_name: str | None = None
    compiled_code: str | None = None
    compiled_sql: str | None = None
    language: str | None = None
    original_file_path: str = ""
    config: _Settings = msgspec.field(default_factory=_Settings)


class _Manifest(Struct):
    """The part of a manifest that is read; the rest, most of it, is skipped."""

    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    nodes: dict[str, _Node] = {}


def site(place: Place, platform: str = "") -> Site:
    """Return where the names in some SQL belong, from its configuration."""
    platform = place.platform or platform
    dialect = known(place.dialect or platform) or ""
    prefix = tuple(part for part in (place.database, place.schema_) if part)
    return Site(platform or dialect, prefix, place.env, place.instance, dialect)


def check(path: Path) -> None:
    """Prove that a path is there.

    Raises:
        ConfigError: It is not.
    """
    if not path.exists():
        raise ConfigError(f"there is no {path}", fix="correct `path`, or remove the entry")


def scripts(config: SqlFiles, ctx: Context, gaps: Gaps, limit: int) -> Iterator[Text]:
    """Return the scripts of a folder in the order of their paths."""
    place = site(config)
    folder = config.path.is_dir()
    files = sorted(path for path in config.path.glob(config.pattern) if path.is_file()) if folder else [config.path]
    if not files:
        gaps.warn("sql-no-files", f"no file fits {config.pattern!r}", config.path.name)
    for path in files:
        if ctx.cancelled():
            return
        where = path.relative_to(config.path).as_posix() if folder else path.name
        try:
            if path.stat().st_size > limit * 4:
                gaps.unparsed(f"the file has more than the {limit} characters that are read (`max_text`)", where)
                continue
            sql = path.read_bytes().decode("utf-8-sig", "replace")
        except OSError as error:
            gaps.unparsed(f"the file cannot be read: {error.strerror or type(error).__name__}", where)
            continue
        yield Text(sql, place, where)


def models(config: DbtManifest, gaps: Gaps) -> Iterator[Text]:
    """Return the compiled SQL of every model and snapshot of dbt that makes a table or view.

    Raises:
        UnitError: The file is no manifest.
    """
    try:
        manifest = msgspec.json.decode(config.path.read_bytes(), type=_Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise UnitError(
            f"{config.path.name} is not a manifest of dbt that can be read",
            why=str(error),
            fix="run `dbt compile` and name its target/manifest.json",
        ) from error
    place = site(config, manifest.metadata.adapter_type)
    for _, node in sorted(manifest.nodes.items()):
        if node.resource_type not in ("model", "snapshot") or node.config.materialized == "ephemeral":
            continue
        where = node.original_file_path or node.name
        sql = node.compiled_code or node.compiled_sql
        if (node.language or "sql") != "sql":
            continue
        if not sql:
            gaps.warn("dbt-not-compiled", "the manifest has no compiled SQL of this model; run `dbt compile`", where)
            continue
        parts = (node.database, node.schema_, node.alias or node.name)
        yield Text(sql, place, where, target=tuple(part for part in parts if part))
