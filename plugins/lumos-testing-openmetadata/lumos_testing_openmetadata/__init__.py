"""A strict fake of the OpenMetadata server, for tests: both version families, with faults, in memory.

Example:
    ```python
    from lumos_testing_openmetadata import OpenMetadataFake

    with OpenMetadataFake("2.0") as fake:
        fake.faults.when(method="PUT", path="/api/v1/tables", times=1).answer(503)
        ...  # requests to fake.url with fake.bot_token, or fake.person("ann")
        assert fake.calls["PUT /api/v1/tables"] == 2
    ```
"""

from .fake import DEFAULT_VERSION, VERSIONS, OpenMetadataFake
from .oracle import Oracle, Verdict

__version__ = "0.1.0"
__all__ = ["DEFAULT_VERSION", "VERSIONS", "OpenMetadataFake", "Oracle", "Verdict", "__version__"]
