"""A strict fake of DataHub's metadata service (GMS) for tests.

    from lumos_testing_datahub import DataHubFake

    with DataHubFake() as fake:
        ...  # any client of DataHub, at fake.url

`python -m lumos_testing_datahub --port 8080` runs it as a program.
"""

from __future__ import annotations

from .fake import DataHubFake

__all__ = ["DataHubFake"]
__version__ = "0.1.0"
