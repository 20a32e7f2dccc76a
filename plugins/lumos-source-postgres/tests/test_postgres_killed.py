"""kill -9 at random moments: what is remembered is never half written, and the next run completes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lumos_core.testing import killed

KILLS = 30
SEED = 20


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_killed_at_random_moments(db: Any, tmp_path: Path) -> None:
    tables = "".join(f"create table t{number} (id int primary key, a text, b numeric(9,2));" for number in range(20))
    db.run(f"{tables} create view v as select id, a from t1; comment on table t2 is 'Two'")
    changes = [
        lambda: db.run(
            "alter table t3 add if not exists c uuid; drop table if exists extra; comment on table t2 is '2';"
            "create or replace view w as select a.id from t4 a join t5 b using (id)"
        ),
        lambda: db.run(
            "alter table t3 drop if exists c; create table if not exists extra (id int references t1);"
            "comment on table t2 is 'Two'; drop view if exists w"
        ),
    ]
    pipeline = f"version: 1\nname: killed\nsources: [{{type: postgres, dsn: '{db.dsn}'}}]\ncatalogs: []\nreports: []\n"
    with killed.runs() as run:
        hits = killed.survives(run, tmp_path, pipeline, changes, KILLS, SEED)
    assert len(hits) == KILLS
