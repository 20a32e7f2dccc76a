"""What the tests against rivals share: environments of vendors, what fakes hold, and records without what gathers."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lumos_core.config.types import ComponentSpec
from lumos_core.model.record import AnyRecord, canonical, decode
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext

QUIET = {"DATAHUB_TELEMETRY_ENABLED": "false", "DATAHUB_DEBUG": "false", "PYTHONWARNINGS": "ignore"}
STAMPS = frozenset({"time", "aspectCreated", "aspectModified", "lastModifiedAt", "createdAt"})
"""Members of DataHub's aspects that say when something was written."""

Held = dict[str, dict[str, Any]]
"""Native id -> part -> value."""


def environment_of(name: str) -> Path:
    """Return the Python of an environment that the nox session `rival-catalogs` has built.

    A missing one is a failure, so that nothing of this is left out unseen.
    """
    found = os.environ.get(f"LUMOS_RIVAL_CATALOGS_{name}")
    if not found:
        pytest.fail(f"LUMOS_RIVAL_CATALOGS_{name} names no Python: run `nox -s rival-catalogs`")
    return Path(found)


class Programs:
    """Runs programs of other environments in a folder, which is their home, too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, command: list[str | Path], environ: Mapping[str, str] | None = None, *, fails: bool = False
    ) -> str:
        """Run to the end, and return what it printed.

        Args:
            command: The program, by its path, and its arguments.
            environ: Further variables; those of this process that concern Lumos or the vendors are left out.
            fails: It is to fail; then what it printed is both outputs.
        """
        own = {key: value for key, value in os.environ.items() if not key.startswith(("LUMOS_", "DATAHUB_"))}
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env={**own, **QUIET, "HOME": str(self.folder), **(environ or {})},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"{command[:3]}: {(done.stdout + done.stderr)[-6000:]}"
        return done.stdout + done.stderr if fails else done.stdout


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    """What runs programs in the folder of the test."""
    return Programs(tmp_path)


@pytest.fixture
def interpreter() -> Callable[[str], Path]:
    """`environment_of`."""
    return environment_of


def plain(record: AnyRecord) -> AnyRecord:
    """Return a copy of a record without `aliases`, which gather on the way, and `captured`."""
    copy = decode(canonical(record))
    for key in ("aliases", "captured"):
        if hasattr(copy.value, key):
            setattr(copy.value, key, [])
    return copy


def read_all(line: dict[str, Any], ctx: MemoryContext | None = None) -> dict[str, AnyRecord]:
    """Return what a catalog holds, URN -> record, as a line of `catalogs:` names it."""
    options = {key: value for key, value in line.items() if key != "type"}
    catalog: Any = ComponentSpec("catalog", line["type"], options).build()
    try:
        return {record.urn: record for record in catalog.read(Scope(), ctx or MemoryContext())}
    finally:
        catalog.close()


@pytest.fixture
def holding() -> Callable[..., dict[str, AnyRecord]]:
    """`read_all`."""
    return read_all


@pytest.fixture
def plainly() -> Callable[[AnyRecord], AnyRecord]:
    """`plain`."""
    return plain


def in_datahub(fake: Any) -> Held:
    """Return every aspect and event that a fake of DataHub holds, without the times of writing."""
    return {
        urn: {
            **{name: _timeless(json.loads(stored.value)) for name, stored in held.aspects.items()},
            **{
                f"{name}@{event.at}": _timeless(json.loads(event.value))
                for name, events in held.series.items()
                for event in events
            },
        }
        for urn, held in fake.store.entities.items()
    }


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(part) for key, part in value.items() if key not in STAMPS}
    return [_timeless(part) for part in value] if isinstance(value, list) else value


def in_openmetadata(fake: Any) -> Held:
    """Return every entity that a fake of OpenMetadata holds, as it is answered; ids are names, times are left out.

    References to others stand in the order of their random ids, and are put into that of their names.
    """
    names = {identity: f"{head.kind} {head.fqn}" for identity, head in fake.world.store.heads.items()}
    found: Held = {}
    for kind, body in fake.answers():
        text = body.decode().replace(fake.url, "")
        text = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda match: names.get(match[0], "?"), text)
        value = _unordered(json.loads(text))
        left = {key: part for key, part in value.items() if key not in ("updatedAt", "usageSummary")}
        found[f"{kind} {value.get('fullyQualifiedName') or len(found)}"] = left
    return found


def _unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unordered(part) for key, part in value.items()}
    if not isinstance(value, list):
        return value
    parts = [_unordered(part) for part in value]
    if all(isinstance(part, dict) and "id" in part and "type" in part for part in parts):
        return sorted(parts, key=lambda part: json.dumps(part, sort_keys=True))
    return parts


@pytest.fixture
def datahub_holds() -> Callable[[Any], Held]:
    """`in_datahub`."""
    return in_datahub


@pytest.fixture
def openmetadata_holds() -> Callable[[Any], Held]:
    """`in_openmetadata`."""
    return in_openmetadata


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Say where two mappings of mappings differ, for people."""
    lines = [f"only here: {key}" for key in sorted(one.keys() - other.keys())]
    lines += [f"only there: {key}" for key in sorted(other.keys() - one.keys())]
    for key in sorted(one.keys() & other.keys()):
        if one[key] != other[key]:
            parts = one[key].keys() | other[key].keys() if isinstance(one[key], dict) else ()
            told = [
                f"{key} {part}: {one[key].get(part)!r:.300} is {other[key].get(part)!r:.300}"
                for part in sorted(parts)
                if one[key].get(part) != other[key].get(part)
            ]
            lines += told or [f"{key}: {one[key]!r:.600} is {other[key]!r:.600}"]
    return lines


@pytest.fixture
def differences() -> Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]]:
    """`differing`."""
    return differing


def gone(before: Any, after: Any) -> Iterator[str]:
    """Say what one value holds and the other does not, wherever it stands; lists are compared as sets."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from (f".{key}{place}" for place in (gone(value, after[key]) if key in after else [" is gone"]))
    elif isinstance(before, list) and isinstance(after, list):
        for one in before:
            if all(True for _ in gone(one, None)) and not any(not list(gone(one, other)) for other in after):
                yield f"[{json.dumps(one)[:200]}] is gone"
    elif before != after:
        yield f": {before!r:.200} is {after!r:.200}"


@pytest.fixture
def lost() -> Callable[[Any, Any], Iterator[str]]:
    """`gone`."""
    return gone
