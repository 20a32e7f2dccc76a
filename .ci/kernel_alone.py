"""Weigh an environment that holds the kernel's wheel and nothing else, and start the kernel in it.

Run it with that environment's Python. Counted: every installed distribution with the files of its wheel. Not
counted: pip and setuptools, which some environments bring along, and byte code, which Python writes and
discards as it likes.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

MOST_DISTRIBUTIONS = 18
MOST_BYTES = 25 * 1000 * 1000
NOT_COUNTED = {"pip", "setuptools", "wheel"}


def weigh() -> dict[str, int]:
    """Bytes on disk by distribution."""
    sizes: dict[str, int] = {}
    for found in metadata.distributions():
        paths = [Path(str(found.locate_file(file))) for file in found.files or () if file.suffix != ".pyc"]
        sizes[found.metadata["Name"]] = sum(path.stat().st_size for path in paths if path.is_file())
    return {name: size for name, size in sizes.items() if name.lower() not in NOT_COUNTED}


def main() -> int:
    """Print the weights; 1 when there is too much of something or the kernel does not start."""
    sizes = weigh()
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{name:<24}{size / 1e6:8.2f} MB")
    total = sum(sizes.values())
    print(f"{len(sizes)} distributions (at most {MOST_DISTRIBUTIONS})")
    print(f"{total / 1e6:.1f} MB (at most {MOST_BYTES / 1e6:.0f})")
    if "lumos-core" not in sizes or len(sizes) > MOST_DISTRIBUTIONS or total > MOST_BYTES:
        return 1
    lumos = Path(sys.executable).with_name("lumos.exe" if sys.platform == "win32" else "lumos")
    for argument in ("--version", "--help", "plugins"):
        done = subprocess.run([lumos, argument], check=False, stdout=subprocess.DEVNULL)
        if done.returncode:
            print(f"lumos {argument}: exit code {done.returncode}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
