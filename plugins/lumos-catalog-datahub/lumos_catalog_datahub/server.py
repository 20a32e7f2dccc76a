"""The metadata service: which models it has, what it holds, and writing to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from lumos_remote import (
    Bearer,
    Broken,
    Client,
    Exists,
    Forbidden,
    Missing,
    Moved,
    NotData,
    Refused,
    RemoteError,
    TooLarge,
    Unauthorised,
    Unsupported,
    each,
    segments,
    version_of,
)

from lumos_core.plugin_api import CatalogError, Context, RetryableError

from .config import DataHubConfig
from .names import entity_of
from .native import Thing
from .settings import settings

V3 = "/openapi/v3/entity"
OLDEST = (0, 14)
"""The first version whose API this speaks."""
NEWEST = (2,)
"""The first version that it does not know."""
MOST = 200
"""Aspects of a request."""
LARGEST = 15 * 1024 * 1024
"""Bytes of a request."""

_MOVED = (Moved, Exists)
_SINGLE = (Refused, Forbidden, Broken, Missing)  # about what was sent, not about the service
_WHERE = "give the address of the metadata service (`http://host:8080`), or that of the pages with `/api/gms` behind it"


class Write(NamedTuple):
    """An aspect to be written.

    Attributes:
        urn: Of the entity.
        aspect: Its name.
        value: Its value; None deletes it.
        version: What it must be at: a number, `-1` for absent, empty for no condition.
    """

    urn: str
    aspect: str
    value: Any
    version: str = ""


class Failure(NamedTuple):
    """Why an entity was not written; `moved` when it was changed meanwhile."""

    reason: str
    moved: bool = False


class Server:
    """A metadata service.

    Args:
        config: The options.
        ctx: The run; polled while waiting.
    """

    def __init__(self, config: DataHubConfig, ctx: Context) -> None:
        found = settings(config)
        self.address = found.server
        self._config = config
        self._ctx = ctx
        auth = Bearer(found.token) if found.token else None
        wanted = config.model_copy(update={"server": found.server})
        self.client = Client.of(wanted, auth=auth, cancelled=ctx.cancelled)
        self._models: dict[str, frozenset[str]] | None = None
        self._specified = True

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    def check(self) -> None:
        """Prove that it is a metadata service of a known version that lets us in.

        Raises:
            CatalogError: It is not, and why.
        """
        try:
            config = self.client.get("/config").value
        except (NotData, Missing) as error:
            raise self._not_gms(error.why or error.what) from error
        if not isinstance(config, dict) or config.get("noCode") != "true":
            raise self._not_gms("its /config does not say `noCode: true`")
        told = config.get("versions", {})
        version = told.get("acryldata/datahub", told.get("linkedin/datahub", {})).get("version", "")
        numbers = version_of(version)
        if numbers and numbers[0] + sum(numbers) > 0 and not OLDEST <= numbers < NEWEST:
            raise Unsupported(
                f"the server says it is DataHub {str(version)[:40]!r}",
                why=f"this plugin speaks DataHub from {_dotted(OLDEST)} to before {_dotted(NEWEST)}",
                fix="use a version of the plugin that speaks it, or check `server`",
            )
        try:
            self.client.post(f"{V3}/scroll", {"entities": ["tag"]}, {"count": 1}, idempotent=True)
        except Unauthorised as error:
            raise CatalogError(
                f"{self.address} does not let us in",
                why=error.why or error.what,
                fix="give `token`, an access token of DataHub (Settings, Access Tokens), set DATAHUB_GMS_TOKEN, or run "
                "`datahub init`",
                where="token",
            ) from error

    def _not_gms(self, why: str) -> CatalogError:
        return CatalogError(
            f"{self.address} is not a metadata service of DataHub",
            why=why,
            fix=_WHERE,
            where="server",
        )

    def models(self) -> Mapping[str, frozenset[str]]:
        """Return entity -> its aspects, as the server says; empty when it is too old to say."""
        if self._models is None:
            self._models = {}
            start = 0
            while True:
                query = {"start": start, "count": 100}
                try:
                    page = self.client.get("/openapi/v1/registry/models/entity/specifications", query).value
                except (Missing, Refused, Forbidden, Broken):
                    break
                for spec in page["elements"]:
                    names = [one["aspectAnnotation"]["name"] for one in spec["aspectSpecs"]]
                    self._models[spec["name"]] = frozenset(names)
                start += len(page["elements"])
                if not page["elements"] or start >= page["total"]:
                    break
        return self._models

    def listed(self, entities: Sequence[str]) -> Iterator[list[str]]:
        """Yield the URNs of all entities of some types, soft-deleted ones too, page by page.

        Raises:
            CatalogError: The listing is not complete, or gives something twice.
        """
        parts = [_Part(number, self._config.slices) for number in range(self._config.slices)]
        seen: set[str] = set()
        while parts:
            for part, page in zip(
                parts,
                each(lambda part: self._page(entities, part), parts, self._config.workers, self._ctx),
                strict=True,
            ):
                urns = [found["urn"] for found in page["entities"]]
                part.count += len(urns)
                part.total = page.get("totalCount", 0)
                part.next = page.get("scrollId") if urns else None
                fresh = set(urns)
                if len(fresh) < len(urns) or fresh & seen:
                    raise self._torn("it gives the same entity twice")
                seen |= fresh
                if part.next is None and part.count < part.total:
                    raise self._torn(f"it ends after {part.count} of {part.total} entities")
                yield urns
            parts = [part for part in parts if part.next is not None]

    def _torn(self, why: str) -> RetryableError:
        return RetryableError(
            "DataHub's listing is not complete",
            why=why,
            fix="run again when nothing else writes; if it stays so, rebuild DataHub's index (`restore-indices`)",
            where=self.address,
        )

    def _page(self, entities: Sequence[str], part: _Part) -> Any:
        query: dict[str, Any] = {
            "count": self._config.page_size,
            "includeSoftDelete": True,
            "query": "*",
            "scrollId": part.next,
        }
        if part.of > 1:
            query |= {"sliceId": part.number, "sliceMax": part.of}
        page = self.client.post(f"{V3}/scroll", {"entities": list(entities)}, query, idempotent=True).value
        if not isinstance(page, dict) or not isinstance(page.get("entities"), list):
            raise self._torn("an answer is no page of a listing")
        return page

    def get(self, urns: Iterable[str]) -> dict[str, Thing]:
        """Return those of some entities that exist, read from the primary storage.

        Raises:
            CatalogError: They cannot be read.
        """
        by_entity: dict[str, list[str]] = {}
        for urn in dict.fromkeys(urns):
            by_entity.setdefault(entity_of(urn), []).append(urn)
        requests = [
            (entity, chunk) for entity, wanted in by_entity.items() for chunk in _chunks(wanted, self._config.batch)
        ]
        found: dict[str, Thing] = {}
        for things in each(lambda request: self._get(*request), requests, self._config.workers, self._ctx):
            found.update((thing.urn, thing) for thing in things)
        return found

    def _get(self, entity: str, urns: list[str]) -> list[Thing]:
        path = V3 + segments(entity, "batchGet")
        body = [{"urn": urn} for urn in urns]
        answer = self.client.post(path, body, {"systemMetadata": True}, idempotent=True).value
        if not isinstance(answer, list):
            raise CatalogError("DataHub's answer is no list of entities", where=path)
        return [_thing(held) for held in answer]

    def write(self, writes: Sequence[Write]) -> dict[str, Failure]:
        """Write aspects, at most as many at once as DataHub takes; what of an entity fails, is told by its URN.

        Raises:
            RetryableError: The service is busy or out of reach.
            CatalogError: It does not let us in, or is no metadata service.
        """
        failures: dict[str, Failure] = {}
        chunks = list(_batches([one for one in writes if one.value is not None], self._config.batch))
        for failed in each(self._send, chunks, self._config.workers, self._ctx):
            failures.update(failed)
        for one in writes:
            if one.value is None and one.urn not in failures:
                failures.update(self._delete(one))
        return failures

    def _send(self, writes: list[Write]) -> dict[str, Failure]:
        """Write a chunk; what is refused as a whole is tried in halves, down to single entities."""
        body: dict[str, dict[str, Any]] = {}
        for one in writes:
            envelope: dict[str, Any] = {"value": one.value}
            if one.version:
                envelope["headers"] = {"If-Version-Match": one.version}
            body.setdefault(one.urn, {"urn": one.urn})[one.aspect] = envelope
        path = V3 + segments(entity_of(writes[0].urn))
        query = {"async": False, "systemMetadata": False}
        try:
            # Conditions make it repeatable: what was applied already is refused, and read again.
            self.client.post(path, list(body.values()), query, idempotent=True)
        except (*_MOVED, TooLarge, *_SINGLE) as error:
            if len(body) == 1:
                urn = writes[0].urn
                if len(writes) > 1 and isinstance(error, TooLarge):
                    return {key: value for one in writes for key, value in self._send([one]).items()}
                return {urn: Failure(_reason(error), isinstance(error, _MOVED))}
            middle = len(body) // 2
            first = set(list(body)[:middle])
            halves = [one for one in writes if one.urn in first], [one for one in writes if one.urn not in first]
            return {**self._send(halves[0]), **self._send(halves[1])}
        return {}

    def _delete(self, one: Write) -> dict[str, Failure]:
        path = V3 + segments(entity_of(one.urn), one.urn)
        try:
            self.client.delete(path, {"aspects": one.aspect})
        except Missing:
            return {}
        except _SINGLE as error:
            return {one.urn: Failure(_reason(error))}
        return {}


class _Part:
    """Where a slice of a listing stands."""

    def __init__(self, number: int, of: int) -> None:
        self.number, self.of = number, of
        self.next: str | None = None
        self.count = self.total = 0


def _thing(held: dict[str, Any]) -> Thing:
    aspects: dict[str, Any] = {}
    versions: dict[str, str] = {}
    for name, envelope in held.items():
        if name != "urn" and isinstance(envelope, dict) and "value" in envelope:
            aspects[name] = envelope["value"]
            version = (envelope.get("systemMetadata") or {}).get("version")
            if version is not None:
                versions[name] = str(version)
    return Thing(held["urn"], aspects, versions)


def _chunks(items: Iterable[str], size: int) -> Iterator[list[str]]:
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def _batches(writes: Sequence[Write], size: int) -> Iterator[list[Write]]:
    """Chunks of one entity type each, small enough; the aspects of an entity stay together."""
    together: dict[str, dict[str, list[Write]]] = {}
    for one in writes:
        together.setdefault(entity_of(one.urn), {}).setdefault(one.urn, []).append(one)
    for by_urn in together.values():
        batch: list[Write] = []
        weight = 0
        for group in by_urn.values():
            own = sum(len(msgspec.json.encode(one.value)) + 200 for one in group)
            if batch and (len(batch) + len(group) > min(size, MOST) or weight + own > LARGEST):
                yield batch
                batch, weight = [], 0
            batch += group
            weight += own
        if batch:
            yield batch


def _reason(error: RemoteError) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
