"""What a crawler does with a storage that costs, archives and refuses: budgets, gaps, and what reading took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from lumos_lake import Entry, FilesSource, Gap, LocalStorage
from lumos_lake.config import FilesConfig
from lumos_lake.records import classes

from lumos_core.plugin_api import ConfigError, Scope, UnitError, urns
from lumos_core.testing.context import MemoryContext

FORMATS = ["lake_tiny_formats:TinyCsv", "lake_tiny_formats:TinyRec"]


class Costly(LocalStorage):
    """A storage that counts, archives and refuses."""

    archived: frozenset[str] = frozenset()
    refusing: dict[str, Exception] = {}

    def withheld(self, entry: Entry) -> str:
        return "archived" if entry.path in self.archived else ""

    def spent(self) -> dict[str, int]:
        return {"requests.get": 1}

    def file(self, entry: Entry, urn: str) -> Any:
        if entry.path in self.refusing:
            raise self.refusing[entry.path]
        return super().file(entry, urn)


class CostlySource(FilesSource):
    def storage(self, gaps: list[Gap], skipped: list[str]) -> LocalStorage:
        return Costly(self.config.path, on_gap=gaps.append)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for table in ("orders", "customers", "visits"):
        for part in range(3):
            file = tmp_path / table / f"part-{part}.csv"
            file.parent.mkdir(exist_ok=True)
            file.write_text("id:int64\n1\n")
    return tmp_path


def source(path: Path, cls: type[FilesSource] = FilesSource, **more: Any) -> FilesSource:
    return cls(FilesConfig.model_validate({"path": str(path), "formats": FORMATS, **more}))


def read(made: FilesSource, ctx: MemoryContext) -> list[Any]:
    return [record for unit in made.plan(Scope(), ctx) for record in made.extract(unit, ctx)]


def names(records: Sequence[Any]) -> list[str]:
    return [urns.decode(urns.parse(record.urn).name) for record in records if record.kind == "dataset"]


@pytest.mark.parametrize("budget, found", [(1, ["customers"]), (4, ["customers", "orders"])])
def test_a_listing_ends_at_its_budget_and_nothing_is_concluded(shop: Path, budget: int, found: list[str]) -> None:
    ctx = MemoryContext()
    records = read(source(shop, max_objects=budget), ctx)
    assert names(records) == found
    assert not any(ctx.coverage.complete(urns.dataset("file", name)) for name in ("customers", "orders", "visits"))
    assert any(f"only the first {budget}" in covered.reason for covered in ctx.declared)
    assert any(covered.status == "failed" for covered in ctx.declared), "the run is not complete"


def test_a_budget_that_is_not_reached_changes_nothing(shop: Path) -> None:
    ctx, other = MemoryContext(), MemoryContext()
    assert read(source(shop, max_objects=9), ctx) == read(source(shop), other)
    assert ctx.declared == other.declared


def test_what_is_archived_is_a_gap_until_it_was_read(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Costly, "archived", frozenset({"orders/part-1.csv"}))
    orders = urns.dataset("file", "orders")
    ctx = MemoryContext()
    records = read(source(shop, CostlySource), ctx)
    assert "orders" in names(records) and ctx.coverage.complete(orders)
    assert not ctx.coverage.complete(orders, "fields") and ctx.coverage.complete(orders, "layout")
    assert [one.code for one in ctx.warnings] == ["withheld"]
    monkeypatch.setattr(Costly, "archived", frozenset())
    ctx.declared.clear()
    read(source(shop, CostlySource), ctx)
    assert ctx.coverage.complete(orders, "fields"), "what is restored is read"
    monkeypatch.setattr(Costly, "archived", frozenset({"orders/part-1.csv"}))
    ctx.declared.clear()
    read(source(shop, CostlySource), ctx)
    assert ctx.coverage.complete(orders, "fields"), "what was read stays known"


def test_what_reading_took_is_a_record_beside_each_dataset(shop: Path) -> None:
    records = read(source(shop, CostlySource), MemoryContext())
    spent = [record.urn for record in records if "#audit@" in record.urn]
    assert len(spent) == 3 + 1
    assert not [record for record in read(source(shop), MemoryContext()) if "#audit@" in record.urn]


def test_a_login_that_ended_ends_the_unit(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = ConfigError("it cannot be read", why="the credentials have expired")
    monkeypatch.setattr(Costly, "refusing", {f"orders/part-{n}.csv": over for n in range(3)})
    ctx, made = MemoryContext(), source(shop, CostlySource)
    with pytest.raises(ConfigError, match="cannot be read"):
        read(made, ctx)


@pytest.mark.parametrize(
    "refusal", [UnitError("it cannot be read", why="access is denied"), PermissionError(13, "Permission denied")]
)
def test_a_file_that_cannot_be_sniffed_hides_what_it_is(
    shop: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    (shop / "clicks").write_bytes(b'REC1{"at":"timestamp(us)"}')
    ctx = MemoryContext()
    assert "clicks" in names(read(source(shop, CostlySource), ctx))
    monkeypatch.setattr(Costly, "refusing", {"clicks": refusal})
    ctx.declared.clear()
    assert "clicks" not in names(read(source(shop, CostlySource), ctx))
    assert not ctx.coverage.complete(urns.dataset("file", "clicks")), "it is not gone"
    assert ctx.coverage.complete(urns.dataset("file", "orders"))
    assert "cannot-list" in [one.code for one in ctx.warnings]


def test_a_file_that_went_before_it_was_sniffed_is_gone(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / "clicks").write_bytes(b'REC1{"at":"timestamp(us)"}')
    monkeypatch.setattr(Costly, "refusing", {"clicks": FileNotFoundError(2, "No such file")})
    ctx = MemoryContext()
    assert "clicks" not in names(read(source(shop, CostlySource), ctx))
    assert ctx.coverage.complete(urns.dataset("file", "clicks")) and "cannot-list" not in [
        one.code for one in ctx.warnings
    ]


def entries() -> Iterator[Entry]:
    yield Entry("a", 10, 0, "etag")
    yield Entry("b", 20, 0, "etag GLACIER")
    yield Entry("c", 5, 0, " GLACIER")


def test_classes_are_counted_where_there_are_several() -> None:
    assert classes(entries()) == [
        ("storage.bytes.GLACIER", 25),
        ("storage.bytes.STANDARD", 10),
        ("storage.files.GLACIER", 2),
        ("storage.files.STANDARD", 1),
    ]
    assert classes([Entry("a", 1, 2, "x"), Entry("b", 1, 2)]) == []
    assert [one.etag for one in entries()] == ["etag", "etag", "5-0"], "a class is no part of the content"
