"""Waivers: one transition, approved by somebody, for a while, and never hidden (differ.md section 5).

A waiver lets the gate pass; it does not make a break a minor, and the finding is still shown as waived.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

from msgspec.structs import replace
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ..model.change import SEVERITIES, Change, Severity
from ..model.urns import name as urn_name

VersionOf = Callable[[str], "str | None"]
"""URN -> schema version, or None where there is none."""

MAX_DAYS = 90
"""How long a waiver may last, unless the file says otherwise."""


def _specifier(text: str) -> str:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        raise ValueError("a version range such as '>=2.0.0,<3.0.0'") from None
    return text


class Waiver(BaseModel):
    """One waiver: a fingerprint, or a rule with a dataset (and a field, and values)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fingerprint: str | None = Field(default=None, pattern="^[0-9a-f]{16}$", description="Fingerprint of one finding.")
    rule: str | None = Field(default=None, description="Rule id; needs `urn`.")
    urn: str | None = Field(default=None, description="URN or name, `*` and `?` are wildcards; never `*` alone.")
    field: str | None = Field(default=None, description="Field path, `*` and `?` are wildcards; absent = any.")
    from_: str | None = Field(default=None, alias="from", description="The old value it is for.")
    to: str | None = Field(default=None, description="The new value it is for.")
    versions: Annotated[str, AfterValidator(_specifier)] | None = Field(
        None, description="Range of schema versions that it starts from, such as `<3.0.0`."
    )
    reason: str = Field(min_length=3, description="Why the change is acceptable.")
    ticket: str | None = Field(default=None, description="Where it was discussed.")
    requested_by: str = Field(description="Who asked for it.")
    approved_by: list[str] = Field(min_length=1, description="Who approved it: not who asked.")
    created: date = Field(description="Day from which it counts.")
    expires: date = Field(description="Last day on which it counts.")
    max_severity: Severity = Field(default="breaking", description="It covers findings up to this severity.")

    @model_validator(mode="after")
    def _sound(self) -> Waiver:
        if (self.fingerprint is None) == (self.rule is None):
            raise ValueError("either a fingerprint, or a rule with a urn")
        if self.rule is not None and (self.urn is None or not self.urn.strip("*?")):
            raise ValueError("a urn that names something; `*` alone would waive every dataset")
        if self.rule is not None and not self.rule.strip("*?"):
            raise ValueError("one rule; `*` would waive every finding")
        if set(self.approved_by) <= {self.requested_by}:
            raise ValueError("an approver who is not the one who asked")
        if self.expires < self.created:
            raise ValueError("an expiry on or after `created`")
        return self

    def fits(self, change: Change, version: str | None) -> bool:
        """Tell whether this waiver is for a finding, whatever the date."""
        if SEVERITIES.index(change.severity) < SEVERITIES.index(self.max_severity):
            return False
        if self.versions is not None and not _within(version, self.versions):
            return False
        if self.fingerprint is not None:
            return change.fingerprint == self.fingerprint
        assert self.rule is not None
        assert self.urn is not None
        return (
            change.rule == self.rule
            and (_glob(change.urn, self.urn) or _glob(urn_name(change.urn), self.urn))
            and (self.field is None or _glob(change.path, self.field))
            and (self.from_ is None or change.before == self.from_)
            and (self.to is None or change.after == self.to)
        )


def _glob(text: str, pattern: str) -> bool:
    """Match `*` and `?` only: brackets are part of field paths."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _within(version: str | None, specifier: str) -> bool:
    try:
        return version is not None and Version(version) in SpecifierSet(specifier)
    except InvalidVersion:
        return False


class WaiverFile(BaseModel):
    """`lumos-waivers.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = Field(default=1, description="Version of this file's form.")
    max_days: int = Field(default=MAX_DAYS, ge=1, le=3650, description="Longest life of a waiver, in days.")
    security_approvers: list[str] = Field(default=[], description="Who may approve findings about governance.")
    waivers: list[Waiver] = Field(default=[], description="The waivers.")

    @model_validator(mode="after")
    def _short(self) -> WaiverFile:
        for number, waiver in enumerate(self.waivers, 1):
            if (waiver.expires - waiver.created).days > self.max_days:
                raise ValueError(f"waiver {number} to last at most {self.max_days} days")
        return self


class Waivers:
    """Waivers applied to the findings of one run.

    Attributes:
        notes: Expired and unused waivers, and those that lack a security approver.
    """

    def __init__(self, file: WaiverFile, path: Path | None, today: date) -> None:
        self._file, self._path, self._today = file, path, today
        self._used: set[int] = set()
        self._notes: dict[str, None] = {}
        self._owners = code_owners(path) if path is not None else None

    def apply(self, changes: Iterable[Change], version_of: VersionOf) -> Iterator[Change]:
        """Return every change, marked where a waiver covers it. `version_of(urn)` is the schema version before."""
        for change in changes:
            reason = self._reason(change, version_of)
            yield replace(change, waived=reason) if reason else change

    def _reason(self, change: Change, version_of: VersionOf) -> str:
        for number, waiver in enumerate(self._file.waivers):
            if not waiver.fits(change, version_of(change.urn) if waiver.versions else None):
                continue
            self._used.add(number)
            label = f"waiver {number + 1} ({waiver.reason})"
            if not waiver.created <= self._today <= waiver.expires:
                state = "expired on" if self._today > waiver.expires else "does not count before"
                day = waiver.expires if self._today > waiver.expires else waiver.created
                self._notes[f"waiver-expired: {label} {state} {day}; {change.rule} on {change.urn} counts"] = None
            elif change.security and not self._security_approved(waiver):
                self._notes[f"waiver-unapproved: {label} needs somebody of `security_approvers`"] = None
            else:
                return waiver.reason
        return ""

    def _security_approved(self, waiver: Waiver) -> bool:
        approvers = {name.lstrip("@") for name in waiver.approved_by} - {waiver.requested_by.lstrip("@")}
        allowed = {name.lstrip("@") for name in self._file.security_approvers}
        if self._owners is not None:
            allowed &= self._owners
        return bool(approvers & allowed)

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know about the file after all findings were judged."""
        unused = [
            f"waiver-unused: waiver {number + 1} ({waiver.reason}) covered nothing; remove it"
            for number, waiver in enumerate(self._file.waivers)
            if number not in self._used
        ]
        return (*self._notes, *unused)


def code_owners(path: Path) -> frozenset[str] | None:
    """Return who owns a file by the nearest CODEOWNERS above it; None when there is no such file or rule.

    Source: the CODEOWNERS rules of GitHub and GitLab; the last pattern that matches wins.
    """
    for folder in path.resolve().parents:
        for place in (
            folder / "CODEOWNERS",
            folder / ".github" / "CODEOWNERS",
            folder / "docs" / "CODEOWNERS",
        ):
            if place.is_file():
                return _owners_of(path.resolve().relative_to(folder).as_posix(), place)
    return None


def _owners_of(name: str, place: Path) -> frozenset[str] | None:
    found: frozenset[str] | None = None
    for line in place.read_text(encoding="utf-8", errors="replace").splitlines():
        pattern, *owners = re.split(r"\s+", line.split("#")[0].strip())
        anchored = pattern.lstrip("/")
        if pattern and (
            fnmatchcase(name, anchored)
            or ("/" not in anchored and fnmatchcase(name.rsplit("/", 1)[-1], anchored))
            or (anchored.endswith("/") and name.startswith(anchored))
        ):
            found = frozenset(owner.lstrip("@") for owner in owners)
    return found
