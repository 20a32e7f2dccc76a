"""The vendor's own models as judges of what clients send and what the fake answers.

The package `openmetadata-ingestion` lives in an environment of its own: it is heavy, excludes many others, and from 1.6
on it is under the Collate Community License. It is only ever asked there, by its interpreter.

Example:
    ```python
    with OpenMetadataFake("1.6") as fake:
        fake.record = True
        ...  # a client writes
    verdict = Oracle("/envs/openmetadata-1.5/bin/python").judge([*fake.recorded, *fake.answers()])
    assert verdict.complaints == [] and verdict.judged > 100
    ```
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .store import decode, encode

_JUDGE = Path(__file__).with_name("judge.py")


class Verdict(NamedTuple):
    """What the models say.

    Attributes:
        judged: How many values were parsed.
        complaints: What does not parse, and why.
        unjudged: For what there is no model in that version of the vendor's package.
    """

    judged: int
    complaints: list[str]
    unjudged: list[str]


class Oracle:
    """Parses JSON with the vendor's generated models.

    Args:
        python: Interpreter of an environment that has `openmetadata-ingestion`.
        timeout: Seconds that a verdict may take; importing the models alone takes about ten.
    """

    def __init__(self, python: str | Path, timeout: float = 300.0) -> None:
        self.python = str(python)
        self.timeout = timeout

    def judge(self, records: Iterable[tuple[str, bytes]]) -> Verdict:
        """Parse records.

        Args:
            records: What each is (`create table`, `table`, `lineage`, ...) and its JSON; see `recorded` of the fake.

        Raises:
            RuntimeError: The interpreter failed, or has no such package.
        """
        lines = b"".join(encode([what, decode(body)]) + b"\n" for what, body in records)
        command = [self.python, "-W", "ignore", str(_JUDGE)]
        done = subprocess.run(command, input=lines, capture_output=True, timeout=self.timeout, check=False)
        if done.returncode:
            raise RuntimeError(f"the oracle failed: {done.stderr.decode(errors='replace')[-2000:]}")
        found = decode(done.stdout.splitlines()[-1])
        return Verdict(found["judged"], found["complaints"], found["unjudged"])
