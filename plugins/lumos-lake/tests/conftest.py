"""Makes the helpers beside the tests importable by name (also for `module:Class` in a pipeline)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

for alias, file in (("lake_tiny_formats", "tiny_formats.py"), ("lake_generator", "lake_generator.py")):
    if alias not in sys.modules:
        spec = importlib.util.spec_from_file_location(alias, Path(__file__).with_name(file))
        module = importlib.util.module_from_spec(spec)
        sys.modules[alias] = module
        spec.loader.exec_module(module)
