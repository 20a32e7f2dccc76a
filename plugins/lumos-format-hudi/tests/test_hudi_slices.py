"""Rows, bytes and files: of every file group the newest base file and the logs that are not in it."""

from __future__ import annotations

import random

import pytest

from lumos_core.plugin_api import UnitError

T1, T2, T3, T4, T5 = (f"2026010{day}093000000" for day in range(1, 6))


@pytest.fixture(params=[6, 8])
def either(table, request):
    table.create(request.param, table__type="MERGE_ON_READ")
    return table


def test_updates_replace_the_files_of_their_group(either):
    either.commit(T1, either.stat("a", f"p/a_0_{T1}.parquet", 5, 50), either.stat("b", f"p/b_0_{T1}.parquet", 7, 70))
    either.commit(T2, either.stat("a", f"p/a_0_{T2}.parquet", 6, 60))
    assert either.size() == (13, 130, 2)
    either.commit(T3, either.stat("c", f"p/c_0_{T3}.parquet", 13, 90), action="replacecommit", replaced=["a", "b"])
    assert either.size() == (13, 90, 1)
    either.commit(T4, action="replacecommit", replaced=["c"], operation="DELETE_PARTITION")
    assert either.size() == (0, 0, 0)


def test_logs_hide_the_number_of_rows_until_they_are_compacted(either):
    def log(base, instant, version=1):
        named = base if either.layout == 1 else instant
        return either.stat("a", f"p/.a_{named}.log.{version}_0-1-2", 2, 5)

    either.commit(T1, either.stat("a", f"p/a_0_{T1}.parquet", 5, 50), action="deltacommit")
    either.commit(T2, log(T1, T2), action="deltacommit")
    assert either.size() == (None, 55, 2)
    either.commit(T3, either.stat("a", f"p/a_0_{T3}.parquet", 6, 60), operation="COMPACT")
    assert either.size() == (6, 60, 1)
    either.commit(T4, log(T3, T4), action="deltacommit")
    assert either.size() == (None, 65, 2)


def test_a_log_that_was_complete_after_a_compaction_began_is_not_in_it(table):
    table.create(8, table__type="MERGE_ON_READ")
    table.commit(T1, table.stat("a", f"p/a_0_{T1}.parquet", 5, 50), action="deltacommit")
    table.commit(T2, table.stat("a", f"p/.a_{T2}.log.1_0-1-2", 2, 5), action="deltacommit", end=T4)
    table.commit(T3, table.stat("a", f"p/a_0_{T3}.parquet", 5, 60), operation="COMPACT", end=T5)
    assert table.size() == (None, 65, 2)


def test_a_log_that_was_appended_to_is_one_file(table):
    table.create(6, table__type="MERGE_ON_READ")
    table.commit(T1, table.stat("a", f"p/.a_{T1}.log.1_0-1-2", 2, 5), action="deltacommit")
    table.commit(T2, table.stat("a", f"p/.a_{T1}.log.1_0-1-2", 2, 9), action="deltacommit")
    assert table.size() == (None, 9, 1)


def test_what_is_not_said_is_not_known(table):
    table.create()
    table.commit(T1, table.stat("a", "p/a_0_1.parquet", None, 5), table.stat("b", "p/b_0_1.parquet", 5, -1))
    assert table.size() == (None, None, 2)
    table.commit(T1, table.stat("a", "", 3, 5), {"path": "p/b_0_1.parquet"}, {"fileId": "c", "path": None})
    assert table.size() == (0, 0, 0)


def test_a_bootstrapped_table_has_half_of_its_bytes_elsewhere(table):
    table.create(bootstrap__base__path="/old")
    table.commit(T1, table.stat("a", "p/a_0_1.parquet"), operation="BOOTSTRAP")
    assert table.size() == (10, None, 1)


@pytest.mark.parametrize("kind, known", [("MERGE_ON_READ", False), ("COPY_ON_WRITE", True)])
@pytest.mark.parametrize("action", ["rollback", "restore"])
def test_rollbacks_before_version_8_leave_logs_behind(table, kind, known, action):
    table.create(table__type=kind)
    table.commit(T1, table.stat("a", "p/a_0_1.parquet"))
    table.write(f"{T2}.{action}", "rubbish")
    assert table.size() == ((10, 100, 1) if known else None)
    table.create(8, table__type=kind)
    table.commit(T1, table.stat("a", "p/a_0_1.parquet"))
    table.write(f"timeline/{T2}_{T3}.{action}", "rubbish")
    assert table.size() == (10, 100, 1)


@pytest.mark.parametrize(
    "version, name", [(6, "archived/.commits_.archive.1_1-0-1"), (8, "timeline/history/manifest_1")]
)
def test_a_history_hides_the_first_commits(table, version, name):
    table.create(version)
    table.commit(T1, table.stat("a", "p/a_0_1.parquet"))
    assert table.size() == (10, 100, 1)
    table.write(name, "{}")
    assert table.size() is None and not table.ctx.warnings


@pytest.mark.parametrize("seed", range(10))
def test_any_life_of_a_table_is_counted(new_table, seed):
    """Against a model that keeps the files as a list; the order of the listing plays no part."""
    dice = random.Random(seed)
    table = new_table()
    table.create(dice.choice([6, 8]))
    groups: dict[str, tuple[int, int]] = {}
    for step in range(20):
        instant = f"202601010000{step:02}000"
        replaced = dice.sample(sorted(groups), min(len(groups), 2)) if dice.random() < 0.2 else []
        kept = sorted(set(groups) - set(replaced))
        stats = []
        for id in {*dice.sample(kept, min(len(kept), dice.randrange(3))), f"g{step}"}:
            groups[id] = dice.randrange(100), dice.randrange(1000)
            stats.append(table.stat(id, f"p/{id}_0_{instant}.parquet", *groups[id]))
        for id in replaced:
            del groups[id]
        table.commit(instant, *stats, action="replacecommit" if replaced else "commit", replaced=replaced or None)
        if dice.random() < 0.3:
            undone = f"202601010000{step:02}500"
            table.commit(undone, table.stat("x", "p/x_0_1.parquet")).unlink()  # rolled back
    rows, sizes = zip(*groups.values(), strict=True)
    assert table.size() == (sum(rows), sum(sizes), len(groups))


def test_nothing_is_taken_from_the_files_beside_the_log(table):
    (table.root / "p").mkdir()
    (table.root / "p" / "a_0_1.parquet").write_bytes(b"rubbish")
    (table.root / "p" / ".hoodie_partition_metadata").write_text("depth=1")
    table.create()
    with pytest.raises(UnitError, match="schema of the table is not known"):
        table.records()
    table.commit(T1, table.stat("b", "p/b_0_1.parquet"))
    assert table.size() == (10, 100, 1)
