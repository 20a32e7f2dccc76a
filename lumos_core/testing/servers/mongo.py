"""MongoDB for tests: two servers that speak its protocol, since MongoDB's own comes from no package registry.

`start` runs mongo-java-server, which needs a JDK of version 17 or later and Maven. `Second` runs nx-27017 from an
environment of its own. Downloads are kept in `LUMOS_SERVER_CACHE` (default: `~/.cache/lumos/servers`).

What they get wrong, tests must know:

- mongo-java-server ignores the filter of `listCollections`, drops views, validators and options of collections
  silently, keeps no users, has no transactions and no change streams. It shuffles for `$sample` by sorting with a
  comparator that contradicts itself, which Java's sort refuses once in ten times; the older sort does not look.
- nx-27017 accepts too much, renames indexes, tells no kinds of numbers apart, and refuses Decimal128.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import Server, Unavailable, free_port

PATIENCE = 60.0
"""Seconds that a start or a stop may take."""
DOWNLOAD = 600.0
"""Seconds that the one download may take."""
JARS = (
    "de.bwaldvogel:mongo-java-server:1.47.0",
    "org.slf4j:slf4j-nop:2.0.16",
)
NX = "nx-27017==0.8.1"
_JAVA = 17
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
# The library announces wire version 8; today's drivers want 9 or more.
_MAIN = """
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

public class Main {
    public static void main(String[] arguments) throws Exception {
        MemoryBackend backend = new MemoryBackend();
        backend.version(new MongoVersion() {
            public List<Integer> getVersionArray() { return List.of(5, 0, 0); }
            public int getWireVersion() { return 13; }
        });
        MongoServer server = new MongoServer(backend);
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        server.bind("127.0.0.1", 0);
        System.out.println("READY " + server.getLocalAddress().getPort());
        System.out.flush();
        Thread.currentThread().join();
    }
}
"""


def cache() -> Path:
    """Return the folder that keeps downloads."""
    named = os.environ.get("LUMOS_SERVER_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(named) if named else home / "lumos" / "servers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def start(folder: Path, heap_mib: int = 512) -> Iterator[Server]:
    """Start mongo-java-server, in memory.

    Args:
        folder: For its program and its log.
        heap_mib: MiB that it may take; some 10 KB per small document.

    Raises:
        Unavailable: When there is no JDK or no Maven, or the download fails.
    """
    java, libraries = _java(), _libraries()
    main = folder / "Main.java"
    main.write_text(_MAIN, encoding="utf-8")
    log = folder / "mongo-java-server.log"
    flags = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true", f"-Xmx{heap_mib}m"]
    flags.append("-Djava.util.Arrays.useLegacyMergeSort=true")  # for `$sample`, see above
    with _process([java, *flags, "-cp", str(libraries / "*"), str(main)], log) as process:
        port = int(_wait(process, log, lambda: _said(log, r"^READY (\d+)$")))
        yield _server(port, process.pid, "mongo-java-server 1.47.0")


class Second:
    """nx-27017, as a module of this package offers its server."""

    @staticmethod
    @contextmanager
    def start(folder: Path) -> Iterator[Server]:
        """Start nx-27017, in memory.

        Raises:
            Unavailable: When it cannot be installed.
        """
        program = _nx()
        log = folder / "nx-27017.log"
        port = free_port()
        command = [str(program), "--db", "memory", "-p", str(port), "--log-file", str(folder / "own.log")]
        with _process([*command, "--pid-file", str(folder / "nx.pid")], log) as process:
            _wait(process, log, lambda: "yes" if _answers(port) else "")
            yield _server(port, process.pid, NX)


def _server(port: int, pid: int, version: str) -> Server:
    return Server("127.0.0.1", port, "", "", f"mongodb://127.0.0.1:{port}/", pid, version)


def _java() -> str:
    for candidate in (os.environ.get("JAVA_HOME", "") + "/bin/java", shutil.which("java") or ""):
        if not Path(candidate).is_file():
            continue
        said = subprocess.run([candidate, "-version"], capture_output=True, text=True, check=False).stderr
        version = re.search(r'version "(\d+)', said)
        if version and int(version[1]) >= _JAVA:
            return candidate
    raise Unavailable(f"no Java {_JAVA} or later here: install a JDK, or name it in JAVA_HOME")


def _libraries() -> Path:
    """Return the folder of the jars; Maven fetches them once."""
    target = cache() / "mongo-java-server-1.47.0"
    with _locked(target.with_suffix(".lock")):
        if (target / ".done").is_file():
            return target
        maven = shutil.which("mvn")
        if maven is None:
            raise Unavailable("mongo-java-server is fetched by Maven, and there is no mvn here: install maven")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        wanted = "".join(
            f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency>"
            for group, name, version in (jar.split(":") for jar in JARS)
        )
        (target / "pom.xml").write_text(
            '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>local</groupId>'
            f"<artifactId>run</artifactId><version>1</version><dependencies>{wanted}</dependencies></project>",
            encoding="utf-8",
        )
        command = [maven, "-q", "-B", "-ntp", _COPY, f"-DoutputDirectory={target}", "-DincludeScope=runtime"]
        _fetch(command, target, "mongo-java-server cannot be fetched by Maven")
        (target / ".done").touch()
    return target


def _nx() -> Path:
    """Return the program of nx-27017; it is installed once, into an environment of its own."""
    target = cache() / f"nx-27017-0.8.1-py{sys.version_info[0]}.{sys.version_info[1]}"
    program = target / "bin" / "nx-27017"
    with _locked(target.with_suffix(".lock")):
        if not (target / ".done").is_file():
            shutil.rmtree(target, ignore_errors=True)
            _fetch([sys.executable, "-m", "venv", str(target)], cache(), "no environment can be made for nx-27017")
            pip = [str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", NX]
            _fetch(pip, cache(), f"{NX} cannot be installed")
            (target / ".done").touch()
    return program


def _fetch(command: list[str], folder: Path, what: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=DOWNLOAD)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{what}: {type(error).__name__}") from None
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
        raise Unavailable(f"{what}: {last[0][:300]}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _process(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a session of its own; end it by its id."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path, ready: Callable[[], str]) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        if said := ready():
            return said
        time.sleep(0.05)
    text = log.read_text(encoding="utf-8", errors="replace").strip()[-500:]
    raise Unavailable(f"the server does not start: {text or 'it says nothing'}")


def _said(log: Path, pattern: str) -> str:
    found = re.search(pattern, log.read_text(encoding="utf-8", errors="replace"), flags=re.M)
    return found[1] if found else ""


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False
