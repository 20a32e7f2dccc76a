"""Makes the helpers beside the tests importable by name (also for `module:Class` in a pipeline)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

for alias, file in (("lake_tiny_formats", "tiny_formats.py"), ("lake_generator", "lake_generator/__init__.py")):
    if alias not in sys.modules:
        path = Path(__file__).parent / file
        inside = [str(path.parent)] if path.name == "__init__.py" else None
        spec = importlib.util.spec_from_file_location(alias, path, submodule_search_locations=inside)
        module = importlib.util.module_from_spec(spec)
        sys.modules[alias] = module
        spec.loader.exec_module(module)
