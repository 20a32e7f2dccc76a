"""The version of a dataset: semantic versions of its schema and of everything else (differ.md, section 7).

Pure functions. Every finding counts, waived or not: a waiver lets a pipeline pass, it does not make a break a minor
change. A version that was given is kept in the store and never recomputed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..model.change import BUMPS, SCHEMA_AREAS, SEVERITIES, Bump, Change, Finding, Version
from ..model.entities import Stats
from ..model.record import AnyRecord, Record

FIRST = "1.0.0"
"""The version that a dataset gets when it is first seen; `0.1.0` opts into a phase in which little is promised."""

_SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)\Z")
_PART = "version"


class Semver(NamedTuple):
    """Three numbers that compare as versions do."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse(text: str) -> Semver:
    """Read `1.2.3`.

    Raises:
        ValueError: When it is something else.
    """
    match = _SEMVER.match(text)
    if match is None:
        raise ValueError(f"not a version: {text!r}; expected MAJOR.MINOR.PATCH")
    return Semver(*map(int, match.groups()))


def bumped(version: str, bump: Bump) -> str:
    """Return the version after a bump. Below 1.0.0 the minor number stands for the major one.

    Example:
        >>> bumped("1.4.2", "minor"), bumped("0.4.2", "major")
        ('1.5.0', '0.5.0')
    """
    major, minor, patch = parse(version)
    if bump == "none":
        return version
    if major == 0:
        return str(Semver(0, minor + 1, 0) if bump == "major" else Semver(0, minor, patch + 1))
    if bump == "major":
        return str(Semver(major + 1, 0, 0))
    if bump == "minor":
        return str(Semver(major, minor + 1, 0))
    return str(Semver(major, minor, patch + 1))


def required_bump(changes: Iterable[Change], *, schema: bool | None = None) -> Bump:
    """Return the largest bump that changes require.

    Args:
        changes: Findings about one record.
        schema: True counts schema, keys and layout only, False all other areas, None everything.
    """
    counted = (change for change in changes if schema is None or (change.area in SCHEMA_AREAS) == schema)
    return max((change.bump for change in counted), key=BUMPS.index, default="none")


def next_version(
    previous: Version | None,
    changes: Sequence[Change],
    *,
    digest: str,
    release: str,
    run: str | None = None,
    by: str | None = None,
    first: str = FIRST,
) -> Version | None:
    """Return the version that a dataset gets after a run, or None when it keeps the one it has.

    It keeps it when its line is the one that `previous` was given for, so that the same run can be repeated, and
    when nothing that was found requires a bump.

    Args:
        previous: The version it has; None when it never had one.
        changes: Findings about this dataset since then.
        digest: SHA-256 of its line now; empty when it is gone.
        release: The release that the new state belongs to.
        run: Id of the run.
        by: Who ran it.
        first: Schema and metadata version of a dataset that is new.
    """
    if previous is None:
        schema = metadata = str(parse(first))
        bump, before = None, None
    else:
        bump, before = required_bump(changes), previous.digest
        if digest == previous.digest or bump == "none":
            return None
        schema = bumped(previous.schema, required_bump(changes, schema=True))
        metadata = bumped(previous.metadata, required_bump(changes, schema=False))
    return Version(
        schema=schema,
        metadata=metadata,
        release=release,
        digest=digest,
        previous=before or None,
        run=run,
        bump=bump,
        by=by,
        findings=[finding(change) for change in sorted(changes, key=_worst_first)],
    )


def finding(change: Change) -> Finding:
    """Return what history keeps of a change."""
    return Finding(
        rule=change.rule,
        severity=change.severity,
        fingerprint=change.fingerprint,
        path=change.path,
        before=change.before,
        after=change.after,
        message=change.message,
        waived=change.waived,
    )


def _worst_first(change: Change) -> tuple[int, str, str, str]:
    return SEVERITIES.index(change.severity), change.rule, change.path, change.fingerprint


def version_prefix(urn: str) -> str:
    """Return what the URNs of all version lines of a record begin with, for `Store.history`."""
    return f"{urn}#{_PART}@"


def version_urn(urn: str, at: str) -> str:
    """Return the URN of the stats record that keeps the version of a dataset given at a time (RFC 3339 UTC)."""
    return f"{version_prefix(urn)}{at}"


def version_record(urn: str, at: str, version: Version) -> AnyRecord:
    """Return the stats record that keeps a version.

    Args:
        urn: The dataset.
        at: RFC 3339 UTC time of the run.
        version: What was given.
    """
    return Record(version_urn(urn, at), Stats(version=version))


def versioned_urn(stats_urn: str) -> str | None:
    """Return the dataset whose version a stats URN keeps; None when it keeps something else."""
    urn, mark, _ = stats_urn.rpartition(f"#{_PART}@")
    return urn if mark else None
