"""Conformance of stores."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ...contracts.store import Store
from ...errors import LockedError, StoreError
from ...model.entities import Dataset, Tag
from ...model.record import Record, canonical, line_urn
from ...model.scope import Scope
from ...model.urns import dataset, plain
from ..context import MemoryContext
from .base import ComponentKit


def row(name: str, text: str | None = "") -> tuple[str, str, bytes | None]:
    """Return a row that sets a dataset, or takes it out when `text` is None."""
    urn = dataset("kit", name)
    line = None if text is None else canonical(Record(urn, Dataset(name=name, subtype=text or None)))
    return "dataset", urn, line


class StoreKit(ComponentKit):
    """Everything that a store promises.

    Fill in `name` and `options`; the store must start empty in every folder.

    Example:
        ```python
        from lumos_core.testing.kit import StoreKit

        class TestFile(StoreKit):
            name = "file"
            options = {"path": "store.db"}
        ```

    Attributes:
        name, options, live, unproven: As for every kit, see `ComponentKit`. A `live` fixture of a store yields an
            empty one for every test, so that it has no `scope`.
    """

    kind = "store"

    def exercise(self, component: Store[Any], folder: Path, ctx: MemoryContext) -> Iterable[object]:
        """Commit, read, and be refused."""
        component.check(ctx)
        self.commit(component, row("a"))
        yield from component.lines("head")
        yield from component.log()
        component.commit("head", "stale", [row("b")], {})

    def commit(self, store: Store[Any], *rows: Any, ref: str = "head", at: str = "2026-01-15T10:00:00Z") -> str:
        """Commit rows on top of what a ref names now."""
        return store.commit(ref, store.resolve(ref), rows, {"run": f"run-{at}", "at": at})

    def names(self, store: Store[Any], ref: str = "head", scope: Scope = Scope()) -> list[str]:
        """Return the URNs of a state."""
        return [line_urn(line) for line in store.lines(ref, scope)]

    def urns(self, *names: str) -> list[str]:
        """Return the URNs of datasets."""
        return [dataset("kit", name) for name in names]

    def test_an_empty_store_is_empty(self, component: Store[Any]) -> None:
        """A ref that does not exist has no lines, no state, no log."""
        assert component.resolve("head") is None
        assert list(component.lines("head")) == []
        assert list(component.log()) == []
        assert dict(component.refs()) == {}

    def test_lines_come_back_as_they_were(self, component: Store[Any]) -> None:
        """A store re-encodes nothing: the bytes come back, in byte order."""
        rows = [row(name) for name in ("b", "a", "ü", "a b", "a.c", "Z")]
        self.commit(component, *sorted(rows, key=lambda item: item[1].encode()))
        lines = list(component.lines("head"))
        assert lines == sorted(item[2] for item in rows if item[2]), "lines come back other than they were committed"
        assert component.get("head", "dataset", dataset("kit", "a")) in lines
        assert component.get("head", "dataset", dataset("kit", "nothing")) is None

    def test_states_stay_readable(self, component: Store[Any]) -> None:
        """Every state can be read again: by its id, by its run, by a time."""
        first = self.commit(component, row("a"), at="2026-01-15T10:00:00Z")
        second = self.commit(component, row("a", None), row("b"), at="2026-01-16T10:00:00Z")
        assert self.names(component, first) == self.urns("a")
        assert self.names(component, second) == self.urns("b")
        assert self.names(component, "run-2026-01-15T10:00:00Z") == self.urns("a")
        assert self.names(component, "2026-01-15T23:00:00Z") == self.urns("a")
        assert self.names(component, "2026-01-14T00:00:00Z") == []
        assert self.names(component) == self.urns("b")

    def test_compare_and_set(self, component: Store[Any]) -> None:
        """A commit onto a state that is no longer the newest must be refused and change nothing."""
        self.commit(component, row("a"))
        stale = component.resolve("head")
        self.commit(component, row("b"))
        with pytest.raises(StoreError):
            component.commit("head", stale, [row("c")], {})
        with pytest.raises(StoreError):
            component.commit("head", None, [row("c")], {})
        assert self.names(component) == self.urns("a", "b")

    def test_of_several_that_compare_one_sets(self, component: Store[Any]) -> None:
        """Two that commit onto the same state at the same time: one wins, the others are refused, nothing is mixed.

        Compare and set in one transaction; comparing first and writing later lets both through.
        """
        self.commit(component, row("a"))
        seen = component.resolve("head")

        def attempt(number: int) -> bool:
            try:
                component.commit("head", seen, [row(f"by {number} {part}") for part in range(3)], {})
            except StoreError:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            won = [number for number, done in enumerate(pool.map(attempt, range(8))) if done]
        assert len(won) == 1, f"{len(won)} commits onto one state were let through"
        assert set(self.names(component)) == set(self.urns("a", *(f"by {won[0]} {part}" for part in range(3))))

    def test_a_time_means_the_state_of_then(self, component: Store[Any]) -> None:
        """As-of reads compare moments, not texts: other zones, fractions, and the very moment of a commit.

        `lumos_core.plugin_api.instant` reads a time as a moment.
        """
        self.commit(component, row("a"), at="2026-01-15T10:00:00Z")
        self.commit(component, row("b"), at="2026-01-15T10:00:01.5Z")
        self.commit(component, row("c"), ref="published/kit", at="2026-01-15T10:00:01Z")
        a, b = self.urns("a", "b")
        for time, expected in (
            ("2026-01-15T09:59:59.999Z", []),
            ("2026-01-15T10:00:00Z", [a]),
            ("2026-01-15T11:00:00+01:00", [a]),
            ("2026-01-15T05:00:01.499-05:00", [a]),
            ("2026-01-15T10:00:01.500Z", [a, b]),
            ("2027-01-01T00:00:00Z", [a, b]),
        ):
            assert self.names(component, time) == expected, f"as of {time}"
        assert component.resolve("no-such-ref") is None
        assert self.names(component, "no-such-ref") == []

    def test_a_ref_leads_to_its_commit(self, component: Store[Any]) -> None:
        """`entry` finds the commit of a run, also when two runs saw the same: what was looked at belongs to a run."""
        self.commit(component, row("a"), at="2026-01-15T10:00:00Z")
        self.commit(component, at="2026-01-16T10:00:00Z")
        for at in ("2026-01-15T10:00:00Z", "2026-01-16T10:00:00Z"):
            found = component.entry(f"run-{at}")
            assert found is not None, f"the run of {at} is not found"
            assert found.at == at, f"the run of {at} leads to the commit of {found.at}"
        head = component.entry("head")
        assert head is not None and head.at == "2026-01-16T10:00:00Z"
        assert component.entry("no-such-run") is None

    def test_a_key_that_comes_twice_is_refused(self, component: Store[Any]) -> None:
        """A (kind, URN) comes at most once in a commit; which of two lines would be true?"""
        with pytest.raises(StoreError):
            self.commit(component, row("a"), row("a", "view"))
        assert self.names(component) == []

    def test_a_commit_that_fails_changes_nothing(self, component: Store[Any]) -> None:
        """All or nothing: an exception while rows are read must leave the state as it was."""
        self.commit(component, row("a"))

        def rows() -> Any:
            yield row("b")
            raise RuntimeError("the run died here")

        with pytest.raises(RuntimeError, match="died here"):
            component.commit("head", component.resolve("head"), rows(), {})
        assert self.names(component) == self.urns("a"), "a commit that failed has changed the state"
        self.commit(component, row("c"))
        assert self.names(component) == self.urns("a", "c")

    def test_every_run_is_logged(self, component: Store[Any]) -> None:
        """Also a commit without rows is an entry, with its meta; newest first."""
        self.commit(component, row("a"), at="2026-01-15T10:00:00Z")
        self.commit(component, at="2026-01-16T10:00:00Z")
        logged = [entry.meta["run"] for entry in component.log()]
        expected = ["run-2026-01-16T10:00:00Z", "run-2026-01-15T10:00:00Z"]
        assert logged == expected, "every commit is an entry of the log, the newest first"

    def test_the_log_of_one_record(self, component: Store[Any]) -> None:
        """`log(urn)` names the commits that changed that record, with its digest, empty when it went."""
        self.commit(component, row("a"), row("b"), at="2026-01-15T10:00:00Z")
        self.commit(component, row("b", "view"), at="2026-01-16T10:00:00Z")
        self.commit(component, row("a", None), at="2026-01-17T10:00:00Z")
        entries = list(component.log(dataset("kit", "a")))
        assert [entry.at for entry in entries] == ["2026-01-17T10:00:00Z", "2026-01-15T10:00:00Z"]
        assert entries[0].digest == ""
        assert len(entries[1].digest) == 64

    def test_refs_are_apart(self, component: Store[Any]) -> None:
        """`head` and `published/...` move on their own."""
        self.commit(component, row("a"))
        self.commit(component, row("b"), ref="published/kit")
        assert self.names(component) == self.urns("a")
        assert self.names(component, "published/kit") == self.urns("b")
        assert set(component.refs()) == {"head", "published/kit"}

    def test_scopes_are_heeded(self, component: Store[Any]) -> None:
        """`lines` with a scope returns just what is in it."""
        self.commit(component, row("a.one"), row("a.two"), row("b"))
        more = "`lines` gives more or less than the scope holds"
        assert self.names(component, scope=Scope(prefixes=("a.",))) == self.urns("a.one", "a.two"), more
        assert self.names(component, scope=Scope(urns=frozenset(self.urns("b")))) == self.urns("b")

    def test_one_kind_alone(self, component: Store[Any]) -> None:
        """`lines` with a kind returns just the lines of that kind, with a scope those of them that are in it."""
        tag = canonical(Record(plain("tag", "gold"), Tag(name="gold")))
        self.commit(component, row("a"), row("b"), ("tag", plain("tag", "gold"), tag))
        more = "`lines` gives other kinds than it was asked for"
        assert list(component.lines("head", kind="tag")) == [tag], more
        assert [line_urn(line) for line in component.lines("head", kind="dataset")] == self.urns("a", "b")
        scope = Scope(urns=frozenset(self.urns("b")))
        assert [line_urn(line) for line in component.lines("head", scope, "dataset")] == self.urns("b")
        assert list(component.lines("head", scope, "tag")) == []

    def test_a_reader_sees_one_state(self, component: Store[Any]) -> None:
        """A reader that began keeps seeing its state while another commits."""
        self.commit(component, *(row(f"t{number:04}") for number in range(500)))
        reader = component.lines("head")
        next(reader)
        self.commit(component, *(row(f"t{number:04}", None) for number in range(500)), row("new"))
        assert len(list(reader)) == 499, "a reader sees what was committed after it began"

    def test_what_was_committed_is_durable(self, folder: Path) -> None:
        """A new instance must see what the last one committed."""
        first = self.build(folder)
        self.commit(first, row("a"))
        first.close()
        second = self.build(folder)
        assert self.names(second) == self.urns("a")
        second.close()

    def test_only_one_run_holds_the_lock(self, folder: Path) -> None:
        """A second lock must be refused with who holds the first; it is free again after the first ends."""
        one, two = self.build(folder), self.build(folder)
        with one.lock(), pytest.raises(LockedError), two.lock():
            pass
        with two.lock():
            pass
        one.close()
        two.close()
