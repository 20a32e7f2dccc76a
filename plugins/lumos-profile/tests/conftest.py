"""Without the sketches (a Python for which they have no wheel yet) there is nothing to test here."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("datasketches") is not None else ["test_*.py"]
