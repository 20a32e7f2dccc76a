"""What is no data, unless somebody says so."""

from __future__ import annotations

import pytest
from lumos_lake.discovery.noise import noise_file


@pytest.mark.parametrize("name", ["web.ini", "pipeline.yaml", "page.html", "notes.md"])
def test_texts_are_data_where_a_named_format_claims_them(name):
    assert noise_file(name, hidden=False)
    assert not noise_file(name, hidden=False, claimed=True)


@pytest.mark.parametrize("name", ["_SUCCESS", "part-0.crc", "README.md", "schema.json", ".hidden.ini", "x.tmp"])
def test_noise_stays_noise_whatever_claims_it(name):
    assert noise_file(name, hidden=False, claimed=True)
