"""Formats for tests, each a few lines: a text one, a binary one with magic, and a table format with a marker."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from pydantic import Field as Option

from lumos_core.plugin_api import (
    Config,
    Context,
    Covered,
    Dataset,
    Field,
    File,
    Format,
    Record,
    Scope,
    Stats,
    UnitError,
)
from lumos_core.plugin_api import Layout as DataLayout


class TinyConfig(Config):
    """Options."""

    comment: str = Option(default="#", description="What a comment begins with.")


class TinyCsv(Format[TinyConfig]):
    """`name:type,name:type?` on the first line, rows below; `!` is broken, `~` is ragged, `%` was sampled."""

    extensions = (".csv",)
    name_in_urn = "csv"
    positional = True
    opened: list[str] = []

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[Record]:
        for file in files:
            self.opened.append(file.path)
            with file.open() as stream:
                content = stream.read()
            try:
                lines = content.decode().splitlines()
            except UnicodeDecodeError as error:
                raise UnitError("this is no text", why=str(error), where=file.path) from error
            if lines[0].startswith("!"):
                raise UnitError("this is no table", why="it begins with !", where=file.path)
            if lines[0].startswith("~"):
                ctx.warn("ragged", "rows of several lengths", file.path)
            if lines[0].startswith("%"):
                ctx.covered(Covered(Scope(urns=frozenset({file.urn})), frozenset({"fields"}), "partial", "sampled"))
            fields = []
            for column in lines[0].strip("~%").split(","):
                name, _, type_ = column.partition(":")
                text = type_.rstrip("?") or "string"
                fields.append(Field(path=name, type=text, nullable=type_.endswith("?"), native_type=text.upper()))
            layout = DataLayout(options=[("comment", self.config.comment)])
            yield Record(file.urn, Dataset(captured=["fields", "layout"], fields=fields, layout=layout))
            yield Record(f"{file.urn}#profile@2026-01-01T00:00:00Z", Stats(row_count=len(lines) - 1))


class TinyRec(Format[TinyConfig]):
    """`REC1` and a JSON object name -> type."""

    extensions = (".rec",)
    magic = (b"REC1",)
    name_in_urn = "rec"

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[Record]:
        for file in files:
            with file.open() as stream:
                schema = json.loads(stream.read()[4:])
            fields = [Field(path=name, type=type_, nullable=False) for name, type_ in schema.items()]
            yield Record(file.urn, Dataset(captured=["fields"], fields=fields))


class TinyDelta(Format[TinyConfig]):
    """A table format: the schema stands in the last file of its log."""

    markers = ("_delta_log/",)
    name_in_urn = "delta"

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[Record]:
        with files[-1].open() as stream:
            schema = json.loads(stream.read())
        fields = [Field(path=name, type=type_, id=str(index)) for index, (name, type_) in enumerate(schema.items())]
        yield Record(files[-1].urn, Dataset(captured=["fields"], fields=fields))
