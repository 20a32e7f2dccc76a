"""The block `watch:` and `change_detection`: what is right, and where what is wrong is told."""

from __future__ import annotations

import json

import jsonschema
import pytest

import lumos_core
from lumos_core.config.types import ComponentSpec
from lumos_core.errors import ConfigError
from lumos_core.testing.watched import QueueWatch
from lumos_core.watching.watched import blocks

SHELF = "lumos_core.testing.watched:ShelfSource"


def load(folder, text):
    (folder / "lumos.yaml").write_text(text, encoding="utf-8")
    return lumos_core.load_pipeline(folder / "lumos.yaml")


def wrong(folder, text):
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return [(problem.where.rsplit("/", 1)[-1], problem.what, problem.fix) for problem in caught.value.problems]


def test_any_source_may_be_watched(tmp_path):
    (source,) = load(tmp_path, "sources:\n- {type: csv, path: ., watch: {mode: polling, interval: 2.5}}\n").sources
    assert (source.watch.mode, source.watch.interval, source.watch.events) == ("polling", 2.5, ["created", "deleted"])
    assert "watch" not in source.options
    again = ComponentSpec.from_ref(source.ref)
    assert again == source
    assert again.validated().watch is None, "a worker that reads a unit need not know"


def test_a_source_with_options_of_its_own_has_them(tmp_path):
    text = f"sources:\n- {{type: '{SHELF}', path: ., watch: {{mode: events, queue: q}}}}\n"
    (source,) = load(tmp_path, text).sources
    assert isinstance(source.watch, QueueWatch)
    assert source.watch.queue == tmp_path / "q"
    assert source.watch is source.config.watch


@pytest.mark.parametrize("block", ["", "null"])
def test_an_empty_block_is_none(tmp_path, block):
    (source,) = load(tmp_path, f"sources:\n- type: csv\n  path: .\n  watch: {block}\n").sources
    assert source.watch is None


def test_variables_are_filled_in(tmp_path, monkeypatch):
    monkeypatch.setenv("EVERY", "7")
    (source,) = load(tmp_path, "sources:\n- {type: csv, path: ., watch: {interval: '${EVERY}'}}\n").sources
    assert source.watch.interval == 7


def test_what_is_wrong_is_told_at_its_line(tmp_path):
    text = """sources:
- type: csv
  path: .
  watch:
    mode: sometimes
    intervall: 3
    debounce: -1
    watch_tables: ["raw/*"]
- type: csv
  path: .
  watch: often
"""
    found = wrong(tmp_path, text)
    places = [place for place, _, _ in found]
    assert [int(place.split(":")[1]) for place in places] == [5, 6, 7, 8, 11]
    assert "interval" in found[1][1] + found[1][2]


def test_events_of_a_source_that_tells_none_are_not_waited_for(tmp_path):
    ((place, what, fix),) = wrong(tmp_path, "sources:\n- type: csv\n  path: .\n  watch:\n    mode: events\n")
    assert place.startswith("lumos.yaml:5:")
    assert "no events" in what
    assert "polling" in fix


ALIAS = f"""sources:
- {{type: '{SHELF}', path: a, name: a}}
- {{type: csv, path: b}}
change_detection:
  enabled: true
  sources:
    - type: csv
      watch_mode: polling
      polling_interval: 5
      event_types: [ObjectCreated, 's3:ObjectCreated:*', 's3:ObjectRemoved:*', ObjectDeleted]
"""


def test_change_detection_is_read_as_the_same(tmp_path):
    shelf, csv = load(tmp_path, ALIAS).sources
    assert shelf.watch is None
    assert (csv.watch.mode, csv.watch.interval, csv.watch.events) == ("polling", 5, ["created", "deleted"])


def test_change_detection_that_is_off_has_no_effect(tmp_path):
    for off in ("false", "no", '"${NOT_SET:-false}"'):
        assert load(tmp_path, ALIAS.replace("true", off)).sources[1].watch is None
    assert load(tmp_path, ALIAS.replace("true", "false").replace("type: csv\n", "type: s3\n")).sources


def test_change_detection_fits_bucket_and_prefix(tmp_path):
    from lumos_core.config.watched import merged

    data = {
        "sources": [
            {"type": "s3", "bucket": "lake", "prefix": "raw/"},
            {"type": "lumos-source-s3/s3", "bucket": "lake", "prefix": "out"},
            "csv",
        ],
        "change_detection": {
            "sources": [
                {"type": "s3", "bucket": "lake", "prefix": "/raw", "sqs_queue": "q1", "watch_mode": "hybrid"},
                {"type": "s3", "prefix": "out/", "event_types": ["ObjectDeleted"]},
                {"type": "csv"},
                {"type": "s3", "bucket": "other"},
                {"type": "csv", "polling_interval": 3},
                "not a mapping",
            ]
        },
    }
    found = merged(data)
    assert [entry.get("watch") for entry in found.data["sources"]] == [
        {"mode": "hybrid", "sqs_queue": "q1"},
        {"events": ["deleted"]},
        {},
    ]
    assert [problem.loc for problem in found.problems] == [
        ("change_detection", "sources", 3),
        ("change_detection", "sources", 4),
    ]


def test_what_is_wrong_with_change_detection_is_told_where_it_stands(tmp_path):
    text = f"""sources:
- {{type: '{SHELF}', path: a, watch: {{mode: polling}}}}
- {{type: csv, path: b}}
- {{type: '{SHELF}', path: c, name: c}}
change_detection:
  sources:
    - type: '{SHELF}'
    - type: s3
    - type: csv
      watch_mode: events
      sqs_queue: here
"""
    lines = sorted((int(place.split(":")[1]), what) for place, what, _ in wrong(tmp_path, text))
    assert [line for line, _ in lines] == [7, 8, 11]
    assert "watch` already" in lines[0][1]
    assert "no source" in lines[1][1]
    alone = text.replace("      sqs_queue: here\n", "")
    assert sorted(int(place.split(":")[1]) for place, _, _ in wrong(tmp_path, alone)) == [7, 8, 10]


def test_shapes_of_change_detection_are_checked(tmp_path):
    text = ALIAS.replace("polling_interval: 5", "polling_interval: soon").replace("ObjectCreated,", "Uploaded,")
    assert {int(place.split(":")[1]) for place, _, _ in wrong(tmp_path, text)} == {9, 10}


def test_one_block_means_that_only_it_is_watched(tmp_path):
    two = load(tmp_path, "sources:\n- {type: csv, path: a}\n- {type: csv, path: b, watch: {interval: 3}}\n").sources
    assert list(blocks(two)) == [1]
    none = load(tmp_path, "sources:\n- {type: csv, path: a}\n- {type: csv, path: b}\n").sources
    assert {number: block.mode for number, block in blocks(none).items()} == {0: "hybrid", 1: "hybrid"}


def test_editors_know_the_block():
    schema = lumos_core.pipeline_schema()
    right = {
        "sources": [{"type": "csv", "path": ".", "watch": {"mode": "polling", "interval": 3}}],
        "change_detection": {"sources": [{"type": "csv"}]},
    }
    jsonschema.validate(json.loads(json.dumps(right)), schema)
    right["sources"][0]["watch"]["mode"] = "sometimes"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(right, schema)
