"""Writes the pages of `docs/reference/` that are made from the code; a test fails when one of them is stale.

`python docs/generate.py` writes them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from generator import PAGES

REFERENCE = Path(__file__).parent / "reference"


def main() -> int:
    """Write every page that is not as it should be."""
    for name, make in PAGES.items():
        text, path = make(), REFERENCE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
