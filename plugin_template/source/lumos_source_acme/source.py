"""The source `acme`: a dataset per file; each line is a column: its name, a space, its type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lumos_core.plugin_api import Context, Covered, Dataset, Field, Record, Scope, Source, Unit, UnitError, paths, urns

from .config import AcmeSourceConfig

PLATFORM = "acme"
SUFFIX = ".acme"
TYPES = {"text": "string", "number": "float64", "flag": "bool", "day": "date"}
"""What this system calls a type -> the canonical type; `native_type` keeps the former."""


class AcmeSource(Source[AcmeSourceConfig]):
    """Tables that are described in files of Acme."""

    capabilities = frozenset({"record", "fields"})

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """List the folder: one unit per file.

        Raises:
            UnitError: When it cannot be listed.
        """
        try:
            found = sorted(path.name for path in self.config.path.iterdir())
        except OSError as error:
            where = str(self.config.path)
            raise UnitError("cannot list the folder", why=str(error), fix="check `path`", where=where) from error
        for file in found:
            if ctx.cancelled():
                return
            urn = self.urn(file)
            if file.endswith(SUFFIX) and within.matches(urn):
                yield Unit(key=file, scope=Scope(urns=frozenset({urn})))
        # Saying what was listed whole is what lets Lumos notice that something is gone.
        prefix = f"{urns.encode(self.config.instance)}:" if self.config.instance else ""
        mine = Scope(types=frozenset({"dataset"}), platform=PLATFORM, prefixes=(prefix,))
        asked = mine.narrowed(within)
        if asked is not None:
            ctx.covered(Covered(asked, frozenset({"record"})))

    def extract(self, unit: Unit, ctx: Context) -> Iterable[Record[Dataset]]:
        """Read one file.

        Raises:
            UnitError: When it cannot be read; the rest of the run goes on.
        """
        path = self.config.path / unit.key
        try:
            fields = list(_fields(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise UnitError("cannot read the file", why=str(error), fix="mend or remove it", where=str(path)) from error
        name = unit.key.removesuffix(SUFFIX)
        yield Record(self.urn(unit.key), Dataset(name=name, captured=["fields"], fields=fields))
        ctx.covered(Covered(unit.scope, frozenset({"fields"})))

    def urn(self, file: str) -> str:
        """Return the identity of the table that a file describes."""
        return urns.dataset(PLATFORM, file.removesuffix(SUFFIX), instance=self.config.instance)


def _fields(text: str) -> Iterator[Field]:
    for number, line in enumerate(text.splitlines(), start=1):
        name, _, native = line.partition(" ")
        if not name or not native:
            raise ValueError(f"line {number} is not a name, a space and a type")
        yield Field(paths.quote(name), type=TYPES.get(native, "unknown"), native_type=native)
