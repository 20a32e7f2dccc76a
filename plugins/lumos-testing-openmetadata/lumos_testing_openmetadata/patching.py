"""JSON Patch (RFC 6902) with the server's idea of errors: whatever cannot be done is an unhandled 500."""

from __future__ import annotations

import copy
from typing import Any

from .errors import unhandled

_OPERATIONS = ("add", "remove", "replace", "test", "move", "copy")


def apply(document: Any, operations: Any) -> Any:
    """Return a patched copy of a document.

    Raises:
        Refusal: 500, when an operation has no place to act, or a `test` fails.
    """
    if not isinstance(operations, list):
        raise unhandled("Cannot deserialize JsonPatch")
    document = copy.deepcopy(document)
    for operation in operations:
        if not isinstance(operation, dict) or operation.get("op") not in _OPERATIONS or "path" not in operation:
            raise unhandled(f"Invalid JSON patch operation {operation!r}")
        name, steps = operation["op"], _steps(operation["path"])
        if name in ("add", "replace", "test") and "value" not in operation:
            raise unhandled(f"The operation {name} has no value")
        if name == "test":
            if _get(document, steps) != operation["value"]:
                raise unhandled(f"The JSON patch operation 'test' failed for path '{operation['path']}'")
            continue
        if name in ("move", "copy"):
            origin = _steps(operation.get("from", ""))
            value = copy.deepcopy(_get(document, origin))
            if name == "move":
                _remove(document, origin)
            _add(document, steps, value)
        elif name == "remove":
            _remove(document, steps)
        elif name == "replace":
            _get(document, steps)
            _remove(document, steps)
            _add(document, steps, operation["value"])
        else:
            _add(document, steps, operation["value"])
    return document


def _steps(pointer: str) -> list[str]:
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise unhandled(f"Invalid JSON pointer {pointer!r}")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def _index(step: str, length: int, pointer: list[str]) -> int:
    if not step.isdigit() or int(step) >= length:
        raise unhandled(f"The JSON patch path '/{'/'.join(pointer)}' has no element {step}")
    return int(step)


def _get(document: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(document, list):
            document = document[_index(step, len(document), steps)]
        elif isinstance(document, dict) and step in document:
            document = document[step]
        else:
            raise unhandled(f"Non-existing name/value pair in the object for key {step}: /{'/'.join(steps)}")
    return document


def _add(document: Any, steps: list[str], value: Any) -> None:
    holder, last = _get(document, steps[:-1]), steps[-1]
    if isinstance(holder, list):
        holder.insert(len(holder) if last == "-" else _index(last, len(holder) + 1, steps), value)
    elif isinstance(holder, dict):
        holder[last] = value
    else:
        raise unhandled(f"Nothing can be added at /{'/'.join(steps)}")


def _remove(document: Any, steps: list[str]) -> None:
    holder, last = _get(document, steps[:-1]), steps[-1]
    _get(document, steps)
    if isinstance(holder, list):
        del holder[int(last)]
    else:
        del holder[last]
