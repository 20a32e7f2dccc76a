"""Watches and runs that meet while a lake changes, odd names and loops in it, and disks that are full."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from lakes import Lake, equal

import lumos_core
from lumos_core.plugin_api import DiskError, LockedError

WATCH = {"mode": "polling", "interval": 0.2, "debounce": 0.02}
SOURCE = {"type": "files", "path": "data", "formats": ["csv"], "watch": WATCH}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs links, limits and names of Linux")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    found = Lake(tmp_path / "lake", SOURCE)
    found.data.mkdir()
    found.put("raw/orders.csv", "id,total\n1,2\n")
    assert lumos_core.run(found.pipeline).exit_code == 0
    return found


def test_two_watches_and_runs_while_the_lake_changes(lake: Lake, tmp_path: Path) -> None:
    stop, codes = threading.Event(), []
    watches = [
        threading.Thread(target=lambda: codes.append(lumos_core.watch(lake.pipeline, cancelled=stop))) for _ in "ab"
    ]
    for one in watches:
        one.start()
    try:
        for number in range(12):
            lake.put("raw/orders.csv", f"id,total,v{number}\n1,2,3\n")
            if number == 3:
                lake.put("raw/\u00fcn\u00ef \u2603.csv", "id\n1\n")
                (lake.data / os.fsdecode(b"raw/\xff\xfe.csv")).write_text("sku\na\n")
            if number == 5:
                (lake.data / "loop").symlink_to(lake.data)
                (lake.data / "self").symlink_to("self")
            with suppress(LockedError):
                lumos_core.run(lake.pipeline)
            time.sleep(0.15)
    finally:
        stop.set()
        for one in watches:
            one.join(30)
    assert codes == [130, 130]
    last = lumos_core.run(lake.pipeline)
    assert last.exit_code == 0
    clean = Lake(tmp_path / "clean", SOURCE)
    shutil.copytree(lake.data, clean.data, symlinks=True)
    assert lumos_core.run(clean.pipeline).exit_code == 0
    equal(lake, clean)
    told = [event["id"] for event in lake.told()]
    assert len(told) == len(set(told)) and max(lake.versions().values()) == 1


@pytest.mark.parametrize("size", [20_000, 200_000, 600_000])
def test_a_disk_that_is_full_changes_nothing(lake: Lake, size: int) -> None:
    import resource

    lake.put("raw/wide.csv", ",".join(f"c{number}" for number in range(20_000)) + "\n")
    before, published = lake.state(), lake.catalog()
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        with pytest.raises(DiskError) as failure:
            lumos_core.run(lake.pipeline)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert failure.value.fix
    assert lake.state() == before and lake.catalog() == published and not lake.leftovers()
    assert lumos_core.run(lake.pipeline).exit_code == 0
    assert [event.type for event in lake.events()] == ["created"]
    assert {event.id for event in lake.events()} == {told["id"] for told in lake.told()}
