"""The fake as a whole."""

from __future__ import annotations

from typing import Any

from lumos_core.testing.servers.http import Request, route

from .graph import Relationships
from .graphql import GraphQL
from .openapi import OpenApi
from .restli import Restli


class DataHubFake(OpenApi, Restli, Relationships, GraphQL):
    """A strict fake of DataHub's GMS; the arguments are those of `Service`.

    Example:
        ```python
        with DataHubFake(token="secret") as fake:
            fake.faults.when(path="/openapi/v3/entity/scroll", after=1, times=1).answer(503)
            ...  # requests to fake.url
            assert fake.store.entities["urn:li:corpuser:ada"].value("corpUserInfo") == {"active": True}
        ```
    """

    @route("GET", "/health")
    def health(self, request: Request) -> Any:
        """Tell that it lives."""
        return {}

    @route("GET", "/config")
    def config(self, request: Request) -> Any:
        """Tell versions and abilities."""
        return {
            "noCode": "true",
            "models": {},
            "versions": {"acryldata/datahub": {"version": self.version, "commit": "fake"}},
            "managedIngestion": {"defaultCliVersion": self.version.lstrip("v"), "enabled": True},
            "statefulIngestionCapable": True,
            "supportsImpactAnalysis": True,
            "timeZone": "GMT",
            "telemetry": {"enabledCli": False, "enabledIngestion": False},
            "datasetUrnNameCasing": False,
            "retention": "true",
            "patchCapable": True,
            "datahub": {"serverType": "fake", "serverEnv": "core"},
        }
