"""Runs that meet, runs that are stopped, runs that are killed: the next one completes and equals a clean one."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import closing

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")

SLOW = """
import sys, time
import lumos_source_csv.format as csv
inspect = csv.CsvFormat.inspect
def slow(self, files, ctx):
    for record in inspect(self, files, ctx):
        print("reading", file=sys.stderr, flush=True)
        for _ in range(100):
            if ctx.cancelled():
                break
            time.sleep(0.1)
        yield record
csv.CsvFormat.inspect = slow
from lumos_core.cli import main
sys.argv[0] = "lumos"
main()
"""
STUBBORN = SLOW.replace("if ctx.cancelled():", "if False:")

STAGES = ("extract", "collect", "diff", "version", "publish", "report")
AT_STAGE = """
import os, signal, sys
from lumos_core.running.session import Session
from contextlib import contextmanager
stage, wanted = Session.stage, sys.argv.pop(1)
@contextmanager
def stopping(self, name):
    with stage(self, name):
        if name == wanted:
            os.kill(os.getpid(), signal.SIGINT)
        yield
Session.stage = stopping
from lumos_core.cli import main
sys.argv[0] = "lumos"
main()
"""


@pytest.fixture
def shop(home):
    for name in "orders", "customers", "products":
        home.write(f"{name}.csv", "id,name,price\n1,a,2.5\n")
    home.run()
    home.write("orders.csv", "id,name\n1,a\n")
    home.write("returns.csv", "id\n1\n")
    return home


def meant(home):
    """What a clean run must come to: the facts, and the names that the catalog finds."""
    facts = {urn: record.value for urn, record in home.records().items()}
    return facts, [hit["urn"] for hit in home.lumos("search", "csv", "--json").data["hits"]]


def clean(home, tmp_path):
    """Run the same two days somewhere else, undisturbed."""
    other = type(home)(tmp_path / "clean") if (tmp_path / "clean").mkdir() is None else home
    for name in "orders", "customers", "products":
        other.write(f"{name}.csv", "id,name,price\n1,a,2.5\n")
    other.run()
    other.write("orders.csv", "id,name\n1,a\n")
    other.write("returns.csv", "id\n1\n")
    other.run()
    return meant(other)


def sound(home):
    """Every database is whole, and every line of every state is there."""
    for name in "store.db", "catalog.db":
        with closing(sqlite3.connect(home.folder / ".lumos" / name)) as db:
            assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    assert home.lumos("list", "--json").code == 0
    assert home.lumos("log", "--json").code == 0


def wait_for(process, text):
    line = process.stderr.readline()
    assert text in line, line + process.stderr.read()


def test_two_runs_at_once(shop):
    first = shop.start("run", code=SLOW)
    wait_for(first, "reading")
    began = time.monotonic()
    second = shop.lumos("run")
    assert second.code == 2, second
    assert "another run" in second.err and str(first.pid) in second.err, second.err
    assert time.monotonic() - began < 5, "it does not wait"
    assert shop.lumos("list").code == 0, "reading goes on meanwhile"
    first.send_signal(signal.SIGINT)
    assert first.wait(20) == 130
    first.communicate()
    assert shop.lumos("run").code == 0


def test_interrupting_once_and_twice(shop, tmp_path):
    before = shop.memory()
    for code, times in (SLOW, 1), (STUBBORN, 2):
        process = shop.start("run", code=code)
        wait_for(process, "reading")
        began = time.monotonic()
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.4)
        assert process.wait(20) == 130
        out, err = process.communicate()
        assert time.monotonic() - began < 10
        assert "Traceback" not in err, err
        assert "Stopping; press ^C again" in err
        assert out == ""
        assert shop.memory() == before
        assert [name for name in shop.leftovers() if times == 1] == []
    assert shop.lumos("run").code == 0
    assert meant(shop) == clean(shop, tmp_path)
    assert shop.leftovers() == [], "what a run that was killed has left is cleared away"


@pytest.mark.parametrize("stage", STAGES)
def test_interrupting_in_every_stage(shop, stage):
    before = shop.memory()
    answer = shop.process(stage, "run", code=AT_STAGE)
    assert answer.code == 130 or (stage == "report" and answer.code == 0), answer
    assert "Traceback" not in answer.err
    if stage not in ("publish", "report"):
        assert shop.memory() == before
    sound(shop)
    assert shop.leftovers() == []
    assert shop.lumos("run").code == 0
    assert sorted(shop.names()) == ["customers.csv", "orders.csv", "products.csv", "returns.csv"]
    found = shop.lumos("search", "returns", "--json").data
    assert found["total"] == 1, "what was not published is published by the next run"
    result = shop.run()
    assert not result["changed"] and not any(result["published"][0]["planned"].values())


def test_killed_at_random_moments(shop, tmp_path):
    expected = clean(shop, tmp_path)
    began = time.monotonic()
    assert shop.process("plan").code == 0
    usual = time.monotonic() - began
    moments = random.Random(7)
    for _ in range(15):
        # A forked child begins where imports end, so that kills land in the run and not in the start of Python.
        pid = os.fork()
        if not pid:
            null = os.open(os.devnull, os.O_RDWR)
            for number in 0, 1, 2:
                os.dup2(null, number)
            try:
                shop.lumos("run", "--full")
            finally:
                os._exit(0)
        time.sleep(moments.random() * min(usual, 0.35))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        sound(shop)
    answer = shop.lumos("run")
    assert answer.code == 0, answer
    assert meant(shop) == expected
    sound(shop)
    shop.run()
    result = shop.run()
    assert shop.leftovers() == [], "with the files of old runs goes what killed runs have left"
    assert not result["changed"] and not any(result["published"][0]["planned"].values())
