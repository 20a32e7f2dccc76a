r"""The conformance kit: subclass one class per component, fill a few properties, run pytest.

Example:
    ```python
    from lumos_core.testing.kit import FormatKit

    class TestCsv(FormatKit):
        name = "csv"
        options = {}
        sample = {"orders.csv": b"id,amount\n1,9.50\n"}
        broken = {}
    ```

A test of the kit is only overridden together with a mark `pytest.mark.xfail(reason=...)`, and a test that fails prints
what to look at. The docstring of each class shows an example and lists everything that can be filled in.
"""

from __future__ import annotations

from importlib.util import find_spec

if lacking := [name for name in ("hypothesis", "pytest") if find_spec(name) is None]:
    raise ImportError(f"the conformance kit needs {' and '.join(lacking)}: pip install 'lumos-core[testing]'")

from . import rewrite  # noqa: F401 - first, so that the others are rewritten
from .catalog import CatalogKit
from .cost import CostModelKit
from .differ import DifferKit
from .enricher import EnricherKit
from .executor import ExecutorKit
from .faults import forbidden
from .format import FormatKit
from .reporter import ReporterKit
from .source import SourceKit
from .store import StoreKit

__all__ = [
    "CatalogKit",
    "CostModelKit",
    "DifferKit",
    "EnricherKit",
    "ExecutorKit",
    "FormatKit",
    "ReporterKit",
    "SourceKit",
    "StoreKit",
    "forbidden",
]
