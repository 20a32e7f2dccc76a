"""Print the coverage of each package from one coverage run and fail where one is below its floor.

Usage: ``coverage_by_package.py COVERAGE_JSON PACKAGE...``. Statements and branches are counted together, as
``coverage report`` does. The kernel owes 90 %, a plugin 80 %.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

FLOORS = {"lumos_core": 90.0}
FLOOR = 80.0


def main(report: str, packages: list[str]) -> int:
    """Compare each package with its floor; 1 when one is below it or was never imported."""
    totals = {package: [0, 0] for package in packages}
    for name, entry in json.loads(Path(report).read_text(encoding="utf-8"))["files"].items():
        package = next((part for part in Path(name).parts if part in totals), None)
        if package is not None:
            summary = entry["summary"]
            totals[package][0] += summary["covered_lines"] + summary.get("covered_branches", 0)
            totals[package][1] += summary["num_statements"] + summary.get("num_branches", 0)
    below = 0
    for package, (covered, of) in totals.items():
        floor = FLOORS.get(package, FLOOR)
        percent = 100.0 * covered / of if of else 0.0
        short = percent < floor
        below += short
        print(f"{package:<28}{percent:6.1f} %  (at least {floor:.0f} %){'  BELOW' if short else ''}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
