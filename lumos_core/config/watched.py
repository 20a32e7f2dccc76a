"""The block `watch:` of a source, and `change_detection`, another way to write the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, Field

from ..contracts.component import Config
from ..contracts.source import Source
from ..contracts.watch import Mode, WatchConfig
from .problems import Loc, Problem
from .reading import validate
from .variables import Resolved

KEY = "watch"
"""The key of the block in the entry of a source."""

ALIAS = "change_detection"
"""The key at the top of a pipeline file that says the same for all sources."""

_TYPE = re.compile(r"(?:s3:)?Object(?P<what>Created|Removed|Deleted)(?::.+)?\Z")


def own_watch(model: type[BaseModel]) -> bool:
    """Tell whether a component has the block among its own options."""
    return KEY in model.model_fields


def check_watch(written: Mapping[str, Any], base: Path) -> tuple[WatchConfig | None, list[Problem]]:
    """Validate the block of a source that has no options of its own for it; None where there is none."""
    block = written.get(KEY)
    if block is None:
        return None, []
    made, problems = validate(WatchConfig, block, {"base": base})
    return made, [problem.under(KEY) for problem in problems]


def check_mode(component: type[Any], watch: Any) -> list[Problem]:
    """Refuse to wait for the events of a source that tells none."""
    tells = getattr(component, "watch", None) not in (None, Source.watch)
    if isinstance(watch, WatchConfig) and watch.mode == "events" and not tells:
        what = "this source tells of no events, so that it would be looked at only once"
        return [Problem((KEY, "mode"), what, "`mode: polling` looks at it every `interval` seconds")]
    return []


def _event_type(text: str) -> str:
    if _TYPE.match(text) is None:
        raise ValueError("ObjectCreated, ObjectDeleted, or as S3 writes it, `s3:ObjectCreated:*`")
    return text


class DetectedSource(Config):
    """Which source of the pipeline is watched, and how."""

    type: str = Field(min_length=1, description="Type of the source, as in `sources`.")
    bucket: str | None = Field(default=None, description="The one with this `bucket`; any by default.")
    prefix: str | None = Field(default=None, description="The one with this `prefix`; any by default.")
    watch_mode: Mode | None = Field(default=None, description="`mode` of `watch`.")
    polling_interval: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="`interval` of `watch`, in seconds."
    )
    event_types: list[Annotated[str, AfterValidator(_event_type)]] | None = Field(
        default=None,
        min_length=1,
        description="`events` of `watch`: `ObjectCreated`, `ObjectDeleted`, or the names that S3 has for them.",
        examples=[["ObjectCreated", "s3:ObjectRemoved:*"]],
    )
    sqs_queue: str | None = Field(default=None, description="`sqs_queue` of `watch`.")


class ChangeDetection(Config):
    """Another way to write `watch` of the sources."""

    enabled: bool = Field(default=True, description="`false`: what stands here has no effect.")
    sources: list[DetectedSource] = Field(default_factory=list, description="What is watched.")


_SAME: tuple[tuple[str, str], ...] = (
    ("watch_mode", "mode"),
    ("polling_interval", "interval"),
    ("event_types", "events"),
    ("sqs_queue", "sqs_queue"),
)


class Merged(NamedTuple):
    """A pipeline whose `change_detection` was written into its sources.

    Attributes:
        data: The whole of it.
        places: Index of a source -> index of the entry of `change_detection` that its block came from.
        problems: What fits no source, or one that has a block already.
    """

    data: Mapping[str, Any]
    places: Mapping[int, int]
    problems: list[Problem]

    def place(self, problem: Problem) -> Problem:
        """Return a problem of a block where its text stands."""
        match problem.loc:
            case ("sources", int(number), "watch", *rest) if number in self.places:
                keys = {own: alias for alias, own in _SAME}
                inner: Loc = (keys.get(str(rest[0]), rest[0]), *rest[1:]) if rest else ()
                return problem._replace(loc=(ALIAS, "sources", self.places[number], *inner))
        return problem


def merged(data: Mapping[str, Any]) -> Merged:
    """Write `change_detection` into the sources that it means; what is wrong with its own form is told elsewhere."""
    block, sources = data.get(ALIAS), data.get("sources")
    entries = block.get("sources") if isinstance(block, Mapping) else None
    if not isinstance(entries, list) or not isinstance(sources, list) or _off(block):
        return Merged(data, {}, [])
    made, places, problems = [*sources], dict[int, int](), list[Problem]()
    for index, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            continue
        loc = (ALIAS, "sources", index)
        fitting = [number for number, source in enumerate(sources) if _fits(entry, source)]
        if not fitting:
            fix = "`type`, and `bucket` and `prefix` where they are given, must be those of an entry of `sources`"
            problems.append(Problem(loc, "no source of this pipeline is meant by this entry", fix))
        for number in fitting:
            source = made[number] if isinstance(made[number], Mapping) else {"type": made[number]}
            if source.get(KEY) is not None:
                what = "the source that this entry means has a `watch` already"
                problems.append(Problem(loc, what, "say it in one place"))
                continue
            made[number] = {**source, KEY: _block(entry)}
            places[number] = index
    return Merged({**data, "sources": made}, places, problems)


def _off(block: Any) -> bool:
    return str(Resolved(block).data.get("enabled")).lower() in ("false", "no", "off", "0", "n", "f")


def _fits(entry: Mapping[str, Any], source: Any) -> bool:
    options = Resolved(source if isinstance(source, Mapping) else {"type": source}).data
    wanted = Resolved(entry).data
    if _plain(options.get("type")) != _plain(wanted.get("type")):
        return False
    return all(
        wanted.get(key) is None or _trimmed(options.get(key)) == _trimmed(wanted[key]) for key in ("bucket", "prefix")
    )


def _plain(type_: Any) -> str:
    return str(type_).rpartition("/")[2]


def _trimmed(value: Any) -> str:
    return str(value or "").strip("/")


def _block(entry: Mapping[str, Any]) -> dict[str, Any]:
    block = {own: entry[alias] for alias, own in _SAME if entry.get(alias) is not None}
    if isinstance(block.get("events"), list):
        block["events"] = list(dict.fromkeys(_happening(text) for text in block["events"]))
    return block


def _happening(text: Any) -> Any:
    found = _TYPE.match(str(Resolved(text).data))
    return text if found is None else "created" if found["what"] == "Created" else "deleted"
