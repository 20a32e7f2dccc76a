"""The differ keeps the promises of its kind."""

from __future__ import annotations

from lumos_core.testing.kit import DifferKit


class TestSemantic(DifferKit):
    name = "semantic"
    options = {"policy": "standard"}
