"""Snapshots, pipelines, databases, disks and plugins that are not as they should be (bad data: test_bad_files.py)."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import sys
from contextlib import closing

import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


@pytest.fixture
def shop(home):
    """A folder with three datasets and one run behind it."""
    for name in "orders", "customers", "products":
        home.write(f"{name}.csv", "id,name,price\n1,a,2.5\n")
    home.run()
    return home


# Snapshots


def swapped(lines):
    return [lines[0], lines[2], lines[1], *lines[3:]]


SNAPSHOTS = {
    "truncated": (lambda lines: [b"".join(lines)[:700]], "truncated"),
    "no trailer": (lambda lines: lines[:-1], "its trailer is missing"),
    "unsorted": (swapped, "comes after"),
    "doubled": (lambda lines: [*lines[:2], *lines[1:]], "two records are"),
    "a line is missing": (lambda lines: [lines[0], *lines[2:]], "the trailer counts 3 records, the file holds 2"),
    "altered": (lambda lines: [b"".join(lines).replace(b"int64", b"int32", 1)], "altered"),
    "newer": (lambda lines: [lines[0].replace(b"snapshot/1", b"snapshot/9"), *lines[1:]], "newer"),
    "empty": (lambda lines: [], "truncated"),
    "no snapshot": (lambda lines: [b"hello\n"], "not a Lumos snapshot"),
    "noise": (lambda lines: [bytes(range(256))], "not a Lumos snapshot"),
}
COMPRESSED = {
    "cut": (lambda lines: zstd.compress(b"".join(lines))[:-20], "truncated"),
    "damaged": (lambda lines: b"\x28\xb5\x2f\xfd" + b"garbage" * 9, "damaged"),
    "bomb in one line": (lambda lines: zstd.compress(lines[0] + b"x" * (100 << 20)), "a line is longer"),
    "bomb of many lines": (lambda lines: zstd.compress(lines[0] + b"\n" * (200 << 20)), "not a record"),
}


@pytest.mark.parametrize("case", [*SNAPSHOTS, *COMPRESSED])
def test_a_bad_snapshot(shop, case):
    assert shop.lumos("snapshot", "export", "good.lumos.jsonl").code == 0
    lines = (shop.folder / "good.lumos.jsonl").read_bytes().splitlines(keepends=True)
    if case in SNAPSHOTS:
        make, why = SNAPSHOTS[case]
        bad = shop.folder / "bad.lumos.jsonl"
        bad.write_bytes(b"".join(make(lines)))
    else:
        make, why = COMPRESSED[case]
        bad = shop.folder / "bad.lumos.jsonl.zst"
        bad.write_bytes(make(lines))
    before = shop.memory()
    for args in (
        ("snapshot", "validate", bad.name),
        ("diff", "good.lumos.jsonl", bad.name),
        ("diff", bad.name, "head"),
        ("snapshot", "import", bad.name),
        ("snapshot", "convert", bad.name, "out.lumos.jsonl"),
    ):
        answer = shop.lumos(*args)
        assert answer.code == 2, (args, answer)
        assert bad.name in answer.err and why in answer.err, (args, answer)
    assert not (shop.folder / "out.lumos.jsonl").exists()

    shop.pipeline(sources=[{"type": "snapshot", "path": bad.name}])
    answer = shop.lumos("run")
    assert answer.code == 3, answer
    assert bad.name in answer.out and why in answer.out
    assert shop.memory() == before, "nothing is concluded, nothing is half-written"
    assert shop.leftovers() == []


def test_a_stats_file_alone_removes_nothing(shop):
    assert shop.lumos("snapshot", "export", "good.lumos.jsonl").code == 0
    before = shop.memory()
    assert shop.lumos("snapshot", "import", "good.stats.lumos.jsonl").code == 0
    assert shop.memory() == before


# Pipelines

FILES = "sources:\n  - {type: files, path: data}\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
)
PIPELINES = {
    "unknown key": (f"version: 1\n{FILES}ctalogs: []\n", "x.yaml:4:1", "did you mean 'catalogs'"),
    "unknown option": ("version: 1\nsources:\n  - {type: files, pat: data}\n", "x.yaml:3:19", "did you mean 'path'"),
    "unknown plugin": ("version: 1\nsources:\n  - {type: fils}\n", "x.yaml:3:12", "did you mean 'files'"),
    "wrong type": (f"version: 1\n{FILES}gate: 5\n", "x.yaml:4:7", "gate"),
    "wrong version": (f"version: 9\n{FILES}", "x.yaml:1:10", "version"),
    "missing variable": ("version: 1\nsources:\n  - {type: files, path: '${NOPE}'}\n", "x.yaml:3:25", "NOPE"),
    "alias bomb": (BOMB + "version: 1\nsources: *h\n", "x.yaml", "fewer aliases"),
    "alias in itself": ("version: 1\nsources: &a [*a]\n", "x.yaml:2:14", "inside of its own anchor"),
    "no YAML": ("version: 1\nsources: [\n", "x.yaml:3:1", "not valid YAML"),
    "nothing": ("", "x.yaml", "the key 'sources' is required"),
    "noise": ("\x00\x01", "x.yaml", "control characters"),
    "a Python object": ("!!python/object/apply:os.system ['echo x']", "x.yaml:1:1", "not supported"),
    "doubled key": (f"version: 1\nversion: 1\n{FILES}", "x.yaml:2:1", "version"),
    "tabs": ("version: 1\nsources:\n\t- {type: files}\n", "x.yaml:3:1", "not valid YAML"),
    "too deep": ("version: 1\nsources: " + "[" * 5000 + "]" * 5000, "x.yaml:2", "deep"),
}


@pytest.mark.parametrize("case", PIPELINES)
@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_bad_pipeline(home, case, command):
    text, place, why = PIPELINES[case]
    (home.folder / "x.yaml").write_text(text)
    answer = home.lumos(command, "x.yaml")
    assert answer.code == 2, answer
    assert place in answer.err, answer.err
    assert why in answer.err, answer.err
    assert answer.out == ""
    assert not (home.folder / ".lumos").exists(), "nothing was written"
    told = home.lumos(command, "x.yaml", *(["--json"] if command == "run" else []))
    assert told.code == 2


def test_all_problems_come_at_once(home):
    (home.folder / "x.yaml").write_text(
        "version: 1\nsources:\n  - {type: files, pat: a}\n  - {type: fils}\nretries: x\n"
    )
    answer = home.lumos("run", "x.yaml", "--json")
    assert answer.code == 2
    assert answer.out == ""
    assert len(json.loads(answer.err)["problems"]) == 4


SECRET = "hunter2-correct-horse"
PLUGIN = '''
import sys, os, time, threading
from lumos_core.plugin_api import *
from pydantic import Field as Option, SecretStr

class Bad(Config):
    """Options."""
    token: SecretStr = Option(default=SecretStr(""), description="Secret.")
    how: str = Option(default="", description="What goes wrong.")

def misbehave(config, ctx):
    if config.how == "raise": raise RuntimeError(f"boom with {config.token.get_secret_value()}")
    if config.how == "print": print("noise on stdout"); os.write(1, b"noise on descriptor 1\\n")
    if config.how == "exit": sys.exit(5)
    if config.how == "exit0": sys.exit(0)
    if config.how == "interrupt": raise KeyboardInterrupt
    if config.how == "deep": misbehave(config, ctx)
    if config.how == "hang":
        sys.stderr.write("hanging\\n"); sys.stderr.flush()
        time.sleep(600)
    if config.how == "warn": ctx.warn("odd", f"token is {config.token.get_secret_value()}")

class Reader(Source[Bad]):
    """A source."""
    def plan(self, within, ctx):
        yield Unit(key="one", scope=Scope(urns=frozenset({urns.dataset("bad", "one")})))
        ctx.covered(Covered(Scope(platform="bad"), frozenset({"record"})))
    def extract(self, unit, ctx):
        misbehave(self.config, ctx)
        yield Record(urns.dataset("bad", "one"), Dataset(name="one", captured=["fields"]))

class Liar(Source[Bad]):
    """A source that gives nonsense."""
    def plan(self, within, ctx):
        yield Unit(key="one", scope=Scope(urns=frozenset({urns.dataset("bad", "one")})))
    def extract(self, unit, ctx):
        yield {"urn": "nonsense"}

class Rich(Enricher[Bad]):
    """An enricher."""
    writes = frozenset({"owners"})
    def enrich(self, records, ctx):
        for record in records:
            misbehave(self.config, ctx)
            yield record

class Paper(Reporter[Bad]):
    """A reporter."""
    def report(self, result):
        misbehave(self.config, None)

class Shelf(Catalog[Bad]):
    """A catalog."""
    capabilities = {"description": Support(read=True, write=True)}
    def read(self, scope, ctx): return []
    def write(self, batch, ctx):
        misbehave(self.config, ctx)
        return [Outcome(operation.urn, "written") for operation in batch]
'''


def part(name, how):
    return {"type": f"bad_plugin:{name}", "name": "bad", "how": how, "token": "${BAD_TOKEN}"}


@pytest.fixture
def plugged(shop, monkeypatch):
    (shop.folder / "bad_plugin.py").write_text(PLUGIN)
    monkeypatch.setenv("BAD_TOKEN", SECRET)

    def use(kind, name, how):
        keys = {"sources": [{"type": "files", "path": "data"}]}
        keys.setdefault(kind, []).append(part(name, how))
        if kind == "catalogs":
            keys[kind].insert(0, {"type": "local"})
        shop.pipeline(**keys)
        return shop

    return use


KINDS = {"sources": "Reader", "enrich": "Rich", "reports": "Paper", "catalogs": "Shelf"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["raise", "deep"])
def test_a_plugin_that_raises(plugged, kind, how):
    shop = plugged(kind, KINDS[kind], how)
    (shop.data / "orders.csv").unlink()
    answer = shop.lumos("run")
    assert answer.code == 3, answer
    assert SECRET not in answer.out + answer.err
    assert ("RuntimeError: boom with ***" if how == "raise" else "RecursionError") in answer.out
    assert re.search(rf"✗ {kind.removesuffix('s')}\w* bad", answer.out)
    assert kind == "catalogs" or "LUMOS_DEBUG=1" in answer.out
    assert shop.names() == {"customers.csv", "products.csv"}, "the rest of the run went on"
    assert shop.leftovers() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["exit", "exit0"])
def test_a_plugin_that_exits(plugged, kind, how):
    shop = plugged(kind, KINDS[kind], how)
    answer = shop.lumos("run")
    assert answer.code == 3, answer
    assert "it called sys.exit" in answer.out
    assert shop.leftovers() == []
    shop.pipeline()
    assert shop.lumos("run").code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_plugin_that_prints(plugged, kind):
    shop = plugged(kind, KINDS[kind], "print")
    answer = shop.process("run", "--json")
    assert answer.code == 0, answer
    assert answer.data["exit_code"] == 0
    assert "noise on stdout" in answer.err


def test_a_plugin_that_gives_nonsense(plugged):
    shop = plugged("sources", "Liar", "")
    before = shop.memory()
    answer = shop.lumos("run")
    assert answer.code == 3, answer
    assert "source bad" in answer.out
    assert shop.memory() == before


def test_a_plugin_that_tells_a_secret(plugged):
    shop = plugged("sources", "Reader", "warn")
    result = shop.run()
    assert [told["message"] for told in result["warnings"]] == ["token is ***"]
    assert SECRET not in json.dumps(result)
    for path in (shop.folder / ".lumos").rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path


def test_a_mistyped_secret_is_not_shown(home, monkeypatch):
    (home.folder / "bad_plugin.py").write_text(PLUGIN)
    for value in f"[{SECRET}]", f"{{a: {SECRET}}}":
        (home.folder / "x.yaml").write_text(
            f"version: 1\nsources:\n  - {{type: 'bad_plugin:Reader', token: {value}}}\n"
        )
        answer = home.lumos("run", "x.yaml")
        assert answer.code == 2
        assert "x.yaml:3" in answer.err and "token" in answer.err
        assert SECRET not in answer.err


def test_a_reporter_that_cannot_write(shop):
    (shop.folder / "taken").write_text("a file, no folder")
    shop.pipeline(reports=[{"type": "html", "path": "taken/report.html"}, {"type": "json", "path": "out.json"}])
    shop.write("orders.csv", "id,name\n1,a\n")
    answer = shop.lumos("run")
    assert answer.code == 3, answer
    assert "report.html" in answer.out and "reporter html" in answer.out
    assert json.loads((shop.folder / "out.json").read_text())["changed"], "the other report is there"
    assert shop.leftovers() == []


# Databases


def damaged(path):
    path.write_bytes(b"garbage " * 100)


def shortened(path):
    path.write_bytes(path.read_bytes()[:5000])


def scribbled(path):
    content = bytearray(path.read_bytes())
    content[4096 * 2 :] = b"\xff" * (len(content) - 4096 * 2)
    path.write_bytes(content)


def replaced(path):
    path.unlink()
    path.mkdir()


DAMAGE = {"garbage": damaged, "truncated": shortened, "scribbled": scribbled, "a folder": replaced}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_store(shop, case):
    path = shop.folder / ".lumos" / "store.db"
    kept = path.read_bytes()
    shop.write("orders.csv", "id\n1\n")
    catalog = (shop.folder / ".lumos" / "catalog.db").read_bytes()
    DAMAGE[case](path)
    found = path.read_bytes() if path.is_file() else None
    for args in ("run",), ("list",), ("log",), ("diff", "head~1", "head"):
        answer = shop.lumos(*args)
        assert answer.code == 2, (args, answer)
        assert f"{path}: the store" in answer.err and "Fix:" in answer.err
    assert found is None or path.read_bytes() == found, "it was not touched"
    assert (shop.folder / ".lumos" / "catalog.db").read_bytes() == catalog
    assert shop.leftovers() == []
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.write_bytes(kept)
    assert len(shop.run()["changes"]) == 2


@pytest.mark.parametrize("case", ["garbage", "truncated", "a folder"])
def test_a_damaged_catalog(shop, case):
    path = shop.folder / ".lumos" / "catalog.db"
    shop.write("orders.csv", "id\n1\n")
    DAMAGE[case](path)
    found = path.read_bytes() if path.is_file() else None
    answer = shop.lumos("run")
    assert answer.code == 3, answer
    assert f"catalog local {path}" in answer.out and "fix  " in answer.out
    assert found is None or path.read_bytes() == found
    assert shop.lumos("search", "orders").code == 3
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    result = shop.run()
    assert not result["changed"]
    assert result["published"][0]["planned"] == {"create": 3}, "it is filled anew"


@pytest.mark.parametrize("name", ["store.db", "catalog.db"])
def test_a_locked_database(shop, name):
    shop.pipeline(
        store={"type": "sqlite", "path": ".lumos/store.db", "timeout": 0.2},
        catalogs=[{"type": "local", "path": ".lumos/catalog.db", "timeout": 0.2}],
    )
    shop.write("orders.csv", "id\n1\n")
    path = shop.folder / ".lumos" / name
    with closing(sqlite3.connect(path)) as held:
        held.execute("begin exclusive")
        answer = shop.lumos("run")
        assert answer.code == (2 if name == "store.db" else 3), answer
        assert str(path) in answer.out + answer.err
        assert "another program is writing to the" in answer.out + answer.err
        held.execute("rollback")
    assert shop.lumos("run").code == 0
    assert shop.lumos("show", "orders").out.count("price") == 0


def test_a_database_of_someone_else(shop):
    path = shop.folder / ".lumos" / "store.db"
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("create table theirs (a)")
    answer = shop.lumos("run")
    assert answer.code == 2, answer
    assert str(path) in answer.err
    with closing(sqlite3.connect(path)) as other:
        assert [name for (name,) in other.execute("select name from sqlite_master")] == ["theirs"]


# A full disk

WORDS = ["amber", "birch", "cedar", "delta", "ember", "flint", "grove", "haze", "iris", "jade"]
LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from lumos_core.cli import main
sys.argv[0] = "lumos"
main()
"""


@posix
@pytest.mark.parametrize("limit", [1_000, 20_000, 60_000, 90_000])
def test_no_more_room_for_files(shop, limit):
    for number in range(80):
        shop.write(f"{WORDS[number // 10]}_{WORDS[number % 10]}/x.csv", f"id{number},name,price\n1,a,2.5\n")
    (shop.data / "orders.csv").unlink()
    before = shop.memory()
    answer = shop.process(str(limit), "run", code=LIMITED)
    assert answer.code in (2, 3), answer
    text = answer.out + answer.err
    assert "Traceback" not in text
    assert "too large" in text.lower() or "full" in text.lower() or "i/o error" in text.lower(), answer
    assert shop.leftovers() == []
    if answer.code == 2:
        assert shop.memory() == before
    assert shop.lumos("run").code == 0
    assert len(shop.names()) == 82
    assert not shop.run()["changed"]
