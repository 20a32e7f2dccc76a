"""A pipeline file of which only the catalogs are meant."""

from __future__ import annotations

import pytest

from lumos_core.config.api import load_pipeline
from lumos_core.config.catalog_file import load_catalog_file
from lumos_core.errors import ConfigError

MEMORY = "lumos_core.testing.reference:MemoryCatalog"


def written(folder, text):
    path = folder / "end.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_sources_are_not_looked_at(tmp_path):
    text = f"sources:\n- {{type: nowhere, dsn: '${{NOT_SET_ANYWHERE}}'}}\ncatalogs:\n- {{type: '{MEMORY}', name: m}}\n"
    found = load_catalog_file(written(tmp_path, text + "run: {retries: 7}\nstate: here\n"))
    assert [spec.name for spec in found.catalogs] == ["m"]
    assert found.retries == 7
    assert found.state == tmp_path / "here"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: x\n", "names no catalog"),
        ("catalogs: []\n", "at least 1"),
        ("catalog:\n- {type: local}\n", "catalogs"),
        (f"catalogs:\n- {{type: '{MEMORY}'}}\n- {{type: '{MEMORY}'}}\n", "two catalogs are called"),
        (f"catalogs:\n- {{type: '{MEMORY}', world: '${{NOT_SET_ANYWHERE}}'}}\n", "NOT_SET_ANYWHERE"),
        (f"catalogs:\n- {{type: '{MEMORY}'}}\npublish: {{gard: {{}}}}\n", "guard"),
        (f"version: 2\ncatalogs:\n- {{type: '{MEMORY}'}}\n", "expected 1"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(tmp_path, text, told):
    with pytest.raises(ConfigError) as caught:
        load_catalog_file(written(tmp_path, text))
    assert told in "\n".join(str(problem) for problem in caught.value.problems)


def test_a_run_of_such_a_file_says_what_it_is_for(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_pipeline(written(tmp_path, f"catalogs:\n- {{type: '{MEMORY}'}}\n"))
    assert "lumos migrate" in str(caught.value.problems[0])
