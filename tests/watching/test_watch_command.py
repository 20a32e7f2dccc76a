"""`lumos watch` on the command line: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from watching_house import until

import lumos_core
from lumos_core.cli import main
from lumos_core.testing.reference import WORLDS


def watch(shelf, *options):
    return CliRunner().invoke(main, ["watch", str(shelf.pipeline), "--once", *options], standalone_mode=False)


@pytest.fixture
def hybrid(shelf):
    shelf.write({"mode": "hybrid"})
    shelf.put("orders", told=False, id="int64")
    return shelf


def test_a_line_per_dataset_that_changed(hybrid):
    first = watch(hybrid)
    assert first.return_value == 0
    assert "first state: 1 records looked at" in first.output
    assert "nothing changed" in watch(hybrid).output
    hybrid.put("orders", id="string")
    hybrid.put("people", id="string")
    lines = watch(hybrid).output.splitlines()
    assert len(lines) == 2
    assert "breaking" in lines[0]
    assert "schema-changed  orders: Field `id` of `orders` changed" in lines[0]
    assert "created         people: `people` is new with 1 field" in lines[1]


def test_quiet_says_what_failed_and_nothing_else(hybrid):
    assert watch(hybrid, "--quiet").output == ""
    (hybrid.data / "bad.json").write_text("{", encoding="utf-8")
    found = watch(hybrid, "--quiet")
    assert found.return_value == 3
    assert "the file cannot be read" in found.output


def test_a_red_gate_is_said(hybrid):
    hybrid.write({"mode": "hybrid"}, gate={"fail_on": "breaking"})
    watch(hybrid)
    hybrid.put("orders", id="string")
    found = watch(hybrid)
    assert found.return_value == 1
    assert "gate failed: 1 change of severity breaking or worse" in found.output


def test_json_is_one_line_each(hybrid):
    watch(hybrid)
    hybrid.put("orders", id="string")
    lines = [json.loads(line) for line in watch(hybrid, "--json").output.splitlines()]
    assert [line["line"] for line in lines] == ["watch", "look", "event"]
    assert (lines[0]["source"], lines[0]["mode"]) == ("shelf", "hybrid")
    assert (lines[1]["verdict"], lines[1]["events"], lines[1]["exit_code"]) == ("changed", 1, 0)
    assert (lines[2]["type"], lines[2]["severity"]) == ("schema-changed", "breaking")


def test_a_part_can_be_watched(hybrid):
    watch(hybrid)
    hybrid.put("orders", told=False, id="string")
    hybrid.put("people", told=False, id="string")
    lines = watch(hybrid, "--select", "peo").output.splitlines()
    assert len(lines) == 1
    assert "people" in lines[0]


def test_notices_name_what_they_are_about(hybrid, capsys):
    from lumos_core.cli.watch import _Json, _People
    from lumos_core.contracts.reporter import Notice
    from lumos_core.watching.watched import Watched

    notice = Notice(code="c", message="it broke", where="here", component="source s3", fix="mend it")
    people = _People(False)
    people.began([Watched("s3", True, 60), Watched("pg", True, None), Watched("csv", False, 5)])
    people.said(notice)
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "Watching s3: its events and a full look every 60 s",
        "Watching pg: its events",
        "Watching csv: a full look every 5 s",
    ]
    assert err == "source s3: here: it broke (mend it)\n"
    _Json().said(notice)
    assert json.loads(capsys.readouterr().out)["line"] == "notice"


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_130(hybrid, number):
    hybrid.write({"mode": "hybrid"}, catalogs=[])
    program = "from lumos_core.cli import main; main()"
    log = hybrid.folder / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", program, "watch", "lumos.yaml"], cwd=hybrid.folder, stdout=out, stderr=out
        )
    until(lambda: "first state" in log.read_text(), 60)
    process.send_signal(number)
    assert process.wait(20) == 130
    assert "Stopping" in log.read_text()
    assert "Traceback" not in log.read_text()


def test_python_users_are_told_of_looks(hybrid):
    seen = []
    assert lumos_core.watch(hybrid.pipeline, once=True, on_look=seen.append) == 0
    assert [result.first for result in seen] == [True]
    assert lumos_core.watch(hybrid.pipeline, once=True) == 0
    assert WORLDS[str(hybrid.folder)].records
