"""The format `acme`: each line of a file is a column: its name, a space, its type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lumos_core.plugin_api import Context, Dataset, Field, File, Format, Layout, Record, UnitError, paths

from .config import AcmeFormatConfig

TYPES = {"text": "string", "number": "float64", "flag": "bool", "day": "date"}
"""What this format calls a type -> the canonical type; `native_type` keeps the former."""


class AcmeFormat(Format[AcmeFormatConfig]):
    """Files of Acme: one column a line."""

    extensions = (".acme",)
    name_in_urn = "acme"

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[Record[Dataset]]:
        """Read the columns of each file.

        Raises:
            UnitError: When a file cannot be read.
        """
        for file in files:
            if ctx.cancelled():
                return
            try:
                with file.open() as stream:
                    fields = list(_fields(stream.read().decode(self.config.encoding)))
            except (OSError, ValueError, LookupError) as error:
                fix = "mend it, or leave it out of what is read"
                raise UnitError("cannot read the file", why=str(error), fix=fix, where=file.path) from error
            layout = Layout(format=self.name_in_urn)
            yield Record(file.urn, Dataset(captured=["fields", "layout"], fields=fields, layout=layout))


def _fields(text: str) -> Iterator[Field]:
    for number, line in enumerate(text.splitlines(), start=1):
        name, _, native = line.partition(" ")
        if not name or not native:
            raise ValueError(f"line {number} is not a name, a space and a type")
        yield Field(paths.quote(name), type=TYPES.get(native, "unknown"), native_type=native)
