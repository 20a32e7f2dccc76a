"""The conformance kit, and what this reporter promises beyond it."""

from __future__ import annotations

from io import StringIO

import pytest
from msgspec.structs import replace
from rich.console import Console

from lumos_core.plugin_api import (
    Change,
    Covered,
    Dataset,
    Field,
    GateResult,
    Many,
    Notice,
    PublishResult,
    Record,
    ReportError,
    RunResult,
    Scope,
    StageTiming,
    Version,
    VersionChange,
    urns,
)
from lumos_core.testing.kit.reporter import ReporterKit

URN = urns.dataset("file", "orders")


def change(severity="breaking", path="email", **keys):
    return Change(rule="field-removed", urn=URN, severity=severity, path=path, message=f"Field {path} is gone", **keys)


def many(items):
    return Many(lambda: items, len(items))


class TestTerminal(ReporterKit):
    name = "terminal"
    options = {"path": "out/summary.txt", "width": 100}
    markup = False

    def shown(self, folder, result, **options):
        self.build(folder, **options).report(result)
        return (folder / "out" / "summary.txt").read_text()

    def test_a_quiet_run_is_three_lines(self, folder):
        result = RunResult(run_id="r1", pipeline="shop", counts={"dataset": 2}, fields=9)
        lines = self.shown(folder, result).splitlines()
        assert lines[0] == "✓ shop: nothing changed"
        assert lines[1] == "  seen     2 datasets (9 fields)"
        assert len(lines) == 3

    def test_a_first_run_names_what_it_found(self, folder):
        records = [
            Record(urns.dataset("file", f"t{n}"), Dataset(name=f"t{n}", fields=[Field("id", type="int64")]))
            for n in range(30)
        ]
        result = RunResult(
            run_id="r", pipeline="shop", first=True, changed=True, counts={"dataset": 30}, records=many(records)
        )
        text = self.shown(folder, result)
        assert "remembered for the first time" in text
        assert "t0  1 field" in text
        assert "and 10 more datasets" in text

    def test_datasets_of_one_name_are_told_apart_and_no_more(self, folder):
        names = {"a/orders.csv": "orders", "b/orders.csv": "orders", "b/users.csv": "users"}
        records = [Record(urns.dataset("file", place), Dataset(name=name)) for place, name in names.items()]
        result = RunResult(run_id="r", pipeline="shop", first=True, counts={"dataset": 3}, records=many(records))
        shown = [line.split()[0] for line in self.shown(folder, result).splitlines() if "0 fields" in line]
        assert shown == ["a/orders.csv", "b/orders.csv", "users"]

    def test_long_names_keep_their_end(self, folder):
        deep = "/".join(["a_long_folder"] * 9)
        near = tuple(urns.dataset("file", f"{deep}/{name}") for name in ("x/report", "y/report", "z"))
        found = Change(rule="r", urn=urns.dataset("file", f"{deep}/orders"), severity="breaking", impact=near)
        told = self.shown(
            folder,
            RunResult(run_id="r", pipeline="p", changed=True, changes=many([replace(found, impact_count=3)])),
            width=200,
        )
        assert "/orders  breaking" in told and "x/report, y/report, z\n" in told

    def test_a_change_says_where_what_whom_and_how(self, folder):
        found = [
            change(before="string", impact=(urns.dataset("file", "report"),), impact_count=4, fix="Keep it nullable"),
            change(severity="risky", path="id", before="int32", after="int64"),
            change(path="old", waived="agreed"),
            change(severity="informational", path="note"),
        ]
        result = RunResult(
            run_id="r",
            pipeline="shop",
            changed=True,
            exit_code=1,
            changes=many(found),
            severities={"breaking": 2, "risky": 1, "informational": 1},
            gate=GateResult(enabled=True, passed=False, fail_on="breaking", failing=1, waived=1, notes=("w-unused",)),
        )
        text = self.shown(folder, result)
        for part in (
            "the gate failed, 1 breaking change",
            "orders.email  breaking",
            "(string)",
            "reaches 4 records downstream: report",
            "fix     Keep it nullable",
            "int32 → int64",
            "waived: agreed",
            "1 informational change",
            "w-unused",
        ):
            assert part in text, part
        assert "note is gone" not in text
        assert "note is gone" in self.shown(folder, result, verbose=True)

    def test_many_changes_are_counted(self, folder):
        found = [change(severity="non-breaking", path=f"f{n}") for n in range(50)]
        result = RunResult(run_id="r", pipeline="p", changed=True, changes=many(found), severities={"non-breaking": 50})
        text = self.shown(folder, result, max_changes=3)
        assert text.count("is gone") == 3
        assert "… 47 more changes" in text

    def test_versions_catalogs_and_gaps(self, folder):
        version = Version(schema="2.0.0", metadata="1.1.0", release="S-2", digest="0")
        minor = Version(schema="1.0.0", metadata="1.1.0", release="S-2", digest="0")
        result = RunResult(
            run_id="r",
            pipeline="p",
            exit_code=3,
            changed=True,
            release="S-2",
            versions=many(
                [
                    VersionChange(urn=URN, version=version, before="1.0.0"),
                    VersionChange(urn=urns.dataset("file", "b"), version=minor, before="1.0.0"),
                ]
            ),
            published=[
                PublishResult(catalog="local", target="x.db", applied=True, planned={"update": 2, "keep": 1}, failed=1),
                PublishResult(
                    catalog="dry", planned={"create": 3}, conflicts=[(URN, f"k{n}", "both") for n in range(7)]
                ),
                PublishResult(catalog="no", blocked="too much would go"),
            ],
            failures=[
                Notice(code="c", message="it is damaged", where="x.csv", component="source files", fix="mend it")
            ],
            coverage=[Covered(Scope(platform="file"), frozenset({"record"}), "failed", "denied")],
            not_captured=[("file", "owners", 7)],
            warnings=[Notice(code="w", message=f"note {n}", where="y") for n in range(12)],
            timings=[StageTiming("extract", 1.5)],
            reports=["a.html"],
        )
        text = self.shown(folder, result)
        for part in (
            "incomplete, 1 failure",
            "release  S-2, new versions of 2 datasets",
            "orders  1.0.0 → 2.0.0",
            "b  1.0.0 (metadata 1.1.0)",
            "2 updated, 1 kept, 1 failed",
            "would have 3 to create",
            "2 more conflicts",
            "not written: too much would go",
            "source files x.csv",
            "mend it",
            "file: failed, denied",
            "owners of 7 records of file",
            "2 more notes",
            "report   a.html",
            "r, 1.5 s",
        ):
            assert part in text, part
        assert "extract 1.50" in self.shown(folder, result, verbose=True)

    def test_a_narrow_terminal_loses_nothing(self, folder):
        found = [change(path="a_rather_long_field_name_" * 3)]
        result = RunResult(run_id="r", pipeline="p", changed=True, changes=many(found), severities={"breaking": 1})
        text = self.shown(folder, result, width=40)
        assert "a_rather_long_field_name_" in text

    def test_a_long_line_goes_on_below_its_text(self, monkeypatch, folder):
        fix = "Deprecate it, keep it nullable for a window, remove it when nobody reads it"
        found = [change(fix=fix, path="a_name_of_forty_characters_" * 2)]
        result = RunResult(run_id="r", pipeline="p", changed=True, changes=many(found), severities={"breaking": 1})
        screen = StringIO()
        self.build(folder)._print(Console(file=screen, width=40, force_terminal=True, color_system=None), result)
        lines = [line.rstrip() for line in screen.getvalue().splitlines()]
        at = next(n for n, line in enumerate(lines) if "fix " in line)
        assert lines[at] == "      fix     Deprecate it, keep it"
        assert lines[at + 1] == "              nullable for a window,"
        assert max(map(len, lines)) <= 40
        assert "orders." + "a_name_of_forty_characters_" * 2 in "".join(line.strip() for line in lines)

    def test_it_prints_to_the_standard_output(self, folder, capsys):
        made = self.build(folder, path=None)
        made.report(RunResult(run_id="r", pipeline="shop"))
        assert capsys.readouterr().out.startswith("✓ shop: nothing changed\n")

    def test_a_place_that_cannot_be_written(self, folder):
        (folder / "out").write_text("a file where a folder should be")
        with pytest.raises(ReportError, match=r"was not written"):
            self.build(folder).report(RunResult(run_id="r", pipeline="p"))
