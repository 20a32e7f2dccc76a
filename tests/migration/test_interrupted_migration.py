"""A migration that is killed, stopped or failed at any moment: going on ends in the state of one that was not."""

from __future__ import annotations

import random
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumos_core.config.types import ComponentSpec
from lumos_core.contracts.catalog import Operation
from lumos_core.errors import Cancelled, LockedError, UsageError
from lumos_core.migration.folder import alone
from lumos_core.migration.migrating import migrate
from lumos_core.migration.planning import is_removed
from lumos_core.migration.rolling_back import roll_back
from lumos_core.model.elements import Description
from lumos_core.model.record import canonical, decode
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.estates import Estate
from lumos_core.testing.killed import runs

sys.path.insert(0, str(Path(__file__).parent))

from lossy_catalogs import LUCK, Luck
from worlds import Ends

UNLUCKY = "lossy_catalogs:Unlucky"
ESTATE = [canonical(record) for record in Estate(datasets=24, fields=5, stats=False).records()]


def estate():
    return [decode(line) for line in ESTATE]


def state(records):
    return sorted(canonical(decode(canonical(record))) for record in records.values())


# ---- killed ----------------------------------------------------------------------------------------------------------


def catalog(path):
    return ComponentSpec("catalog", "local", {"path": str(path)}).build()


def fill(path, records):
    opened = catalog(path)
    operations = [Operation(kind=r.kind, urn=r.urn, action="create", set=r.value) for r in records]
    assert {outcome.status for outcome in opened.write(operations, MemoryContext())} == {"written"}
    opened.close()


def held(path):
    opened = catalog(path)
    try:
        return [canonical(record) for record in opened.read(Scope(), MemoryContext())]
    finally:
        opened.close()


def folder_of(place, theirs):
    place.mkdir()
    (place / "a.yaml").write_text("catalogs:\n- {type: local, name: a, path: a.db}\n")
    (place / "b.yaml").write_text("catalogs:\n- {type: local, name: b, path: b.db}\n")
    (place / "lumos.yaml").write_text("sources: []\n")
    fill(place / "a.db", [decode(line) for line in ESTATE])
    fill(place / "b.db", theirs)


def theirs():
    """What the target has before: a part of the estate, described by people."""
    records = [record for record in estate() if record.kind in ("dataset", "user")][::3]
    for record in records:
        record.value.description = Description(manual="Said in the target")
        record.value.captured = sorted({*record.value.captured, "description"})
    return records


@pytest.mark.parametrize("seed", [7])
def test_a_kill_at_any_point_then_resume_ends_in_the_same_state(tmp_path, seed):
    pytest.importorskip("lumos_catalog_local")
    command = ["migrate", "--from", "a.yaml", "--to", "b.yaml", "--quiet"]
    pick = random.Random(seed)
    folder_of(tmp_path / "clean", theirs())
    with runs() as run:
        begin = time.monotonic()
        assert run(tmp_path / "clean", arguments=command) == 0
        begin = time.monotonic()
        shutil.copytree(tmp_path / "clean", tmp_path / "timed")
        assert run(tmp_path / "timed", arguments=command) == 0
        wanted, usual = held(tmp_path / "clean" / "b.db"), time.monotonic() - begin
        hits = 0
        for attempt in range(24):
            if hits >= 6:
                break
            place = tmp_path / f"killed-{attempt}"
            folder_of(place, theirs())
            code = run(place, usual * pick.uniform(0.2, 1.6), command)
            hits += code == -signal.SIGKILL
            for _ in range(20):
                more = [*command, "--resume"] if any((place / ".lumos/migrations").glob("*/state.json")) else command
                killed = usual * pick.uniform(0.2, 1.6) if pick.random() < 0.4 else None
                code = run(place, killed, more)
                if killed is None:
                    break
                hits += code == -signal.SIGKILL
            assert code == 0, (place / "run.log").read_text()
            assert held(place / "b.db") == wanted, f"seed {seed}, attempt {attempt}"
        assert hits >= 4


# ---- stopped, with people at work meanwhile --------------------------------------------------------------------------


@pytest.fixture
def pairs(tmp_path_factory):
    """Makes pairs of worlds, as often as hypothesis asks."""
    return lambda: Ends(tmp_path_factory.mktemp("ends"))


def clean_of(pairs):
    other = pairs()
    migrate(other("a", estate()), other("b", theirs()))
    return other.records("b")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes=st.integers(0, len(ESTATE)), number=st.integers(0, 10**9))
def test_a_stop_at_any_write_then_resume_ends_in_the_same_state_and_edits_stay(pairs, writes, number):
    ends = pairs()
    source, target = ends("a", estate()), ends("b", theirs(), type=UNLUCKY)
    LUCK[ends.world("b")] = Luck(stop_after=writes)
    edited, there = "", ends.records("b")
    try:
        migrate(source, target)
    except Cancelled:
        present = [urn for urn in sorted(there) if there[urn].kind == "dataset"]
        edited = present[number % len(present)]
        there[edited].value.description = Description(manual="Typed meanwhile")
        LUCK.clear()
        result = migrate(source, target, resume=True)
        assert {proven.urn for proven in result.records if proven.verdict == "failed"} <= {edited}
        assert sum(result.tally.records.values()) == len(ESTATE)
    clean = clean_of(pairs)
    if edited:
        assert there[edited].value.description.manual == "Typed meanwhile"
        clean[edited].value.description = there[edited].value.description
    assert state(there) == state(clean)


FAULTS = st.lists(st.sampled_from(["", "", "", "busy", "refused", "defect", "lost"]), max_size=60)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=FAULTS)
def test_random_faults_are_told_and_going_on_ends_in_the_same_state(pairs, faults):
    ends = pairs()
    source, target = ends("a", estate()), ends("b", theirs(), type=UNLUCKY)
    target.write_text(target.read_text() + "run: {retries: 1}\n")
    LUCK[ends.world("b")] = Luck(faults=faults)
    result = migrate(source, target)
    for _ in range(80):
        assert sum(result.tally.records.values()) == len(ESTATE)
        assert (result.exit_code == 3) == bool(len(result.failures) or result.tally.records["failed"])
        if result.exit_code == 0:
            break
        result = migrate(source, target, resume=result.id)
    assert result.exit_code == 0
    assert state(ends.records("b")) == state(clean_of(pairs))


def test_a_rollback_after_a_stop_undoes_what_was_written(pairs):
    ends = pairs()
    source, target = ends("a", estate()), ends("b", theirs(), type=UNLUCKY)
    before = state(ends.records("b"))
    LUCK[ends.world("b")] = Luck(stop_after=70)
    with pytest.raises(Cancelled):
        migrate(source, target)
    LUCK.clear()
    result = roll_back(target)
    assert result.exit_code == 0
    assert not result.conflicts
    there = ends.records("b")
    kept = {urn: record for urn, record in there.items() if not is_removed(record.value)}
    assert state(kept) == before
    assert len(there) > len(kept)


def test_a_migration_goes_on_with_what_it_was_begun_with(ends):
    source, target = ends("a", estate()), ends("b", theirs(), type=UNLUCKY)
    LUCK[ends.world("b")] = Luck(stop_after=5)
    with pytest.raises(Cancelled):
        migrate(source, target, on_conflict="source")
    LUCK.clear()
    with pytest.raises(UsageError, match="other options"):
        migrate(source, target, on_conflict="target", resume=True)
    with pytest.raises(UsageError, match="no migration between"):
        migrate(ends("c"), target, resume=True)
    result = migrate(source, target, resume=True)
    assert result.wishes.on_conflict == "source"
    assert result.tally.records == {"identical": len(ESTATE)}


def test_two_migrations_do_not_write_into_one_catalog_at_once(ends):
    source, target = ends("a", estate()), ends("b")
    with alone(target.parent / ".lumos"), pytest.raises(LockedError, match="another migration"):
        migrate(source, target)
    assert not ends.records("b")
