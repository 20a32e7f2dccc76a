"""Makes the helper beside the tests importable by name."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

if "orc_tails" not in sys.modules:
    spec = importlib.util.spec_from_file_location("orc_tails", Path(__file__).with_name("orc_tails.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["orc_tails"] = module
    spec.loader.exec_module(module)
