"""Making one environment: resolve what is not locked, install what is locked, look whether it works, mark it ready.

An environment is a folder of its own kind: `<state>/environments/NAME` holds the marker and, beside it, the folder of
the environment that the marker names. A new one is built under a new name, and the marker, which is replaced in one
step, makes it the current one. What was there before stays usable until then, and on the disk until the next sync, so
that a run that is under way keeps its files.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import InvalidSdistFilename, parse_sdist_filename

from ..errors import ConfigError, DiskError, LockedError
from ..files import try_lock
from . import checking
from .environment import FOLDER, EnvironmentConfig, is_local
from .lock import LockedEnvironment, LockedPackage, LockedSet, is_stale, normal, without_credentials
from .marker import Marker, read_marker, write_marker
from .pythons import Base
from .tools import Options, Tool
from .wheels import FOLDER as WHEELS
from .wheels import MadeWheel, file_hash, version_of

UNFINISHED = "lumos-environment.unfinished"
"""File in the folder of an environment that is being built, or whose building was interrupted."""


class Plan(NamedTuple):
    """One environment to be made.

    Attributes:
        name: Of the environment.
        config: Its declaration.
        base: The Python it is built with.
        folder: Folder that relative paths start from: that of the pipeline file.
        state: State folder of the pipeline.
        made: Requirements whose wheels are made here.
        options: Where files may come from.
    """

    name: str
    config: EnvironmentConfig
    base: Base
    folder: Path
    state: Path
    made: list[MadeWheel]
    options: Options

    @property
    def home(self) -> Path:
        """The folder of the environment."""
        return self.state / FOLDER / self.name

    @property
    def wheels(self) -> Path:
        """Where wheels are kept that were built here."""
        return self.state / FOLDER / WHEELS


def stale_reason(plan: Plan, entry: LockedEnvironment | None) -> str:
    """Say why the versions must be chosen anew; empty when the lock still holds."""
    if entry is None:
        return "it is not in the lock"
    if is_stale(entry, plan.config):
        return "what is declared has changed"
    locked = entry.locked.get(plan.base.target)
    if locked is None:
        return f"it is not locked for {plan.base.target}"
    before = {package.made_from: package.source for package in locked.packages if package.source}
    now = {item.requirement: item.source for item in plan.made}
    for requirement in sorted({*before, *now}):
        if before.get(requirement) != now.get(requirement):
            return f"{requirement} has changed"
    return ""


def resolve(plan: Plan, tool: Tool, before: LockedSet | None) -> LockedSet:
    """Choose every package that the requirements come to.

    Args:
        plan: The environment.
        tool: What chooses.
        before: What is locked now, whose versions are kept where they still fit; None to choose anew.

    Raises:
        ConfigError: When there is no choice, with what the tool said.
    """
    made: dict[str, LockedPackage] = {}
    lines = [line for line in plan.config.requirements if not is_local(line)]
    for item in plan.made:
        wheel = item.wheel(tool, plan.base.python, plan.options, plan.wheels)
        name, version = version_of(wheel)
        made[name] = LockedPackage(
            name=name, version=version, hashes=[file_hash(wheel)], made_from=item.requirement, source=item.source
        )
        lines.append(f"{name}{item.extras} @ {wheel.as_uri()}")
    prefer = [package.pin for package in before.packages if not package.made_from] if before else []
    packages = []
    for package in tool.resolve(plan.base.python, lines, plan.options, prefer):
        if package.name in made:
            packages.append(made[package.name])
        elif package.made_from:
            packages.append(_from_url(package, plan.config.requirements))
        else:
            packages.append(package)
    packages.sort(key=lambda package: package.name)
    return LockedSet(resolved_by=tool.name, packages=packages)


def build(plan: Plan, tool: Tool, locked: LockedSet, commit: Callable[[], None]) -> checking.Inside:
    """Install what is locked into a new folder, look whether it works, and make it the current one.

    Args:
        plan: The environment.
        tool: What installs.
        locked: What to install.
        commit: Called when all is well, just before the new environment becomes the current one.

    Returns:
        What is in it.

    Raises:
        ConfigError: When something cannot be installed or does not work; what was there before is untouched.
        DiskError: When there is no room.
    """
    if os.path.lexists(plan.home) and not ours(plan.home):
        what = f"{plan.home} was not made by `lumos env sync`"
        raise ConfigError(what, why="it has no marker", fix="move it away, or choose another name")
    try:
        plan.home.mkdir(parents=True, exist_ok=True)
        (plan.home / UNFINISHED).touch()
    except OSError as error:
        why = error.strerror or str(error)
        raise DiskError("cannot make the environment", why=why, fix="mend the folder", where=str(plan.home)) from error
    clean(plan.home)
    target = plan.home / f"env-{secrets.token_hex(4)}"
    try:
        tool.create(plan.base.python, target)
        tool.install(target, install_lines(plan, tool, locked), plan.options)
        marker = Marker(
            folder=target.name,
            digest=locked.digest(),
            target=plan.base.target,
            python="",
            lumos_core="",
            api="",
            packages=len(locked.packages),
            built_with=tool.name,
        )
        inside = checking.look(marker.python_path(plan.home))
        problem = checking.unusable(inside) or "; ".join(checking.shortened(checking.differences(inside, locked)))
        if problem:
            fix = "change what it requires, then run `lumos env sync` again"
            raise ConfigError(f"the environment '{plan.name}' was built and does not work", why=problem, fix=fix)
        commit()
        told = {"python": inside.python, "lumos_core": inside.lumos_core, "api": inside.api}
        write_marker(plan.home, marker.model_copy(update=told))
        (plan.home / UNFINISHED).unlink(missing_ok=True)
    except BaseException:  # ^C too
        _discard(plan.home, target)
        raise
    return inside


def install_lines(plan: Plan, tool: Tool, locked: LockedSet) -> list[str]:
    """Return what is locked as lines that both tools install exactly.

    Raises:
        ConfigError: When a wheel that is made here is not the one that was locked.
    """
    made = {item.requirement: item for item in plan.made}
    urls = {without_credentials(line): line for line in plan.config.requirements if " @ " in line or "@" in line}
    lines = []
    for package in locked.packages:
        what = package.pin
        if package.made_from in made:
            wheel = made[package.made_from].wheel(tool, plan.base.python, plan.options, plan.wheels)
            if file_hash(wheel) not in package.hashes:
                why = "its source is the same, but its wheel comes out differently here"
                fix = f"accept it with `lumos env sync --upgrade` for '{plan.name}', or publish a wheel"
                raise ConfigError(f"{package.made_from} is not what was locked", why=why, fix=fix)
            what = f"{package.name} @ {wheel.as_uri()}"
        elif package.made_from:
            if package.made_from not in urls:
                fix = "run `lumos env sync --upgrade`"
                raise ConfigError("the lock is not valid", why=f"nobody declares {package.made_from}", fix=fix)
            what = f"{package.name} @ {Requirement(urls[package.made_from]).url}"
        lines.append(" ".join([what, *(f"--hash={text}" for text in package.hashes)]))
    return lines


def _from_url(package: LockedPackage, requirements: list[str]) -> LockedPackage:
    """What was chosen by a URL of the requirements: kept as declared, with the version that its file name tells."""
    for line in requirements:
        if is_local(line) or normal(Requirement(line).name) != package.name or not Requirement(line).url:
            continue
        path = (Requirement(line).url or "").partition("#")[0].partition("?")[0]
        file = Path(path.rpartition("/")[2])
        if package.version == "0":
            try:
                version = version_of(file)[1] if file.suffix == ".whl" else str(parse_sdist_filename(file.name)[1])
            except InvalidSdistFilename:
                fix = "name the URL of a wheel or of a source distribution (name-version.tar.gz)"
                raise ConfigError(f"the version of {package.name} cannot be told from its URL", fix=fix) from None
            package = package.model_copy(update={"version": version})
        return package.model_copy(update={"made_from": without_credentials(line)})
    why = "a package that something else requires comes from a URL"
    raise ConfigError(f"cannot lock {package.name}", why=why, fix="name the URL in `requirements`")


def ours(home: Path) -> bool:
    """Tell whether a folder is one that a sync made; a link is never followed."""
    if home.is_symlink() or not home.is_dir():
        return False
    return read_marker(home) is not None or (home / UNFINISHED).is_file()


def clean(home: Path) -> None:
    """Remove what is neither the current environment nor named by the marker: leftovers of earlier syncs."""
    marker = read_marker(home)
    for path in sorted(home.glob("env-*")):
        if path.is_dir() and not path.is_symlink() and (marker is None or path.name != marker.folder):
            shutil.rmtree(path, ignore_errors=True)


def _discard(home: Path, target: Path) -> None:
    marker = read_marker(home)
    if marker is None or marker.folder != target.name:  # else ^C came when it was the current one already
        shutil.rmtree(target, ignore_errors=True)
    with contextlib.suppress(OSError):
        (home / UNFINISHED).unlink(missing_ok=True)
        home.rmdir()  # only when nothing was there before


@contextlib.contextmanager
def alone(state: Path) -> Iterator[None]:
    """Keep other syncs of the same state folder away.

    Raises:
        LockedError: When one is at work.
        DiskError: When the folder cannot be written.
    """
    path = state / FOLDER / ".lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        why = error.strerror or str(error)
        fix = "choose another `state:`, or mend its permissions"
        raise DiskError("cannot write the state folder", why=why, fix=fix, where=str(path)) from error
    with file:
        if not try_lock(file):
            why, fix = f"it holds {path}", "wait for it"
            raise LockedError("another `lumos env` is at work", why=why, fix=fix)
        yield


def size_of(folder: Path) -> int:
    """Return how many bytes a folder holds; links count as themselves."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - a hundred thousand of them
    return total
