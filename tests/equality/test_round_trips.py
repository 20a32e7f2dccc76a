"""From one catalog to another and back: nothing is lost on the way, whichever two they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lumos_core import migrate, run, write_snapshot
from lumos_core.model.entities import Foreign
from lumos_core.model.record import Record
from lumos_core.publish.engine import fact_type
from lumos_core.testing.estates import Estate


def filled(places: Any, line: Any, folder: Path) -> None:
    """Publish a small estate, and something that only another vendor would understand, into a catalog."""
    estate = Estate(datasets=12, fields=6)
    foreign = Record(f"{estate.dataset(3)}#elsewhere/siblings", Foreign(body='{"primary":true}', base="sha256:00"))
    snapshot = folder / "estate.lumos.jsonl"
    write_snapshot(snapshot, sorted([*estate.records(), foreign], key=lambda record: (record.kind, record.urn)))
    result = run(places.pipeline(line, snapshot))
    assert not result.failures, [(notice.where, notice.message) for notice in result.failures][:5]


def test_there_and_back(pair: tuple[str, str], places: Any, differences: Any, tmp_path: Path) -> None:
    first, second, back = places.open(pair[0]), places.open(pair[1]), places.open(pair[0])
    born_with = {urn for line in (first, second, back) for urn in places.held(line)}  # a server's own tags and teams
    filled(places, first, tmp_path)
    for source, target in ((first, second), (second, back)):
        moved = migrate(places.pipeline(source), places.pipeline(target))
        assert moved.exit_code == 0, list(moved.losses())
    before, after = places.held(first), places.held(back)
    assert {record.kind for record in before.values()} >= {"dataset", "term", "foreign", "user", "assertion"}
    taken = places.facts(pair[0]) & places.facts(pair[1])  # a declared loss: types of facts that one does not take
    wanted = {urn: record for urn, record in before.items() if record.kind != "stats" or fact_type(urn) in taken}
    told = differences(
        {urn: record for urn, record in wanted.items() if urn not in born_with},
        {urn: record for urn, record in after.items() if urn not in born_with},
    )
    assert told == []
