"""Apply a plan: in batches, tried again when the catalog says so, every operation with an outcome."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, get_args, get_type_hints

from ..contracts.answers import expected
from ..contracts.catalog import Catalog, Operation, Outcome
from ..contracts.context import Context
from ..errors import Cancelled, DiskError, LumosError, RetryableError

STATUSES = frozenset(get_args(get_type_hints(Outcome)["status"]))

BATCH = 200
"""Operations handed to a catalog at a time."""


def apply(
    catalog: Catalog[Any],
    operations: Iterable[Operation],
    ctx: Context,
    *,
    retries: int,
) -> Iterator[tuple[Operation, Outcome]]:
    """Write a plan; an operation without an outcome counts as failed.

    Stops between batches when cancelled; what was written stays, and the next run finds nothing to do for it.
    """
    source = iter(operations)
    while batch := list(islice(source, BATCH)):
        if ctx.cancelled():
            raise Cancelled("The run was cancelled", fix="run it again; it goes on where it stopped")
        outcomes = _write(catalog, batch, ctx, retries)
        yield from zip(batch, outcomes, strict=True)


def _write(catalog: Catalog[Any], batch: Sequence[Operation], ctx: Context, retries: int) -> list[Outcome]:
    done: list[Outcome] = []
    for attempt in range(retries + 1):
        done = []
        try:
            for outcome in expected(catalog.write(batch, ctx), Outcome, "write()"):
                if outcome.status not in STATUSES:
                    raise TypeError(f"its write() gave the status {outcome.status!r:.100}, which does not exist")
                done.append(outcome)
            return _complete(batch, done, "the catalog gave no outcome")
        except RetryableError as error:
            if attempt == retries:
                return _complete(batch, done, str(error))
            time.sleep(error.after if error.after is not None else 0.1 * 2**attempt)
        except (Cancelled, DiskError):
            raise
        except LumosError as error:
            return _complete(batch, done, str(error))
        except Exception as error:  # one catalog's defect must not lose the outcomes of the others
            return _complete(batch, done, f"{type(error).__name__}: {error}")
    return done


def _complete(batch: Sequence[Operation], done: list[Outcome], reason: str) -> list[Outcome]:
    """Give every operation an outcome, in order."""
    known = {outcome.urn: outcome for outcome in done}
    return [known.get(operation.urn, Outcome(operation.urn, "failed", reason)) for operation in batch]
