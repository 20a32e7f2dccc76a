"""The fake as a program, and the registry's own form."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path

import pytest
from lumos_testing_datahub import __main__ as program
from lumos_testing_datahub import derive, process
from lumos_testing_datahub.fake import DataHubFake

from lumos_core.testing.servers import Unavailable, running


def test_it_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    with running(process, tmp_path) as server:
        with urllib.request.urlopen(f"{server.dsn}/config", timeout=10) as answer:
            assert json.load(answer)["noCode"] == "true"
        token = {"Authorization": f"Bearer {server.password}"}
        request = urllib.request.Request(f"{server.dsn}/openapi/v3/entity/dataType", headers=token)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer)["totalCount"] == 5
    with pytest.raises(OSError):
        urllib.request.urlopen(f"{server.dsn}/config", timeout=10)


def test_what_cannot_start_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "TOKEN", "--unheard-of")
    with pytest.raises(Unavailable, match="expected one argument"), process.start(tmp_path):
        pass


def test_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(DataHubFake, "run", lambda fake: seen.append((fake.token, fake.store.seconds)))
    program.main(["--port", "0", "--token", "t", "--index-lag", "1.5"])
    assert seen == [("t", 1.5)]


README = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, flags=re.S)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_of_the_readme_run(example: str) -> None:
    exec(compile(example, "README.md", "exec"), {"fake": DataHubFake()})


AVRO = [
    "null",
    {
        "type": "record",
        "name": "ShipKey",
        "namespace": "com.linkedin.pegasus2avro.key",
        "Aspect": {"name": "shipKey", "keyForEntity": "ship", "entityAspects": ["crew", "lost"]},
        "fields": [{"name": "id", "type": "string"}],
    },
    {
        "type": "record",
        "name": "Crew",
        "namespace": "com.linkedin.pegasus2avro.sea",
        "Aspect": {"name": "crew", "schemaVersion": 2},
        "fields": [
            {"name": "captain", "type": "string", "Urn": "CorpuserUrn"},
            {
                "name": "sailors",
                "type": ["null", {"type": "array", "items": "string"}],
                "default": None,
                "Urn": "Urn",
                "urn_is_array": True,
                "Relationship": {"/*": {"name": "Sails", "entityTypes": ["corpuser"], "isLineage": True}},
            },
            {"name": "mood", "type": {"type": "enum", "name": "Mood", "symbols": ["GOOD"]}},
            {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 4}},
            {"name": "next", "type": ["null", "Crew"]},
            {
                "name": "port",
                "type": "string",
                "Urn": "Urn",
                "UrnValidation": {"exist": True, "entityTypes": ["ship"]},
            },
        ],
    },
    {"type": "record", "name": "Unused", "namespace": "com.linkedin.pegasus2avro.sea", "fields": []},
]


def test_a_registry_is_derived_from_avro() -> None:
    deriver = derive.Deriver()
    for schema in AVRO[1:]:
        deriver.walk(schema)
    assert deriver.entities == {"ship": {"key": "shipKey", "parts": ["id"], "aspects": ["crew", "lost", "shipKey"]}}
    assert deriver.aspects["crew"] == {"type": "com.linkedin.sea.Crew", "timeseries": False, "schema_version": 2}
    _, fields = deriver.types["com.linkedin.sea.Crew"]
    assert fields == {
        "captain": [["urn", ["corpuser"]], 1],
        "sailors": [["array", ["urn", []]], 0, {"to": [["/*", "Sails", ["corpuser"], "up"]]}],
        "mood": [["ref", "com.linkedin.sea.Mood"], 1],
        "hash": ["bytes", 1],
        "next": [["ref", "com.linkedin.sea.Crew"], 0],
        "port": [["urn", ["ship"]], 1, {"exists": True}],
    }


def test_the_text_of_the_registry_has_a_line_for_each_thing() -> None:
    kept = json.loads(derive.TARGET.read_text(encoding="utf-8"))
    text = derive.text(kept)
    assert json.loads(text) == kept
    assert text == derive.TARGET.read_text(encoding="utf-8")
    assert len(text.splitlines()) > len(kept["entities"]) + len(kept["aspects"]) + len(kept["types"])
