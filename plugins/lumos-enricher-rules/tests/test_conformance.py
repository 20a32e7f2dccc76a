"""The conformance kit, with a rules file that uses every part."""

from __future__ import annotations

import pytest

from lumos_core.testing.kit.enricher import EnricherKit

RULES = """
version: 1
users: [{id: ann, name: Ann A, email: ann@example.org, title: Analyst, active: true, groups: [shop]}]
groups: [{id: shop, name: Shop, email: shop@example.org}]
domains: [{id: sales}]
terms: [{id: order, synonyms: [purchase]}]
tags: [{id: pii}, {id: pii.email, parent: pii}]
jobs: [{id: nightly/load, platform: airflow, owners: [{owner: "group:shop"}]}]
datasets:
  - {match: "*", owners: [{owner: "group:shop", type: steward}], fields: {id: {description: The number}}}
lineage: [{from: [customers], to: orders, via: nightly/load, columns: [{from: ["customers#id"], to: [id]}]}]
"""


class TestRules(EnricherKit):
    name = "rules"
    options = {"path": "rules.yaml"}

    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "rules.yaml").write_text(RULES)
        return tmp_path
