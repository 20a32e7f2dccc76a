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
        hidden: Other versions of the distribution that lie further on in the path: `2.0 in /path`.
    """

    name: str
    module: str
    distribution: str
    version: str
    requires: tuple[str, ...] = ()
    problem: str = ""
    hidden: tuple[str, ...] = ()


def candidates(group: str = GROUP) -> list[Candidate]:
    """Return every entry point of a group, sorted by distribution and name, each distribution read on its own."""
    found: dict[str, list[Candidate]] = {}
    for distribution in importlib_metadata.distributions():
        place = str(getattr(distribution, "_path", distribution)).replace("\\", "/")
        name = _stem(place)
        try:
            offered = list(_of(distribution, group))
            name = canonicalize_name(offered[0].distribution) if offered else name
        except Exception as error:  # whatever its metadata are, the others are read
            why = f"its metadata cannot be read: {error if type(error) is LookupError else repr(error)}"
            base = place.rpartition("/")[2]
            offered = [Candidate(base, module="", distribution=place, version="", problem=why)]
        # The first on the path wins, as it does for imports.
        first = found.setdefault(name, offered)
        if offered and first is not offered:
            found[name] = [_hiding(candidate, offered[0], place) for candidate in first]
    every = [candidate for candidates in found.values() for candidate in candidates]
    return sorted(every, key=lambda item: (canonicalize_name(item.distribution), item.name))


def _of(distribution: Any, group: str) -> Iterator[Candidate]:
    text = distribution.read_text("entry_points.txt")
    if not text or group not in text:
        return
    if not any(map(distribution.read_text, ("METADATA", "PKG-INFO"))):
        raise LookupError("there are none")
    name = distribution.metadata["Name"]
    if not name:
        raise LookupError("they have no Name")
    requires = tuple(distribution.requires or ())
    for point in distribution.entry_points:
        if point.group == group:
            yield Candidate(point.name, point.value, name, distribution.version or "", requires)


def _stem(place: str) -> str:
    """The name of a distribution as the folder of its metadata tells it, which costs no reading."""
    stem = place.rpartition("/")[2].rpartition(".")[0].partition("-")[0]
    return canonicalize_name(stem) if stem else place


def _hiding(candidate: Candidate, other: Candidate, place: str) -> Candidate:
    """Note another version behind the one that is used; a second copy of the same version is the same thing."""
    if other.version == candidate.version:
        return candidate
    where = f"{other.version or 'a broken copy'} in {place.rpartition('/')[0]}"
    return candidate._replace(hidden=tuple(dict.fromkeys((*candidate.hidden, where))))


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
