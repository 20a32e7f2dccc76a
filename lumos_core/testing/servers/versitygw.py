"""versitygw for tests: an S3 server over a folder; signatures, versions and preconditions are right.

It is built by Go 1.25 or later (a minute, 0.7 GB of memory, once) and kept in `LUMOS_SERVER_CACHE` (default:
`~/.cache/lumos/servers`). Objects are plain files in `FOLDER/objects/BUCKET`, so that many are made quickly; the file
system must keep extended attributes. What it gets wrong, tests must know:

- Events go to a web hook only, of all buckets, with keys as they are and a sequencer that begins anew at each start.
- Bulk deletes are told by an event of its own, `s3:ObjectRemoved:DeleteObjects`.
- Its events come in any order.
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

VERSION = "1.8.0"
REGION = "us-east-1"


@contextmanager
def start(folder: Path, hook: str = "") -> Iterator[Server]:
    """Start a server without buckets.

    Args:
        folder: For its objects.
        hook: URL that is told of events; somebody must listen there already.

    Raises:
        Unavailable: When it cannot be built or does not start.
    """
    program = built("versitygw", "github.com/versity/versitygw/cmd/versitygw", f"v{VERSION}", (1, 25))
    user, password, port = "lumos", secrets.token_hex(12), free_port()
    objects, versions, log = folder / "objects", folder / "versions", folder / "versitygw.log"
    for needed in (objects, versions):
        needed.mkdir(parents=True, exist_ok=True)
    command = [str(program), "--access", user, "--secret", password, "--region", REGION, "--port", f"127.0.0.1:{port}"]
    command += ["--event-webhook-url", hook] if hook else []
    command += ["posix", "--versioning-dir", str(versions), str(objects)]
    with _process(command, log) as process:
        _wait(process, log, lambda: "yes" if answers_to(port, user, password, REGION) else "")
        yield Server("127.0.0.1", port, user, password, f"http://127.0.0.1:{port}", process.pid, f"versitygw {VERSION}")
