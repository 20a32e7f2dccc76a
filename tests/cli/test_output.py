from __future__ import annotations

import io
import json
import sys
from typing import Any

import click
import pytest
from click.testing import CliRunner
from msgspec import Struct

from lumos_core.cli.output import console, emit, json_option, table_of, write_json


class Point(Struct):
    x: int
    name: str = "ä"


@click.command()
@json_option
@click.option("--what", default="list")
@click.pass_context
def shown(ctx: click.Context, as_json: bool, what: str) -> None:
    data: Any = {"list": [{"a": 1}], "struct": Point(1), "many": iter([Point(1), {"b": 2}]), "none": iter(())}[what]
    emit(ctx, data, lambda: table_of("a", "b [x]", rows=[(1, "[bold]x[/bold]")]))


def test_people_get_a_table() -> None:
    done = CliRunner().invoke(shown, [])
    assert "[bold]x[/bold]" in done.output
    assert "b [x]" in done.output
    assert "\x1b" not in done.output


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("list", [{"a": 1}]),
        ("struct", {"x": 1, "name": "ä"}),
        ("many", [{"x": 1, "name": "ä"}, {"b": 2}]),
        ("none", []),
    ],
)
def test_programs_get_json(what: str, expected: Any) -> None:
    assert json.loads(CliRunner().invoke(shown, ["--json", "--what", what]).output) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
@pytest.mark.parametrize("text", ["grün", "名前", "\U0001f600", "\udcff"])
def test_json_stays_json_in_every_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str, text: str) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace"))
    write_json({"a": text})
    assert json.loads(raw.getvalue().decode(encoding)) == {"a": text}


def test_a_string_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    emit(click.Context(shown), {}, "x " * 200 + "[/nope]")
    assert capsys.readouterr().out == "x " * 200 + "[/nope]\n"


def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert console().no_color is True


def test_names_are_shown_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "a\x1b[31m\u202eb\x07\u2028\udcffc"
    console().print(table_of("name", rows=[(evil,)]))
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\u202e\x07\u2028\udcff")
    assert r"a\u{1b}[31m\u{202e}b" in out


ROW = ("a_dataset_of_some_length.csv", "file set", "because its columns are as they are and nobody said otherwise")


def shown_at(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    console().print(table_of("dataset", "type", "why", title="Found", rows=[ROW, ("b", "", "c")]))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("width", [40, 48, 60, 80, 160])
def test_no_word_is_broken_and_nothing_left_out(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown_at(width, monkeypatch, capsys)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    for word in ("Found", "dataset", "type", "why", *" ".join(ROW).split(), "b", "c"):
        assert word in words, word


def test_a_table_is_a_list_only_where_it_must_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown_at(80, monkeypatch, capsys)[1].split() == ["dataset", "type", "why"]
    assert shown_at(40, monkeypatch, capsys) == [
        "Found",
        "dataset  a_dataset_of_some_length.csv",
        "type     file set",
        "why      because its columns are as they",
        "         are and nobody said otherwise",
        "",
        "dataset  b",
        "why      c",
    ]


def test_a_word_longer_than_the_line_is_folded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown_at(20, monkeypatch, capsys)
    assert max(map(len, lines)) <= 20 and ROW[0] in "".join(line.strip() for line in lines).replace("dataset", "", 1)


def test_prose_is_not_squeezed_into_a_tower(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    console().print(table_of("a", "b", rows=[("x" * 30, "so many words " * 12)]))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == f"a  {'x' * 30}" and lines[1].startswith("b  so many words so many words")
