"""Reading a log from its newest action to the oldest that matters, within a budget.

A checkpoint that cannot be read is passed over where an older one, or the first commit, and all commits since are
there: what they say is the same. Where they are not, the table is not read at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from lumos_lake.heads import unreadable
from lumos_lake.tables import whole
from msgspec import Struct

from lumos_core.plugin_api import Cancelled, Context, File, RetryableError, UnitError

from .actions import UNREADABLE, Budget, BudgetSpent, actions, commit_info
from .checkpoint import read_checkpoint
from .log import Checkpoint, Log
from .state import State

_START = Checkpoint(-1, [])
_RESTORE = "restore the missing files of `_delta_log` from a copy"


_HINT_LIMIT = 16 * 2**20
_WITHOUT_FILES = 256 * 2**20


class _Hint(Struct):
    """What `_last_checkpoint` says."""

    version: int


@dataclass
class Table:
    """A table as its log has it.

    Attributes:
        version: The newest.
        state: What it is.
        counted: Every action was read, so that its files are known.
        info: The `commitInfo` of the newest version; empty where it is not kept.
    """

    version: int
    state: State
    counted: bool
    info: dict[str, Any]


def replay(log: Log, ctx: Context, *, budget: Budget, files: bool) -> Table:
    """Read a log.

    Args:
        log: Its files.
        ctx: Cancellation and warnings.
        budget: How much may be read.
        files: Also count the files of the table.

    Raises:
        UnitError: When the log does not hold, or no longer holds, what the table is.
        RetryableError: When a file changed while it was read.
    """
    if log.version < 0:
        why = "no commit and no checkpoint is there"
        raise UnitError("the table has no commit", why=why, fix=_RESTORE, where=log.files[0].path)
    _check_hint(log, ctx)
    table = Table(log.version, State(), files, {})
    try:
        _read(log, table, ctx, budget)
    except BudgetSpent as spent:
        if not table.state.settled:
            raise UnitError(
                "the log of the table is too long",
                why=f"{spent}, and its schema is not known yet",
                fix="write a checkpoint, or raise that option of the format",
                where=_newest(log).path,
            ) from None
        table.counted = False
        ctx.warn(
            "delta-log-too-long",
            f"rows, bytes and files of the table are not counted: {spent}. Write a checkpoint, or raise that option",
            _newest(log).path,
        )
    if not table.info and log.version in log.commits:
        table.info = _info(log.commits[log.version])
    return table


def _info(file: File) -> dict[str, Any]:
    """Return the `commitInfo` of a commit that a checkpoint made needless; empty where there is none."""
    try:
        for action in actions(file, Budget(0, _WITHOUT_FILES)):
            if bytes(action.commitInfo):
                return commit_info(action.commitInfo)
    except (UnitError, BudgetSpent):
        pass  # what the table is does not depend on it
    return {}


def _read(log: Log, table: Table, ctx: Context, budget: Budget) -> None:
    upper = log.version
    broken: UnitError | None = None
    for base in (*log.checkpoints, _START):
        gap = next((version for version in range(upper, base.version, -1) if version not in log.commits), None)
        if gap is not None:
            raise broken or _gap(log, gap)
        for version in range(upper, base.version, -1):
            _commit(log.commits[version], version, table, ctx, budget)
            if not table.counted and table.state.settled:
                return
        upper = base.version
        if base is _START:
            break
        kept = table.state.copy()
        try:
            read_checkpoint(base, log.sidecars, table.state, budget, files=table.counted)
            return
        except UnitError as error:
            table.state, broken = kept, broken or error
            ctx.warn(
                "delta-checkpoint", f"the checkpoint is passed over: {error.why}", error.where or base.parts[0].path
            )
        except BudgetSpent:
            if not table.counted:
                raise
            # Without its files, of which there are too many, a checkpoint still tells what the table is.
            table.state, table.counted = kept, False
            read_checkpoint(base, log.sidecars, table.state, Budget(0, _WITHOUT_FILES), files=False)
            raise
    if not table.state.known:
        raise unreadable(log.commits[0], "no commit holds a schema and a protocol", _RESTORE)


def _commit(file: File, version: int, table: Table, ctx: Context, budget: Budget) -> None:
    if ctx.cancelled():
        raise Cancelled("the run was cancelled")
    budget.spend(commits=1)
    state = table.state
    for action in actions(file, budget):
        if action.add is not None:
            if table.counted:
                state.take_add(action.add)
        elif action.remove is not None:
            if table.counted:
                state.take_remove(action.remove.path, action.remove.deletionVector)
        elif bytes(action.commitInfo):
            if version == table.version:
                table.info = commit_info(action.commitInfo)
        else:
            state.take(action)


def _newest(log: Log) -> File:
    version = max(log.commits, default=-1)
    if log.checkpoints and log.checkpoints[0].version > version:
        return log.checkpoints[0].parts[0]
    return log.commits[version]


def _gap(log: Log, version: int) -> UnitError:
    why = f"commit {version} is not there"
    if log.incomplete:
        why += f", and of the checkpoint of version {max(log.incomplete)} parts are missing"
    return UnitError("the log of the table has a gap", why=why, fix=_RESTORE, where=_any(log).path)


def _any(log: Log) -> File:
    return _newest(log) if log.commits or log.checkpoints else log.files[0]


def _check_hint(log: Log, ctx: Context) -> None:
    """Compare `_last_checkpoint` with the listing, which knows better but for what was deleted from it."""
    if log.hint is None:
        return
    try:
        hint = msgspec.json.decode(whole(log.hint, _HINT_LIMIT), type=_Hint)
    except RetryableError:
        return  # it is overwritten by every checkpoint, also by one that is newer than the listing
    except (UnitError, *UNREADABLE) as error:
        why = error.why if isinstance(error, UnitError) else str(error)
        ctx.warn("delta-last-checkpoint", f"it is passed over: {why}", log.hint.path)
        return
    if hint.version > log.version:
        raise UnitError(
            "the log of the table is not whole",
            why=f"`_last_checkpoint` names version {hint.version}, and the newest that is there is {log.version}",
            fix=f"run again; if that does not help, {_RESTORE}",
            where=log.hint.path,
        )
