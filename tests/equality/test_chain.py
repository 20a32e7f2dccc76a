"""A rich estate goes through one catalog after another, and comes back as it left.

The estate has everything that the model knows, some things that only another vendor would understand, and references
between all of it. With servers, the first and the last are two real Atlas, one after the other.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lumos_core import migrate, run, write_snapshot
from lumos_core.model.entities import Foreign
from lumos_core.model.record import Record
from lumos_core.testing.estates import Estate

_ESTATE = Estate(datasets=60, fields=10, stats=False)


def _records() -> list[Any]:
    """The estate, and something on one dataset that no catalog here understands."""
    foreign = Record(f"{_ESTATE.dataset(3)}#elsewhere/siblings", Foreign(body='{"primary":true}', base="sha256:00"))
    return sorted([*_ESTATE.records(), foreign], key=lambda record: (record.kind, record.urn))


def _filled(places: Any, line: Any, folder: Path) -> None:
    snapshot = folder / "estate.lumos.jsonl"
    write_snapshot(snapshot, _records())
    result = run(places.pipeline(line, snapshot))
    assert not result.failures, [(notice.where, notice.message) for notice in result.failures][:5]


def _moved(places: Any, source: Any, target: Any) -> str:
    """Migrate, check what became of every record, and return a line for people."""
    born_with = places.held(target).keys()  # a server's own types of owners, tags and teams: it may word them otherwise
    began = time.perf_counter()
    result = migrate(places.pipeline(source), places.pipeline(target))
    took = time.perf_counter() - began
    assert result.exit_code == 0, list(result.losses())
    verdicts = Counter(str(proven.verdict) for proven in result.records)
    bad = [proven for proven in result.records if proven.verdict not in ("identical", "kept in lumos")]
    assert [proven for proven in bad if proven.urn not in born_with] == []
    wanted = {record.urn for record in _records()}
    assert wanted <= {proven.urn for proven in result.records}, "a record has no verdict"
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    return f"{source['type']} -> {target['type']}: {told}; {took:.1f} s"


def _same(places: Any, differences: Any, before: Any, line: Any) -> None:
    wanted = {record.urn for record in _records()}
    after = places.held(line)
    assert wanted <= before.keys()
    types = {urn for urn in wanted if urn.startswith("urn:lumos:ownership_type:")}
    assert types <= after.keys()
    wanted -= types  # servers have some of the same names, and words of their own for them, which stay
    assert differences(
        {urn: record for urn, record in before.items() if urn in wanted},
        {urn: record for urn, record in after.items() if urn in wanted},
    ) == []  # fmt: skip


def _through(places: Any, first: Any, names: Sequence[str]) -> tuple[Any, list[str]]:
    """Migrate from catalog to catalog; return the last and what became of the records."""
    told = []
    for name in names:
        following = places.open(name)
        told.append(_moved(places, first, following))
        first = following
    return first, told


def test_an_estate_comes_back_through_two_others(places: Any, differences: Any, tmp_path: Path) -> None:
    first = places.open("local")
    _filled(places, first, tmp_path)
    last, told = _through(places, first, ("datahub", "openmetadata", "local"))
    print(*told, sep="\n")
    _same(places, differences, places.held(first), last)


@pytest.mark.servers
def test_an_estate_comes_back_to_another_atlas(
    places: Any, differences: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from lumos_core.testing.servers import atlas, running

    def line(server: Any) -> dict[str, Any]:
        address = f"http://{server.host}:{server.port}"
        return {"type": "atlas", "server": address, "user": server.user, "password": server.password}

    with ExitStack() as stack:  # one at a time: a server takes 0.7 GB
        first = line(stack.enter_context(running(atlas, tmp_path_factory.mktemp("first"))))
        _filled(places, first, tmp_path)
        before = places.held(first)
        assert {record.kind for record in before.values()} >= {"dataset", "term", "foreign", "user", "assertion", "tag"}
        middle, told = _through(places, first, ("datahub", "openmetadata"))
    with running(atlas, tmp_path_factory.mktemp("second")) as server:
        last = line(server)
        told.append(_moved(places, middle, last))
        print(*told, sep="\n")
        _same(places, differences, before, last)
