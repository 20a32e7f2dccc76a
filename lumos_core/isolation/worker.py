"""The program that runs in the other environment: `python -I -m lumos_core.isolation.worker NONCE`.

Standard input and output become private pipes before anything else is imported; what a component prints goes to
standard error, and what it reads is empty.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Serve until the other side hangs up."""
    reader, writer = os.fdopen(os.dup(0), "rb", 1 << 16), os.fdopen(os.dup(1), "wb", 1 << 16)
    os.dup2(2, 1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)

    from .frames import Pipes
    from .serving import Server, greeting

    # What ran before this line (a `.pth` file, a `sitecustomize`) may have printed; the nonce says where we begin.
    writer.write(greeting(sys.argv[1]))
    writer.flush()
    pipes = Pipes(reader, writer)
    if hasattr(os, "register_at_fork"):
        # A copy that outlives the worker would keep the pipe open, and hide from the run that the worker is gone.
        os.register_at_fork(after_in_child=pipes.disown)
    Server(pipes).serve()


if __name__ == "__main__":
    main()
