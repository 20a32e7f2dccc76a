"""One side of the migration benchmark, in a process of its own.

`record` migrates, `replay` sends the same requests, `serve` answers them. Prints one line of JSON: seconds, requests,
peak memory in bytes, verdicts.
"""

from __future__ import annotations

import json
import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any

import urllib3
from urllib3.connectionpool import HTTPConnectionPool


def record(source: str, target: str, log: str) -> dict[str, Any]:
    """Migrate, and write down every request."""
    send = HTTPConnectionPool.urlopen
    count, lock = 0, threading.Lock()
    with Path(log).open("wb") as file:

        def urlopen(self: Any, method: str, url: str, body: Any = None, headers: Any = None, **more: Any) -> Any:
            nonlocal count
            count += 1
            place = f"{self.scheme}://{self.host}:{self.port}"
            answer = send(self, method, url, body=body, headers=headers, **more)
            with lock:
                pickle.dump((place, method, url, body, dict(headers or {})), file)
            return answer

        HTTPConnectionPool.urlopen = urlopen  # type: ignore[method-assign]
        import lumos_core

        begin = time.perf_counter()
        result = lumos_core.migrate(source, target)
        seconds = time.perf_counter() - begin
    return {
        "seconds": seconds,
        "requests": count,
        "memory": peak(),
        "verdicts": dict(result.tally.records),
        "failures": [failure.reason for failure in result.failures][:3],
    }


def replay(log: str, token: str, places: str) -> dict[str, Any]:
    """Send the requests of a log again, one after the other, on connections that are kept.

    Args:
        log: What `record` wrote.
        token: Of the fresh target.
        places: JSON: address in the log -> address now.
    """
    where, pool = json.loads(places), urllib3.PoolManager(retries=False)
    statuses: dict[str, int] = {}
    seconds, count = 0.0, 0
    with Path(log).open("rb") as file:
        while True:
            try:
                place, method, url, body, headers = pickle.load(file)
            except EOFError:
                break
            if place in where:
                place = where[place]
                headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
                headers["Authorization"] = f"Bearer {token}"
            path = url if url.startswith("/") else "/" + url.split("/", 3)[3]
            begin = time.perf_counter()
            status = pool.request(method, place + path, body=body, headers=headers).status
            seconds += time.perf_counter() - begin
            count += 1
            key = f"{status // 100}xx"
            statuses[key] = statuses.get(key, 0) + 1
    return {"seconds": seconds, "requests": count, "memory": peak(), "statuses": statuses}


def serve() -> None:
    """Serve a fake of OpenMetadata that gives one name one id, whenever it is asked: what was recorded fits again."""
    import uuid
    from types import SimpleNamespace

    from lumos_testing_openmetadata import OpenMetadataFake, writing

    def uuid4() -> uuid.UUID:
        asking = sys._getframe(1).f_locals
        name = asking["made"].get("fullyQualifiedName") or asking["made"]["name"]
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{asking['kind']} {name}")

    writing.uuid = SimpleNamespace(uuid4=uuid4)  # type: ignore[assignment]
    with OpenMetadataFake("2.0") as fake:
        print(fake.url, fake.bot_token, flush=True)
        sys.stdin.read()


def peak() -> int:
    """Peak memory of this process in bytes; what `getrusage` says would count its parent before the fork."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "serve":
        serve()
        sys.exit()
    print(json.dumps({"record": record, "replay": replay}[what](*arguments)))
