"""Bad days, through the whole product: whatever a catalog does to a run, the same things hold.

Every day happens between two states of a source, to a catalog where people typed something and where things stand
that Lumos does not understand. Then: what a run says it wrote is there, what it did not write it tells with a reason,
nothing is there that nobody gave, nothing is gone that is not gone at the source, what people typed stands, what
nobody understands is as it was, no secret is anywhere, the exit code is the documented one, the next run ends in the
state of a day without a fault, and the one after it writes nothing.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lumos_core import write_snapshot
from lumos_core.cli import main as group
from lumos_core.running import api
from lumos_core.testing import killed as killing
from lumos_core.testing.servers.http import Answer

sys.path.insert(0, str(Path(__file__).parent))

import bad_days_places as places
from bad_days_places import CANARY, HUMAN, PLACES, Held, Place

SOON = {"Retry-After": "0"}


class Ground(NamedTuple):
    """A catalog on a good day, ready for bad ones."""

    place: Place
    folder: Path
    kept: list[dict[str, Any]]
    typed: Held
    good: Held
    size: Any
    strange: Any


def written(folder: Path, records: list[Any]) -> None:
    """Let the source say something else."""
    write_snapshot(folder / "source.lumos.jsonl", records)


def pipeline(folder: Path, line: dict[str, Any]) -> None:
    """Write the pipeline of a catalog."""
    parts = {
        "version": 1,
        "name": "bad-days",
        "sources": [{"type": "snapshot", "path": "source.lumos.jsonl"}],
        "catalogs": [line],
        "reports": [{"type": "json", "path": "report.json"}, {"type": "html", "path": "report.html"}],
        "run": {"retries": 1},
    }
    (folder / "lumos.yaml").write_text(json.dumps(parts), encoding="utf-8")


def lumos(folder: Path, *arguments: str) -> tuple[int, Any]:
    """Run the command line here; returns its exit code and the result of the run."""
    from lumos_core.cli.guard import guarded

    results: list[Any] = []
    real = api.run

    def watched(*given: Any, **more: Any) -> Any:
        results.append(real(*given, **more))
        return results[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "run", watched)
        patch.chdir(folder)
        with pytest.raises(SystemExit) as end:
            guarded(lambda: group.main(args=list(arguments), standalone_mode=False), as_json="--json" in arguments)
    return int(end.value.code or 0), results[-1] if results else None


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Ground]]:
    """Each catalog, made once."""
    made: dict[str, Ground] = {}
    open_places: list[Place] = []

    def ground(name: str) -> Ground:
        if name in made:
            return made[name]
        place = PLACES[name]()
        place.fake.start()
        open_places.append(place)
        folder = tmp_path_factory.mktemp(name)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BAD_DAYS_TOKEN", place.secrets[0])
            pipeline(folder, place.line())
            written(folder, places.before())
            code, result = lumos(folder, "run", "--quiet")
            assert (code, result.failures) == (0, [])
            place.strangers()
            catalog = places.build(name, place.options())
            places.people(catalog)
            typed = places.held(catalog)
            written(folder, places.after())
            kept, strange = place.keep(), place.strange()
            clean = places.copied(folder, tmp_path_factory.mktemp(f"{name}-good") / "run")
            code, result = lumos(clean, "run", "--quiet")
            assert (code, result.failures) == (0, [])
            good = places.held(places.build(name, place.options()))
            size = place.size()
            assert place.strange() == strange
            assert humans(good) == humans(typed)
        made[name] = Ground(place, folder, kept, typed, good, size, strange)
        return made[name]

    yield ground
    for place in open_places:
        place.fake.stop()


def humans(records: Held) -> dict[str, Any]:
    """What people typed, as it is held."""
    found = {}
    for urn in HUMAN:
        value = json.loads(records[urn])["value"]
        found[urn] = value["description"]["manual"], places.STEWARD in {tag["tag"] for tag in value["tags"]}
    assert found == {urn: (text, True) for urn, text in HUMAN.items()}
    return found


class Day(NamedTuple):
    """A bad day: what goes wrong, and which exit codes may come of it."""

    spoil: Callable[[Place], Any]
    codes: tuple[int, ...] = (3,)
    arguments: tuple[str, ...] = ()
    options: dict[str, Any] = {}
    token: str = ""


def rules(place: Place, which: str, **more: Any) -> list[Any]:
    """The rules that hit the writes, reads or lists of a catalog."""
    return [place.fake.faults.when(method=method, path=path, **more) for method, path in getattr(place, which)]


def on(which: str, act: Callable[[Any], Any], **more: Any) -> Callable[[Place], Any]:
    """Spoil the writes, reads or lists."""
    return lambda place: [act(rule) for rule in rules(place, which, **more)]


def echo(status: int, headers: Any = None) -> Callable[[Any], Any]:
    """Answer with a status, and say who asked, as some gateways do."""

    def act(request: Any, proceed: Any) -> Answer:
        who = request.headers.get("authorization", "")
        return Answer.json({"code": status, "message": f"not today, {who}", "error": who}, status, headers)

    return lambda rule: rule.do(str(status), act)


def everything(act: Callable[[Any], Any], **more: Any) -> Callable[[Place], Any]:
    """Spoil all requests."""
    return lambda place: act(place.fake.faults.when(**more))


def half(rule: Any) -> Any:
    """Apply a write, then say that it failed."""

    def act(request: Any, proceed: Any) -> Answer:
        proceed()
        return Answer.json({"message": "lost my head in the middle"}, 500)

    return rule.do("half", act)


def empty(rule: Any) -> Any:
    """Answer with an empty value of the same type."""

    def act(request: Any, answer: Answer) -> Answer:
        value = json.loads(answer.body or b"null")
        return Answer.json([] if isinstance(value, list) else {}, answer.status)

    return rule.alter(act)


WRITES = {
    "401 in the middle": Day(on("writes", echo(401), after=1)),
    "403": Day(on("writes", echo(403))),
    "404 of a parent": Day(on("writes", echo(404), times=1), (0, 3)),
    "409 once": Day(on("writes", echo(409), times=1), (0, 3)),
    "409 always": Day(on("writes", echo(409)), (3,)),  # somebody is faster all the time: conflicts
    "412 once": Day(on("writes", echo(412), times=1), (0, 3)),
    "412 always": Day(on("writes", echo(412)), (3,)),
    "413 always": Day(on("writes", echo(413))),
    "422": Day(on("writes", echo(422), times=2), (0, 3)),
    "429 at once": Day(on("writes", echo(429, SOON), times=1), (0,)),
    "429 without a time": Day(on("writes", echo(429), times=1), (0,)),
    "429 always": Day(on("writes", echo(429, SOON)), (3,)),
    "500 always": Day(on("writes", echo(500)), options={"retries": 0}),
    "500 sometimes": Day(on("writes", echo(500), share=0.4, seed=3), (0, 3)),
    "502 page": Day(on("writes", lambda rule: rule.page(502), times=1), (0,)),
    "502 always": Day(on("writes", lambda rule: rule.page(502)), options={"retries": 0}),
    "cut once": Day(on("writes", lambda rule: rule.cut(), times=1), (0, 3)),
    "cut always": Day(on("writes", lambda rule: rule.cut()), (0, 3), options={"retries": 0}),  # 0: read back
    "closed": Day(on("writes", lambda rule: rule.close(), after=1), options={"retries": 0}),
    "answer lost once": Day(on("writes", lambda rule: rule.lose_answer(), times=1), (0, 3)),
    "answer lost always": Day(on("writes", lambda rule: rule.lose_answer()), (0, 3), options={"retries": 0}),
    "login page": Day(on("writes", lambda rule: rule.redirect("https://login.example/?next=" + CANARY))),
    "page instead of an answer": Day(on("writes", lambda rule: rule.page(200, "Sign in")), (3,)),
    "half applied": Day(on("writes", half, times=2), (0, 3)),
    "half an answer": Day(on("writes", lambda rule: rule.truncate(), times=2), (0, 3)),
    "no answer in time": Day(
        on("writes", lambda rule: rule.delay(0.5), times=1), (0, 3), options={"timeout": 0.2, "retries": 1}
    ),
}
READS = {
    "wrong token": Day(lambda place: None, token="a-token-of-yesterday"),
    "401 in the reading": Day(on("reads", echo(401))),
    "403 in the reading": Day(on("reads", echo(403))),
    "500 in the reading": Day(on("reads", echo(500)), options={"retries": 0}),
    "cut in the reading": Day(on("reads", lambda rule: rule.cut()), options={"retries": 0}),
    "half a page of the reading": Day(on("reads", lambda rule: rule.truncate())),
    "nothing in the reading": Day(on("exact", empty), (0, 3), ("--full",)),
    "nothing in the reading once": Day(on("exact", empty, times=1), (0, 3), ("--full",)),
    "nothing listed": Day(on("lists", empty), (0, 3), ("--full",)),
    "login page before all": Day(everything(lambda rule: rule.redirect("https://login.example/"))),
    "page before all": Day(everything(lambda rule: rule.page(200, "Sign in"))),
    "502 before all": Day(everything(lambda rule: rule.page(502)), options={"retries": 0}),
    "unsupported version": Day(lambda place: version(place)),
    "chaos 1": Day(lambda place: place.fake.faults.chaos(1, 0.1), (0, 3)),
    "chaos 2": Day(lambda place: place.fake.faults.chaos(2, 0.3), (0, 3)),
    "stops answering": Day(
        everything(lambda rule: rule.delay(0.6), after=8, times=4), (0, 3), options={"timeout": 0.25, "retries": 0}
    ),
    "server gone": Day(lambda place: place.fake.stop(), options={"retries": 0}),
    "server killed in the middle": Day(lambda place: killed(place), options={"retries": 0}),
}
DAYS = WRITES | READS
EVERYWHERE = {
    "401 in the middle",
    "403",
    "412 always",
    "429 always",
    "500 always",
    "answer lost always",
    "half applied",
    "page instead of an answer",
    "wrong token",
    "cut in the reading",
    "nothing in the reading",
    "unsupported version",
    "chaos 2",
    "server killed in the middle",
}
"""Days that every catalog has; of the others each catalog has every third, and all of them in its own tests."""
MATRIX = [
    (day, name)
    for number, day in enumerate(DAYS)
    for place, name in enumerate(PLACES)
    if day in EVERYWHERE or number % len(PLACES) == place
]


def version(place: Place) -> None:
    """Let the server be of a version that is not spoken."""
    old = {"version": "0.9.0", "Version": "0.8", "Name": "apache-atlas", "noCode": "true"}
    old |= {"versions": {"acryldata/datahub": {"version": "v0.8.1"}}}
    place.fake.faults.when(path=place.version_path).answer(200, old)


def killed(place: Place) -> None:
    """Stop the server at the second write."""

    def act(request: Any, proceed: Any) -> Answer:
        proceed()
        place.fake.stop()
        return Answer(0, sent=0)

    for rule in rules(place, "writes", after=1):
        rule.do("killed", act)


@pytest.mark.parametrize(("day", "where"), MATRIX)
def test_a_bad_day(
    day: str,
    where: str,
    grounds: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    ground, (spoil, codes, arguments, options, token) = grounds(where), DAYS[day]
    place = ground.place
    place.back(ground.kept)
    folder = places.copied(ground.folder, tmp_path / "run")
    pipeline(folder, {**place.line(), **options})
    monkeypatch.setenv("BAD_DAYS_TOKEN", token or place.secrets[0])
    capfd.readouterr()
    port = place.fake.url.rpartition(":")[2]
    try:
        spoil(place)
        code, result = lumos(folder, "run", *arguments)
    finally:
        if place.fake._listener is None:
            place.fake._port = int(port)
            place.fake.start()
        place.fake.faults.clear()
    told = capfd.readouterr()
    print(told.out[-2000:], told.err[-2000:])
    assert code in codes
    accounted(code, result)
    claimed(result, held_now(ground), ground)
    assert place.strange() == ground.strange
    assert not leaks(folder, told.out + told.err, place, token)

    monkeypatch.setenv("BAD_DAYS_TOKEN", place.secrets[0])
    pipeline(folder, place.line())
    code, result = lumos(folder, "run", "--quiet")
    assert (code, result.failures) == (0, [])
    found = held_now(ground)
    assert differences(ground.good, found) == []
    assert place.strange() == ground.strange
    assert place.size() == ground.size
    code, result = lumos(folder, "run", "--quiet")
    assert code == 0
    assert [operation.urn for operation in result.published[0].operations] == []
    assert not place.fake.defects


def held_now(ground: Ground) -> Held:
    """What the catalog holds, as somebody sees who has nothing to do with the run."""
    return places.held(places.build(ground.place.name, ground.place.options()))


def leaks(folder: Path, told: str, place: Place, token: str) -> list[str]:
    """Where a secret stands."""
    return places.leaks(folder, told, [*place.secrets, *([token] if token else [])])


def accounted(code: int, result: Any) -> None:
    """Every operation has one outcome; what failed is told with what to do; the exit code says whether anything did."""
    (published,) = result.published
    assert (code == 3) == bool(result.failures)
    assert all(notice.message for notice in result.failures)
    if not published.applied:
        assert published.blocked
        return
    outcomes = list(published.outcomes)
    assert sorted(outcome.urn for outcome in outcomes) == sorted(one.urn for one in published.operations)
    assert {outcome.status for outcome in outcomes} <= {"written", "unchanged", "failed", "conflict"}
    bad = [outcome for outcome in outcomes if outcome.status in ("failed", "conflict")]
    assert all(outcome.reason for outcome in bad)
    failed = [outcome.urn for outcome in bad if outcome.status == "failed"]
    assert published.failed == len(failed)
    assert set(failed) <= {notice.where for notice in result.failures}


def claimed(result: Any, found: Held, ground: Ground) -> None:
    """What is there after a bad day: nothing lost, nothing invented, and what was said to be written."""
    humans(found)
    gone = ground.typed.keys() - ground.good.keys()
    assert found.keys() <= ground.typed.keys() | ground.good.keys(), "invented"
    assert found.keys() >= ground.typed.keys() - gone, "removed"
    (published,) = result.published
    if not published.applied:
        assert differences(ground.typed, found) == []
        return
    for outcome in published.outcomes:
        if outcome.status in ("written", "unchanged"):
            assert found.get(outcome.urn) == ground.good.get(outcome.urn), f"said to be {outcome.status}: {outcome.urn}"
    touched = {operation.urn for operation in published.operations}
    for urn in ground.typed.keys() - touched:
        assert found[urn] == ground.typed[urn], f"not in the plan, but changed: {urn}"


def differences(one: Held, other: Held) -> list[str]:
    """Where two catalogs differ."""
    return [
        f"{urn}: {one.get(urn)} | {other.get(urn)}" for urn in sorted({*one, *other}) if one.get(urn) != other.get(urn)
    ]


# ---- more than one run, and less than a whole one --------------------------------------------------------------------


@pytest.fixture
def datahub(grounds: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Ground, Path]]:
    """A DataHub and a pipeline to it, with something to do."""
    ground = grounds("datahub")
    ground.place.back(ground.kept)
    monkeypatch.setenv("BAD_DAYS_TOKEN", CANARY)
    folder = places.copied(ground.folder, tmp_path / "run")
    pipeline(folder, ground.place.line())
    yield ground, folder
    ground.place.fake.faults.clear()


def converges(ground: Ground, folder: Path) -> None:
    """The next run ends as on a good day, and the one after it has nothing to do."""
    code, result = lumos(folder, "run", "--quiet")
    assert (code, result.failures) == (0, [])
    assert differences(ground.good, held_now(ground)) == []
    assert ground.place.strange() == ground.strange
    assert ground.place.size() == ground.size
    code, result = lumos(folder, "run", "--quiet")
    assert (code, list(result.published[0].operations)) == (0, [])


def test_killed_in_the_middle(datahub: tuple[Ground, Path]) -> None:
    ground, folder = datahub
    with killing.runs() as run:
        idle = folder.parent / "idle"
        idle.mkdir()
        assert run(idle) == 2  # no pipeline: its own first run has the imports
        hits = 0
        for moment in (1, 2):
            ground.place.back(ground.kept)
            place = places.copied(ground.folder, folder.parent / f"killed-{moment}")
            pipeline(place, ground.place.line())
            reached = threading.Event()

            def stall(request: Any, proceed: Any, reached: Any = reached, moment: int = moment) -> Answer:
                answer: Answer = proceed() if moment == 2 else Answer(0, sent=0)
                reached.set()
                time.sleep(1.5)
                return answer

            for rule in rules(ground.place, "writes", times=1):
                rule.do("stall", stall)
            code = killed_when(run, place, reached)
            hits += code == -signal.SIGKILL
            ground.place.fake.faults.clear()
            found = held_now(ground)
            humans(found)
            assert ground.typed.keys() <= found.keys() | (ground.typed.keys() - ground.good.keys())
            assert not leaks(place, "", ground.place, "")
            converges(ground, place)
        assert hits == 2


def killed_when(run: Any, folder: Path, reached: threading.Event) -> int:
    """Run, and kill at the moment when the server was asked to write; returns the exit code."""
    helper = run._helper
    print(json.dumps([str(folder), "run", "--quiet"]), file=helper.stdin, flush=True)
    pid = int(helper.stdout.readline())
    assert reached.wait(20)
    os.kill(pid, signal.SIGKILL)
    return int(helper.stdout.readline())


def test_two_runs_at_once(datahub: tuple[Ground, Path], capfd: pytest.CaptureFixture[str]) -> None:
    ground, folder = datahub
    reached, go = threading.Event(), threading.Event()

    def stall(request: Any, proceed: Any) -> Answer:
        reached.set()
        go.wait(20)
        answer: Answer = proceed()
        return answer

    for rule in rules(ground.place, "writes", times=1):
        rule.do("stall", stall)
    ended: list[Any] = []
    first = threading.Thread(target=lambda: ended.append(api.run(folder / "lumos.yaml")))
    first.start()
    assert reached.wait(20)
    code, result = lumos(folder, "run", "--quiet")
    go.set()
    first.join(20)
    assert (code, result) == (2, None)
    assert "another run" in capfd.readouterr().err
    assert ended[0].exit_code == 0
    converges(ground, folder)


def test_two_pipelines_at_once_on_one_catalog(datahub: tuple[Ground, Path]) -> None:
    ground, folder = datahub
    other = places.copied(folder, folder.parent / "other")
    ended: list[Any] = []
    both = [threading.Thread(target=lambda at=at: ended.append(api.run(at / "lumos.yaml"))) for at in (folder, other)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    assert len(ended) == 2
    assert {result.exit_code for result in ended} <= {0, 3}
    for result in ended:
        accounted(result.exit_code, result)
    humans(held_now(ground))
    for at in (folder, other):
        converges(ground, at)


def test_interrupted_in_the_middle(datahub: tuple[Ground, Path]) -> None:
    ground, folder = datahub

    def stop(request: Any, proceed: Any) -> Answer:
        answer: Answer = proceed()
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)
        return answer

    for rule in rules(ground.place, "writes", times=1):
        rule.do("stop", stop)
    code, _ = lumos(folder, "run", "--quiet")
    ground.place.fake.faults.clear()
    assert code == 130
    humans(held_now(ground))
    converges(ground, folder)


def test_a_disk_that_is_full(datahub: tuple[Ground, Path]) -> None:
    ground, folder = datahub
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)); "
    command = [sys.executable, "-c", limited + "from lumos_core.cli import main; main()", "run", "--quiet"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert ended.returncode in (2, 3), ended.stderr
    assert "Traceback" not in ended.stderr
    assert not leaks(folder, ended.stdout + ended.stderr, ground.place, "")
    found = held_now(ground)
    assert found in (ground.typed, ground.good)
    converges(ground, folder)


# ---- migrate and sync ------------------------------------------------------------------------------------------------


def page(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Change what a page of a listing says."""

    def act(request: Any, answer: Answer) -> Answer:
        value = json.loads(answer.body)
        for key in ("entities", "data"):
            if value.get(key):
                change(value[key])
        return Answer.json(value, answer.status)

    return lambda rule: rule.alter(act)


MOVES: dict[str, Callable[[Place], Any]] = {
    "a page loses a thing": on("lists", page(lambda rows: rows.pop()), after=1),
    "a page gives a thing twice": on("lists", page(lambda rows: rows.append(rows[0])), after=1),
    "a thing has no name": on(
        "lists", page(lambda rows: [rows[0].pop(key, 0) for key in ("urn", "fullyQualifiedName")])
    ),
    "401 in the middle": on("lists", echo(401), after=2),
    "cut": on("lists", lambda rule: rule.cut(), after=2),
    "500": on("lists", echo(500), after=1),
}


@pytest.mark.parametrize("where", ["datahub", "openmetadata"])
@pytest.mark.parametrize("fault", MOVES)
def test_a_source_that_cannot_be_read_moves_nothing(
    fault: str,
    where: str,
    grounds: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    ground = grounds(where)
    place = ground.place
    place.back(ground.kept)
    monkeypatch.setenv("BAD_DAYS_TOKEN", place.secrets[0])
    line = json.dumps({**place.line(), "retries": 0})
    (tmp_path / "from.yaml").write_text(f"catalogs: [{line}]\n")
    (tmp_path / "to.yaml").write_text("catalogs: [{type: local, name: to, path: to.db}]\n")
    capfd.readouterr()
    MOVES[fault](place)
    for command in (("migrate", "--from", "from.yaml", "--to", "to.yaml"), ("sync", "from.yaml", "to.yaml")):
        code, _ = lumos(tmp_path, *command)
        told = capfd.readouterr()
        assert code in (2, 3), (code, told)
        assert told.err
        assert not leaks(tmp_path, told.out + told.err, place, "")
        assert places.held(places.build("local", {"path": str(tmp_path / "to.db")})) == {}
        place.fake.faults.clear()
        MOVES[fault](place)
    place.fake.faults.clear()
    code, _ = lumos(tmp_path, "migrate", "--from", "from.yaml", "--to", "to.yaml")
    assert code == 0, capfd.readouterr()
    moved = places.held(places.build("local", {"path": str(tmp_path / "to.db")}))
    assert moved.keys() == ground.typed.keys()
    humans(moved)
    assert place.strange() == ground.strange


@pytest.mark.parametrize("where", PLACES)
def test_hostile_names_and_ten_megabytes(
    where: str, grounds: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a catalog takes is read back as it is; what it refuses is told and harms nothing else."""
    ground = grounds(where)
    ground.place.back(ground.kept)
    monkeypatch.setenv("BAD_DAYS_TOKEN", ground.place.secrets[0])
    folder = places.copied(ground.folder, tmp_path / "run")
    pipeline(folder, ground.place.line())
    hostile = places.hostile()
    written(folder, sorted([*places.after(), *hostile], key=lambda record: (record.kind, record.urn)))
    code, result = lumos(folder, "run", "--quiet")
    accounted(code, result)
    failed = {outcome.urn for outcome in result.published[0].outcomes if outcome.status == "failed"}
    assert failed <= {record.urn for record in hostile}
    found = held_now(ground)
    humans(found)
    told = {record.urn: record.value.description.source for record in hostile if record.urn not in failed}
    assert {urn: json.loads(found[urn])["value"]["description"]["source"] for urn in told} == told
    assert differences(ground.good, {urn: text for urn, text in found.items() if urn not in told}) == []
    assert ground.place.strange() == ground.strange
    again, result = lumos(folder, "run", "--quiet")
    assert again == code
    assert {operation.urn for operation in result.published[0].operations} <= failed
