"""What pytest does differently for tests of the kit; registered when the first of them is collected.

A failure prints the test's docstring, which says what to look at. Tests that need a server are marked `live`. An
override is an honest exclusion only as long as it is needed: when what it excludes begins to work, it fails.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator, Iterable
from typing import Any

import pytest

NAME = "lumos-kit"
LIVE = "live: needs the server that a fixture yields; a visible skip where there is none"
TITLE = "what to look at"


def register(config: pytest.Config) -> None:
    """Add the hooks to a run of pytest, once."""
    if not config.pluginmanager.has_plugin(NAME):
        config.addinivalue_line("markers", LIVE)
        config.pluginmanager.register(KitHooks(), NAME)


def note_of(cls: type, name: str) -> str:
    """Return the troubleshooting note of a test: its docstring, an override's own or that of the kit."""
    for base in cls.__mro__:
        text = getattr(vars(base).get(name), "__doc__", None)
        if text:
            return inspect.cleandoc(text)
    return ""


class KitHooks:
    """The hooks."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: Iterable[pytest.Item]) -> None:
        """Mark what needs a server, and make exclusions strict.

        Raises:
            pytest.UsageError: When a whole class or module is excluded at once.
        """
        for item in items:
            kit: Any = getattr(item, "cls", None)
            if not hasattr(kit, "component_kit"):
                continue
            if kit.live and "folder" in getattr(item, "fixturenames", ()):
                item.add_marker("live")
            for node, mark in list(item.iter_markers_with_node("xfail")):
                if node is not item:
                    raise pytest.UsageError(
                        f"{kit.__name__} marks all of its tests xfail; override those that cannot pass one by one"
                    )
                if not mark.kwargs.get("strict"):
                    item.add_marker(pytest.mark.xfail(*mark.args, **{**mark.kwargs, "strict": True}), append=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Print the note of a test that failed."""
        report = yield
        kit: Any = getattr(item, "cls", None)
        if report.failed and hasattr(kit, "component_kit"):
            note = note_of(kit, getattr(item, "originalname", None) or item.name)
            if note:
                report.sections.append((TITLE, note))
        return report
