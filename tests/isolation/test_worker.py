"""Components in a worker: the same answers, and every way in which a worker can fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import lumos_core
from lumos_core.environments.environment import Environment
from lumos_core.errors import Cancelled, ConfigError, PluginError, UnitError
from lumos_core.isolation.process import Worker, WorkerCrash
from lumos_core.loading.registry import Registry
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext

HERE = Path(__file__).parent
ACTOR = "isolated_components:Actor"


@pytest.fixture(autouse=True)
def _no_worker_stays():
    yield
    Worker.stop_all()


def source(acts, *, deadline=30.0, type_=ACTOR, **options):
    place = Environment("there", Path(sys.executable), deadline)
    entry = {"type": type_, "environment": "there", "acts": acts, **options}
    return Registry.load().spec("source", entry, HERE, lambda name: place).build()


def pipeline(folder, acts, *, deadline=30.0, retries=1, type_=ACTOR, **options):
    return lumos_core.make_pipeline(
        {
            "environments": {"there": {"existing": sys.prefix, "deadline": deadline}},
            "sources": [{"type": type_, "environment": "there", "acts": acts, **options}],
            "catalogs": [],
            "run": {"retries": retries, "parallel": 4},
            "state": str(folder / ".lumos"),
        },
        HERE,
    )


def known(result):
    return {record.value.name for record in result.records() if record.kind == "dataset"}


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def soon(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_the_same_records_and_coverage_as_in_process(tmp_path):
    acts = {"a": "well", "b": "well"}
    here = Registry.load().spec("source", {"type": ACTOR, "acts": acts}, HERE).build()
    answers = []
    for one in (here, source(acts)):
        ctx = MemoryContext()
        one.check(ctx)
        units = list(one.plan(Scope(), ctx))
        answers.append((units, [list(one.extract(unit, ctx)) for unit in units], ctx.declared, ctx.progressed))
        one.close()
    assert answers[0] == answers[1]


def test_a_run_reads_through_the_worker(tmp_path):
    first = lumos_core.run(pipeline(tmp_path, {"a": "well", "b": "ask", "c": "remember"}))
    assert first.exit_code == 0
    assert first.counts["dataset"] == 3
    assert {notice.message for notice in first.warnings} >= {"1 [b'count'] False 1"}
    second = lumos_core.run(pipeline(tmp_path, {"a": "well", "b": "ask", "c": "remember"}))
    told = {notice.code: notice.message for notice in second.warnings}
    assert told["asked"] == f"3 known, a; run {second.run_id}"
    assert told["remembered"] == "2 [b'count'] False 1"


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("exit", "it exited with code 7; its last words: about to end"),
        ("segfault", "it was killed by SIGSEGV"),
        ("killed", "it was killed by SIGKILL (most often the system ran out of memory)"),
        ("memory", "MemoryError"),
        ("sys_exit", "it called sys.exit(0), which ends nothing here"),
        ("retry", "busy"),
        ("unit_error", "cannot be read: it is locked"),
        ("defect", "KeyError: 'no such thing'"),
    ],
)
def test_a_failure_is_that_of_its_unit_alone(tmp_path, act, said):
    acts = {"bad": act, **{f"good{number}": "well" for number in range(8)}}
    result = lumos_core.run(pipeline(tmp_path, acts))
    assert result.exit_code == 3
    assert [notice.where for notice in result.failures if notice.code == "unit-failed"] == [
        "here.txt" if act == "unit_error" else "bad"
    ]
    assert said in result.failures[0].message
    assert result.counts["dataset"] == 8


def test_a_failed_unit_removes_nothing(tmp_path):
    lumos_core.run(pipeline(tmp_path, {"bad": "well", "good": "well"}))
    result = lumos_core.run(pipeline(tmp_path, {"bad": "exit", "good": "well"}))
    assert result.exit_code == 3
    assert list(result.changes) == []
    store = lumos_core.open_store(tmp_path / ".lumos" / "store.db")
    try:
        assert sum(1 for _ in store.lines("head", kind="dataset")) == 2
    finally:
        store.close()


def test_neighbours_of_a_crash_are_read_again(tmp_path):
    acts = {"once": "once", "slow1": "pause", "slow2": "pause", "fast": "well"}
    result = lumos_core.run(pipeline(tmp_path, acts, notes=str(tmp_path / "mark")))
    assert result.exit_code == 0, result.failures
    assert result.counts["dataset"] == 4


def test_a_hang_ends_at_the_deadline_and_work_does_not(tmp_path):
    result = lumos_core.run(pipeline(tmp_path, {"hang": "hang", "work": "work"}, deadline=4.0, retries=1))
    assert result.exit_code == 3
    assert [notice.where for notice in result.failures] == ["hang"]
    assert "it was silent for 4 seconds" in result.failures[0].message
    assert result.counts["dataset"] == 1


def test_stray_prints_do_not_reach_the_run(tmp_path, capfd):
    result = lumos_core.run(pipeline(tmp_path, {"a": "print"}))
    assert result.exit_code == 0, result.failures
    assert capfd.readouterr().out == ""


def test_a_record_that_is_too_large_fails_its_unit(tmp_path):
    result = lumos_core.run(pipeline(tmp_path, {"a": "large"}, type_="isolated_components:Large", retries=0))
    assert result.exit_code == 3
    assert "is too large" in result.failures[0].message
    assert "67,108,864" in result.failures[0].message


def test_garbage_in_the_pipe_ends_the_worker_and_no_more(tmp_path):
    result = lumos_core.run(pipeline(tmp_path, {"a": "well"}, type_="isolated_components:Broken", retries=1))
    assert result.exit_code == 3
    assert "its stream is broken" in result.failures[0].message


def test_secrets_are_in_no_message(tmp_path, monkeypatch):
    monkeypatch.setenv("ACTOR_TOKEN", "hunter2-hunter2")
    for act in ("leak", "leak_and_crash"):
        made = pipeline(tmp_path / act, {"a": act}, token="${ACTOR_TOKEN}", retries=0)
        spec = made.sources[0]
        assert "hunter2" not in repr(spec.ref)
        result = lumos_core.run(made)
        assert result.exit_code == 3
        told = repr([*result.warnings, *result.failures])
        assert "***" in told
        assert "hunter2" not in told


def test_cancelling_reaches_the_component():
    ctx = MemoryContext()
    stop = threading.Event()
    ctx.cancelled = stop.is_set
    one = source({"a": "until_cancelled"})
    units = list(one.plan(Scope(), ctx))
    threading.Timer(0.3, stop.set).start()
    assert len(list(one.extract(units[0], ctx))) == 1
    one.close()


def test_a_component_that_is_deaf_is_ended(monkeypatch):
    monkeypatch.setattr("lumos_core.isolation.conversation.GRACE", 0.5)
    ctx = MemoryContext()
    stop = threading.Event()
    ctx.cancelled = stop.is_set
    one = source({"a": "hang"})
    units = list(one.plan(Scope(), ctx))
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(Cancelled):
        list(one.extract(units[0], ctx))
    one.close()


def test_a_crash_alone_is_no_longer_tried_again():
    one = source({"a": "exit"})
    ctx = MemoryContext()
    units = list(one.plan(Scope(), ctx))
    with pytest.raises(WorkerCrash):
        list(one.extract(units[0], ctx))
    with pytest.raises(UnitError, match="its last words: about to end"):
        list(one.extract(units[0], ctx))
    one.close()


def test_components_are_closed_and_nothing_stays(tmp_path):
    notes = tmp_path / "notes"
    one = source({"a": "well"}, notes=str(notes))
    ctx = MemoryContext()
    list(one.plan(Scope(), ctx))
    pid = one._remote._worker._process.pid
    one.close()
    assert notes.read_text() == "closed\n"
    assert not alive(pid)


def test_children_of_a_component_end_with_it(tmp_path):
    notes = tmp_path / "pids"
    one = source({"a": "child"}, notes=str(notes))
    ctx = MemoryContext()
    (unit,) = one.plan(Scope(), ctx)
    list(one.extract(unit, ctx))
    worker, child = map(int, notes.read_text().split())
    assert alive(child)
    one._remote._worker.stop()
    soon(lambda: not alive(worker) and not alive(child))


def test_kill_minus_nine_of_the_run_leaves_no_orphan(tmp_path):
    notes = tmp_path / "pids"
    program = textwrap.dedent(
        f"""
        import sys, time
        from pathlib import Path
        from lumos_core.environments.environment import Environment
        from lumos_core.loading.registry import Registry
        from lumos_core.model.scope import Scope
        from lumos_core.testing.context import MemoryContext
        place = Environment("there", Path(sys.executable), 30.0)
        entry = {{"type": {ACTOR!r}, "environment": "there", "acts": {{"a": "child"}}, "notes": {str(notes)!r}}}
        one = Registry.load().spec("source", entry, {str(HERE)!r}, lambda name: place).build()
        ctx = MemoryContext()
        (unit,) = one.plan(Scope(), ctx)
        list(one.extract(unit, ctx))
        print("ready", flush=True)
        time.sleep(600)
        """
    )
    run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert run.stdout.readline() == b"ready\n"
        worker, child = map(int, notes.read_text().split())
        assert alive(worker)
        assert alive(child)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
    soon(lambda: not alive(worker) and not alive(child))


def test_an_abandoned_reading_does_not_block_the_next():
    one = source({f"u{number:04}": "well" for number in range(3)})
    ctx = MemoryContext()
    units = list(one.plan(Scope(), ctx))
    for _ in range(5):
        reading = iter(one.extract(units[0], ctx))
        next(reading)
        reading.close()
    assert [len(list(one.extract(unit, ctx))) for unit in units] == [1, 1, 1]
    one.close()


def test_wrong_options_are_told_at_their_line(tmp_path):
    file = tmp_path / "lumos.yaml"
    file.write_text(
        textwrap.dedent(
            f"""\
            environments:
              there: {{existing: {sys.prefix}}}
            sources:
              - type: csv
                environment: there
                path: data
                delimitr: ";"
              - type: csvv
                environment: there
              - {{type: csv, path: data, environment: their}}
              - {{type: csv, path: "${{NOT_SET_ANYWHERE}}", environment: there}}
            reports:
              - {{type: json, path: out.json, environment: there}}
            """
        )
    )
    with pytest.raises(ConfigError) as caught:
        lumos_core.load_pipeline(file)
    told = [str(problem) for problem in caught.value.problems]
    assert any(":7:" in line and "delimitr" in line and "delimiter" in line for line in told), told
    assert any(":8:" in line and "csvv" in line and "csv" in line for line in told), told
    assert any(":10:" in line and "their" in line and "there" in line for line in told), told
    assert any(":11:" in line and "NOT_SET_ANYWHERE" in line for line in told), told
    assert any(":13:" in line and "environment" in line for line in told), told
    assert len(told) == 5


def test_an_environment_without_the_kernel_says_what_to_do(tmp_path):
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    place = Environment("bare", bare / "bin" / "python", 5.0)
    with pytest.raises(PluginError, match="No module named"):
        Worker(place)
    with pytest.raises(PluginError, match="lumos env check nowhere"):
        Worker(Environment("nowhere", tmp_path / "no" / "python", 5.0))


def test_another_protocol_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("lumos_core.isolation.messages.PROTOCOL", 99)
    with pytest.raises(PluginError, match=r"protocol 1\); this one has plugin API 1\.0, protocol 99"):
        Worker(Environment("there", Path(sys.executable), 5.0))


def test_what_a_startup_file_prints_is_skipped(tmp_path):
    """A `.pth` file or a `sitecustomize` of the environment may print before the worker begins."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "welcome to this environment"\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    worker = Worker(Environment("loud", python, 5.0))
    assert "welcome to this environment" in worker._last_words()
    worker.stop()
    assert not alive(worker._process.pid)


def test_a_spec_crosses_processes_with_its_environment():
    from lumos_core.config.types import ComponentSpec

    place = Environment("there", Path(sys.executable), 30.0)
    entry = {"type": ACTOR, "environment": "there", "acts": {"a": "well"}}
    spec = Registry.load().spec("source", entry, HERE, lambda name: place)
    again = ComponentSpec.from_ref(spec.ref)
    assert again == spec
    one = again.build()
    assert [unit.key for unit in one.plan(Scope(), MemoryContext())] == ["a"]
    one.close()


def test_a_crash_while_units_are_listed_fails_the_source_and_concludes_nothing(tmp_path):
    result = lumos_core.run(pipeline(tmp_path, {"refuse": "well"}, token="s3cret-s3cret"))
    assert result.exit_code == 3
    assert result.failures[0].code == "source-failed"
    assert "refused: with ***" in result.failures[0].message
    assert result.failures[0].fix == "be kind"


def test_debugging_shows_the_remote_traceback(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("LUMOS_DEBUG", "1")
    lumos_core.run(pipeline(tmp_path, {"a": "leak"}, token="hunter2-hunter2"))
    shown = capfd.readouterr().err
    assert "isolated_components.py" in shown
    assert "cannot log in with ***" in shown
    assert "hunter2" not in shown


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_interrupting_the_terminal_reaches_the_run_alone(tmp_path):
    one = source({"a": "well"})
    ctx = MemoryContext()
    list(one.plan(Scope(), ctx))
    worker = one._remote._worker._process.pid
    assert os.getpgid(worker) != os.getpgrp()
    one.close()
