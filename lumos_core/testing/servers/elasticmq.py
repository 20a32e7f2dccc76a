"""ElasticMQ for tests: queues like those of SQS, in memory; visibility, dead letters and long polling are right.

It needs a JDK of version 17 or later and Maven (37 MB, once). Downloads are kept in `LUMOS_SERVER_CACHE` (default:
`~/.cache/lumos/servers`). It takes any credentials, and sends nothing when S3 has something to tell: see `bridge`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import Server, Unavailable, free_port
from .mongo import _fetch, _java, _locked, _process, _said, _wait, cache

VERSION = "1.6.12"
REGION = "us-east-1"
ACCOUNT = "000000000000"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>local</groupId>\
<artifactId>run</artifactId><version>1</version><dependencies><dependency><groupId>org.elasticmq</groupId>\
<artifactId>elasticmq-server_2.13</artifactId><version>{VERSION}</version></dependency></dependencies></project>
"""
_SETTINGS = """\
include classpath("application.conf")
generate-node-address = false
node-address {{ protocol = http, host = "127.0.0.1", port = {port}, context-path = "" }}
rest-sqs {{ enabled = true, bind-port = {port}, bind-hostname = "127.0.0.1", sqs-limits = strict }}
rest-stats {{ enabled = false }}
aws {{ region = {region}, accountId = {account} }}
"""


@contextmanager
def start(folder: Path) -> Iterator[Server]:
    """Start a server without queues.

    Raises:
        Unavailable: When there is no JDK or no Maven, or the download fails.
    """
    java, libraries, port = _java(), _libraries(), free_port()
    settings, log = folder / "elasticmq.conf", folder / "elasticmq.log"
    settings.write_text(_SETTINGS.format(port=port, region=REGION, account=ACCOUNT), encoding="utf-8")
    flags = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true", "-Xmx256m"]
    flags += [f"-Dconfig.file={settings}", "-cp", str(libraries / "*")]
    with _process([java, *flags, "org.elasticmq.server.Main"], log) as process:
        # It ends when the port is taken, so that what it says is about itself.
        _wait(process, log, lambda: _said(log, rf"(ElasticMQ server \({VERSION}\)) started"))
        yield Server("127.0.0.1", port, "any", "any", f"http://127.0.0.1:{port}", process.pid, f"ElasticMQ {VERSION}")


def _libraries() -> Path:
    """Return the folder of the jars; Maven fetches them once."""
    target = cache() / f"elasticmq-{VERSION}"
    with _locked(cache() / f"elasticmq-{VERSION}.lock"):
        if (target / ".done").is_file():
            return target
        maven = shutil.which("mvn")
        if maven is None:
            raise Unavailable("ElasticMQ is fetched by Maven, and there is no mvn here: install maven")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        (target / "pom.xml").write_text(_POM, encoding="utf-8")
        command = [maven, "-q", "-B", "-ntp", _COPY, f"-DoutputDirectory={target}", "-DincludeScope=runtime"]
        _fetch(command, target, "ElasticMQ cannot be fetched by Maven")
        (target / ".done").touch()
    return target
