"""Files of the ORC project itself, which pyarrow brings along for its own tests: written by ORC for Java."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.orc as po
import pytest
from lumos_lake.arrow import fields_of
from lumos_lake.storage import LocalStorage
from lumos_source_orc.config import OrcConfig
from lumos_source_orc.format import OrcFormat

from lumos_core.testing.context import MemoryContext

FOLDER = Path(pa.__file__).parent / "tests/data/orc"
FILES = sorted(FOLDER.glob("*.orc"))


@pytest.mark.skipif(not FILES, reason="this build of pyarrow comes without its tests")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_arrow_and_lumos_read_the_same(path: Path) -> None:
    storage = LocalStorage(FOLDER)
    file = storage.file(storage.stat(path.name), "urn:lumos:dataset:(file,t,PROD)")
    dataset, stats = (record.value for record in OrcFormat(OrcConfig()).inspect([file], MemoryContext()))
    other = po.ORCFile(path)
    assert [(f.path, f.type) for f in dataset.fields] == [(f.path, f.type) for f in fields_of(other.schema)]
    assert stats.row_count == other.nrows
    assert dict(dataset.properties)["orc.version"] == other.file_version
    assert dict(dataset.layout.options)["compression"] == str(other.compression).lower()
