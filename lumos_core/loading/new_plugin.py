"""`new_plugin`: a package for a component of your own, made from the template.

The template is a plugin called `acme` that works. Making another is replacing that name by the new one, in contents
and in paths, and nothing else; in the files that all kinds share the `kind` before it is replaced too.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..contracts.component import COMPONENT_KINDS, ComponentKind
from ..errors import DiskError, UsageError
from .known import KNOWN
from .targets import kind_words

TEMPLATE = "plugin_template"
COMMON = "common"
WORDS: Mapping[ComponentKind, str] = {
    **{kind: kind for kind in COMPONENT_KINDS},
    "cost_model": "cost",
}
"""Kind -> its word in the names of distributions: `lumos-cost-acme`."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST = 24
_TOKEN = re.compile(
    "(?P<kind>kind(?=[-_]acme))|(?P<snake>(?<=_)acme|acme(?=_))|(?P<name>acme)|(?P<camel>Acme)|(?P<upper>ACME)"
)
_LEFT_OUT = ("__pycache__", "_cache")


class NewPlugin(NamedTuple):
    """What was made.

    Attributes:
        path: The folder.
        kind: `source`, `cost_model`, ...
        name: The component's name in YAML.
        distribution: `lumos-source-acme`.
        package: `lumos_source_acme`.
        files: What the folder holds, relative to it, sorted.
    """

    path: str
    kind: ComponentKind
    name: str
    distribution: str
    package: str
    files: list[str]


def new_plugin(kind: str, name: str, folder: str | Path = ".") -> NewPlugin:
    """Make a package for a component of your own: it works, and passes the conformance kit, from the start.

    Args:
        kind: `source`, `format`, `enricher`, `differ`, `catalog`, `store`, `cost-model`, `reporter` or `executor`.
        name: The component's name in YAML: lower-case letters, digits and single dashes.
        folder: Where the package's own folder, called like the distribution, is made.

    Returns:
        What was made.

    Raises:
        UsageError: When there is no such kind, the name does not fit or is taken by a first-party plugin, or the
            package's folder is there already and not empty. Nothing is written then.
        DiskError: When the files cannot be written; what was begun is taken away again.

    Example:
        >>> import tempfile, lumos_core
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     lumos_core.new_plugin("source", "acme", folder).package
        'lumos_source_acme'
    """
    from .api import kind_of

    wanted = kind_of(kind)
    distribution = _distribution(wanted, name)
    target = Path(folder) / distribution
    if _in_use(target):
        raise UsageError(
            f"{target} is there already",
            why="it is not an empty folder",
            fix="give another name, or another folder with --dir",
        )
    files = render(wanted, name)
    _write(target, files)
    return NewPlugin(str(target), wanted, name, distribution, distribution.replace("-", "_"), sorted(files))


def render(kind: ComponentKind, name: str) -> dict[str, str]:
    """Return the files of a package: path with `/` -> text.

    Args:
        kind: Of its component.
        name: Its name in YAML.
    """
    word = WORDS[kind]
    new = {
        "kind": word,
        "snake": name.replace("-", "_"),  # beside an underscore it is part of an identifier
        "name": name,
        "camel": "".join(part.capitalize() for part in name.split("-")),
        "upper": name.replace("-", "_").upper(),
    }

    def renamed(text: str) -> str:
        return _TOKEN.sub(lambda found: new[found.lastgroup or ""], text)

    root = template()
    files = {}
    for part in (COMMON, word):
        for path in sorted((root / part).rglob("*")):
            place = path.relative_to(root / part)
            if path.is_file() and not any(piece.endswith(_LEFT_OUT) for piece in place.parts):
                files[renamed(place.as_posix())] = renamed(path.read_text(encoding="utf-8"))
    return files


def template() -> Path:
    """Return the folder of the template: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / TEMPLATE
    return inside if inside.is_dir() else package.parent / TEMPLATE


def _distribution(kind: ComponentKind, name: str) -> str:
    word = WORDS[kind]
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        bare = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").removeprefix(f"lumos-{word}-")
        hint = f", such as '{bare}'" if _NAME.fullmatch(bare) and len(bare) <= _LONGEST else ""
        raise UsageError(
            f"'{name}' cannot be the name of a plugin",
            why=f"it is not lower-case letters, digits and single dashes, beginning with a letter, {_LONGEST} at most",
            fix=f"choose a name that is{hint}",
        )
    if name.startswith("lumos-"):
        bare = name.removeprefix(f"lumos-{word}-")
        raise UsageError(
            f"'{name}' is the name of a distribution",
            why="a component's name has no such prefix; it is put before the name for you",
            fix=f"give '{bare}'" if bare != name else "give the name alone, such as 'acme'",
        )
    distribution = f"lumos-{word}-{name}"
    taken = KNOWN[kind].get(name)
    if taken is None and any(distribution in names.values() for names in KNOWN.values()):
        taken = distribution
    if taken is not None:
        raise UsageError(
            f"the {kind_words(kind)} '{name}' belongs to {taken}",
            why="with both installed, a pipeline that names it could mean either",
            fix="choose another name",
        )
    return distribution


def _in_use(target: Path) -> bool:
    try:
        return target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir())))
    except OSError:
        return True


def _write(target: Path, files: Mapping[str, str]) -> None:
    """Write all files or none: into a folder beside the target, which then takes its place."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
            made = Path(temporary) / target.name
            for place, text in files.items():
                path = made / place
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            if target.exists():  # empty, as was seen; if it no longer is, this fails and nothing is lost
                target.rmdir()
            made.rename(target)
    except OSError as error:
        raise DiskError(
            "cannot write the package",
            why=error.strerror or str(error),
            fix="choose another folder with --dir, or mend its permissions",
            where=str(target),
        ) from error
