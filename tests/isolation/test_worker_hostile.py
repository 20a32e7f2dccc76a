"""What hostile components do to a worker costs their own units, and nobody else anything."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from random import Random

import pytest

import lumos_core
from lumos_core.environments.environment import Environment
from lumos_core.errors import Cancelled, ConfigError, LumosError
from lumos_core.isolation.process import Worker, WorkerCrash
from lumos_core.loading.registry import Registry
from lumos_core.model.scope import Scope
from lumos_core.plugin_api import Dataset, Operation, urns
from lumos_core.testing.context import MemoryContext

HERE = Path(__file__).parent
HOSTILE = "hostile_components:Hostile"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a POSIX system")


@pytest.fixture(autouse=True)
def _no_worker_stays():
    yield
    Worker.stop_all()


def source(acts, *, deadline=30.0, **options):
    place = Environment("there", Path(sys.executable), deadline)
    entry = {"type": HOSTILE, "environment": "there", "acts": acts, **options}
    return Registry.load().spec("source", entry, HERE, lambda name: place).build()


def pipeline(folder, *sources, deadline=30.0, retries=1, parallel=4):
    entries = [
        {"type": HOSTILE, "environment": "there", "name": f"s{number}", "platform": f"p{number}", **entry}
        for number, entry in enumerate(sources)
    ]
    return lumos_core.make_pipeline(
        {
            "environments": {"there": {"existing": sys.prefix, "deadline": deadline}},
            "sources": entries,
            "catalogs": [],
            "run": {"retries": retries, "parallel": parallel},
            "state": str(folder / ".lumos"),
        },
        HERE,
    )


def names(result):
    return sorted(record.value.name for record in result.records if record.kind == "dataset")


def failed(result):
    return sorted(notice.where for notice in result.failures)


def read(one, ctx=None):
    ctx = ctx or MemoryContext()
    return [[record.value.name for record in one.extract(unit, ctx)] for unit in list(one.plan(Scope(), ctx))]


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def held():
    """Threads and, where they can be counted, descriptors of this process."""
    folder = Path("/proc/self/fd")
    return threading.active_count() + (len(list(folder.iterdir())) if folder.exists() else 0)


def soon(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_threads_that_report_lose_and_double_no_record():
    one = source({"a": "heartbeat"})
    assert read(one) == [["a", *(f"a.{number:06}" for number in range(20_000))]]
    one.close()


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("unspeakable", "Unspeakable"),
        ("long_words", "long long"),
        ("surrogate", "caf"),
        ("warn_much", "too large"),
        ("wrong_coverage", "cannot cross"),
        ("wrong_memo", "cannot cross"),
        ("wrong_progress", "cannot cross"),
    ],
)
def test_what_cannot_cross_fails_its_unit_alone_and_at_once(tmp_path, act, said):
    acts = {"bad": act, "good1": "slow", "good2": "slow"}
    result = lumos_core.run(pipeline(tmp_path, {"acts": acts}, deadline=20.0, retries=0))
    assert failed(result) == ["bad"]
    assert said in result.failures[0].message
    assert len(result.failures[0].message) < 2 << 20
    assert "silent" not in result.failures[0].message
    assert names(result) == ["good1", "good2"]


def test_a_warning_of_any_text_arrives():
    one = source({"a": "warn_surrogate"})
    ctx = MemoryContext()
    assert read(one, ctx) == [["a"]]
    one.close()


def test_what_is_no_unit_fails_its_source_alone(tmp_path):
    result = lumos_core.run(
        pipeline(tmp_path, {"acts": {"a": "slow", "b": "slow"}}, {"acts": {"c": "well"}, "planning": "wrongly"})
    )
    assert [(notice.code, notice.where) for notice in result.failures] == [("source-failed", "s1")]
    assert "plan()" in result.failures[0].message
    assert {"a", "b"} <= set(names(result))


def test_a_plugins_own_error_that_asks_for_another_try_gets_it(tmp_path):
    result = lumos_core.run(pipeline(tmp_path, {"acts": {"a": "busy_once"}, "notes": str(tmp_path)}))
    assert result.exit_code == 0, result.failures


def test_a_crash_in_one_source_costs_another_neither_its_plan_nor_its_units(tmp_path):
    first = {"acts": {"bad1": "exit", "bad2": "exit", "good": "slow"}}
    second = {"acts": {"u1": "slow", "u2": "slow", "u3": "well"}, "planning": "slowly"}
    result = lumos_core.run(pipeline(tmp_path, first, second, second))
    assert failed(result) == ["bad1", "bad2"]
    assert names(result) == ["good", "u1", "u1", "u2", "u2", "u3", "u3"]


def test_the_crash_of_a_neighbour_is_not_counted_as_a_try(tmp_path):
    acts = {"busy": "busy_then_crash", "once": "once", "slow": "slow"}
    result = lumos_core.run(pipeline(tmp_path, {"acts": acts, "notes": str(tmp_path)}))
    assert result.exit_code == 0, result.failures


def test_a_close_that_hangs_keeps_nobody_else_waiting():
    other, one = source({"a": "well"}, planning="close hangs"), source({"b": "well"})
    assert read(other) == [["a"]]
    assert read(one) == [["b"]]
    other.close()
    begin = time.monotonic()
    assert read(one) == [["b"]]
    assert time.monotonic() - begin < 20
    one._remote._worker.kill("the test is over")
    one.close()


def test_a_component_that_talks_on_after_it_was_cancelled_is_ended(monkeypatch):
    monkeypatch.setattr("lumos_core.isolation.conversation.GRACE", 0.5)
    one, ctx, stop = source({"a": "endless"}), MemoryContext(), threading.Event()
    ctx.cancelled = stop.is_set
    (unit,) = one.plan(Scope(), ctx)
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(Cancelled):
        list(
            itertools.takewhile(
                lambda record, end=time.monotonic() + 20: time.monotonic() < end, one.extract(unit, ctx)
            )
        )
    one.close()


def test_a_daemon_of_a_component_does_not_hide_that_the_worker_is_gone():
    one, ctx = source({"a": "forked_then_exit"}, deadline=15.0), MemoryContext()
    (unit,) = one.plan(Scope(), ctx)
    begin = time.monotonic()
    with pytest.raises(LumosError, match="it exited with code 7"):
        list(one.extract(unit, ctx))
    assert time.monotonic() - begin < 10
    one.close()


@pytest.mark.parametrize(
    "act", ["fork_and_return", "pool", "close_descriptors", "flood", "walk_half", "ask_in_parallel"]
)
def test_what_is_bad_manners_only_is_borne(act):
    one = source({"a": act, "b": "well"})
    assert read(one) == [["a"], ["b"]]
    one.close()


@pytest.mark.parametrize("act", ["abort", "close_all_descriptors"])
def test_what_ends_the_worker_is_noticed_at_once(tmp_path, act):
    begin = time.monotonic()
    result = lumos_core.run(pipeline(tmp_path, {"acts": {"bad": act, "good": "well"}}))
    assert failed(result) == ["bad"]
    assert names(result) == ["good"]
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("act", ["no_stderr", "half_line"])
def test_kill_minus_nine_of_the_run_ends_a_worker_without_standard_error(tmp_path, act):
    program = textwrap.dedent(
        f"""
        import sys, time
        from pathlib import Path
        from lumos_core.environments.environment import Environment
        from lumos_core.loading.registry import Registry
        from lumos_core.model.scope import Scope
        from lumos_core.testing.context import MemoryContext
        place = Environment("there", Path(sys.executable), 30.0)
        entry = {{"type": {HOSTILE!r}, "environment": "there", "acts": {{"a": {act!r}}}, "notes": {str(tmp_path)!r}}}
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
        worker, child = map(int, (tmp_path / "pids").read_text().split())
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
    soon(lambda: not alive(worker) and not alive(child))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns, as it should
def test_a_copy_of_the_run_leaves_its_worker_alone():
    one = source({"a": "well"})
    assert read(one) == [["a"]]
    pid = one._remote._worker._process.pid
    child = os.fork()
    if child == 0:
        code = 1
        try:
            Worker.stop_all()
            code = 0 if read(one) == [["a"]] and one._remote._worker._process.pid != pid else 2
            one.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert read(one) == [["a"]]
    assert one._remote._worker._process.pid == pid
    one.close()


def test_a_worker_that_is_gone_is_signalled_no_more(monkeypatch):
    """Its number may belong to somebody else by now."""
    worker = Worker.enter(Environment("there", Path(sys.executable), 5.0))
    os.kill(worker._process.pid, signal.SIGKILL)
    soon(lambda: worker.ended)
    monkeypatch.setattr(os, "killpg", lambda *args: pytest.fail("a signal to a process that is gone"))
    worker.kill("late")
    worker.stop()
    Worker.stop_all()


def test_two_pipelines_at_once_do_not_end_each_others_worker():
    wrong = []

    def work():
        try:
            for _ in range(15):
                one = source({"a": "well"})
                if read(one) != [["a"]]:
                    wrong.append("read")
                one.close()
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_slow_reader_holds_back_warnings_too():
    one, ctx = source({"a": "warn_often"}), MemoryContext()
    (unit,) = one.plan(Scope(), ctx)
    waiting = []

    def warn(code, message, where=""):
        worker = one._remote._worker
        waiting.append(max(call.inbox.qsize() for call in worker._calls.values()))
        if len(waiting) < 20:
            time.sleep(0.05)

    ctx.warn = warn
    list(one.extract(unit, ctx))
    assert len(waiting) == 20_000
    assert max(waiting) < 100
    one.close()


def test_secrets_stay_hidden_where_the_tail_is_cut_and_over_several_lines(tmp_path):
    lines = [f"secretline{number}abcdefgh" for number in range(4)]
    for token in ("hunter2-hunter2-hunter2", "\n".join(lines)):
        result = lumos_core.run(
            pipeline(tmp_path / token[:5], {"acts": {"a": "print_secret"}, "token": token}, retries=0)
        )
        told = repr([*result.warnings, *result.failures])
        assert "its last words" in told
        assert "hunter" not in told
        assert "hunt" not in told
        assert not any(line[:9] in told for line in lines), told


def test_a_stopped_clock_is_no_silence(monkeypatch):
    """^Z, or the lid of a laptop: the time in which nobody could say anything does not count."""
    one, ctx = source({"a": "slow"}, deadline=20.0), MemoryContext()
    (unit,) = one.plan(Scope(), ctx)
    real, jump = time.monotonic, [0.0]
    threading.Timer(0.2, lambda: jump.__setitem__(0, 3600.0)).start()
    monkeypatch.setattr("lumos_core.isolation.conversation.time.monotonic", lambda: real() + jump[0])
    assert len(list(one.extract(unit, ctx))) == 1
    one.close()


def test_a_batch_larger_than_a_frame_is_written():
    place = Environment("there", Path(sys.executable), 30.0)
    entry = {"type": "hostile_components:Shelf", "environment": "there"}
    catalog = Registry.load().spec("catalog", entry, HERE, lambda name: place).build()
    size, text = 12 << 20, "x" * (12 << 20)
    operations = [
        Operation(
            kind="dataset",
            urn=urns.dataset("p", f"t{number}"),
            action="create",
            set=Dataset(name=text),
        )
        for number in range(7)
    ]
    outcomes = list(catalog.write(operations, MemoryContext()))
    assert [outcome.urn for outcome in outcomes] == [operation.urn for operation in operations]
    assert {outcome.reason for outcome in outcomes} == {str(size)}
    assert list(catalog.write([], MemoryContext())) == []
    catalog.close()


def test_an_environment_without_a_name_is_told(tmp_path):
    with pytest.raises(ConfigError, match="expected the name of an environment"):
        pipeline(tmp_path, {"acts": {"a": "well"}, "environment": None})


@pytest.mark.parametrize("seed", range(2))
def test_any_schedule_gives_what_a_run_in_this_process_gives_minus_the_failing_units(tmp_path, seed):
    random = Random(seed)
    fates = {"well": True, "busy_once": True, "exit": False, "abort": False, "defect": False}
    weights = [10, 3, 1, 1, 1]
    units = {f"u{number}": random.choices(list(fates), weights)[0] for number in range(20)}
    entries: list[dict[str, object]] = []
    for number in range(3):
        acts = {unit: act for index, (unit, act) in enumerate(units.items()) if index % 3 == number}
        entries.append({"acts": acts, "notes": str(tmp_path), "planning": random.choice(["", "slowly"])})
    result = lumos_core.run(pipeline(tmp_path, *entries, parallel=random.choice([2, 4, 16])))
    assert failed(result) == sorted(unit for unit, act in units.items() if not fates[act])
    assert names(result) == sorted(unit for unit, act in units.items() if fates[act])


def test_a_worker_killed_at_any_moment_removes_nothing_and_leaves_nothing(tmp_path):
    random = Random(7)
    entry = {"acts": {f"u{number:02}": "well" for number in range(12)}, "records": 3}
    first = lumos_core.run(pipeline(tmp_path, entry))
    assert first.exit_code == 0
    before = held()
    for _ in range(4):
        made, over = pipeline(tmp_path, entry), threading.Event()

        def strike(over=over):
            while not over.wait(random.random() * 0.4):
                for worker in list(Worker._running.values()):
                    worker._process.send_signal(signal.SIGKILL)

        thread = threading.Thread(target=strike)
        thread.start()
        result = lumos_core.run(made)
        over.set()
        thread.join()
        assert result.exit_code in (0, 3)
        assert list(result.changes) == []
    Worker.stop_all()
    soon(lambda: held() <= before)


def test_a_secret_that_a_check_of_options_prints_stays_hidden(monkeypatch):
    monkeypatch.setenv("HOSTILE_TOKEN", "hunter2-hunter2")
    place = Environment("there", Path(sys.executable), 30.0)
    entry = {"type": "hostile_components:Talker", "environment": "there", "token": "${HOSTILE_TOKEN}"}
    with pytest.raises(LumosError) as caught:
        Registry.load().spec("source", entry, HERE, lambda name: place)
    assert "its last words: token=***" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_worker_that_reads_nothing_is_ended():
    place = Environment("there", Path(sys.executable), 2.0)
    entry = {"type": "hostile_components:Shelf", "environment": "there"}
    catalog = Registry.load().spec("catalog", entry, HERE, lambda name: place).build()
    catalog.check(MemoryContext())
    os.kill(catalog._remote._worker._process.pid, signal.SIGSTOP)
    large = Operation(kind="dataset", urn=urns.dataset("p", "t"), action="create", set=Dataset(name="x" * (4 << 20)))
    with pytest.raises(WorkerCrash, match="it read nothing for 2 seconds"):
        list(catalog.write([large], MemoryContext()))
    catalog.close()
