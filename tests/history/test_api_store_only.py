"""Who only reads the history needs neither the plugins nor the variables of the sources."""

from __future__ import annotations

import pytest

from lumos_core.errors import ConfigError, StoreError
from lumos_core.history.api import open_store


def test_a_missing_variable_of_a_source_does_not_matter(tmp_path, monkeypatch):
    monkeypatch.delenv("NO_SUCH_PASSWORD", raising=False)
    (tmp_path / "p.yaml").write_text(
        "sources: [{type: no-such-plugin, password: '${NO_SUCH_PASSWORD}'}]\nstore: {type: sqlite, path: h.db}\n"
    )
    with pytest.raises(StoreError, match=r"(?s)h\.db|nothing"):
        open_store(tmp_path / "p.yaml")


def test_a_wrong_store_does(tmp_path):
    (tmp_path / "p.yaml").write_text("sources: [files]\nstore: {type: sqlite, pfad: h.db}\n")
    with pytest.raises(ConfigError, match=r"pfad"):
        open_store(tmp_path / "p.yaml")
