"""Run the fake: `python -m lumos_testing_datahub --port 8080 --token secret`."""

from __future__ import annotations

import argparse

from .fake import DataHubFake


def main(arguments: list[str] | None = None) -> None:
    """Serve until ^C."""
    parser = argparse.ArgumentParser(
        prog="python -m lumos_testing_datahub", description="A strict fake of DataHub's GMS"
    )
    parser.add_argument("--port", type=int, default=8080, help="where to listen on 127.0.0.1; 0 takes a free port")
    parser.add_argument("--token", default="", help="what requests must bear; without it, everybody may come in")
    parser.add_argument("--index-lag", type=float, default=0.0, metavar="SECONDS", help="how late the search index is")
    parser.add_argument("--oracle", action="store_true", help="let the SDK's own classes judge, too (acryl-datahub)")
    given = parser.parse_args(arguments)
    oracle = None
    if given.oracle:
        from .oracle import sdk

        oracle = sdk()
    DataHubFake(port=given.port, token=given.token, index_seconds=given.index_lag, oracle=oracle).run()


if __name__ == "__main__":
    main()
