"""`env_sync`, `env_list`, `env_check` and `env_remove`, for the command line and for Python users."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..config.api import part_of
from ..config.problems import did_you_mean
from ..errors import ConfigError, LockedError, LumosError, UsageError
from . import checking
from .building import UNFINISHED, Plan, alone, build, clean, ours, resolve, size_of, stale_reason
from .declared import Declared, read_declared
from .environment import FOLDER, EnvironmentConfig, existing_python
from .lock import Lock, LockedEnvironment, LockedSet, is_stale, read_lock, without_credentials, write_lock
from .marker import Marker, read_marker
from .pythons import base_python
from .results import Checked, EnvironmentInfo, State, Synced
from .tools import Options, Tool, ToolName, choose
from .wheels import made_wheels


def env_sync(
    pipeline: str | os.PathLike[str] | None = None,
    names: Sequence[str] = (),
    *,
    upgrade: bool = False,
    offline: bool = False,
    tool: ToolName | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Synced]:
    """Lock and build the environments of a pipeline; does nothing where nothing changed.

    Args:
        pipeline: A pipeline file; `LUMOS_CONFIG`, else `lumos.yaml`, by default.
        names: Only these environments.
        upgrade: Choose every version anew, also where the lock holds.
        offline: Use no package index: only `wheels:`, pip's `find-links`, and what is made here.
        tool: `uv` or `pip`; uv where it is at hand by default.
        progress: Told what is done now.

    Returns:
        One entry per environment, by name.

    Raises:
        ConfigError: When something is not declared right, cannot be resolved, installed or used. An environment that
            was ready stays so.
        DiskError: When there is no room.
        LockedError: When another sync is at work in the same state folder.
        UsageError: When a name is not declared.
    """
    found = read_declared(pipeline)
    chosen = found.chosen(names)
    tell = progress or (lambda text: None)
    if not chosen:
        return []
    with alone(found.state):
        worker = choose(tool)
        results = []
        for name, config in chosen.items():
            if config.existing is not None:
                results.append(_checked_only(name, config))
            else:
                found = found._replace(lock=read_lock(found.file))
                results.append(_sync_one(found, name, config, worker, tell, upgrade=upgrade, offline=offline))
        return results


def _sync_one(
    found: Declared,
    name: str,
    config: EnvironmentConfig,
    tool: Tool,
    tell: Callable[[str], None],
    *,
    upgrade: bool,
    offline: bool,
) -> Synced:
    plan = _plan(found, name, config, tool, offline)
    entry = found.lock.environments.get(name)
    before = entry.locked.get(plan.base.target) if entry is not None else None
    why = "an upgrade was asked for" if upgrade else stale_reason(plan, entry)
    locked = before
    if why or locked is None:
        tell(f"{name}: resolving with {tool.name} ({why})")
        locked = resolve(plan, tool, None if upgrade else before)
    marker = read_marker(plan.home)
    current = marker is not None and marker.digest == locked.digest() and marker.target == plan.base.target
    after = _with(found, name, config, plan.base.target, locked) if why else found.lock
    if current and marker is not None and marker.python_path(plan.home).exists():
        written = write_lock(found.file, after)
        clean(plan.home)
        with contextlib.suppress(OSError):
            (plan.home / UNFINISHED).unlink(missing_ok=True)
        return _synced(name, "unchanged", marker, written, [], tool)
    reason = why or ("it was built from another lock" if marker else "it was not built yet")
    tell(f"{name}: installing {len(locked.packages)} packages with {tool.name}")
    wrote: list[bool] = []
    build(plan, tool, locked, lambda: wrote.append(write_lock(found.file, after)))
    made = read_marker(plan.home)
    assert made is not None
    return _synced(name, "built", made, wrote[0], _changes(before, locked), tool, reason)


def _plan(found: Declared, name: str, config: EnvironmentConfig, tool: Tool | None, offline: bool) -> Plan:
    if config.wheels is not None and not config.wheels.is_dir():
        fix = f"make the folder, or mend environments.{name}.wheels"
        raise ConfigError(f"there is no folder {config.wheels}", fix=fix, where=str(found.file))
    base = base_python(config.python, found.folder, tool)
    made = made_wheels(config.requirements, found.folder)
    return Plan(name, config, base, found.folder, found.state, made, Options(config.wheels, offline))


def _with(found: Declared, name: str, config: EnvironmentConfig, target: str, locked: LockedSet) -> Lock:
    """The lock with one environment on one platform replaced; other platforms are kept while the declaration is."""
    entry = found.lock.environments.get(name)
    others = dict(entry.locked) if entry is not None and not is_stale(entry, config) else {}
    kept = {} if name in found.declared else {"deadline": config.deadline}
    made = LockedEnvironment(
        requirements=[without_credentials(line) for line in config.requirements],
        python=config.python,
        locked={**others, target: locked},
        **kept,
    )
    return found.lock.model_copy(update={"environments": {**found.lock.environments, name: made}})


def _synced(
    name: str, action: Any, marker: Marker, locked: bool, changes: list[str], tool: Tool, reason: str = ""
) -> Synced:
    return Synced(
        name=name,
        action=action,
        reason=reason,
        locked=locked,
        changes=changes,
        packages=marker.packages,
        python=marker.python,
        lumos_core=marker.lumos_core,
        api=marker.api,
        tool=marker.built_with or tool.name,
    )


def _changes(before: LockedSet | None, after: LockedSet) -> list[str]:
    old, new = before.versions() if before else {}, after.versions()
    told = []
    for name in sorted({*old, *new}):
        if name not in new:
            told.append(f"- {name} {old[name]}")
        elif name not in old:
            told.append(f"+ {name} {new[name]}")
        elif old[name] != new[name]:
            told.append(f"{name} {old[name]} -> {new[name]}")
    return told


def _checked_only(name: str, config: EnvironmentConfig) -> Synced:
    inside = checking.look(existing_python(name, config))
    problem = checking.unusable(inside)
    if problem:
        fix = f"install lumos-core there: {config.existing} is built by somebody else"
        raise ConfigError(f"the environment '{name}' cannot be used", why=problem, fix=fix)
    return Synced(
        name=name,
        action="checked",
        packages=len(inside.packages),
        python=inside.python,
        lumos_core=inside.lumos_core,
        api=inside.api,
    )


def env_list(pipeline: str | os.PathLike[str] | None = None) -> list[EnvironmentInfo]:
    """List the environments of a pipeline; starts none of them.

    Args:
        pipeline: A pipeline file; `LUMOS_CONFIG`, else `lumos.yaml`, by default.

    Returns:
        By name: every environment that the pipeline or its lock declares, and what was left behind of others.

    Raises:
        ConfigError: When the pipeline file or the lock cannot be read.
    """
    found = read_declared(pipeline)
    left = [path.name for path in sorted((found.state / FOLDER).glob("[!.]*")) if ours(path)]
    return [_info(found, name) for name in sorted({*found.configs(), *found.used, *left})]


def _info(found: Declared, name: str) -> EnvironmentInfo:
    config = found.configs().get(name)
    home = found.home(name)
    marker = read_marker(home)
    state, reason = _state(found, name, config, marker)
    folder = home if config is None or config.existing is None else config.existing
    return EnvironmentInfo(
        name=name,
        declared="pipeline" if name in found.declared else "lock" if config is not None else "",
        locked=name in found.lock.environments,
        state=state,
        reason=reason,
        python=marker.python if marker else "",
        packages=marker.packages if marker else 0,
        bytes=size_of(home) if ours(home) else 0,
        used_by=[f"{use.kind} {use.name}" for use in found.used.get(name, ())],
        folder=str(folder),
    )


def _state(found: Declared, name: str, config: EnvironmentConfig | None, marker: Marker | None) -> tuple[State, str]:
    if config is None:
        return "stale" if marker else "not built", "this pipeline does not declare it"
    if config.existing is not None:
        try:
            existing_python(name, config)
        except ConfigError as error:
            return "missing", error.why
        return "existing", ""
    if marker is None or not marker.python_path(found.home(name)).exists():
        unfinished = (found.home(name) / UNFINISHED).exists()
        return ("unfinished", "its sync was interrupted") if unfinished else ("not built", "")
    try:
        plan = _plan(found, name, config, None, offline=False)
    except LumosError as error:
        return "stale", str(error)
    entry = found.lock.environments.get(name)
    reason = stale_reason(plan._replace(base=plan.base._replace(target=marker.target)), entry)
    locked = entry.locked.get(marker.target) if entry is not None else None
    if not reason and locked is not None and locked.digest() != marker.digest:
        reason = "it was built from another lock"
    return ("stale", reason) if reason else ("ready", "")


def env_check(pipeline: str | os.PathLike[str] | None = None, names: Sequence[str] = ()) -> list[Checked]:
    """Look into environments: is there exactly what was locked, unaltered, and can components run there?

    Args:
        pipeline: A pipeline file; `LUMOS_CONFIG`, else `lumos.yaml`, by default.
        names: Only these environments.

    Returns:
        One entry per environment, by name, with everything that is wrong.

    Raises:
        ConfigError: When the pipeline file or the lock cannot be read.
        UsageError: When a name is not declared.
    """
    found = read_declared(pipeline)
    return [_check(found, name, config) for name, config in found.chosen(names).items()]


def _check(found: Declared, name: str, config: EnvironmentConfig) -> Checked:
    marker = read_marker(found.home(name))
    state, reason = _state(found, name, config, marker)
    sync = f"run `lumos env sync {found.file} {name}`"
    if state in {"not built", "unfinished"}:
        return Checked(name=name, ok=False, problems=[f"it is {state}" + (f": {reason}" if reason else "")], fix=sync)
    problems = [reason] if reason else []
    try:
        python = (
            marker.python_path(found.home(name)) if marker and not config.existing else existing_python(name, config)
        )
        inside = checking.look(python, files=True)
    except ConfigError as error:
        fix = error.fix if config.existing else f"run `lumos env remove {name}`, then {sync.removeprefix('run ')}"
        return Checked(name=name, ok=False, problems=[error.why or error.what], fix=fix)
    entry = found.lock.environments.get(name)
    locked = entry.locked.get(marker.target) if entry and marker and not config.existing else None
    broken = checking.differences(inside, locked) if locked is not None else []
    broken += [f"{path} was altered" for path in inside.altered]
    unusable = checking.unusable(inside)
    wanted = [(use.kind, use.type) for use in found.used.get(name, ())]
    problems += broken + ([unusable] if unusable else []) + checking.plugin_problems(inside, wanted)
    return Checked(
        name=name,
        ok=not problems,
        problems=problems,
        fix=_remedy(name, config, sync, rebuild=bool(broken), stale=bool(reason)) if problems else "",
        python=inside.python,
        lumos_core=inside.lumos_core,
        api=inside.api,
        packages=len(inside.packages),
        plugins=inside.plugins,
    )


def _remedy(name: str, config: EnvironmentConfig, sync: str, *, rebuild: bool, stale: bool) -> str:
    if config.existing is not None:
        return f"mend {config.existing}: somebody else builds it"
    if rebuild:
        return f"run `lumos env remove {name}`, then {sync.removeprefix('run ')}"
    return sync if stale else f"change environments.{name}.requirements, then {sync}"


def env_remove(name: str, pipeline: str | os.PathLike[str] | None = None, *, forget: bool = False) -> EnvironmentInfo:
    """Remove a built environment, never one that somebody else builds.

    Args:
        name: Of the environment.
        pipeline: A pipeline file; `LUMOS_CONFIG`, else `lumos.yaml`, by default.
        forget: Take it out of the lock, too.

    Returns:
        What it was.

    Raises:
        UsageError: When there is no such environment, or it was not built by Lumos.
        LockedError: When a run or a sync of the pipeline is at work.
        DiskError: When the folder cannot be written.
    """
    found = read_declared(pipeline)
    home = found.home(name)
    known = {info.name: info for info in env_list(found.file)}
    if name not in known:
        fix = did_you_mean(name, known) or "`lumos env list` shows all"
        raise UsageError(f"there is no environment '{name}'", fix=fix)
    if known[name].state in {"existing", "missing"}:
        raise UsageError(
            f"the environment '{name}' is built by somebody else", fix=f"remove {known[name].folder} there"
        )
    there = os.path.lexists(home)
    if there and not ours(home):
        fix = "look at it, and remove it by hand"
        raise UsageError(f"{home} was not made by `lumos env sync`", why="it has no marker", fix=fix)
    if not there and not (forget and known[name].locked):
        raise UsageError(f"the environment '{name}' is not built", fix="there is nothing to remove")
    with alone(found.state), _no_run(found):
        if there:
            # Under another name first: what is removed half way is not taken for an environment.
            doomed = home.with_name(f".removed-{name}")
            shutil.rmtree(doomed, ignore_errors=True)
            home.rename(doomed)
            shutil.rmtree(doomed)
        if forget and name in found.lock.environments:
            rest = {key: entry for key, entry in found.lock.environments.items() if key != name}
            write_lock(found.file, found.lock.model_copy(update={"environments": rest}))
    return known[name]


@contextlib.contextmanager
def _no_run(found: Declared) -> Iterator[None]:
    """Keep runs of the pipeline away, where its store can be asked; a store that cannot be opened has no run."""
    with contextlib.ExitStack() as stack:
        try:
            store = part_of(found.file, "store").build()
            stack.callback(store.close)
            if found.state.is_dir():
                stack.enter_context(store.lock())
        except LockedError:
            raise
        except LumosError:
            pass
        yield
