"""Runs the kit on components that are wrong on purpose."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from textwrap import dedent, indent
from typing import NamedTuple

import pytest

HEAD = '''
from __future__ import annotations
import logging, random, time
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
import pytest
from pydantic import Field as Option, SecretStr
from lumos_core.plugin_api import *
from lumos_core.plugin_api import urns
from lumos_core.running.executors import SerialExecutor, ThreadExecutor
from lumos_core.testing.kit import *
from lumos_core.testing.memory_store import MemoryStore
from lumos_core.testing.reference import *

def table(name, **keys):
    value = Dataset(name=name, captured=["fields", *keys], fields=[Field("id", type="int64")], **keys)
    return Record(urns.dataset("memory", name), value)

class LoginConfig(Config):
    """Options with a secret."""

    world: str = Option("wrong", description="Which.")
    platform: str = Option("memory", description="Which.")
    password: SecretStr = Option(description="Who.")
'''

SOURCE = """
options = {"world": "wrong"}

def prepare(self, folder):
    WORLDS["wrong"] = World(table(name) for name in ("a", "b", "c"))

def drop(self, folder):
    del WORLDS["wrong"].records[urns.dataset("memory", "b")]

@contextmanager
def forbid(self, folder):
    WORLDS["wrong"].hidden = {urns.dataset("memory", "b")}
    yield
    WORLDS["wrong"].hidden = set()

def corrupt(self, folder):
    WORLDS["wrong"].broken = {urns.dataset("memory", "b"): UnitError("it is broken")}

@contextmanager
def relist(self, folder):
    world = WORLDS["wrong"]
    world.records = dict(reversed(world.records.items()))
    yield
"""

CATALOG = """
options = {"world": "wrong"}

@pytest.fixture(autouse=True)
def _empty(self):
    WORLDS["wrong"] = World()
"""

KITS = {
    "SourceKit": ("MemorySource", SOURCE),
    "CatalogKit": ("MemoryCatalog", CATALOG),
    "StoreKit": ("MemoryStore", "options = {}"),
    "EnricherKit": ("OwnerEnricher", "options = {}"),
    "DifferKit": ("ShapeDiffer", "options = {}"),
    "FormatKit": ("LinesFormat", "sample = {'a.txt': b'one', 'b.txt': b'two'}\nbroken = {'c.txt': b'!'}"),
    "CostModelKit": (
        "SizeCost",
        "def spent(self, stats):\n"
        "    return sum((Decimal(r.value.size_bytes) for r in stats), Decimal(0)) * Decimal('0.02') / 10**9",
    ),
    "ReporterKit": (
        "LineReporter",
        "@pytest.fixture(autouse=True)\ndef _here(self, folder, monkeypatch):\n    monkeypatch.chdir(folder)",
    ),
    "ExecutorKit": ("SerialExecutor", "options = {}"),
}

REPORTING = """
import json, pathlib
from hypothesis import Phase, settings

settings.register_profile("caught", phases=[Phase.explicit, Phase.generate])  # the smallest example is not asked for
settings.load_profile("caught")

def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        told = dict(report.sections)
        line = [report.nodeid, report.outcome, report.longreprtext, told.get("what to look at", "")]
        if report.skipped and isinstance(report.longrepr, tuple):
            line[2] = report.longrepr[2]
        with pathlib.Path(__file__).with_name("told.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\\n")
"""


class Case(NamedTuple):
    """One component, and the test of its kit that is run.

    Attributes:
        kit: Class of the kit; the component derives from the reference component of its kind.
        test: A part of the name of the test.
        body: Of the component's class.
        kit_body: What the test class says beyond what every case of this kit does.
    """

    kit: str
    test: str
    body: str = "pass"
    kit_body: str = ""


class Told(NamedTuple):
    """What became of a case: outcome, message and note of the first test that did not pass, else of the last."""

    outcome: str
    message: str
    note: str


Run = Callable[[Mapping[str, tuple[str, ...]]], Mapping[str, Told]]
"""Name -> what makes its `Case`; in, and what became of it, out."""


@pytest.fixture(scope="session")
def run_cases(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run all cases in one process of their own; what a component does to the process hurts nobody else."""

    def run(cases: Mapping[str, tuple[str, ...]]) -> Mapping[str, Told]:
        folder = tmp_path_factory.mktemp("cases")
        texts, chosen = [HEAD], []
        for number, case in enumerate(Case(*parts) for parts in cases.values()):
            base, given = KITS[case.kit]
            texts += [
                f'class Wrong{number}({base}):\n    """It is wrong."""\n{indent(dedent(case.body).strip(), "    ")}\n',
                f'class TestCase{number}_({case.kit}):\n    name = "test_it:Wrong{number}"',
                indent(given.strip(), "    "),
                indent(dedent(case.kit_body).strip(), "    "),
            ]
            chosen.append(f"(TestCase{number}_ and {case.test})")
        (folder / "test_it.py").write_text("\n".join(texts))
        (folder / "conftest.py").write_text(REPORTING)
        (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", " or ".join(chosen)]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV_"))}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=500
        )
        assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-3000:]
        told: dict[str, Told] = {}
        for line in (folder / "told.jsonl").read_text().splitlines():
            nodeid, outcome, message, note = json.loads(line)
            name = list(cases)[int(nodeid.partition("TestCase")[2].partition("_")[0])]
            if name not in told or told[name].outcome == "passed":
                told[name] = Told(outcome, re.sub(r"\bWrong\d+", "Wrong", " ".join(message.split())), note)
        assert set(told) == set(cases), f"no such test: {set(cases) - set(told)}"
        return told

    return run
