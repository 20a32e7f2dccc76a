"""MinIO for tests: an S3 server whose signatures, versions, preconditions and multipart uploads are right.

It is built by Go 1.24 or later (five minutes, 1.5 GB of memory, once) and kept in `LUMOS_SERVER_CACHE` (default:
`~/.cache/lumos/servers`). Its licence is the AGPL: a tool of tests, and no dependency of anything. Events go to a web
hook when a bucket's notification names `QUEUE`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import Server, free_port
from .go import built
from .mongo import _process, _wait
from .signed import answers_to

VERSION = "0.0.0-20260212201848-7aac2a2c5b7c"
REGION = "us-east-1"
QUEUE = "arn:minio:sqs::T1:webhook"
"""What a notification names as its queue, so that the web hook is told."""


@contextmanager
def start(folder: Path, hook: str = "") -> Iterator[Server]:
    """Start a server without buckets.

    Args:
        folder: For its objects.
        hook: URL that is told of events; somebody must listen there already.

    Raises:
        Unavailable: When it cannot be built or does not start.
    """
    program = built("minio", "github.com/minio/minio", f"v{VERSION}", (1, 24))
    user, password, port, console = "lumos", secrets.token_hex(12), free_port(), free_port()
    objects, log = folder / "minio", folder / "minio.log"
    objects.mkdir(parents=True, exist_ok=True)
    settings = {"MINIO_ROOT_USER": user, "MINIO_ROOT_PASSWORD": password, "HOME": str(folder)}
    settings |= {"MINIO_BROWSER": "off", "MINIO_UPDATE": "off", "MINIO_CALLHOME_ENABLE": "off"}
    if hook:
        settings |= {"MINIO_NOTIFY_WEBHOOK_ENABLE_T1": "on", "MINIO_NOTIFY_WEBHOOK_ENDPOINT_T1": hook}
    command = [str(program), "server", str(objects), "--address", f"127.0.0.1:{port}"]
    command += ["--console-address", f"127.0.0.1:{console}"]
    # `env` becomes the program, whose id is then its own.
    with _process(["env", *(f"{name}={value}" for name, value in settings.items()), *command], log) as process:
        _wait(process, log, lambda: "yes" if answers_to(port, user, password, REGION) else "")
        yield Server("127.0.0.1", port, user, password, f"http://127.0.0.1:{port}", process.pid, f"MinIO {VERSION}")
