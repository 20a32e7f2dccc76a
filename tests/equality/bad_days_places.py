"""Catalogs that have bad days: a fake of each kind that can be set back, what people did there, and what is held."""

from __future__ import annotations

import base64
import copy
import importlib.util
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from lumos_testing_datahub import DataHubFake
from lumos_testing_openmetadata import OpenMetadataFake

from lumos_core.config.types import ComponentSpec
from lumos_core.model import urns
from lumos_core.model.elements import Description, TagLink
from lumos_core.model.entities import Dataset
from lumos_core.model.record import AnyRecord, Record, canonical, decode
from lumos_core.model.scope import Scope
from lumos_core.plugin_api import Operation
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.estates import Estate
from lumos_core.testing.servers.http import Answer, HttpFake, Request

ROOT = Path(__file__).parents[2]
CANARY = "canary-9f3b7c51d2e84a60-no-one-may-see-this"
"""The secret of every catalog whose fake lets us choose it."""
STEWARD = "urn:lumos:tag:steward-was-here"
Held = dict[str, str]
"""URN -> canonical JSON, without aliases, `captured`, and what Lumos says of versions."""


def fake_atlas() -> HttpFake:
    """A fake Atlas that takes the canary as its password."""
    name = "bad_days_fake_atlas"
    if name not in sys.modules:
        path = ROOT / "plugins/lumos-catalog-atlas/tests/fake_atlas.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    kind: Any = sys.modules[name].FakeAtlas

    class Guarded(kind):  # type: ignore[misc]
        def check(self, request: Request) -> Answer | None:
            given = request.headers.get("authorization", "").removeprefix("Basic ")
            if base64.b64decode(given).decode() != f"admin:{CANARY}":
                return Answer.html("<html><title>Error 401</title></html>", 401)
            request.headers["authorization"] = "Basic " + base64.b64encode(b"admin:secret").decode()
            return super().check(request)  # type: ignore[no-any-return]

    made: HttpFake = Guarded()
    return made


class Place:
    """A catalog behind HTTP whose state can be kept and set back.

    Attributes:
        writes: (method, path) of the requests that write.
        reads: (method, path) of those that read single records.
        lists: (method, path) of those that list.
        exact: (method, path) of those whose answer always names what was asked for, so that nothing is no answer.
        secrets: Texts that nobody may ever see.
    """

    name = ""
    writes: tuple[tuple[str, str], ...] = ()
    reads: tuple[tuple[str, str], ...] = ()
    lists: tuple[tuple[str, str], ...] = ()
    exact: tuple[tuple[str, str], ...] = ()
    version_path = ""

    def __init__(self, fake: Any) -> None:
        self.fake = fake
        self.secrets = [CANARY]

    def line(self) -> dict[str, Any]:
        """What stands in `catalogs:`; the secret comes from `BAD_DAYS_TOKEN`."""
        options = {"retries": 1, "workers": 2, "timeout": 5, "page_size": 7}
        return {"type": self.name, "name": "target", "server": self.fake.url, "token": "${BAD_DAYS_TOKEN}", **options}

    def options(self) -> dict[str, Any]:
        """What builds the catalog itself."""
        line = {key: value for key, value in self.line().items() if key not in ("type", "name")}
        return json.loads(json.dumps(line).replace("${BAD_DAYS_TOKEN}", self.secrets[0]))  # type: ignore[no-any-return]

    def parts(self) -> list[Any]:
        """The objects whose attributes are the state."""
        raise NotImplementedError

    def keep(self) -> list[dict[str, Any]]:
        """Return a copy of the state."""
        parts = self.parts()
        memo = {id(part): part for part in [*parts, self.fake]}
        return [copy.deepcopy(self._state(part), dict(memo)) for part in parts]

    def back(self, kept: list[dict[str, Any]]) -> None:
        """Set the state back."""
        parts = self.parts()
        memo = {id(part): part for part in [*parts, self.fake]}
        for part, state in zip(parts, kept, strict=True):
            part.__dict__.update(copy.deepcopy(state, dict(memo)))
        self.fake.faults.clear()
        self.fake.defects.clear()

    def _state(self, part: Any) -> dict[str, Any]:
        return dict(part.__dict__)

    def strangers(self) -> None:
        """Put things there that Lumos does not understand."""
        raise NotImplementedError

    def strange(self) -> Any:
        """What became of them, as the server holds it."""
        raise NotImplementedError

    def size(self) -> Any:
        """How many things of each type the server holds, live and removed."""
        raise NotImplementedError


class DataHubPlace(Place):
    name = "datahub"
    writes = (("POST", r"/openapi/v3/entity/\w+\?"),)
    reads = (("POST", "batchGet"),)
    exact = reads
    lists = (("POST", "scroll"),)
    version_path = "/config"

    def __init__(self) -> None:
        super().__init__(DataHubFake(token=CANARY))

    def parts(self) -> list[Any]:
        return [self.fake.store]

    def strangers(self) -> None:
        self._host = next(urn for urn in self.fake.store.entities if "t00002_" in urn)
        embed = {"renderUrl": "https://bi.example/<x>?a=1"}
        model = "urn:li:mlModel:(urn:li:dataPlatform:science,churn,PROD)"
        for urn, aspect, value in (
            (self._host, "embed", embed),
            (model, "mlModelProperties", {"description": "who leaves us", "tags": []}),
        ):
            self.fake.engine.commit([self.fake.engine.propose(urn, aspect, "UPSERT", value)])
        self._strange = [(self._host, "embed"), (model, "mlModelProperties")]

    def strange(self) -> Any:
        return [self.fake.store.entities[urn].aspects[aspect] for urn, aspect in self._strange]

    def size(self) -> Any:
        found: dict[str, int] = {}
        for held in self.fake.store.entities.values():
            removed = "status" in held.aspects and b"true" in held.aspects["status"].value
            found[f"{held.type} {removed}"] = found.get(f"{held.type} {removed}", 0) + 1
        return found


class OpenMetadataPlace(Place):
    name = "openmetadata"
    writes = tuple((method, "/api/v1/(?!users/login|search)") for method in ("POST", "PUT", "PATCH", "DELETE"))
    reads = (("GET", r"/api/v1/\w+/name/"),)
    exact = reads
    lists = (("GET", r"/api/v1/\w+\?.*limit"),)
    version_path = "/system/version"

    def __init__(self) -> None:
        super().__init__(OpenMetadataFake("2.0"))
        self.secrets = [self.fake.bot_token]

    def parts(self) -> list[Any]:
        return [self.fake.world]

    def _post(self, kind: str, body: dict[str, Any]) -> Any:
        import urllib.request

        request = urllib.request.Request(
            f"{self.fake.url}/api/v1/{kind}",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.fake.admin_token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def strangers(self) -> None:
        model = {"serviceType": "Mlflow", "connection": {"config": {"type": "Mlflow"}}}
        service = self._post("services/mlmodelServices", {"name": "science", **model})
        body = {"name": "churn", "algorithm": "forest", "service": service["fullyQualifiedName"]}
        made = self._post("mlmodels", body)
        self._strange = [service["id"], made["id"]]

    def strange(self) -> Any:
        return [self.fake.world.store.heads[identity] for identity in self._strange]

    def size(self) -> Any:
        found: dict[str, int] = {}
        for head in self.fake.world.store.heads.values():
            key = f"{head.kind} {head.deleted}"
            found[key] = found.get(key, 0) + 1
        return found


class AtlasPlace(Place):
    name = "atlas"
    writes = (("POST", "/entity/bulk$"), ("DELETE", "/entity/bulk"))
    reads = (("GET", "/entity/bulk"),)
    exact = (("GET", r"/entity/bulk\?guid"),)
    lists = (("POST", "/search/basic"),)
    version_path = "/admin/version"

    def __init__(self) -> None:
        super().__init__(fake_atlas())
        self.secrets = [CANARY, base64.b64encode(f"admin:{CANARY}".encode()).decode()]

    def line(self) -> dict[str, Any]:
        line = super().line()
        secret = line.pop("token")
        return {**line, "user": "admin", "password": secret}

    def parts(self) -> list[Any]:
        return [self.fake]

    def _state(self, part: Any) -> dict[str, Any]:
        return {key: part.__dict__[key] for key in ("defs", "entities", "_named", "_rows", "_known", "clock")}

    def strangers(self) -> None:
        entity = {
            "typeName": "jms_topic",
            "guid": "-1",
            "attributes": {"qualifiedName": "news@primary", "name": "news", "uri": "tcp://x", "topic": "news"},
            "customAttributes": {"cost-centre": "4711"},
            "labels": ["theirs"],
        }
        request = Request("POST", "/", {}, json.dumps({"entities": [entity]}).encode())
        (self._strange,) = self.fake.upsert(request)["guidAssignments"].values()

    def strange(self) -> Any:
        return json.dumps(self.fake.entities[self._strange], sort_keys=True)

    def size(self) -> Any:
        found: dict[str, int] = {}
        for entity in self.fake.entities.values():
            key = f"{entity['typeName']} {entity['status']}"
            found[key] = found.get(key, 0) + 1
        return found


PLACES: dict[str, Callable[[], Place]] = {
    "datahub": DataHubPlace,
    "openmetadata": OpenMetadataPlace,
    "atlas": AtlasPlace,
}


# ---- the estate, and what happens to it ------------------------------------------------------------------------------

ESTATE = Estate(datasets=15, fields=4, stats=False)


def before() -> list[AnyRecord]:
    """What the source says at first."""
    return list(ESTATE.records())


def after() -> list[AnyRecord]:
    """What it says later: six tables described anew, one gone, four new ones in a schema of their own."""
    changed = []
    for record in before():
        if record.urn == ESTATE.dataset(14):
            continue
        if record.kind == "dataset" and record.urn in {ESTATE.dataset(number) for number in range(3, 9)}:
            record.value.description = Description(source=f"described anew: {record.value.name}")
        changed.append(record)
    wider = Estate(datasets=19, fields=4, stats=False)
    known = {record.urn for record in before()}
    changed += [
        record
        for record in wider.records()
        if record.kind == "dataset" and record.urn in {wider.dataset(number) for number in range(15, 19)} - known
    ]
    return sorted(changed, key=lambda record: (record.kind, record.urn))


HUMAN = {ESTATE.dataset(number): f"typed by Ann, no. {number}" for number in (2, 4, 5, 9)}
"""Dataset -> what people typed into its page; of some of them the source changes, too."""


def build(name: str, options: dict[str, Any]) -> Any:
    """Build a catalog as a stranger to all runs."""
    return ComponentSpec("catalog", name, options).build()


def people(catalog: Any) -> None:
    """Let people describe and tag some datasets."""
    held = {record.urn: record.value for record in catalog.read(Scope(urns=frozenset(HUMAN)), MemoryContext())}
    operations = []
    for urn, text in HUMAN.items():
        value = held[urn]
        source = value.description.source if value.description else None
        tags = sorted([*value.tags, TagLink(STEWARD)], key=lambda tag: (tag.tag, tag.value or ""))
        new = Dataset(description=Description(source=source, manual=text), tags=tags)
        operations.append(Operation(kind="dataset", urn=urn, action="update", set=new))
    outcomes = list(catalog.write(operations, MemoryContext()))
    assert {outcome.status for outcome in outcomes} == {"written"}, outcomes


def held(catalog: Any) -> Held:
    """Return what a catalog holds."""
    try:
        return {record.urn: _plain(record) for record in catalog.read(Scope(), MemoryContext())}
    finally:
        catalog.close()


def _plain(record: AnyRecord) -> str:
    one = decode(canonical(record))
    for key in ("aliases", "captured"):
        if hasattr(one.value, key):
            setattr(one.value, key, [])
    if hasattr(one.value, "properties"):
        one.value.properties = [pair for pair in one.value.properties if pair[0] != "cloud_version"]
    return canonical(one).decode()


def texts(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file that a run left."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def leaks(folder: Path, told: str, secrets: Iterable[str]) -> list[str]:
    """Return where a secret stands."""
    found = []
    for secret in secrets:
        found += ["the output"] if secret in told else []
        found += [str(path) for path, data in texts(folder) if secret.encode() in data]
    return found


def copied(folder: Path, to: Path) -> Path:
    """Copy a pipeline with its state."""
    shutil.copytree(folder, to)
    return to


NAMES = (
    'quo"te',
    "co::lons",
    "dots.and spaces",
    "ünïcödé ☃",
    "line\nbreak",
    "%2F/sl\\ash",
    "x" * 300,
    "(brackets),PROD",
)
"""What no catalog expects of a table."""


def hostile() -> list[AnyRecord]:
    """Tables with such names, and one with ten megabytes of description."""
    made = []
    for number, name in enumerate([*NAMES, "huge"]):
        text = "ten megabytes " * 750_000 if name == "huge" else f"hostile, no. {number}"
        value = Dataset(name=name, description=Description(source=text), captured=["description"])
        made.append(decode(canonical(Record(urns.dataset("postgres", name), value))))
    return made
