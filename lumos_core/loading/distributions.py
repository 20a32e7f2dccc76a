"""Which plugins are installed, told from metadata alone: nothing of a plugin is imported here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import importlib_metadata
from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .. import __version__

GROUP = "lumos.plugins"
KERNEL = "lumos-core"


class Candidate(NamedTuple):
    """An entry point of the group `lumos.plugins`.

    Attributes:
        name: Of the entry point.
        module: The manifest module.
        distribution: Name of the distribution.
        version: Of the distribution.
        requires: Its `Requires-Dist` lines.
        problem: Why its metadata cannot be used; empty when it can.
    """

    name: str
    module: str
    distribution: str
    version: str
    requires: tuple[str, ...] = ()
    problem: str = ""


def candidates(group: str = GROUP) -> list[Candidate]:
    """Return every entry point of a group, sorted by distribution and name, each distribution read on its own."""
    found: list[Candidate] = []
    seen: set[str] = set()
    for distribution in importlib_metadata.distributions():
        try:
            found += _of(distribution, group, seen)
        except Exception as error:  # whatever its metadata are, the others are read
            place = str(getattr(distribution, "_path", distribution))
            why = f"its metadata cannot be read: {type(error).__name__}: {error}"
            found.append(
                Candidate(name=place.rpartition("/")[2], module="", distribution=place, version="", problem=why)
            )
    return sorted(found, key=lambda item: (canonicalize_name(item.distribution), item.name))


def _of(distribution: Any, group: str, seen: set[str]) -> Iterator[Candidate]:
    text = distribution.read_text("entry_points.txt")
    if not text or group not in text:
        return
    name = distribution.metadata["Name"]
    if not name:
        raise ValueError("it has no Name")
    # The first on the path wins, as it does for imports.
    if canonicalize_name(name) in seen:
        return
    seen.add(canonicalize_name(name))
    requires = tuple(distribution.requires or ())
    for point in distribution.entry_points:
        if point.group == group:
            yield Candidate(point.name, point.value, name, distribution.version or "", requires)


def incompatibility(candidate: Candidate, kernel: str = __version__) -> str:
    """Say why a plugin does not fit this kernel, from its own `Requires-Dist`; empty when it fits."""
    for line in candidate.requires:
        try:
            requirement = Requirement(line)
            if canonicalize_name(requirement.name) != KERNEL or not _applies(requirement):
                continue
            if not requirement.specifier.contains(Version(kernel), prereleases=True):
                return f"it needs {KERNEL} {requirement.specifier}, and this is {KERNEL} {kernel}"
        except (InvalidRequirement, InvalidVersion):
            if KERNEL in canonicalize_name(line.partition(";")[0]):
                return f"its requirement on the kernel cannot be read: {line!r}"
    return ""


def _applies(requirement: Requirement) -> bool:
    try:
        return requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    except UndefinedEnvironmentName:
        return False
