"""What happens within one second, and what happens again: nothing is taken for something else."""

from __future__ import annotations

import datetime
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lakes import Lake

import lumos_core
from lumos_core.running import session

SHORT, LONG = "id,total\n1,2\n", "id,total,note\n1,2,x\n"


class Clock(datetime.datetime):
    """A clock of whole seconds that stands still, or goes backwards."""

    seconds = 0

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.datetime(2026, 1, 15, 10, 30, tzinfo=datetime.timezone.utc) + datetime.timedelta(
            seconds=cls.seconds
        )


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setattr(session, "datetime", Clock)
    monkeypatch.setattr(Clock, "seconds", 0)
    found = Lake(tmp_path)
    found.put("crm/people/a.csv", "sku,age\na,1\n")
    assert lumos_core.run(found.pipeline).exit_code == 0
    return found


def back_and_forth(lake: Lake, step: int) -> list[str]:
    """A dataset comes, changes, goes, and does all that again."""
    happened = []
    for text in (SHORT, LONG, "", SHORT, LONG, SHORT, LONG, ""):
        Clock.seconds += step
        if text:
            lake.put("raw/orders.csv", text)
        else:
            lake.drop("raw/orders.csv")
        found = lumos_core.run(lake.pipeline)
        assert found.exit_code == 0
        (event,) = found.events
        happened.append(event.id)
    return happened


@pytest.mark.parametrize("step", [0, 1, -60], ids=["one second", "a second each", "backwards"])
def test_each_change_is_an_event_and_a_version_of_its_own(lake: Lake, step: int) -> None:
    happened = back_and_forth(lake, step)
    assert len(set(happened)) == 8, "who drops what came twice loses none of them"
    assert [event.id for event in reversed(lake.events())] == happened
    assert [told["id"] for told in lake.told()] == happened
    assert max(lake.versions().values()) == 1
    given = [version for urn, version in lake.versions() if "orders" in urn]
    assert len(given) == 8
    assert "orders" not in "".join(lake.state())


def test_what_a_notifier_could_not_send_within_a_second_is_sent(lake: Lake) -> None:
    lake.write(
        {"type": "files", "path": "data", "formats": ["csv"]},
        reports=[
            {
                "type": "lumos_core.testing.watched:DiaryNotifier",
                "name": "diary",
                "path": "diary.jsonl",
                "broken": "broken",
            }
        ],
    )
    (lake.folder / "broken").touch()
    happened = []
    for text in (SHORT, "", SHORT, ""):
        lake.put("raw/orders.csv", text) if text else lake.drop("raw/orders.csv")
        found = lumos_core.run(lake.pipeline)
        assert found.exit_code == 3
        happened += [event.id for event in found.events]
    assert len(happened) == 4 and not lake.told()
    (lake.folder / "broken").unlink()
    assert lumos_core.run(lake.pipeline).exit_code == 0
    assert Counter(told["id"] for told in lake.told()) == Counter(happened)
    assert not lake.owed()
