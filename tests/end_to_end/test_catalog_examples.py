"""The examples that publish to DataHub, OpenMetadata and Atlas: the quickstart, but for one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from lumos_core.config.api import load_pipeline

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
RIVALS = ["datahub", "openmetadata", "atlas"]


@pytest.fixture
def examples(home):
    """The folder `configs`, copied."""
    shutil.rmtree(home.folder)
    shutil.copytree(CONFIGS, home.folder, ignore=shutil.ignore_patterns(".lumos", "out"))
    return home


@pytest.mark.parametrize("name", RIVALS)
def test_only_the_catalog_differs(name, monkeypatch):
    written = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    assert written.keys() == {"version", "extends", "catalogs"}
    (line,) = written["catalogs"]
    assert line["type"] == name
    for variable in ("URL", "GMS_URL", "TOKEN", "GMS_TOKEN", "USER", "PASSWORD"):
        monkeypatch.setenv(f"{name.upper()}_{variable}", "https://catalog.example.org" if "URL" in variable else "x")
    pipeline, plain = load_pipeline(CONFIGS / f"{name}.yaml"), load_pipeline(CONFIGS / "quickstart.yaml")
    for part in ("sources", "enrich", "gate", "reports", "name"):
        assert getattr(pipeline, part) == getattr(plain, part)


@pytest.mark.parametrize("name", RIVALS)
def test_a_secret_is_a_variable(name):
    (line,) = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())["catalogs"]
    assert {key for key, value in line.items() if not str(value).startswith("${")} == {"type"}


def published(examples, name: str) -> None:
    first = examples.process("run", f"{name}.yaml")
    assert first.code == 0, first
    assert first.err == ""
    assert f"catalog  {name}  19 created" in first.out
    second = examples.process("run", f"{name}.yaml")
    assert second.code == 0, second
    assert f"catalog  {name}  nothing to write" in second.out


def test_datahub(examples, monkeypatch):
    from lumos_testing_datahub import DataHubFake

    with DataHubFake(token="secret") as fake:
        monkeypatch.setenv("DATAHUB_GMS_URL", fake.url)
        monkeypatch.setenv("DATAHUB_GMS_TOKEN", "secret")
        published(examples, "datahub")
        assert "urn:li:dataset:(urn:li:dataPlatform:file,orders,PROD)" in fake.store.entities


def test_openmetadata(examples, monkeypatch):
    from lumos_testing_openmetadata import OpenMetadataFake

    with OpenMetadataFake("2.0") as fake:
        monkeypatch.setenv("OPENMETADATA_URL", fake.url)
        monkeypatch.setenv("OPENMETADATA_TOKEN", fake.bot_token)
        published(examples, "openmetadata")
