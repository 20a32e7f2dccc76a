"""Between store, files, pipelines and the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from lumos_core.cli.snapshot import command
from lumos_core.errors import Cancelled, SnapshotError, UsageError
from lumos_core.model import urns
from lumos_core.model.coverage import Coverage
from lumos_core.model.entities import Dataset, Field, Stats
from lumos_core.model.record import AnyRecord, Record, canonical, decode
from lumos_core.model.scope import Covered, Scope
from lumos_core.snapshot import source as source_module
from lumos_core.snapshot.api import export_snapshot, import_snapshot, read_snapshot, write_snapshot
from lumos_core.snapshot.source import SnapshotSource, SnapshotSourceConfig
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.memory_store import MemoryStore

RECORD = Covered(Scope(platform="postgres"), frozenset({"record", "fields"}))
SEEN = Coverage([RECORD])


def dataset(name: str, *fields: str, captured: tuple[str, ...] = ("fields",)) -> AnyRecord:
    value = Dataset(name=name, captured=list(captured), fields=[Field(path, type="int64") for path in fields])
    return Record(urns.dataset("postgres", name), value)


def profile(name: str, day: int, rows: int = 1) -> AnyRecord:
    return Record(f"{urns.dataset('postgres', name)}#profile@2026-01-{day:02d}T10:00:00Z", Stats(row_count=rows))


def commit(store: MemoryStore, run: str, at: str, *records: AnyRecord, gone: tuple[str, ...] = ()) -> None:
    rows: list[tuple[str, str, bytes | None]] = [(r.kind, r.urn, canonical(r)) for r in records]
    rows += [("dataset", urns.dataset("postgres", name), None) for name in gone]
    meta = {"run": run, "at": at, "pipeline": "shop", "coverage": msgspec.to_builtins(SEEN.declared())}
    store.commit("head", store.resolve("head"), rows, meta)


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    commit(store, "r1", "2026-01-01T10:00:00Z", dataset("a", "id"), dataset("b", "id"), profile("a", 1))
    commit(store, "r2", "2026-01-02T10:00:00Z", dataset("a", "id", "x"), dataset("c", "id"), gone=("b",))
    return store


def names(path: Path) -> list[str]:
    return [r.value.name if r.kind == "dataset" else r.kind for r in read_snapshot(path).records()]


def test_an_export_holds_a_state_with_its_coverage(tmp_path: Path, store: MemoryStore) -> None:
    info = export_snapshot(tmp_path / "a.lumos.jsonl", store=store)
    assert names(info.path) == ["a", "c", "stats"]
    assert read_snapshot(info.path).coverage.declared() == SEEN.declared()
    assert read_snapshot(info.path).header.sources[0].name == "shop"
    assert not export_snapshot(tmp_path / "a.lumos.jsonl", store=store).written
    assert names(export_snapshot(tmp_path / "then.lumos.jsonl", store=store, as_of="r1").path) == ["a", "b", "stats"]
    with pytest.raises(UsageError):
        export_snapshot(tmp_path / "x.lumos.jsonl", store=store, as_of="r9")


def test_a_part_of_the_store_says_what_it_is(tmp_path: Path, store: MemoryStore) -> None:
    since = export_snapshot(tmp_path / "since.lumos.jsonl", store=store, since="r1", stats=False)
    assert names(since.path) == ["a", "c"]
    coverage = read_snapshot(since.path).coverage
    assert not coverage.complete(dataset("b").urn) and not coverage.complete(dataset("a").urn, "fields")
    assert {c.reason for c in coverage.incomplete} == {"holds only what changed since r1", "exported without stats"}
    part = export_snapshot(tmp_path / "part.lumos.yaml", store=store, select="c")
    assert names(part.path) == ["c"]
    assert read_snapshot(part.path).coverage.complete(dataset("c").urn)
    assert not read_snapshot(part.path).coverage.complete(dataset("a").urn)


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.zst", "json", "yaml"])
def test_what_was_exported_is_imported(tmp_path: Path, store: MemoryStore, ending: str) -> None:
    path = export_snapshot(tmp_path / f"a.lumos.{ending}", store=store).path
    other = MemoryStore()
    found = import_snapshot(path, store=other)
    assert (found.added, found.changed, found.removed, found.kept) == (3, 0, 0, 0)
    assert list(other.lines("head")) == list(store.lines("head"))
    assert other.resolve(found.run) == found.state == other.resolve("head")
    again = import_snapshot(path, store=other)
    assert (again.added, again.changed, again.removed) == (0, 0, 0)
    assert list(other.lines("head")) == list(store.lines("head"))


def test_an_import_removes_only_what_both_sides_saw_whole(tmp_path: Path, store: MemoryStore) -> None:
    full = write_snapshot(tmp_path / "full.lumos.jsonl", [dataset("a", "id")], coverage=SEEN).path
    part = write_snapshot(tmp_path / "part.lumos.jsonl", [dataset("a", "id")]).path
    dry = import_snapshot(full, store=store, dry_run=True)
    assert (dry.state, dry.changed, dry.removed, dry.kept) == ("", 1, 1, 1)
    kept = import_snapshot(part, store=store)
    assert (kept.changed, kept.removed, kept.kept) == (1, 0, 2)
    gone = import_snapshot(full, store=store)
    assert (gone.changed, gone.removed, gone.kept) == (0, 1, 1)
    assert [decode(line).kind for line in store.lines("head")] == ["dataset", "stats"]
    unseen = MemoryStore()
    unseen.commit(
        "head", None, [("dataset", dataset("z").urn, canonical(dataset("z")))], {"at": "2026-01-01T00:00:00Z"}
    )
    assert import_snapshot(full, store=unseen).removed == 0


def test_an_import_keeps_what_the_snapshot_did_not_look_at(tmp_path: Path, store: MemoryStore) -> None:
    path = write_snapshot(tmp_path / "a.lumos.jsonl", [dataset("a", captured=("owners",))]).path
    import_snapshot(path, store=store)
    line = store.get("head", "dataset", dataset("a").urn)
    assert line is not None
    value = decode(line).value
    assert [field.path for field in value.fields] == ["id", "x"]
    assert value.captured == ["fields", "owners"]


@pytest.mark.parametrize("day, rows, expected", [(2, 5, (2, 5)), (1, 5, (1, 5)), (1, 1, (1, 1)), ("old", 5, (1, 1))])
def test_the_latest_stats_of_a_series_stand(tmp_path: Path, store: MemoryStore, day: Any, rows: int, expected) -> None:
    stats = profile("a", 1, rows) if day == "old" else profile("a", day, rows)
    if day == "old":
        stats.urn = stats.urn.replace("2026", "2025")
    path = write_snapshot(tmp_path / "a.lumos.jsonl", [dataset("a", "id", "x"), stats]).path
    import_snapshot(path, store=store)
    (found,) = [decode(line) for line in store.lines("head") if b'"stats"' in line]
    assert (found.urn, found.value.row_count) == (profile("a", expected[0]).urn, expected[1])


def test_nothing_is_imported_from_a_damaged_file(tmp_path: Path, store: MemoryStore) -> None:
    path = write_snapshot(tmp_path / "a.lumos.jsonl", [dataset("a", "id"), dataset("q")]).path
    path.write_bytes(path.read_bytes()[:-3])
    before = store.resolve("head")
    with pytest.raises(SnapshotError, match="truncated"):
        import_snapshot(path, store=store)
    assert store.resolve("head") == before


# The source


def read_source(path: Path, within: Scope = Scope(), stats: bool = True) -> tuple[list[AnyRecord], MemoryContext]:
    source, ctx = SnapshotSource(SnapshotSourceConfig(path=path, stats=stats)), MemoryContext()
    records = [record for unit in source.plan(within, ctx) for record in source.extract(unit, ctx)]
    return records, ctx


def test_a_snapshot_is_a_source(tmp_path: Path) -> None:
    info = write_snapshot(tmp_path / "a.lumos.jsonl", [dataset("a"), dataset("b"), profile("a", 1)], coverage=SEEN)
    records, ctx = read_source(info.path)
    assert [record.kind for record in records] == ["dataset", "dataset", "stats"]
    assert ctx.declared == SEEN.declared()
    assert [record.kind for record in read_source(info.path, stats=False)[0]] == ["dataset", "dataset"]
    records, ctx = read_source(info.path, Scope(urns=frozenset({dataset("b").urn})))
    assert [record.urn for record in records] == [dataset("b").urn]
    assert ctx.coverage.complete(dataset("b").urn) and not ctx.coverage.complete(dataset("a").urn)


def test_a_damaged_snapshot_covers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = write_snapshot(tmp_path / "a.lumos.jsonl", [dataset("a"), dataset("b")], coverage=SEEN)
    info.path.write_bytes(info.path.read_bytes().replace(b"postgres,b,", b"postgres,c,"))
    source, ctx = SnapshotSource(SnapshotSourceConfig(path=info.path)), MemoryContext()
    (unit,) = source.plan(Scope(), ctx)
    with pytest.raises(SnapshotError, match="altered"):
        list(source.extract(unit, ctx))
    assert ctx.declared == []
    info.path.unlink()
    with pytest.raises(SnapshotError, match="cannot read"):
        list(source.plan(Scope(), ctx))


def test_a_source_can_be_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_POLL", 1)
    info = write_snapshot(tmp_path / "a.lumos.jsonl", [dataset("a"), dataset("b")], coverage=SEEN)
    source, ctx = SnapshotSource(SnapshotSourceConfig(path=info.path)), MemoryContext()
    (unit,) = source.plan(Scope(), ctx)
    records = source.extract(unit, ctx)
    next(records)
    ctx.cancelled = lambda: True
    with pytest.raises(Cancelled):
        next(records)
    assert ctx.declared == []


# The command line


def run(*arguments: str, fails: type[BaseException] | None = None) -> str:
    result = CliRunner().invoke(command, list(arguments), standalone_mode=False)
    if fails is not None:
        assert isinstance(result.exception, fails)
        return str(result.exception)
    if result.exception is not None:
        raise result.exception
    return result.output


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    write_snapshot("a.lumos.jsonl", [dataset("a", "id"), profile("a", 1)], coverage=SEEN)
    return "a.lumos.jsonl"


def test_files_on_the_command_line(path: str) -> None:
    assert "valid, 2 records" in run("validate", path)
    assert json.loads(run("validate", path, "--json")) == [{"path": path, "counts": {"dataset": 1, "stats": 1}}]
    assert "postgres: fields, record, complete" in run("show", path)
    shown = json.loads(run("show", path, "--json"))
    assert shown["format"] == "lumos-snapshot/1" and shown["counts"] == {"dataset": 1, "stats": 1}
    assert "2 records" in run("convert", path, "b.lumos.yaml")
    assert "says the same already" in run("convert", path, "b.lumos.yaml")
    assert json.loads(run("convert", path, "c.lumos.jsonl.zst", "--without", "stats", "--json"))["stats_path"] is None
    assert run("textconv", "b.lumos.yaml").splitlines()[2] == "  field id: int64"
    assert json.loads(run("schema"))["title"] == "Lumos Snapshot"
    moved = json.loads(run("transform", path, "m.lumos.jsonl", "--platform", "postgres=mysql", "--json"))
    assert moved["counts"] == {"dataset": 1, "stats": 1}
    assert "OLD=NEW" in run("transform", path, "m.lumos.jsonl", "--name", "x", fails=UsageError)
    assert "truncated" in run("validate", _cut(path), fails=SnapshotError)


def _cut(path: str) -> str:
    Path("cut.lumos.jsonl").write_bytes(Path(path).read_bytes()[:-1])
    return "cut.lumos.jsonl"


def test_merging_on_the_command_line_names_contradictions(path: str) -> None:
    other = dataset("a", "id")
    other.value.name = "b"
    write_snapshot("b.lumos.jsonl", [other])
    output = run("merge", path, "b.lumos.jsonl", "-o", "m.lumos.jsonl")
    assert 'name: kept "a" of a.lumos.jsonl, not "b"' in output
    conflicts = json.loads(run("merge", path, "b.lumos.jsonl", "-o", "n.lumos.jsonl", "--json"))["conflicts"]
    assert [conflict["key"] for conflict in conflicts] == ["name"]


def test_the_store_on_the_command_line(path: str, store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumos_core.history.api.open_store", lambda pipeline: store)
    monkeypatch.setattr("lumos_core.snapshot.api.make_store", lambda pipeline: store)
    assert "3 records" in run("export", "e.lumos.jsonl")
    dated = json.loads(run("export", ".", "--format", "json", "--select", "c", "--json"))["path"]
    assert names(Path(dated)) == ["c"]
    assert "1 changed, 1 removed" in run("import", path, "--dry-run")
    imported = json.loads(run("import", path, "--json"))
    assert imported["removed"] == 1 and store.resolve(imported["run"]) == imported["state"]
