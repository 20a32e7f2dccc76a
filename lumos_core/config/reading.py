"""From a YAML file to a validated model: `extends`, variables, and all errors at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import ConfigError, LumosError
from .document import Node, key_path, load
from .problems import Problem, problems_of
from .variables import Resolved

M = TypeVar("M", bound=BaseModel)


def read_node(path: Path) -> Node:
    """Read a file, and the file that it extends, into one tree whose nodes know their own file.

    Mappings are merged, deep; lists and values replace those of the base. `extends` is relative to the file that
    says it.

    Raises:
        ConfigError: As `load`; also when a file extends itself, or holds no mapping.
    """
    return _read(path, [])


def _read(path: Path, seen: list[Path]) -> Node:
    node = load(path)
    if node.value is None:
        node.value = {}
    if not isinstance(node.value, dict):
        raise node.error("expected a mapping (key: value) at the top of the file")
    if "extends" not in node.value:
        return node
    _, named = node.value["extends"]
    if not isinstance(named.value, str) or not named.value:
        raise named.error("extends: expected the path of one file")
    resolved = Resolved(named.value)
    if resolved.problems:
        raise named.error(f"extends: {resolved.problems[0].what}", resolved.problems[0].fix)
    target = path.parent / Path(resolved.data).expanduser()
    chain = [*seen, path.resolve()]
    if target.resolve() in chain:
        raise named.error("extends: the files extend each other in a circle")
    if not target.is_file():
        raise named.error(f"extends: there is no file {target}", "the path is relative to this file")
    base = _read(target, chain)
    own = {key: pair for key, pair in node.value.items() if key != "extends"}
    base.value.pop("extends", None)
    return node.with_value(_merge(base.value, own))


def _merge(base: Mapping[str, tuple[Node, Node]], own: Mapping[str, tuple[Node, Node]]) -> dict[str, Any]:
    result = dict(base)
    for key, (key_node, node) in own.items():
        below = base[key][1] if key in base else None
        if below is not None and isinstance(below.value, dict) and isinstance(node.value, dict):
            # Another `type` is another component: the options of the base do not belong to it.
            other = _text(below, "type") != (_text(node, "type") or _text(below, "type"))
            node = node if other else node.with_value(_merge(below.value, node.value))
        result[key] = (key_node, node)
    return result


def _text(node: Node, key: str) -> Any:
    return node.value[key][1].value if key in node.value else None


def validate(model: type[M], data: Any, context: Mapping[str, Any]) -> tuple[M | None, list[Problem]]:
    """Validate plain, unresolved data.

    Args:
        model: What it must be.
        data: Plain data, `${VAR}` unresolved.
        context: For validators: `base` and, in a pipeline, `registry`.

    Returns:
        The model (None when there are problems), and every problem.
    """
    resolved = Resolved(data)
    try:
        made = model.model_validate(resolved.data, context=dict(context))
    except ValidationError as error:
        found = problems_of(error, model, resolved.data, resolved.values)
        missing = {problem.loc for problem in resolved.problems}
        rest = [problem for problem in found if problem.loc not in missing]
        return None, [*resolved.problems, *rest]
    except LumosError:
        raise
    except Exception as error:  # a validator of a plugin; its message may quote what it was given
        what = f"the configuration class {model.__name__} raised {type(error).__name__}"
        return None, [*resolved.problems, Problem((), what, "tell its authors")]
    return (None if resolved.problems else made), resolved.problems


def failure(node: Node, problems: Sequence[Problem], what: str = "") -> ConfigError:
    """Return one error that holds all problems, in the order of the file."""
    errors = [node.problem(problem) for problem in problems]
    errors.sort(key=lambda error: _sortable(error.where, node.file))
    count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
    return ConfigError(what or f"{count} in {node.file}", problems=errors)


def _sortable(where: str, main: str) -> tuple[bool, str, int, int]:
    file, line, column = where.rsplit(":", 2)
    return file != main, file, int(line), int(column)


def read_model(path: Path, model: type[M], base: Path | None = None) -> M:
    """See `lumos_core.files.read_yaml`."""
    node = read_node(path)
    made, problems = validate(model, node.data(), {"base": base or path.parent})
    if made is None:
        raise failure(node, problems)
    return made


def plain_failure(what: str, problems: Sequence[Problem]) -> ConfigError:
    """Return one error for data that came from no file: places are key paths."""
    errors = [ConfigError(problem.what, fix=problem.fix, where=key_path(problem.loc)) for problem in problems]
    count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
    return ConfigError(f"{count} in the {what}", problems=errors)
