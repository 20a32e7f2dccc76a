"""What pytest does with tests of the kit: exclusions with a reason, a tier for servers, notes that failures print."""

from __future__ import annotations

import inspect
import re
from textwrap import dedent
from typing import Any

import pytest

from lumos_core.testing import kit
from lumos_core.testing.kit import ExecutorKit, SourceKit
from lumos_core.testing.kit.base import ComponentKit
from lumos_core.testing.kit.hooks import note_of

pytest_plugins = ["pytester"]

KITS = [value for name, value in vars(kit).items() if name.endswith("Kit")]

SERIAL = """
import pytest
from lumos_core.testing.kit import ExecutorKit

class TestSerial(ExecutorKit):
    name = "serial"
"""


@pytest.mark.parametrize("one", KITS, ids=lambda one: one.__name__)
def test_every_test_has_a_note(one: type) -> None:
    tests = [name for name in dir(one) if name.startswith("test_")]
    assert len(tests) >= 15
    short = [name for name in tests if len(note_of(one, name).split()) < 7]
    assert short == []


@pytest.mark.parametrize("one", KITS, ids=lambda one: one.__name__)
def test_every_kit_shows_an_example_and_lists_what_to_fill_in(one: type[ComponentKit]) -> None:
    text = inspect.cleandoc(one.__doc__ or "")
    assert "Example:" in text
    assert f"({one.__name__})" in text
    listed = set(re.findall(r"^    ([a-z_, ]+):", text.partition("Attributes:\n")[2], re.M))
    names = {name.strip() for part in listed for name in part.split(",")}
    fillable = {"hide", "crowd", "kinds", "platform", "sample", "broken", "markup", "live", "unproven", "prepare"}
    own = fillable & set(dir(one))
    assert own <= names, f"not listed: {sorted(own - names)}"
    assert {"name", "options"} <= names


def test_the_example_of_every_kit_is_python() -> None:
    for one in KITS:
        blocks = re.findall(r"```python\n(.*?)```", inspect.cleandoc(one.__doc__ or ""), re.S)
        assert blocks, f"{one.__name__} shows no example"
        for block in blocks:
            compile(dedent(block), one.__name__, "exec")


def test_overriding_a_test_needs_a_reason() -> None:
    for body in ({"test_nothing_is_nothing": lambda self, component: None}, {"test_nothing_is_nothing": None}):
        with pytest.raises(TypeError, match=r"overrides a test of the kit; mark it @pytest\.mark\.xfail"):
            type("Cheat", (ExecutorKit,), {"name": "serial", **body})
    reasonless = pytest.mark.xfail(lambda self, component: None)
    with pytest.raises(TypeError, match=r"reason=\.\.\."):
        type("Cheat", (ExecutorKit,), {"name": "serial", "test_nothing_is_nothing": reasonless})


def test_an_exclusion_that_is_not_needed_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SERIAL
        + """
    @pytest.mark.xfail(reason="it once could not")
    def test_nothing_is_nothing(self, component):
        super().test_nothing_is_nothing(component)
"""
    )
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-k", "nothing_is_nothing")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*XPASS(strict)*it once could not*"])


def test_a_whole_class_cannot_be_excluded(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SERIAL.replace("class Test", '@pytest.mark.xfail(reason="no time")\nclass Test'))
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*TestSerial marks all of its tests xfail*one by one*"])


LIVE = """
import pytest
from lumos_core.testing.kit import ExecutorKit

@pytest.fixture(scope="session")
def cluster():
    {body}

class TestLive(ExecutorKit):
    name = "threads"
    live = "cluster"

    def test_it_knows_its_server(self, component):
        assert component.config.workers == self.served["workers"] == 3
"""


def test_without_a_server_live_tests_are_skipped_and_the_others_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LIVE.format(body="pytest.skip('no cluster here: set CLUSTER')"))
    result = pytester.runpytest_inprocess("-q", "-rs", "-p", "no:cacheprovider", "--strict-markers")
    told = result.parseoutcomes()
    assert told["skipped"] > 10
    assert told["passed"] > 5, "the offline tier runs all the same"
    assert "failed" not in told
    result.stdout.fnmatch_lines(["SKIPPED*no cluster here: set CLUSTER"])


def test_with_a_server_its_options_are_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LIVE.format(body="yield {'workers': 3}"))
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-m", "live", "--strict-markers")
    told = result.parseoutcomes()
    assert told["deselected"] > 5
    assert told["passed"] > 10
    assert "failed" not in told
    again = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-m", "not live").parseoutcomes()
    assert again["deselected"] == told["passed"] + told.get("skipped", 0)


def test_a_failure_prints_its_note(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SERIAL.replace('name = "serial"', "name = 'serial'\n    kind = 'store'"))
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-k", "nothing_is_nothing or is_documented")
    result.stdout.fnmatch_lines(["*- what to look at -*", "Every option needs a description.*"])


def test_the_note_of_an_override_is_that_of_the_kit() -> None:
    def override(self: Any) -> None: ...

    override.pytestmark = [pytest.mark.xfail(reason="why").mark]  # type: ignore[attr-defined]
    one = type("Own", (SourceKit,), {"test_finds_something": override})
    assert note_of(one, "test_finds_something") == note_of(SourceKit, "test_finds_something")
    assert note_of(one, "test_no_such_thing") == ""
