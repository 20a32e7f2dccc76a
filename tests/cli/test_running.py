"""What `run` and `plan` share: progress on a terminal, ^C, quiet output, plans for people."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.progress import Progress, TextColumn

from lumos_core.cli import main, running
from lumos_core.cli.plan_view import print_plan
from lumos_core.contracts.reporter import GateResult, Many, Notice, PublishResult, RunResult
from lumos_core.plugin_api import Dataset, Lifecycle, Operation, Owner
from lumos_core.running.progress import Silence

ORDERS = "urn:lumos:dataset:(csv,orders,PROD)"


def test_the_first_interrupt_asks_and_the_second_stops(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with running.interruptible() as cancelled:
        assert not cancelled.is_set()
        signal.raise_signal(signal.SIGINT)
        assert cancelled.is_set()
        assert "press ^C again" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_leave_the_signal_alone() -> None:
    before, found = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with running.interruptible() as cancelled:
            found.append((cancelled.is_set(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(False, before)]


def test_progress_is_drawn_on_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with running.progress_bars(quiet=False) as listener:
        assert isinstance(listener, Silence)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with running.progress_bars(quiet=True) as listener:
        assert isinstance(listener, Silence)
    with running.progress_bars(quiet=False) as listener:
        assert isinstance(listener, running._Bars)


def test_a_bar_tells_the_stage_and_shows_no_markup() -> None:
    out = io.StringIO()
    columns = TextColumn("{task.description}"), TextColumn("{task.completed}/{task.total} {task.fields[label]}")
    console = Console(file=out, force_terminal=True, color_system=None, width=100)
    with Progress(*columns, console=console, auto_refresh=False) as bars:
        listener = running._Bars(bars)
        listener.advance(1, 2, "before any stage")
        assert bars.tasks == []
        listener.stage("extract")
        listener.advance(3, 7, "[red]x\x1b[2J")
        bars.refresh()
        assert (bars.tasks[0].description, bars.tasks[0].completed, bars.tasks[0].total) == ("extract", 3, 7)
        listener.advance(4, 7, "a/long/path/" * 10)
        assert len(bars.tasks[0].fields["label"]) == 40
        listener.stage("collect")
        assert [task.description for task in bars.tasks] == ["collect"]
        listener.stage("report")
        assert bars.tasks == []
        assert not bars.live.is_started, "reporters print"
    assert r"[red]x\u{1b}[2J" in out.getvalue()


def plan_of(**keys: object) -> RunResult:
    return RunResult(run_id="r1", pipeline="shop", mode="dry-run", **keys)


def test_a_plan_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    made = [
        Operation(kind="dataset", urn=ORDERS, action="create", reasons=(("name", "new here"),)),
        Operation(
            kind="dataset",
            urn=f"{ORDERS}2",
            action="update",
            set=Dataset(owners=[Owner(owner="urn:lumos:user:bo")]),
            held=Dataset(owners=[Owner(owner="urn:lumos:user:ada")]),
            reasons=(("owners", "changed at the source"),),
        ),
        Operation(
            kind="dataset",
            urn=f"{ORDERS}\x1b[31m",
            action="remove",
            set=Dataset(lifecycle=Lifecycle(removed=True)),
            reasons=(("lifecycle", "gone"),),
        ),
        Operation(kind="dataset", urn=f"{ORDERS}4", action="restore"),
    ]
    published = PublishResult(catalog="local", target="a.db")
    published.operations = Many(lambda: iter(made), len(made))
    published.planned = {"create": 1, "update": 1, "remove": 1, "restore": 1, "keep": 5}
    published.conflicts = [(ORDERS, "tags", "it was changed on both sides")]
    print_plan(
        plan_of(published=[published], gate=GateResult(enabled=True, fail_on="breaking", passed=False, failing=2))
    )
    out = capsys.readouterr().out
    assert out.splitlines() == [
        "local a.db",
        "  1 to create, 1 to update, 1 to remove, 1 to restore, 5 to leave alone",
        "  create dataset",
        f"    + {ORDERS}",
        "  update dataset",
        f"    ~ {ORDERS}2",
        "        owners: changed at the source",
        "          - urn:lumos:user:ada",
        "          + urn:lumos:user:bo",
        "  restore dataset",
        f"    ^ {ORDERS}4",
        "  remove dataset",
        f"    - {ORDERS}" + r"\u{1b}[31m",
        "        lifecycle: gone",
        "          + removed: true",
        "  left to people",
        f"    ! {ORDERS} tags: it was changed on both sides",
        "The gate would fail: 2 changes (breaking or worse).",
    ]
    print_plan(plan_of())
    assert "No catalog is configured" in capsys.readouterr().out


def test_failures_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    notice = Notice(code="unit-failed", message="it broke\x07", where="a.csv", component="source files")
    running.print_failures(plan_of(failures=[notice]))
    out, err = capsys.readouterr()
    assert (out, err) == ("", "source files: a.csv: it broke\\u{7}\n")


def test_a_glob_chooses_among_what_is_known(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    reference = "lumos_core.testing.reference"
    with open("lumos.yaml", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(f"sources: [{{type: '{reference}:MemorySource', name: memory, world: none}}]\n")
        file.write(f"differ: {{type: '{reference}:ShapeDiffer'}}\ncatalogs: []\n")
    lumos = CliRunner()
    assert lumos.invoke(main, ["run", "--quiet"]).exit_code == 0
    done = lumos.invoke(main, ["run", "--select", "*nothing*"])
    assert done.exit_code == 2
    assert "nothing that is known fits '*nothing*'" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are other descriptors there")
def test_json_stays_alone_on_stdout_whatever_components_print() -> None:
    program = (
        "import os\n"
        "from lumos_core.loading.guarded import quiet_stdout\n"
        "with quiet_stdout():\n"
        "    print('from python')\n"
        "    os.write(1, b'from below python\\n')\n"
        "print('the json')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "the json\n"
    assert set(done.stderr.splitlines()) == {"from python", "from below python"}
