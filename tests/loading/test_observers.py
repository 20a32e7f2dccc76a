from __future__ import annotations

import sys
from typing import Any

from lumos_core.loading.observers import Observers

WATCHER = """
    from lumos_core.plugin_api import hookimpl

    seen = []

    @hookimpl
    def lumos_run_started(run_id, pipeline):
        print("to stdout")
        seen.append((run_id, pipeline))

    @hookimpl
    def lumos_stage_finished(stage):
        {body}
"""


def test_observers_are_told_and_their_exceptions_are_reported_once(toolbox: Any, capsys: Any) -> None:
    good = toolbox.distribution(WATCHER.format(body="seen.append(stage)"))
    bad = toolbox.distribution(WATCHER.format(body="raise KeyError('x')"))
    ends = toolbox.distribution(WATCHER.format(body="raise SystemExit(9)"))
    warned: list[tuple[str, str, str]] = []
    observers = Observers("r1", lambda *warning: warned.append(warning))
    observers.run_started("shop")
    observers.stage_finished("extract", 0.5)
    observers.stage_finished("collect", 0.5)
    assert sys.modules[f"{good}.plugin"].seen == [("r1", "shop"), "extract", "collect"]
    assert sys.modules[f"{bad}.plugin"].seen == [("r1", "shop")]
    assert {where.partition("/")[2]: code for code, _, where in warned} == {
        bad: "observer-failed",
        ends: "observer-failed",
    }
    assert len(warned) == 2
    assert any("lumos_stage_finished raised KeyError: 'x'" in message for _, message, _ in warned)
    assert capsys.readouterr().out == ""


def test_changes_are_watched_only_when_somebody_asks(toolbox: Any) -> None:
    toolbox.distribution(WATCHER.format(body="pass"))
    assert Observers("r1", lambda *_: None).watching_changes is False
    toolbox.distribution(
        """
        from lumos_core.plugin_api import hookimpl

        @hookimpl
        def lumos_change_found(change):
            raise ValueError(change)
        """
    )
    from lumos_core.loading.registry import Registry

    warned: list[tuple[str, ...]] = []
    observers = Observers("r1", lambda *warning: warned.append(warning), Registry._read(""))
    assert observers.watching_changes is True
    observers.change_found("one")  # type: ignore[arg-type]
    observers.change_found("two")  # type: ignore[arg-type]
    assert len(warned) == 1
