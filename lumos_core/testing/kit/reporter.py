"""Conformance of reporters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ...contracts.reporter import GateResult, Many, Notice, PublishResult, Reporter, RunResult, VersionChange
from ...model.change import Change, Finding, Version
from ...model.elements import Description, Owner, TagLink
from ...model.entities import Dataset, Field
from ...model.event import ChangeEvent, SchemaField, event_id
from ...model.record import AnyRecord, Record
from ...model.scope import Covered, Scope
from ...model.urns import dataset, plain
from ..context import MemoryContext
from .base import ComponentKit

NASTY = (
    "<script>alert(1)</script>",
    "[bold]x[/bold]",
    "a|b`c`",
    "\x1b[31mred\x1b[0m",
    "\x9b32mgreen",
    "עברית\u202e",
    "🦉\nline",
    '" onmouseover="alert(2)',
    "'><img src=x onerror=alert(3)>",
    "[link](javascript:alert(4))",
    "</style></title><svg onload=alert(5)>",
    "--> <!-- # *heading* _x_ ~~y~~",
)
"""Names that must be shown as they are and never acted upon."""

SEEN = ("alert(1)", "bold", "red", "green", "עברית", "🦉", "alert(2)", "alert(3)", "alert(4)", "alert(5)", "heading")
"""What people recognise of each, however it is escaped."""

_STEERING = {"\u200e", "\u200f", "\u061c", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
_CODE = re.compile(r"`[^`\n]*`|<code>.*?</code>")
_LINK = re.compile(r"(?<!\\)\]\(\s*javascript:", re.IGNORECASE)


class _Acting(HTMLParser):
    """Finds what a browser would act upon, in HTML and in the HTML that stands in Markdown."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._script = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = tag == "script"
        for name, value in attrs:
            text = (value or "").strip().lower()
            if (name.startswith("on") and "alert(" in text) or text.startswith("javascript:"):
                self.found.append(f"<{tag} {name}={value!r}>")

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script and "alert(" in data:
            self.found.append(f"<script>{data[:60]}")


class ReporterKit(ComponentKit):
    """Everything that a reporter promises.

    Fill in `name` and `options`; override `text` when the reporter writes somewhere else than into files. One that
    `notifies` sends nothing without events, and names every event by its id.

    Example:
        ```python
        from lumos_core.testing.kit import ReporterKit

        class TestPage(ReporterKit):
            name = "page"
            options = {"path": "out/page.html"}
        ```

    Attributes:
        name, options, live, unproven: As for every kit, see `ComponentKit`.
        markup: False when nobody reads the output as HTML or Markdown, so that `<` is just a character.
        text: Returns what the reporter wrote; by default the files that it appended to `result.reports`.
    """

    kind = "reporter"
    markup: ClassVar[bool] = True

    def text(self, result: RunResult) -> str:
        """Return everything that the reporter wrote."""
        elsewhere = [place for place in result.reports if not Path(place).is_file()]
        assert not elsewhere, f"{elsewhere} in `result.reports` is no file: override `text` to return what was said"
        return "".join(Path(place).read_text(encoding="utf-8") for place in result.reports)

    def exercise(self, component: Reporter[Any], folder: Path, ctx: MemoryContext) -> Iterable[object]:
        """Report a run."""
        result = self.hostile()
        component.check(ctx)
        component.report(result)
        yield self.text(result)

    def hostile(self) -> RunResult:
        """Return a run with every hostile name in every place that a reporter may show."""
        every = " ".join(NASTY)
        urn = dataset("file", every)
        value = Dataset(
            name=every,
            captured=["description", "fields", "owners", "tags"],
            description=Description(source=every, manual=every),
            owners=[Owner(plain("group", every))],
            tags=[TagLink(plain("tag", every))],
            fields=[Field("id", type="int64", description=Description(source=every))],
        )
        change = Change(
            rule="field-removed",
            urn=urn,
            severity="breaking",
            path="e<b>mail",
            before=every,
            after=every,
            message=every,
            why=every,
            fix=every,
            impact=(urn,),
            impact_count=1,
        )
        notice = Notice(code="unit-failed", message=every, where=every, component=every, fix=every)
        published = PublishResult(
            catalog=every, target=every, planned={"update": 1}, conflicts=[(urn, "owners", every)], blocked=every
        )
        version = VersionChange(
            urn=urn, version=Version(schema="2.0.0", metadata="1.0.0", release="S-7", digest="0"), before="1.0.0"
        )
        return self.result(
            pipeline=every,
            records=Many(lambda: [Record(urn, value)], 1),
            changes=Many(lambda: [change], 1),
            events=Many(lambda: [_event(urn, every, every)], 1),
            versions=Many(lambda: [version], 1),
            counts={"dataset": 1},
            severities={"breaking": 1},
            gate=GateResult(enabled=True, passed=False, fail_on="breaking", failing=1, notes=(every,)),
            published=[published],
            coverage=[Covered(Scope(platform="file", prefixes=(every,)), frozenset({"record"}), "failed", every)],
            warnings=[notice],
            failures=[notice],
        )

    def result(self, **changes: Any) -> RunResult:
        """Return a run with hostile names in every place that people see."""
        records: list[AnyRecord] = [
            Record(dataset("file", name), Dataset(name=name, captured=["fields"], fields=[Field("id", type="int64")]))
            for name in NASTY
        ]
        found = [
            Change(
                rule="field-removed",
                urn=record.urn,
                severity="breaking",
                path="e<b>mail",
                before="string",
                message=f"Field `e<b>mail` of `{name}` was removed",
                bump="major",
            )
            for name, record in zip(NASTY, records, strict=True)
        ]
        keys: dict[str, Any] = {
            "run_id": "20260115T103000Z-kit0",
            "pipeline": "shop <b>",
            "started": "2026-01-15T10:30:00Z",
            "finished": "2026-01-15T10:30:02Z",
            "exit_code": 1,
            "changed": True,
            "release": "S-7",
            "counts": {"dataset": len(records)},
            "fields": len(records),
            "severities": {"breaking": len(found)},
            "records": Many(lambda: records, len(records)),
            "changes": Many(lambda: found, len(found)),
            "events": Many(lambda: [_event(change.urn, change.message) for change in found], len(found)),
            "gate": GateResult(enabled=True, passed=False, fail_on="breaking", failing=len(found)),
            "coverage": [Covered(Scope(platform="file"), frozenset({"record"}), "failed", "denied <b>")],
            "failures": [
                Notice(code="unit-failed", message="cannot read <b>", where="x/y.csv", component="source files")
            ],
        }
        return RunResult(**{**keys, **changes})

    def test_hostile_names_are_shown_and_harmless(self, component: Reporter[Any]) -> None:
        """Names are data: escape markup, control characters and marks of direction, and still show what they say.

        `lumos_core.plugin_api.visible` writes control characters as text; escape for your own markup after it. A
        value inside an attribute needs its quotes escaped too, and a link needs its scheme looked at.
        """
        for result in (self.result(), self.hostile()):
            component.report(result)
            text = self.text(result)
            steering = sorted({char for char in text if _steers(char)})
            assert not steering, f"raw characters that steer a terminal or the reading direction: {steering}"
            missing = [word for word in SEEN if word not in re.sub(r"\\(?=[^\w\s])", "", text)]
            assert not missing, f"names are not shown: {missing} is nowhere in the report"
            if self.markup:
                acting = _Acting(text).found
                if "<html" not in text.lower():
                    acting += _LINK.findall(_CODE.sub("", text))
                assert not acting, f"a name is acted upon: {acting}"

    def test_an_interrupted_report_leaves_the_last_one(self, component: Reporter[Any], folder: Path) -> None:
        """Files are replaced atomically: when the new report breaks off, the old one is whole, and nothing lies about.

        Write with `lumos_core.plugin_api.atomic_write`.
        """
        first = self.result()
        component.report(first)
        if component.notifies or not first.reports:
            pytest.skip("this reporter writes no files")
        before = self.text(first)
        files = sorted(path for path in folder.rglob("*") if path.is_file())

        def breaking() -> Iterator[Change]:
            yield from list(self.result().changes)[:2]
            raise RuntimeError("the run's files broke off")

        with pytest.raises(RuntimeError, match="broke off"):
            component.report(self.result(changes=Many(breaking, len(NASTY))))
        assert self.text(first) == before, "the report that broke off has spoilt the last one"
        left = set(folder.rglob("*")) - set(files)
        assert not [path for path in left if path.is_file()], "the report that broke off leaves files behind"

    def test_the_result_is_left_alone(self, component: Reporter[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
        """Several reporters get the same result, one after the other: append to `reports`, change nothing else."""
        earlier = tmp_path_factory.mktemp("other") / "earlier.txt"
        earlier.write_text("of another reporter")
        result = self.result(reports=[str(earlier)])
        before = {key: repr(getattr(result, key)) for key in result.__struct_fields__ if key != "reports"}
        changes = list(result.changes)
        component.report(result)
        after = {key: repr(getattr(result, key)) for key in result.__struct_fields__ if key != "reports"}
        changed = sorted(key for key in before if before[key] != after[key])
        assert not changed, f"the reporter changes {changed} of the result that others get too"
        assert list(result.changes) == changes, "the reporter changes the changes"
        assert result.reports[0] == str(earlier), "the places of other reporters are gone from `result.reports`"

    def test_an_empty_run_is_reported(self, component: Reporter[Any]) -> None:
        """A run that saw nothing still gets a sound report; of a notifier nobody hears then."""
        result = RunResult(run_id="20260115T103000Z-kit1", pipeline="empty")
        component.report(result)
        told = self.text(result).strip()
        if component.notifies:
            assert not told, "a notifier sends a message that says nothing"
        else:
            assert told, "a run that saw nothing gets no report"

    def test_failures_are_shown(self, component: Reporter[Any]) -> None:
        """What could not be seen must be said: the place of a failed unit stands in the report."""
        if component.notifies:
            pytest.skip("a notifier looks at events alone")
        result = self.result()
        component.report(result)
        assert "x/y.csv" in self.text(result), "the place of a failed unit, x/y.csv, is not in the report"

    def test_a_message_names_its_events(self, component: Reporter[Any]) -> None:
        """What could not be delivered is handed over again, so that an event can come twice: receivers need its id."""
        if not component.notifies:
            pytest.skip("this reporter is no notifier")
        result = self.result()
        component.report(result)
        text = self.text(result)
        missing = [event.id for event in result.events if event.id not in text]
        assert not missing, f"the message does not hold the ids of its events: {missing}"

    def test_a_report_can_be_made_again(self, component: Reporter[Any]) -> None:
        """A second report of the same run replaces the first; nothing is appended."""
        first, second = self.result(), self.result()
        component.report(first)
        before = self.text(first)
        component.report(second)
        assert self.text(second) == before, "a second report of the same run is another one"


def _event(urn: str, message: str, every: str = "orders") -> ChangeEvent:
    """A dataset lost a field; `every` stands wherever a message may show what strangers wrote."""
    finding = Finding(rule="field-removed", severity="breaking", fingerprint="0" * 16, path=every, message=message)
    return ChangeEvent(
        id=event_id(urn, "schema-changed", "1", "2", "s1"),
        urn=urn,
        type="schema-changed",
        at="2026-01-15T10:29:58Z",
        seen="2026-01-15T10:30:00Z",
        run="20260115T103000Z-kit0",
        path=every,
        before=[SchemaField(path=every, type=every)],
        version="2.0.0",
        previous="1.0.0",
        severity="breaking",
        findings=[finding],
        owners=[plain("group", every)],
        impact=[urn],
        impact_count=1,
        summary=message,
        metadata=[(every, every)],
    )


def _steers(char: str) -> bool:
    return char in _STEERING or (unicodedata.category(char) == "Cc" and char not in "\n\t")
