"""From a proposal to what is stored: validated as a whole first, then applied as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Literal, NamedTuple

from . import patching, rules
from .checking import Checks, Invalid
from .defaults import defaults
from .registry import BadUrn, Registry, Urn
from .store import Event, Store, Stored, decode, encode

Oracle = Callable[[str, Any], None]
"""Takes the name and the value of an aspect; raises ValueError when the vendor's own classes refuse it."""

CHANGES = ("UPSERT", "CREATE", "CREATE_ENTITY", "RESTATE", "PATCH", "DELETE")
"""Change types that are applied; the others of the schema (`UPDATE`) the server refuses too."""
VERSION_MATCH = "If-Version-Match"
UNVERSIONED = "-1"
"""What `If-Version-Match` names an absent aspect by."""
_SYSTEM = "com.linkedin.mxe.SystemMetadata"


class Rejected(Exception):
    """A proposal is refused.

    Args:
        kind: `urn` and `argument` for what is malformed, `validation` for what does not fit the models,
            `precondition` for a condition that does not hold.
        message: Why.
    """

    def __init__(self, kind: Literal["urn", "argument", "validation", "precondition"], message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Proposal(NamedTuple):
    """A proposal that fits the models.

    Attributes:
        urn: Of the entity.
        parsed: The same, taken apart.
        aspect: Name of the aspect.
        change: One of `CHANGES`.
        value: The value, or the patch; None for `DELETE`.
        system: The system metadata that came with it.
        headers: Conditions, by names of HTTP headers.
    """

    urn: str
    parsed: Urn
    aspect: str
    change: str
    value: Any
    system: dict[str, Any]
    headers: dict[str, str]


class Result(NamedTuple):
    """What became of a proposal.

    Attributes:
        proposal: The proposal.
        stored: What is stored now; None for events in time and for what was deleted.
        dropped: It was left out, because `If-None-Match: *` said so.
    """

    proposal: Proposal
    stored: Stored | None
    dropped: bool = False


class Engine:
    """Validates and applies proposals.

    Args:
        registry: The models.
        store: Where it goes.
        oracle: A second judge.
    """

    def __init__(self, registry: Registry, store: Store, oracle: Oracle | None = None) -> None:
        self.registry = registry
        self.store = store
        self.checks = Checks(registry, store.exists)
        self._oracle = oracle

    def urn(self, text: Any) -> Urn:
        """Take a URN apart.

        Raises:
            Rejected: It is none.
        """
        try:
            return self.registry.parse(text if isinstance(text, str) else "")
        except BadUrn as error:
            raise Rejected("urn", str(error)) from None

    def propose(
        self, urn: Any, aspect: Any, change: Any, value: Any, system: Any = None, headers: Any = None
    ) -> Proposal:
        """Make a proposal of what a client sent.

        Raises:
            Rejected: It does not fit the models.
        """
        parsed = self.urn(urn)
        entity = self.registry.entities[parsed.entity]
        if not isinstance(aspect, str) or aspect not in entity.aspects:
            raise Rejected("validation", f"Unknown aspect {aspect} for entity {entity.name}")
        if change not in CHANGES:
            raise Rejected("argument", f"ChangeType {change} not in {list(CHANGES)}")
        spec = self.registry.aspects[aspect]
        if spec.timeseries and change not in ("UPSERT", "DELETE"):
            raise Rejected("argument", f"ChangeType not supported: {change} for aspect {aspect}")
        if system is not None:
            system = {name: given for name, given in system.items() if given is not None} if system else {}
            self._fits(_SYSTEM, system)
        if headers is not None and not (
            isinstance(headers, dict) and all(isinstance(text, str) for text in headers.values())
        ):
            raise Rejected("argument", "headers are not a map of strings")
        proposal = Proposal(urn, parsed, aspect, change, value, system or {}, headers or {})
        if change not in ("PATCH", "DELETE"):
            self.fits(aspect, value)
            self._obeys(proposal, value)
        return proposal

    def fits(self, aspect: str, value: Any) -> None:
        """Check the value of an aspect.

        Raises:
            Rejected: It does not fit the models.
        """
        self._fits(self.registry.aspects[aspect].type, value)
        if self._oracle is not None:
            try:
                self._oracle(aspect, value)
            except ValueError as error:
                raise Rejected("validation", f"the SDK's class of {aspect} refuses it: {error}") from None

    def _obeys(self, proposal: Proposal, value: Any) -> None:
        for why in rules.faults(self.store, proposal.urn, proposal.aspect, value):
            raise Rejected("validation", _collected(proposal, why))

    def _fits(self, type_name: str, value: Any) -> None:
        try:
            self.checks.check(type_name, value)
        except Invalid as error:
            raise Rejected("validation", f"Failed to validate record with class {type_name}: {error}") from None

    def commit(self, proposals: Iterable[Proposal]) -> list[Result]:
        """Apply proposals in order.

        Raises:
            Rejected: A condition does not hold, or a patch cannot be applied; nothing was written.
        """
        proposals = list(proposals)
        created = {p.urn for p in proposals if not self.store.exists(p.urn)}
        journal: list[Callable[[], object]] = []
        results = []
        try:
            for proposal in proposals:
                results.append(self._apply(proposal, created, journal))
        except Rejected:
            for undo in reversed(journal):
                undo()
            raise
        for proposal in proposals:
            if proposal.urn in created and self.store.exists(proposal.urn):
                self._complete(proposal)
        return results

    def _apply(self, proposal: Proposal, created: set[str], journal: list[Callable[[], object]]) -> Result:
        urn, aspect, change = proposal.urn, proposal.aspect, proposal.change
        entity = self.registry.entities[proposal.parsed.entity]
        before = self.store.get(urn, aspect)
        self._precondition(proposal, before)
        if change == "DELETE":
            journal.append(self.store.delete(urn, "" if aspect == entity.key else aspect).undo)
            return Result(proposal, None)
        if change == "CREATE" and before is not None:
            return self._exists(proposal, before, "Cannot perform CREATE since the aspect already exists.")
        if change == "CREATE_ENTITY" and urn not in created:
            why = "Cannot perform CREATE_ENTITY if not exists since the entity key already exists."
            return self._exists(proposal, before, why)
        if self.registry.aspects[aspect].timeseries:
            journal.append(self.store.append(urn, entity.name, aspect, _event(proposal)))
            return Result(proposal, None)
        if aspect == entity.key:  # the server makes it from the URN, whatever it was sent
            value = self.registry.key(proposal.parsed)
        elif change == "PATCH":
            value = self._patched(proposal, before)
        else:
            value = proposal.value
        stored = self.store.put(urn, entity.name, aspect, encode(value), self._stamped(proposal))
        journal.append(lambda: self.store.restore(urn, aspect, before))
        return Result(proposal, stored)

    def _exists(self, proposal: Proposal, before: Stored | None, why: str) -> Result:
        if proposal.headers.get("If-None-Match") == "*":
            return Result(proposal, before, dropped=True)
        raise Rejected("validation", _collected(proposal, why))

    def _patched(self, proposal: Proposal, before: Stored | None) -> Any:
        try:
            value = patching.apply(proposal.aspect, before and decode(before.value), proposal.value)
        except patching.BadPatch as error:
            raise Rejected("argument", str(error)) from None
        self.fits(proposal.aspect, value)
        self._obeys(proposal, value)
        return value

    def _precondition(self, proposal: Proposal, before: Stored | None) -> None:
        headers = proposal.headers
        fresh = before is None or proposal.change in ("CREATE", "CREATE_ENTITY")
        wanted = headers.get(VERSION_MATCH)
        if wanted is not None:
            actual = UNVERSIONED if fresh or before is None else str(before.version)
            if wanted != actual:
                why = f"Expected version {wanted}, actual version {actual}"
                raise Rejected("precondition", _collected(proposal, why))
        modified = -(1 << 63) if fresh or before is None else before.modified
        for header, holds in (("If-Modified-Since", modified.__gt__), ("If-Unmodified-Since", modified.__le__)):
            if header in headers and not holds(_millis(headers[header])):
                why = f"Item last modified {modified}, {header} {headers[header]}"
                raise Rejected("precondition", _collected(proposal, why))

    def _stamped(self, proposal: Proposal) -> dict[str, Any]:
        system = {**proposal.system}
        system.setdefault("lastObserved", self.store.millis())
        system.setdefault("runId", "no-run-id-provided")
        for name in ("version", "aspectCreated", "aspectModified"):
            system.pop(name, None)
        version = self.registry.aspects[proposal.aspect].schema_version
        if version > 1:
            system["schemaVersion"] = version
        return system

    def _complete(self, proposal: Proposal) -> None:
        """Write the aspects that a new entity gets from the server."""
        for aspect, value in defaults(self.registry, proposal.parsed, self._delimiter):
            if self.store.get(proposal.urn, aspect) is None:
                given = self._stamped(proposal._replace(aspect=aspect))
                self.store.put(proposal.urn, proposal.parsed.entity, aspect, encode(value), given)

    def _delimiter(self, platform: str) -> str:
        info = self.store.get(platform, "dataPlatformInfo")
        return (decode(info.value).get("datasetNameDelimiter") or ".") if info else "."


def _collected(proposal: Proposal, why: str) -> str:
    where = f"({proposal.urn} , {proposal.aspect})"
    return f"ValidationExceptionCollection{{EXCEPTIONS:{where}=[AspectValidationException: {why}]}}"


def _millis(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
    except ValueError:
        raise Rejected("argument", f"Text '{text}' could not be parsed at index 0") from None


def _event(proposal: Proposal) -> Event:
    value = proposal.value
    identity = [value.get(name) for name in ("eventGranularity", "partitionSpec", "messageId")]
    return Event(value["timestampMillis"], encode(identity).decode(), encode(value), encode(proposal.system))
