"""S3, SQS, SNS and STS for tests: moto, which keeps everything in memory and delivers the events of S3 to SQS.

It runs from an environment of its own, which is made once in `LUMOS_SERVER_CACHE` (default: `~/.cache/lumos/servers`):
the whole of moto's server wants libraries of every service of AWS; these four need next to none of them.

What it gets wrong, tests must know:

- Credentials are not checked: any key is right, and nothing is denied.
- Bulk deletes, and deletes of a version, give no event; an upload in parts gives two; an event has no sequencer, and
  the slash of its key is encoded.
- Each page of a listing walks over the whole bucket: 100,000 keys take 40 seconds.
- An object whose key holds a newline can be listed and not be reached.
- A `+` in a key stands as it is in listings with `EncodingType=url`.

Example:
    ```python
    with running(moto, folder) as server:
        client = boto3.client("s3", endpoint_url=server.dsn, aws_access_key_id="x", aws_secret_access_key="x")
    ```
"""

from __future__ import annotations

import json
import shutil
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import Server, Unavailable
from .mongo import _fetch, _locked, _process, _said, _wait, cache

VERSION = "5.2.5"
PACKAGES = (f"moto=={VERSION}", "flask==3.1.3", "flask-cors==6.0.5", "py-partiql-parser==0.6.3", "PyYAML")
SEED = "/lumos-seed"
# The control of the tests: puts objects into a bucket without a request each.
_MAIN = """
import json
from datetime import datetime, timezone
from werkzeug.serving import WSGIRequestHandler, make_server
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeKey, s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *arguments, **more):
        pass


moto = DomainDispatcherApplication(create_backend_app)


def app(environ, start_response):
    if environ["PATH_INFO"] != "/lumos-seed":
        return moto(environ, start_response)
    wanted = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[wanted["bucket"]]
    at = datetime.fromtimestamp(wanted["at"], timezone.utc).replace(tzinfo=None)
    for name, text in wanted["objects"]:
        key = FakeKey(name=name, bucket_name=bucket.name, value=text.encode(), account_id=DEFAULT_ACCOUNT_ID,
                      region_name=bucket.region_name)
        key.last_modified = at
        bucket.keys[name] = key
    start_response("204 No Content", [])
    return []


server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
print("READY", server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def start(folder: Path) -> Iterator[Server]:
    """Start moto's server; `dsn` is its endpoint.

    Args:
        folder: For its program and its log.

    Raises:
        Unavailable: When it cannot be installed.
    """
    python = _environment()
    main, log = folder / "moto_main.py", folder / "moto.log"
    main.write_text(_MAIN, encoding="utf-8")
    with _process([str(python), "-u", str(main)], log) as process:
        port = int(_wait(process, log, lambda: _said(log, r"^READY (\d+)$")))
        yield Server("127.0.0.1", port, "test", "test", f"http://127.0.0.1:{port}", process.pid, f"moto {VERSION}")


def seed(server: Server, bucket: str, objects: Iterable[tuple[str, str]], at: int = 1_767_225_600) -> None:
    """Put objects into a bucket that is there, without a request each and without events.

    Args:
        server: What `start` gave.
        bucket: Its name.
        objects: Key and content.
        at: When they were written: seconds since 1970.
    """
    body = json.dumps({"bucket": bucket, "objects": list(objects), "at": at}).encode()
    _post(server.dsn + SEED, body, {"Content-Type": "application/json"})


def reset(server: Server) -> None:
    """Forget everything that the server holds."""
    _post(f"{server.dsn}/moto-api/reset", b"", {})


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> Any:
    request = urllib.request.Request(url, body, dict(headers), method="POST")
    with urllib.request.urlopen(request, timeout=600) as answer:
        return answer.read()


def _environment() -> Path:
    """Return the interpreter of moto's environment; it is installed once."""
    target = cache() / f"moto-{VERSION}-py{sys.version_info[0]}.{sys.version_info[1]}"
    python = target / "bin" / "python"
    with _locked(target.with_suffix(".lock")):
        if not (target / ".done").is_file():
            shutil.rmtree(target, ignore_errors=True)
            _fetch([sys.executable, "-m", "venv", str(target)], cache(), "no environment can be made for moto")
            _fetch([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], cache(), "moto cannot be installed")
            (target / ".done").touch()
    return python


__all__ = ["PACKAGES", "VERSION", "Unavailable", "reset", "seed", "start"]
