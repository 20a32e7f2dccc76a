"""Lumos keeps metadata catalogs true without people typing into them.

The functions below are the whole public Python surface; the command line calls the same ones. They are
resolved on first use, so that ``import lumos_core`` stays as cheap as an empty module.

Example:
    >>> import lumos_core
    >>> lumos_core.__version__
    '0.1.0'
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_API = {
    "run": "lumos_core.running.api",
    "plan": "lumos_core.running.api",
    "apply": "lumos_core.running.applying",
    "watch": "lumos_core.watching.api",
    "validate": "lumos_core.running.api",
    "diff": "lumos_core.history.api",
    "log": "lumos_core.history.api",
    "events": "lumos_core.history.events",
    "open_store": "lumos_core.history.api",
    "view": "lumos_core.history.api",
    "load_pipeline": "lumos_core.config.api",
    "make_pipeline": "lumos_core.config.api",
    "read_snapshot": "lumos_core.snapshot.api",
    "write_snapshot": "lumos_core.snapshot.api",
    "export_snapshot": "lumos_core.snapshot.api",
    "import_snapshot": "lumos_core.snapshot.api",
    "merge_snapshots": "lumos_core.snapshot.api",
    "transform_snapshot": "lumos_core.snapshot.api",
    "convert_snapshot": "lumos_core.snapshot.api",
    "validate_snapshot": "lumos_core.snapshot.api",
    "textconv_snapshot": "lumos_core.snapshot.api",
    "migrate": "lumos_core.migration.migrating",
    "roll_back": "lumos_core.migration.rolling_back",
    "sync": "lumos_core.migration.syncing",
    "search": "lumos_core.publish.searching",
    "plugins": "lumos_core.loading.api",
    "check_plugin": "lumos_core.loading.check",
    "describe": "lumos_core.loading.api",
    "doctor": "lumos_core.diagnosis.api",
    "new_plugin": "lumos_core.loading.new_plugin",
    "env_sync": "lumos_core.environments.api",
    "env_list": "lumos_core.environments.api",
    "env_check": "lumos_core.environments.api",
    "env_remove": "lumos_core.environments.api",
    "pipeline_schema": "lumos_core.config.api",
    "init": "lumos_core.config.api",
    "discover": "lumos_core.config.suggest",
}

__all__ = ["__version__", *_API]


def __getattr__(name: str) -> Any:
    """Import a public function when it is first asked for."""
    if name in _API:
        value = getattr(import_module(_API[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'lumos_core' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
