from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, SecretStr

from lumos_core.errors import PluginError, UsageError
from lumos_core.loading.api import describe, kind_of, type_name

RICH = '''
from pathlib import Path
from typing import Literal
from lumos_core.plugin_api import *
from pydantic import Field, SecretStr

class Part(Config):
    size: int = 3
    key: SecretStr = SecretStr("hunter22")

class Rich(Config):
    url: str = Field(description="Required.")
    mode: Literal["a", "b"] = Field(description="Required.")
    count: int = Field(description="Required.")
    share: float = Field(description="Required.")
    flag: bool = Field(description="Required.")
    tags: list[str] = Field(description="Required.")
    part: Part = Field(description="Required.")
    api_key: SecretStr = Field(description="Required.")
    folder: LocalPath = Field(default=Path("x"), description="Optional.")
    parts: list[Part] = Field(default_factory=lambda: [Part()], description="Optional.")
    chosen: frozenset[str] = Field(default=frozenset({"b", "a"}), description="Optional.")
    labels: dict[str, int] = Field(default={"a": 1}, description="Optional.")
    formats: list[FormatSpec] = Field(default=[ComponentSpec("format", "toy")], description="Optional.")

class Enrich(Enricher[Rich]):
    """First line.

    More.
    """

    writes = frozenset({"owners", "tags"})

    def enrich(self, records, ctx):
        return records
'''


def test_every_shape_of_option_is_described(toolbox: Any, write: Any, tmp_path: Path, monkeypatch: Any) -> None:
    toolbox.distribution(
        """
        from lumos_core.plugin_api import Component, hookimpl

        @hookimpl
        def lumos_enrichers():
            return [Component("rich", "PACKAGE.parts:Enrich", "PACKAGE.parts:Rich")]
        """,
        modules={"parts": RICH},
    )
    told = describe("enrich", "rich")
    options = {option["name"]: option for option in told["options"]}
    assert "hunter22" not in str({**told, "schema": ""})
    assert told["doc"] == "First line."
    assert {name: option["default"] for name, option in options.items() if not option["required"]} == {
        "folder": "x",
        "parts": [{"size": 3, "key": ""}],
        "chosen": ["a", "b"],
        "labels": {"a": 1},
        "formats": ["toy"],
    }
    assert told["capabilities"] == {"owners": {"write": True}, "tags": {"write": True}}
    assert told["example"].splitlines() == [
        "enrich:",
        "- type: rich",
        "  url: <url>",
        "  mode: a",
        "  count: 1",
        "  share: 1.0",
        "  flag: true",
        "  tags:",
        "  - <text>",
        "  part: {}",
        "  api_key: ${API_KEY}",
    ]


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (str, "text"),
        (int | None, "whole number"),
        (str | int, "text or whole number"),
        (list[str], "list of text"),
        (tuple[int, ...], "list of whole number"),
        (tuple, "tuple"),
        (dict[str, bool], "mapping of true or false"),
        (Literal["a", 1], "one of a, 1"),
        (Annotated[Path, "x"], "path"),
        (SecretStr, "secret"),
        (BaseModel, "mapping"),
        (Any, "Any"),
    ],
)
def test_types_in_words(hint: Any, words: str) -> None:
    assert type_name(hint) == words


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("source", "source"),
        ("Sources", "source"),
        ("cost-model", "cost_model"),
        ("cost", "cost_model"),
        ("enrich", "enricher"),
    ],
)
def test_kinds_in_words(text: str, kind: str) -> None:
    assert kind_of(text) == kind


def test_what_cannot_be_described() -> None:
    with pytest.raises(UsageError, match="there is no kind 'sauce'"):
        describe("sauce", "x")
    with pytest.raises(PluginError, match="there is no source 'nope-nope'"):
        describe("source", "nope-nope")


def test_an_example_of_a_format_says_where_it_goes(toolbox: Any) -> None:
    toolbox.toy("toy")
    assert describe("format", "toy")["example"] == "# in a source that reads files\nformats:\n- type: toy\n"


def test_the_example_of_a_model_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is required may depend on what is given: then the author says what works."""
    (tmp_path / "either_or.py").write_text(
        "from lumos_core.plugin_api import *\n"
        "from pydantic import ConfigDict, Field\n"
        "class Options(Config):\n"
        "    model_config = ConfigDict(json_schema_extra={'examples': [{'host': 'db.example'}]})\n"
        "    url: str = Field('', description='Either.')\n"
        "    host: str = Field('', description='Or.')\n"
        "class Either(Source[Options]):\n"
        "    def plan(self, within, ctx): return ()\n"
        "    def extract(self, unit, ctx): return ()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    shown = describe("source", "either_or:Either")["example"]
    assert shown == "sources:\n- type: either_or:Either\n  host: db.example\n"


def test_the_keys_of_an_own_block_are_named_among_those_of_every_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "queued.py").write_text(
        "from lumos_core.plugin_api import *\n"
        "from pydantic import Field\n"
        "class QueueWatch(WatchConfig):\n"
        "    queue: str = Field(default='', description='Its queue.')\n"
        "class Options(Config):\n"
        "    watch: QueueWatch | None = Field(default=None, description='How it is watched.')\n"
        "class Queued(Source[Options]):\n"
        "    def plan(self, within, ctx): return ()\n"
        "    def extract(self, unit, ctx): return ()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    common = {key["name"]: key["description"] for key in describe("source", "queued:Queued")["common"]}
    assert common["watch"].endswith("debounce, watch_tables, queue.")
    assert [key["name"] for key in describe("executor", "serial")["common"]] == ["name"]
