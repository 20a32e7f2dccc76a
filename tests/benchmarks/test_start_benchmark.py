"""How quick the command line starts, against importing just what it cannot do without."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.benchmark

RUNS = 15


def seconds(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def test_help_against_its_bound(record_property):
    """`lumos --help` with all plugins installed <= 2.0x of `python -c "import click, yaml"`: median of pairs."""
    ours = (sys.executable, "-c", "from lumos_core.cli import main; main(['--help'])")
    bound = (sys.executable, "-c", "import click, yaml")
    seconds(*ours), seconds(*bound)
    pairs = [(seconds(*ours), seconds(*bound)) for _ in range(RUNS)]
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    record_property("ratio", round(ratio, 2))
    print(f"\nlumos --help: {statistics.median(p[0] for p in pairs) * 1000:.0f} ms, {ratio:.2f}x of the bound")
    assert ratio <= 2.0
