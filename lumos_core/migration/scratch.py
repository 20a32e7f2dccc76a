"""A folder for what is only shown."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


class Scratch:
    """A folder that goes when nobody needs it any more.

    Attributes:
        path: The folder.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="lumos-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
