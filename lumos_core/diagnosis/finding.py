"""What the doctor found, one thing at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from ..errors import LumosError

Status = Literal["ok", "warn", "fail"]


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        area: `environment`, `plugins`, `pipeline`, `environments`, `store`, or the kind of a component.
        about: What was looked at: `python`, a distribution, the name of a component.
        status: `ok`; `warn`: it works, and somebody should know; `fail`: a run would not begin, or not be complete.
        what: What was found.
        why: Why it is not ok.
        fix: What to do about it.
    """

    area: str
    about: str
    status: Status
    what: str
    why: str = ""
    fix: str = ""

    def redacted(self, redact: Callable[[str], str]) -> Finding:
        """Return the same finding without secrets."""
        return self._replace(what=redact(self.what), why=redact(self.why), fix=redact(self.fix))


def failed(area: str, about: str, error: Exception) -> Finding:
    """Return the finding of an error."""
    if isinstance(error, LumosError):
        where = f"{error.where}: " if error.where else ""
        return Finding(area, about, "fail", where + error.what, error.why, error.fix)
    return Finding(area, about, "fail", f"raised {type(error).__name__}", str(error), "tell its authors")
