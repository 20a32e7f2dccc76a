"""What reporters that send messages have in common: which events they tell, and in which words.

Example:
    ```python
    class PagerConfig(NotifierConfig):
        number: SecretStr = Field(description="Whom to call.")

    class Pager(Reporter[PagerConfig]):
        notifies = True

        def report(self, result: RunResult) -> None:
            notice = gather(result.events, self.config)
            if notice is not None:  # nothing is sent when there is nothing to tell
                lines = [line for event in notice.events for line in tell(event).lines()]
                call(self.config.number.get_secret_value(), notice.headline, lines, once=notice.id)
    ```

An event can come twice (at least once is what can be promised), so that a message carries the ids of its events.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pydantic import Field, PrivateAttr, field_validator

from ..errors import UsageError
from ..model import urns
from ..model.change import SEVERITIES, Finding, Severity
from ..model.event import ChangeEvent, Happening
from ..snapshot.select import Selection, parse_selection
from ..texts import visible
from .component import Config

_HAPPENED: dict[Happening, str] = {
    "created": "created",
    "deleted": "deleted",
    "schema-changed": "schema changed",
    "modified": "modified",
}
_RANK: dict[str, int] = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_OF = re.compile(" of `([^`]+)`")
_FINDINGS = 10
_NAMES = 5
_LONGEST = 600


class NotifierConfig(Config):
    """Which events are told; the options that every notifier has."""

    on: list[Happening] = Field(
        default=["created", "deleted", "schema-changed"],
        min_length=1,
        description="What is told. `modified` is anything else of a dataset: tags, owners, documentation, or its data "
        "alone.",
    )
    min_severity: Severity = Field(
        default="informational",
        description="Only events with a finding at least so severe: by the standard policy a dataset that was created "
        "is `non-breaking`, one that was deleted `breaking`. An event without findings counts as `informational`.",
    )
    datasets: list[str] = Field(
        default=[],
        description="Only these datasets: URNs, beginnings of names, or globs, as in `--select`; empty = all.",
        examples=[["shop.public.", "raw/orders*"]],
    )
    max_events: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="So many events are named in one message, the worst; the rest is counted.",
    )

    _selections: list[Selection] = PrivateAttr(default_factory=list)

    @field_validator("datasets")
    @classmethod
    def _selectable(cls, value: list[str]) -> list[str]:
        for text in value:
            try:
                parse_selection(text)
            except UsageError as error:
                raise ValueError(f"{error.what}: a URN, the beginning of a name, or a glob") from None
        return value

    def model_post_init(self, context: object) -> None:
        """Read the selections once."""
        self._selections = [parse_selection(text) for text in self.datasets]

    def wants(self, event: ChangeEvent) -> bool:
        """Tell whether an event is to be told."""
        return (
            event.type in self.on
            and _rank(event.severity) <= _RANK[self.min_severity]
            and (not self._selections or any(selection.matches(event.urn) for selection in self._selections))
        )


class Gathered(NamedTuple):
    """What one message tells.

    Attributes:
        id: 32 hex digits over the ids of all its events, in any order: a message that is sent again has the same.
        events: The events that it names, the worst first.
        total: How many events there are.
        headline: One line of at most 220 characters: `orders: field amount was removed (breaking), and 3 more`.
    """

    id: str
    events: list[ChangeEvent]
    total: int
    headline: str

    @property
    def more(self) -> int:
        """How many events are counted and not named."""
        return self.total - len(self.events)


class Told(NamedTuple):
    """One event in words for people: fit to be shown, not escaped for any markup.

    Attributes:
        id: Id of the event.
        name: Name of the dataset.
        place: Platform and environment.
        happened: `created`, `deleted`, `schema changed`, `modified`.
        severity: The worst of its findings; empty without findings.
        findings: (severity, sentence), the worst first, at most 10; of an event without findings its summary, if any.
        unnamed: How many findings are left out.
        facts: (what, value): version, owners, reach, where, when; only those that are known.
    """

    id: str
    name: str
    place: str
    happened: str
    severity: str
    findings: list[tuple[str, str]]
    unnamed: int
    facts: list[tuple[str, str]]

    @property
    def title(self) -> str:
        """`orders: schema changed (breaking)`."""
        return f"{self.name}: {self.happened}" + (f" ({self.severity})" if self.severity else "")

    def lines(self) -> Iterator[str]:
        """Return the event as plain lines, the title first."""
        yield f"{self.title} [{self.place}]" if self.place else self.title
        for severity, sentence in self.findings:
            yield f"  - {severity}: {sentence}" if severity else f"  {sentence}"
        if self.unnamed:
            yield f"  - and {self.unnamed} more findings"
        yield from (f"  {what}: {value}" for what, value in self.facts)
        yield f"  event: {self.id}"


class Gatherer:
    """Gathers what one message is to tell, holding no more than twice `max_events` of it.

    Args:
        config: What is wanted.
    """

    def __init__(self, config: NotifierConfig) -> None:
        self._config = config
        self._worst: list[ChangeEvent] = []
        self._count = self._sum = 0

    def add(self, event: ChangeEvent) -> None:
        """Take an event, if it is wanted."""
        if not self._config.wants(event):
            return
        self._count += 1
        # A sum does not depend on the order; of digests, it depends on every digit of every id.
        self._sum += int.from_bytes(hashlib.sha256(event.id.encode("utf-8", "replace")).digest()[:16], "big")
        self._worst.append(event)
        if len(self._worst) > 2 * self._config.max_events:
            self._keep()

    def gathered(self) -> Gathered | None:
        """Return what there is to tell; None when that is nothing."""
        if not self._count:
            return None
        self._keep()
        return Gathered(
            f"{self._sum % (1 << 128):032x}", list(self._worst), self._count, _headline(self._worst[0], self._count)
        )

    def _keep(self) -> None:
        self._worst.sort(key=lambda event: (_worst_first(event.severity), event.urn))
        del self._worst[self._config.max_events :]


def gather(events: Iterable[ChangeEvent], config: NotifierConfig) -> Gathered | None:
    """Return what one message is to tell; None when that is nothing.

    Args:
        events: In any order; read once.
        config: What is wanted.
    """
    gatherer = Gatherer(config)
    for event in events:
        gatherer.add(event)
    return gatherer.gathered()


def tell(event: ChangeEvent) -> Told:
    """Return an event in words for people."""
    found = sorted(event.findings, key=lambda finding: (bool(finding.waived), _worst_first(finding.severity)))
    sentences = [(finding.severity, _sentence(finding)) for finding in found[:_FINDINGS]]
    if not sentences and event.summary:
        sentences = [("", _short(event.summary))]
    return Told(
        event.id,
        _name(event.urn),
        _place(event.urn),
        _HAPPENED[event.type],
        _short(event.severity),
        sentences,
        max(0, len(found) - _FINDINGS),
        list(_facts(event)),
    )


def _headline(event: ChangeEvent, count: int) -> str:
    told = tell(event)
    what, severity = told.happened, told.severity
    if event.findings:
        severity, what = told.findings[0]
        # The name stands before it already.
        what = _OF.sub(lambda found: "" if found[1] in told.name else found[0], what, count=1)
    if count > 1:
        more = f", and {count - 1} more"
    else:
        more = f", and {len(event.findings) - 1} more changes" if len(event.findings) > 1 else ""
    what = _short(what.replace("`", ""), 100) + (f" ({_short(severity, 20)})" if severity else "")
    return f"{_short(told.name, 60)}: {what}{more}"


def _facts(event: ChangeEvent) -> Iterator[tuple[str, str]]:
    if event.version and event.previous and event.version != event.previous:
        yield "version", _short(f"{event.previous} → {event.version}")
    elif event.version or event.previous:
        yield "version", _short(event.version or event.previous)
    if event.owners:
        yield "owners", _names(event.owners, len(event.owners))
    if event.impact_count:
        names = f": {_names(event.impact, event.impact_count)}" if event.impact else ""
        yield "reaches", f"{event.impact_count} downstream{names}"
    if event.path:
        yield "where", _short(event.path)
    yield "when", _short(event.at)


def _sentence(finding: Finding) -> str:
    text = finding.message or f"{finding.rule} {finding.path}".rstrip()
    return _short(text) + (f" (waived: {_short(finding.waived, 100)})" if finding.waived else "")


def _names(of: list[str], count: int) -> str:
    shown = [_name(urn) for urn in of[:_NAMES]]
    rest = [f"and {count - len(shown)} more"] if count > len(shown) else []
    return ", ".join([*shown, *rest])


def _name(urn: str) -> str:
    return _short(urns.name(urn), 200)


def _place(urn: str) -> str:
    try:
        parsed = urns.parse(urn)
    except ValueError:
        return ""
    return ", ".join(_short(urns.decode(part), 60) for part in (parsed.platform, parsed.env) if part)


def _short(text: str, limit: int = _LONGEST) -> str:
    """A text of a stranger on one line, at most so long."""
    shown = visible(text[: limit + 1])
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def _rank(severity: str) -> int:
    return _RANK.get(severity, _RANK["informational"])


def _worst_first(severity: str) -> int:
    return _RANK.get(severity, len(_RANK))
