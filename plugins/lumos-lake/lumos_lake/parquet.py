"""Logs of tables that are kept as Parquet: opened to be read in small pieces, with the words of a failure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lumos_core.plugin_api import File, UnitError

from .heads import cannot_open, check_unchanged, unreadable

if TYPE_CHECKING:
    import pyarrow.parquet as pq


@contextmanager
def opened(file: File, fix: str) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file that is read in small pieces; whatever goes wrong in the body is told of the file.

    Args:
        file: The file.
        fix: What to do when it is broken.

    Raises:
        UnitError: When it cannot be read.
        RetryableError: When it changed since it was listed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with file.open() as stream, pq.ParquetFile(stream, pre_buffer=False, buffer_size=2**20) as parquet:
            yield parquet
    except UnitError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError, TypeError, LookupError, AttributeError) as error:
        # Columns of other types than those of the log show as any of the last ones.
        check_unchanged(file)
        if isinstance(error, OSError) and error.errno is not None:
            raise cannot_open(file, error) from error
        raise unreadable(file, " ".join(str(error).split())[:300], fix) from error
    check_unchanged(file)


def size_of(parquet: pq.ParquetFile, columns: Collection[str]) -> int:
    """Return how many bytes some columns hold, decompressed, as the footer says.

    Args:
        parquet: An open file.
        columns: Paths of leaves.
    """
    footer, wanted = parquet.metadata, set(columns)
    places = [index for index in range(footer.num_columns) if parquet.schema.column(index).path in wanted]
    return sum(
        footer.row_group(group).column(place).total_uncompressed_size
        for group in range(footer.num_row_groups)
        for place in places
    )
