"""The conformance kit on the executor `acme`, and what it promises beyond that."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier

from lumos_core.testing.kit import ExecutorKit


class TestAcmeExecutor(ExecutorKit):
    name = "acme"
    options = {"workers": 3}

    def test_a_batch_runs_at_the_same_time(self, folder: Path) -> None:
        barrier = Barrier(3)

        def together(number: int) -> int:
            return number + barrier.wait(timeout=10) * 0

        assert dict(self.build(folder).map(together, [1, 2, 3])) == {1: 1, 2: 2, 3: 3}
