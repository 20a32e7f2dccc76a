"""What a killed writer leaves behind goes with the next one."""

from __future__ import annotations

import os
import time
from pathlib import Path

from lumos_core.files import ABANDONED, atomic_write


def test_temporary_files_of_writers_that_were_killed_go(tmp_path: Path) -> None:
    dead, alive, other = (tmp_path / name for name in (".a.json.x1.tmp", ".a.json.x2.tmp", ".b.json.x1.tmp"))
    for path in dead, alive, other:
        path.write_text("{")
    past = time.time() - ABANDONED - 10
    for path in dead, other:
        os.utime(path, (past, past))
    with atomic_write(tmp_path / "a.json") as file:
        file.write("{}")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([alive.name, other.name, "a.json"])
