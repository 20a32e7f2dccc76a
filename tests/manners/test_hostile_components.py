"""Components that a pipeline names and that do not keep their contract: a clear error, its exit code, no secret.

What raises, exits or prints is in tests/end_to_end/test_bad_input.py; here are wrong types, secrets, hanging, and
what is no `Exception`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lumos_core.cli import main

SECRET = "hunter2-correct-horse"

CODE = '''
import asyncio, sys, time
from lumos_core.plugin_api import *
from pydantic import Field as Option, SecretStr, field_validator

ONE = urns.dataset("bad", "one")

class Bad(Config):
    """Options."""
    token: SecretStr = Option(default=SecretStr(""), description="Secret.")
    how: str = Option(default="", description="What goes wrong.")

    @field_validator("how")
    @classmethod
    def _look(cls, value, info):
        if value == "validator": raise RuntimeError("the token is " + info.data["token"].get_secret_value())
        return value

class Made:
    def __init__(self, config):
        if config.how == "made": raise ValueError(config.token.get_secret_value())
        super().__init__(config)
    def close(self):
        if self.config.how == "close": raise OSError("cannot close " + self.config.token.get_secret_value())

def misbehave(config):
    how, token = config.how, config.token.get_secret_value()
    if how == "async": raise asyncio.CancelledError(token)
    if how == "cause":
        try:
            raise ValueError(f"refused {token}")
        except ValueError as error:
            raise RuntimeError("it went wrong") from error
    if how == "hang":
        print("hanging", file=sys.stderr, flush=True)
        time.sleep(600)

class Reader(Made, Source[Bad]):
    """A source."""
    def plan(self, within, ctx):
        how = self.config.how
        if how == "plan-none": return None
        if how == "plan-dict": return [{"key": "one"}]
        if how == "plan-async":
            async def later(): yield 1
            return later()
        ctx.covered(Covered(Scope(platform="bad"), frozenset({"record"})))
        return [Unit(key=name, scope=Scope(urns=frozenset({urns.dataset("bad", name)}))) for name in ("one", "two")]
    def extract(self, unit, ctx):
        how = self.config.how
        if how == "none": return None
        if how == "dict": return [{"urn": ONE}]
        if how == "number": return 5
        if how == "hollow": return [Record(ONE, None, "dataset")]
        if how == "coverage": ctx.covered({"all": True})
        if how == "warning": ctx.warn("odd", f"token is {self.config.token.get_secret_value()}")
        misbehave(self.config)
        return [Record(urns.dataset("bad", unit.key), Dataset(name=unit.key, captured=["fields"]))]

    def pieces(self, names):
        """A method of its own, which the run leaves alone."""
        return names.split()

class Rich(Made, Enricher[Bad]):
    """An enricher."""
    writes = frozenset({"owners"})
    def enrich(self, records, ctx):
        misbehave(self.config)
        return {"none": None, "dict": [{}]}.get(self.config.how, records)

class Judge(Made, Differ[Bad]):
    """A differ."""
    def diff(self, pairs, ctx):
        for pair in pairs:
            misbehave(self.config)
            if self.config.how == "dict": yield {"rule": "field-removed"}
            if self.config.how == "exit": sys.exit(0)

class Paper(Made, Reporter[Bad]):
    """A reporter."""
    def report(self, result):
        misbehave(self.config)

class Shelf(Made, Catalog[Bad]):
    """A catalog."""
    capabilities = {"description": Support(read=True, write=True)}
    def read(self, scope, ctx):
        return [5] if self.config.how == "read" else []
    def write(self, batch, ctx):
        misbehave(self.config)
        told = [Outcome(operation.urn, "written") for operation in batch]
        return {"none": None, "few": told[:1], "status": [Outcome(told[0].urn, "done")], "dict": [{}],
                "strangers": [Outcome("urn:lumos:dataset:(x,y,PROD)", "written")]}.get(self.config.how, told)

class Loses(Made, Executor[Bad]):
    """An executor."""
    def map(self, task, items):
        how = self.config.how
        for number, item in enumerate(items):
            if how == "loses" and not number: continue
            if how == "pairs": yield 5
            elif how == "nothing": yield item, None
            elif how == "raises": raise RuntimeError(self.config.token.get_secret_value())
            else: yield item, task(item)
'''

KINDS = {"sources": "Reader", "enrich": "Rich", "differ": "Judge", "reports": "Paper", "catalogs": "Shelf"}
KINDS["executor"] = "Loses"
WORDS = {"sources": "source", "enrich": "enricher", "reports": "reporter", "catalogs": "catalog"}


class Shop:
    """A folder with three datasets and one run behind it, and a pipeline with one hostile component."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def name(self, kind: str, how: str) -> None:
        part = {"type": f"hostile_parts:{KINDS[kind]}", "name": "bad", "how": how, "token": "${BAD_TOKEN}"}
        whole: dict[str, Any] = {"version": 1, "name": "shop", "sources": [{"type": "files", "path": "data"}]}
        if kind in ("differ", "executor"):
            whole[kind] = part
        else:
            whole[kind] = [*whole.get(kind, []), *([{"type": "local"}] if kind == "catalogs" else []), part]
        (self.folder / "lumos.yaml").write_text(json.dumps(whole))

    def lumos(self, *args: str) -> Any:
        return CliRunner().invoke(main, list(args), prog_name="lumos")

    def names(self) -> set[str]:
        listed = self.lumos("list", "--json", "--kind", "dataset")
        return {item["urn"].split(",")[1] for item in json.loads(listed.stdout)} if not listed.exit_code else set()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.delenv("LUMOS_CONFIG", raising=False)
    monkeypatch.delenv("LUMOS_DISABLE_PLUGINS", raising=False)
    monkeypatch.setenv("BAD_TOKEN", SECRET)
    monkeypatch.setenv("LUMOS_DEBUG", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("orders", "customers"):
        (tmp_path / "data" / f"{name}.csv").write_text("id,name\n1,a\n")
    (tmp_path / "hostile_parts.py").write_text(CODE)
    monkeypatch.delitem(sys.modules, "hostile_parts", raising=False)
    return Shop(tmp_path)


CASES: list[tuple[str, str, int, str]] = [
    ("sources", "plan-none", 3, "TypeError: its plan() returned nothing: expected an iterable of Unit"),
    ("sources", "plan-dict", 3, "TypeError: its plan() gave something of the type dict: expected Unit"),
    ("sources", "plan-async", 3, "its plan() returned something of the type async_generator: expected an iterable"),
    ("sources", "none", 3, "TypeError: its extract() returned nothing: expected an iterable of Record"),
    ("sources", "dict", 3, "TypeError: its extract() gave something of the type dict: expected Record"),
    ("sources", "number", 3, "its extract() returned something of the type int"),
    ("sources", "hollow", 3, "source bad"),
    ("sources", "coverage", 3, "source bad"),
    ("sources", "async", 3, "RuntimeError: it raised CancelledError: ***"),
    ("sources", "cause", 3, "RuntimeError: it went wrong"),
    ("sources", "close", 3, "OSError: cannot close ***"),
    ("sources", "made", 2, "the source 'bad' cannot be made: ValueError: ***"),
    ("sources", "validator", 2, "sources[1]: the configuration class Bad raised RuntimeError"),
    ("enrich", "none", 3, "its enrich() returned nothing: expected an iterable of Record"),
    ("enrich", "dict", 3, "its enrich() gave something of the type dict: expected Record"),
    ("enrich", "async", 3, "RuntimeError: it raised CancelledError: ***"),
    ("enrich", "cause", 3, "RuntimeError: it went wrong"),
    ("enrich", "close", 3, "OSError: cannot close ***"),
    ("enrich", "made", 2, "the enricher 'bad' cannot be made: ValueError: ***"),
    ("differ", "dict", 4, "the differ 'bad' failed: TypeError: its diff() gave something of the type dict"),
    ("differ", "exit", 4, "the differ 'bad' failed: RuntimeError: it called sys.exit(0)"),
    ("differ", "async", 4, "the differ 'bad' failed: RuntimeError: it raised CancelledError: ***"),
    ("differ", "cause", 4, "the differ 'bad' failed: RuntimeError: it went wrong"),
    ("differ", "close", 3, "OSError: cannot close ***"),
    ("reports", "async", 3, "RuntimeError: it raised CancelledError: ***"),
    ("reports", "cause", 3, "RuntimeError: it went wrong"),
    ("reports", "made", 3, "the reporter 'bad' cannot be made: ValueError: ***"),
    ("reports", "close", 3, "OSError: cannot close ***"),
    ("catalogs", "none", 3, "TypeError: its write() returned nothing: expected an iterable of Outcome"),
    ("catalogs", "few", 3, "the catalog gave no outcome"),
    ("catalogs", "strangers", 3, "the catalog gave no outcome"),
    ("catalogs", "status", 3, "TypeError: its write() gave the status 'done', which does not exist"),
    ("catalogs", "dict", 3, "TypeError: its write() gave something of the type dict: expected Outcome"),
    ("catalogs", "read", 3, "catalog bad"),
    ("catalogs", "async", 3, "RuntimeError: it raised CancelledError: ***"),
    ("catalogs", "cause", 3, "RuntimeError: it went wrong"),
    ("catalogs", "made", 3, "the catalog 'bad' cannot be made: ValueError: ***"),
    ("catalogs", "close", 3, "OSError: cannot close ***"),
    ("executor", "loses", 3, "RuntimeError: the executor bad gave no result for it"),
    ("executor", "pairs", 4, "the executor 'bad' failed: TypeError: its map()"),
    (
        "executor",
        "nothing",
        4,
        "the executor 'bad' failed: TypeError: its map() gave a pair that is not (item, result)",
    ),
    ("executor", "raises", 4, "the executor 'bad' failed: RuntimeError: ***"),
]


@pytest.mark.parametrize(("kind", "how", "code", "told"), CASES, ids=[f"{kind}-{how}" for kind, how, *_ in CASES])
def test_it_is_told_and_contained(shop: Shop, kind: str, how: str, code: int, told: str) -> None:
    shop.name(kind, how)
    answer = shop.lumos("run")
    text = answer.stdout + answer.stderr
    assert answer.exit_code == code, text
    assert told in text.replace("\n      ", " "), text
    assert SECRET not in text, "not in the message, not in the traceback that LUMOS_DEBUG shows"
    for path in (shop.folder / ".lumos").rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path
    if code in (0, 3):
        lost = kind == "executor"
        assert (
            {"orders.csv", "customers.csv"} & shop.names() if lost else {"orders.csv", "customers.csv"} <= shop.names()
        )
    else:
        assert shop.names() == set(), "nothing was written"
    assert not list(shop.folder.rglob("scratch"))


def test_a_unit_that_the_executor_loses_is_no_removal(shop: Shop) -> None:
    assert shop.lumos("run").exit_code == 2
    shop.name("executor", "")
    assert shop.lumos("run").exit_code == 0
    assert shop.names() == {"orders.csv", "customers.csv"}
    shop.name("executor", "loses")
    assert shop.lumos("run", "--full").exit_code == 3
    assert shop.names() == {"orders.csv", "customers.csv"}


def test_the_methods_that_a_component_adds_are_its_own(shop: Shop) -> None:
    """`pieces` is also what the run calls on a source in another environment."""
    shop.name("sources", "")
    answer = shop.lumos("run")
    assert answer.exit_code == 0, answer.stderr
    assert {"one", "two"} <= shop.names()


def test_the_traceback_is_shown_with_its_cause_and_without_secrets(shop: Shop) -> None:
    shop.name("sources", "cause")
    answer = shop.lumos("run")
    assert "ValueError: refused ***" in answer.stderr
    assert "The above exception was the direct cause" in answer.stderr
    assert SECRET not in answer.stderr


def test_a_secret_in_a_warning_is_not_shown(shop: Shop) -> None:
    shop.name("sources", "warning")
    answer = shop.lumos("run", "--json")
    assert "token is ***" in answer.stdout
    assert SECRET not in answer.stdout + answer.stderr


def test_an_exception_for_python_users_chains_no_secret(shop: Shop) -> None:
    import traceback

    import lumos_core
    from lumos_core.errors import LumosError

    for kind, how in ("differ", "cause"), ("sources", "made"), ("executor", "raises"):
        shop.name(kind, how)
        with pytest.raises(LumosError) as caught:
            lumos_core.run(shop.folder / "lumos.yaml")
        assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_what_nobody_foresaw_shows_no_secret_either(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of Lumos itself, with LUMOS_DEBUG."""
    from lumos_core.running import line

    def broken(session: Any, *_: Any) -> None:
        raise RuntimeError(f"internal {SECRET}")

    monkeypatch.setattr(line, "snapshot", broken)
    shop.name("sources", "")
    answer = shop.lumos("run")
    assert answer.exit_code == 4
    assert "RuntimeError: internal ***" in answer.stderr
    assert SECRET not in answer.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("kind", ["sources", "enrich", "differ", "catalogs", "reports"])
def test_ctrl_c_twice_ends_what_hangs(shop: Shop, kind: str) -> None:
    shop.name(kind, "hang")
    code = "import sys; from lumos_core.cli import main; sys.argv[0] = 'lumos'; main()"
    process = subprocess.Popen([sys.executable, "-c", code, "run"], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        _until(process, b"hanging")
        process.send_signal(signal.SIGINT)
        _until(process, b"press ^C again")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    finally:
        process.kill()
        _, err = process.communicate()
    assert b"Traceback" not in err
    committed = kind in ("catalogs", "reports")
    assert shop.names() == ({"orders.csv", "customers.csv"} if committed else set())
    shop.name("sources", "")
    assert shop.lumos("run").exit_code == 0, "the lock is free, and the state is that of before"
    assert shop.names() == {"orders.csv", "customers.csv", "one", "two"}


def _until(process: subprocess.Popen[bytes], text: bytes) -> None:
    assert process.stderr is not None
    read: Callable[[], bytes] = process.stderr.readline
    end = time.monotonic() + 60
    while text not in (line := read()):
        assert line and time.monotonic() < end, "it ended before it hung"
