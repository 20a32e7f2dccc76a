"""The conformance kit on the source `s3`, against every server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lumos_source_s3.storage import S3Storage

from lumos_core.testing.kit import SourceKit
from lumos_core.testing.kit.source import JUNK

ONLY_SOME = "only some formats know it, and these samples are none of them"


class TestS3(SourceKit):
    name = "s3"
    live = "s3_line_options"
    unproven = dict.fromkeys(
        ("description", "fields.description", "fields.properties", "keys", "native_schema"), ONLY_SOME
    )

    @pytest.fixture(autouse=True)
    def parts(self, bucket: Any, line: Any, refusal: Any) -> None:
        self.bucket, self.line, self.refusal = bucket, line, refusal

    def prepare(self, folder: Path) -> None:
        for day in (1, 2, 3):
            self.bucket.put(f"sales/orders/day=2026-01-0{day}/part-0.csv", "id,total\n1,2.5\n")
        self.bucket.put("sales/products of bär.csv", "sku,name\na,b\n")
        self.bucket.put("clicks.json", '{"at": "2026-01-01T00:00:00Z", "n": 1}\n')

    def drop(self, folder: Path) -> None:
        self.bucket.delete("clicks.json")

    @contextmanager
    def forbid(self, folder: Path) -> Iterator[None]:
        self.line.faults.when(path=r"clicks\.json").answer(*self.refusal(403, "AccessDenied", "Access Denied"))
        yield
        self.line.faults.clear()

    def corrupt(self, folder: Path) -> None:
        self.bucket.put("clicks.json", JUNK)

    @contextmanager
    def relist(self, folder: Path) -> Iterator[None]:
        """S3 knows one order only; another server may know another."""
        ordered = S3Storage.list

        def backwards(storage: S3Storage, **arguments: Any) -> Iterator[Any]:
            yield from list(ordered(storage, **arguments))[::-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(S3Storage, "list", backwards)
            yield
