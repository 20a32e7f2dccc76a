"""The fake as a program: `python -m lumos_testing_openmetadata --port 8585 --version 2.0`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .fake import DEFAULT_VERSION, OpenMetadataFake


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until ^C; prints the URL and a token of the bot."""
    parser = argparse.ArgumentParser(prog="lumos-testing-openmetadata", description=__doc__)
    parser.add_argument("--port", type=int, default=8585, help="where to listen, on 127.0.0.1; 0 takes a free port")
    parser.add_argument("--version", default=DEFAULT_VERSION, help="1.6, 2.0 or a full version")
    parser.add_argument("--lag", type=float, default=0.0, help="seconds until search knows of a change")
    given = parser.parse_args(arguments)
    fake = OpenMetadataFake(given.version, lag=given.lag, port=given.port)
    print(f"OpenMetadata {fake.world.version} (fake); user admin@open-metadata.org, password admin; bot token:")
    print(fake.bot_token, flush=True)
    fake.run()


if __name__ == "__main__":
    main()
