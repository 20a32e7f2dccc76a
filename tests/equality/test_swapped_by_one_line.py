"""The same pipeline keeps each catalog true; only the line of `catalogs:` differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lumos_core import run, write_snapshot
from lumos_core.testing.estates import Estate


def test_what_was_published_is_read_back(
    name: str, places: Any, differences: Any, plainly: Any, tmp_path: Path
) -> None:
    estate, line = Estate(datasets=30, fields=8, stats=False), places.open(name)
    born_with = set(places.held(line))  # a server's own types of owners, tags and teams
    write_snapshot(tmp_path / "estate.lumos.jsonl", estate.records())
    path = places.pipeline(line, tmp_path / "estate.lumos.jsonl")

    first = run(path)
    assert not first.failures, [(notice.where, notice.message) for notice in first.failures][:5]
    wanted = {record.urn: plainly(record) for record in estate.records() if record.urn not in born_with}
    held = {urn: record for urn, record in places.held(line).items() if urn in wanted}
    for record in held.values():  # what Lumos adds to a dataset of its own
        record.value.properties = [pair for pair in record.value.properties if pair[0] != "cloud_version"]
    assert differences(wanted, held) == []

    published = run(path).published[0]
    assert [operation.urn for operation in published.operations] == []
    assert published.written == 0
