"""The time that a profile may take."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic


class Budget:
    """Tells when to stop: the time is over, or the run was cancelled.

    Args:
        seconds: How long the work may take from now on.
        cancelled: The run's own word.
    """

    def __init__(self, seconds: float, cancelled: Callable[[], bool] = lambda: False) -> None:
        self._end = monotonic() + seconds
        self._cancelled = cancelled
        self.spent = False

    def over(self) -> bool:
        """Tell whether to stop; once it is over it stays so."""
        self.spent = self.spent or monotonic() > self._end
        return self.spent or self._cancelled()
