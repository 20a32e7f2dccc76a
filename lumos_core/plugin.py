"""The kernel's own manifest: what it brings comes through the same hooks as anyone's."""

from __future__ import annotations

from .contracts.descriptor import Component
from .hookspecs import hookimpl


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer snapshot files as a source."""
    return [
        Component(
            name="snapshot",
            target="lumos_core.snapshot.source:SnapshotSource",
            config="lumos_core.snapshot.source:SnapshotSourceConfig",
            summary="A snapshot file, so that every report can be made from a file alone",
        )
    ]


@hookimpl
def lumos_executors() -> list[Component]:
    """Offer threads, the default, and one thing after the other."""
    return [
        Component(
            name="threads",
            target="lumos_core.running.executors:ThreadExecutor",
            config="lumos_core.running.executors:ThreadConfig",
            summary="Units on threads of this process",
        ),
        Component(
            name="serial",
            target="lumos_core.running.executors:SerialExecutor",
            config="lumos_core.running.executors:SerialConfig",
            summary="One unit after the other, for debugging",
        ),
    ]
