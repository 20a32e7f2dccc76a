"""The body of a request, its schema, and how much goes into one."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_reporter_webhook.payload import requests, schema

from lumos_core.plugin_api import ChangeEvent, Finding, RunResult, SchemaField, urns

RUN = RunResult(run_id="20261121T093000Z-0001", pipeline="shop")
VALIDATOR = jsonschema.Draft202012Validator(schema())
KEPT = Path(__file__).parents[3] / "docs" / "reference" / "notice.schema.json"


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())
    assert not VALIDATOR.is_valid({"schema": "lumos-notice/1"})
    assert [
        name for name, key in schema()["$defs"]["ChangeEvent"]["properties"].items() if not key["description"]
    ] == []


def event(name="raw/orders", number=0, **more):
    keys = {
        "id": f"{number:016x}",
        "urn": urns.dataset("s3", name),
        "type": "schema-changed",
        "at": "2026-11-21T09:29:00Z",
        "seen": "2026-11-21T09:30:00Z",
        "run": "20261121T093000Z-0001",
    }
    return ChangeEvent(**{**keys, **more})


def bodies(events, most=100, size=262_144):
    return [(request.id, json.loads(request.body)) for request in requests(events, RUN, most, size)]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
findings = st.builds(Finding, rule=texts, severity=texts, fingerprint=texts, path=texts, message=texts, waived=texts)
fields = st.builds(SchemaField, path=texts, type=texts, nullable=st.none() | st.booleans())
events = st.builds(
    ChangeEvent,
    id=st.uuids().map(str),
    urn=texts.map(lambda name: urns.dataset("s3", name)),
    type=st.sampled_from(["created", "deleted", "schema-changed", "modified"]),
    at=texts,
    seen=texts,
    run=texts,
    path=texts,
    before=st.lists(fields, max_size=2),
    severity=texts,
    findings=st.lists(findings, max_size=2),
    owners=st.lists(texts, max_size=2),
    metadata=st.lists(st.tuples(texts, texts), max_size=2),
    impact_count=st.integers(0, 9),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(events, min_size=1, max_size=4))
def test_every_body_fits_the_schema_and_loses_nothing(told):
    seen = []
    for id, body in bodies(told, most=2):
        VALIDATOR.validate(body)
        assert body["data"]["id"] == id
        seen += body["data"]["events"]
    assert [one["id"] for one in seen] == [one.id for one in told]
    for one, was in zip(seen, told, strict=True):
        assert one["name"] == urns.name(was.urn)
        assert one["metadata"] == dict(was.metadata)
        assert one["findings"] == [
            {key: getattr(finding, key) for key in Finding.__struct_fields__} for finding in was.findings
        ]
        assert [(field["path"], field["nullable"]) for field in one["before"]] == [
            (field.path, field.nullable) for field in was.before
        ]


@given(st.lists(st.integers(0, 3000), max_size=12), st.integers(1, 5))
def test_no_body_is_longer_than_it_may_be(sizes, most):
    told = [event(number=number, summary="x" * size) for number, size in enumerate(sizes)]
    sent = list(requests(told, RUN, most, 4_096))
    assert all(len(request.body) <= 4_096 for request in sent)
    batches = [json.loads(request.body)["data"]["events"] for request in sent]
    assert all(1 <= len(batch) <= most for batch in batches)
    assert [one["id"] for batch in batches for one in batch] == [one.id for one in told]


def test_what_is_too_long_is_cut_and_says_so():
    many = [SchemaField(path=f"f{number}", type="string") for number in range(1000)]
    found = [Finding(rule="r", severity="breaking", fingerprint="0", message=f"m{n}") for n in range(50)]
    long = event(before=many, after=many, findings=found, metadata=[("a", "b")], impact=["urn:x"], impact_count=7)
    ((_, body),) = bodies([long, event(number=1)], size=8_192)
    whole, other = body["data"]["events"]
    assert whole["cut"] and not other["cut"]
    assert (whole["before"], whole["after"], whole["metadata"], whole["impact"]) == ([], [], {}, [])
    assert len(whole["findings"]) == 10
    assert whole["impact_count"] == 7


def test_the_id_is_that_of_the_events_in_any_order():
    one, two, three = (event(number=number) for number in range(3))
    ((first, _),), ((second, _),), ((third, _),) = bodies([one, two]), bodies([two, one]), bodies([two, three])
    assert first == second != third
    assert len(first) == 32


def test_nothing_makes_no_request():
    assert bodies([]) == []


def test_names_are_exact_and_steer_no_terminal():
    nasty = "a\x1b[31m\u202e\x9b🦉"
    (request,) = requests([event(nasty)], RUN, 1, 4_096)
    assert json.loads(request.body)["data"]["events"][0]["name"] == nasty
    assert not [char for char in request.body.decode() if not char.isprintable()]


@pytest.mark.skipif(not KEPT.exists(), reason="only in a checkout, where the documentation is")
def test_the_schema_in_the_documentation_is_this_one():
    assert json.loads(KEPT.read_text(encoding="utf-8")) == json.loads(json.dumps(schema()))
