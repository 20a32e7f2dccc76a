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

A test of the kit is only overridden together with a mark `pytest.mark.xfail(reason=...)`; each test's docstring says
what to look at when it fails.
"""

from __future__ import annotations

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
