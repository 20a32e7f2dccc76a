"""What catalogs behind HTTP share: a JSON client that survives bad days, a parallel map, and residue.

Example:
    ```python
    from lumos_remote import Bearer, Client, Missing, each, segments

    with Client("https://catalog.example/api/v1", auth=Bearer(token), cancelled=ctx.cancelled) as client:
        page = client.get("/tables", query={"limit": 100}).value
        try:
            table = client.get(segments("tables", "name", 'shop."a.b"')).value
        except Missing:
            table = client.put("/tables", {"name": "a.b"}).value
        for table in each(lambda row: client.get(f"/tables/{row['id']}").value, page["data"], 8, ctx):
            ...
    ```

Names are imported when they are first used, so that a configuration costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import errors, foreign, references, residue
    from .auth import Auth, Basic, Bearer
    from .client import Client, Reply, segments
    from .config import RemoteConfig
    from .errors import (
        Broken,
        Busy,
        Exists,
        Forbidden,
        LostAnswer,
        Missing,
        Moved,
        NotData,
        Redirected,
        Refused,
        RemoteError,
        TooLarge,
        Unauthorised,
        Unreachable,
        Unsupported,
        Untrusted,
    )
    from .hook import Hook, HookConfig, HookUrl
    from .parallel import each
    from .redaction import Redactor
    from .references import Ref
    from .residue import Rules
    from .retries import Retries
    from .versions import supported, version_of

_WHERE = {
    "auth": "Auth Basic Bearer",
    "client": "Client Reply segments",
    "config": "RemoteConfig",
    "errors": "Broken Busy Exists Forbidden LostAnswer Missing Moved NotData Redirected Refused RemoteError TooLarge "
    "Unauthorised Unreachable Unsupported Untrusted",
    "hook": "Hook HookConfig HookUrl",
    "parallel": "each",
    "redaction": "Redactor",
    "references": "Ref",
    "residue": "Rules",
    "retries": "Retries",
    "versions": "supported version_of",
}
_MODULES = ("errors", "foreign", "references", "residue")
_HOME = {name: module for module, names in _WHERE.items() for name in names.split()}

__all__ = [
    "Auth",
    "Basic",
    "Bearer",
    "Broken",
    "Busy",
    "Client",
    "Exists",
    "Forbidden",
    "Hook",
    "HookConfig",
    "HookUrl",
    "LostAnswer",
    "Missing",
    "Moved",
    "NotData",
    "Redactor",
    "Redirected",
    "Ref",
    "Refused",
    "RemoteConfig",
    "RemoteError",
    "Reply",
    "Retries",
    "Rules",
    "TooLarge",
    "Unauthorised",
    "Unreachable",
    "Unsupported",
    "Untrusted",
    "each",
    "errors",
    "foreign",
    "references",
    "residue",
    "segments",
    "supported",
    "version_of",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name in _HOME:
        value = getattr(import_module(f"lumos_remote.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"lumos_remote.{name}")
    else:
        raise AttributeError(f"module 'lumos_remote' has no attribute {name!r}")
    globals()[name] = value
    return value
