"""`lumos init` and `lumos discover`: ask every source what it would read there, write a commented pipeline."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import SecretStr

from ..contracts.source import Explained, Source
from ..errors import ConfigError, LumosError, PluginError
from ..files import atomic_write
from ..loading.guarded import quiet_stdout
from ..loading.known import KNOWN
from ..loading.registry import Found, Registry
from .pipeline import FILE
from .types import ComponentSpec
from .variables import escape

RULES = "discovery.yaml"
"""What people know better about a lake, in its folder."""
MODELINE = "# yaml-language-server: $schema=lumos.schema.json"
"""What tells editors where the schema of a pipeline file is."""

Look = tuple[str, list[dict[str, Any]]]
"""The name of a pipeline, and the entries of its sources."""


def init(folder: str | os.PathLike[str] = ".") -> str:
    """Write `lumos.yaml` into a folder, after asking every installed source what it finds there.

    Args:
        folder: An existing folder.

    Returns:
        The path of the file.

    Raises:
        ConfigError: When there is no such folder, or it has a `lumos.yaml` already.
        DiskError: When the file cannot be written.
    """
    place = Path(folder)
    if not place.is_dir():
        why = "it is a file" if place.exists() else "it does not exist"
        raise ConfigError(f"{place} is not a folder", why=why, fix="name a folder that holds your data")
    return discovered(place, files=False).files[0]


def discover(target: str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> str:
    """Write a commented pipeline for whatever a connection string or a folder leads to, and files that go with it.

    Every installed source is asked. A secret in the connection string is not written: a variable stands in its place,
    with a line that says which one to set.

    Args:
        target: A connection string (`postgresql://reader@db.example.org/shop`), or a folder.
        out: The file to write; by default `lumos.yaml`, in the folder, or in the present one.

    Returns:
        The path of the file.

    Raises:
        ConfigError: When there is such a file already, or no source knows what to do with the target.
        LumosError: When a source knows it, and cannot read there.
        DiskError: When the file cannot be written.
    """
    return discovered(target, out).files[0]


class Discovered(NamedTuple):
    """What `discovered` did.

    Attributes:
        files: Path of every file that was written, the pipeline first.
        hints: Where nothing was found: what was looked at, and what to try.
        runs: The pipeline has a source.
    """

    files: list[str]
    hints: list[str]
    runs: bool


def discovered(
    target: str | os.PathLike[str], out: str | os.PathLike[str] | None = None, *, files: bool = True
) -> Discovered:
    """Do what `discover` does, and say what it wrote and what it did not find.

    Args:
        target: A connection string, or a folder.
        out: The file to write.
        files: Also write what sources want beside the pipeline (`discovery.yaml`); what exists is never replaced.

    Raises:
        ConfigError: As `discover` does.
        LumosError: As `discover` does.
        DiskError: When a file cannot be written.
    """
    place = Path(target)
    if not place.is_dir():
        return _write(Path(out or FILE), lambda registry: _reached(registry, os.fspath(target)), files)
    file = Path(out) if out is not None else place / FILE

    def look(registry: Registry) -> Look:
        return place.resolve().name, [_moved(entry, place, file.parent) for entry in suggestions(registry, place)]

    empty = next(place.iterdir(), None) is None
    done = _write(file, look, files)
    return done if done.runs else done._replace(hints=[_nothing_in(place, empty)])


def _nothing_in(folder: Path, empty: bool) -> str:
    """Say that nothing was found in a folder, and what to try."""
    if empty:
        return f"Nothing was found: the folder {folder} is empty. Try another folder."
    return (
        f"Nothing was found: no installed source recognises what is in the folder {folder}. Try another folder; "
        "`lumos plugins` shows what is installed."
    )


def explain(target: str | os.PathLike[str], root: str | os.PathLike[str] | None = None) -> list[Explained]:
    """Ask every source that would read a place what it makes of it, how sure it is and why; nothing is written.

    Args:
        target: A folder, a file, or a connection string such as `s3://bucket/prefix`.
        root: The folder that a pipeline would read, where `target` lies inside it. By default the nearest folder, from
            `target` up, with a `lumos.yaml` that reads it or a `discovery.yaml`; else `target` itself, and for a file
            the present folder if the file lies in it, else the file's own.

    Returns:
        What was found: datasets, and what is in none.

    Raises:
        ConfigError: When there is no such place, or no source explains it.
        LumosError: When a source knows it, and cannot read there.
    """
    place, registry = Path(target), Registry.load()
    if root is None and not os.path.lexists(place):
        asked = [(_spec(registry, entry, Path.cwd()), "") for entry in _reached(registry, os.fspath(target))[1]]
    else:
        base = (_root_of(place) if root is None else Path(root)).absolute()
        if not base.is_dir():
            raise ConfigError(f"{base} is not a folder", fix="name the folder that a pipeline would read", where="root")
        if _inside(place, base) is None:
            raise ConfigError(f"{place} does not lie in {base}", fix="name a folder above it", where="root")
        asked = _of_pipeline(place, base)
        if not asked and root is None and place.is_dir() and not (base / RULES).is_file():
            base = place.absolute()  # what stands above reads something else
        asked = asked or [
            (_spec(registry, one, base), _inside(place, base) or "") for one in suggestions(registry, base)
        ]
    found: list[Explained] = []
    explains = False
    for spec, inside in asked:
        source: Any = spec.build()
        try:
            if type(source).explain is not Source.explain:
                explains = True
                with quiet_stdout():
                    found += source.explain(inside)
        finally:
            source.close()
    if not explains:
        raise ConfigError(
            f"nothing can be explained at {target}",
            why="no installed source that explains itself finds anything there",
            fix="name a folder with data, or s3://BUCKET/PREFIX with lumos-source-s3 installed",
        )
    return found


def _spec(registry: Registry, entry: Mapping[str, Any], base: Path) -> ComponentSpec:
    """Return what a suggested entry would be in a pipeline, without the files that would go with it."""
    beside = entry.get("#files", {})
    plain = {
        key: value.get_secret_value() if isinstance(value, SecretStr) else value
        for key, value in entry.items()
        if not key.startswith("#") and not (isinstance(value, str) and value in beside)
    }
    return registry.spec("source", escape(plain), base)


def _of_pipeline(place: Path, base: Path) -> list[tuple[ComponentSpec, str]]:
    """Return the sources of the pipeline in a folder that read a place, and where the place is in each."""
    if not (base / FILE).is_file():
        return []
    found = []
    from .api import load_pipeline  # it imports this module

    for spec in load_pipeline(base / FILE).sources:
        path = getattr(spec.config, "path", None)
        if isinstance(path, Path) and path.is_dir():
            if (inside := _inside(place, path)) is not None:
                found.append((spec, inside))
            elif _inside(path, place) is not None:
                found.append((spec, ""))
    return found


def _inside(place: Path, folder: Path) -> str | None:
    """Return a path as it is below a folder, empty for the folder itself; None when it is not below it."""
    path = Path(os.path.relpath(os.path.abspath(place), os.path.abspath(folder))).as_posix()  # noqa: PTH100
    return None if path == ".." or path.startswith("../") else "" if path == "." else path


def _root_of(place: Path) -> Path:
    """Return the nearest folder that says what is read; else a folder itself, of a file the present one or its own."""
    above = list(place.absolute().parents)
    for folder in [place, *above] if place.is_dir() else above:
        if any((folder / name).is_file() for name in (FILE, RULES)):
            return folder
    if place.is_dir():
        return place
    return Path.cwd() if Path.cwd() in above else above[0]


def _moved(entry: dict[str, Any], folder: Path, base: Path) -> dict[str, Any]:
    """An entry for a folder as a pipeline in another folder must write it: its `path` starts there."""
    path = entry.get("path")
    if not isinstance(path, str) or "://" in path or folder.resolve() == base.resolve():
        return entry
    return {**entry, "path": Path(os.path.relpath((folder / path).resolve(), base.resolve())).as_posix()}


def _write(target: Path, look: Callable[[Registry], Look], files: bool) -> Discovered:
    """Write what a look gives into a file that must not exist; nobody is asked when it does."""
    if os.path.lexists(target):
        fix = f"edit it, check it with `lumos validate {target}`, or move it away"
        raise ConfigError("there is a pipeline already", fix=fix, where=str(target))
    registry = Registry.load()
    name, sources = look(registry)
    beside = _beside(target.parent, sources) if files else {}
    for source in sources:
        for gone in source.get("#files", {}).keys() - {path.name for path in beside}:
            for key in [key for key, value in source.items() if value == gone]:
                del source[key]
    text = render(name, sources, registry)
    for path, content in {target: text, **beside}.items():
        with atomic_write(path) as file:
            file.write(content)
    hints = [str(source["#hint"]) for source in sources if "#hint" in source]
    return Discovered([str(path) for path in (target, *beside)], hints, bool(sources))


def _beside(folder: Path, sources: list[dict[str, Any]]) -> dict[Path, str]:
    """Return the files that sources want beside the pipeline and that are not there; the first source's word counts."""
    wanted: dict[Path, str] = {}
    for source in sources:
        for name, content in source.get("#files", {}).items():
            path = folder / Path(name).name
            if not os.path.lexists(path):
                wanted.setdefault(path, content)
    return wanted


def _reached(registry: Registry, target: str) -> Look:
    """Return a name and the entries for a connection string; the name holds no part of it that may be secret."""
    found: list[dict[str, Any]] = []
    refused: LumosError | None = None
    for offer in registry.components("source"):
        try:
            found += _entries(registry, offer, {}, target)
        except PluginError:  # nobody asked for this plugin
            continue
        except LumosError as error:
            refused = refused or error
        except (Exception, SystemExit):  # a source that was never meant for this
            continue
    if found:
        return str(found[0].get("database") or found[0].get("bucket") or found[0]["type"]), found
    if refused is not None:
        raise refused
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)", target)
    names = sorted({offer.component.name for offer in registry.components("source")})
    absent = ((name, pip) for name, pip in KNOWN["source"].items() if name not in names)
    known = next((pip for name, pip in absent if scheme and scheme[0].startswith(name)), None)
    raise ConfigError(
        f"no installed source reads {scheme[0]}:// targets" if scheme else "no installed source knows this target",
        why=f"installed: {', '.join(names)}" if names else "no source is installed",
        fix=f"pip install {known}"
        if known
        else "name an existing folder, or a connection string such as postgresql://reader@db.example.org/shop",
    )


def suggestions(registry: Registry, folder: Path) -> Iterator[dict[str, Any]]:
    """Ask every installed source for entries that would read a folder.

    Of several that would read the same path, the one that reads most kinds of file is kept. A source that fails is
    passed over: the user asked for a file, not for that source.

    Raises:
        ConfigError: When a file of the folder that a source goes by, such as a `discovery.yaml`, has mistakes.
    """
    found: dict[str, dict[str, Any]] = {}
    for offer in registry.components("source"):
        for entry in _ask(registry, offer, folder):
            key = repr(entry.get("path", sorted(entry.items(), key=repr)))
            if key not in found or _breadth(entry) > _breadth(found[key]):
                found[key] = entry
    yield from found.values()


def _ask(registry: Registry, offer: Found, folder: Path) -> list[dict[str, Any]]:
    try:
        return _entries(registry, offer, {"path": folder}, str(folder))
    except ConfigError as error:
        if error.problems:  # mistakes in a file of the folder, such as its `discovery.yaml`
            raise
        return []
    except (Exception, SystemExit):  # the user asked for a file, not for this source
        return []


def _entries(registry: Registry, offer: Found, values: Mapping[str, Any], target: str) -> list[dict[str, Any]]:
    component, model = registry.classes("source", f"{offer.distribution}/{offer.component.name}")
    with quiet_stdout():
        # Nobody has configured it yet: it gets its own defaults, and the folder where it has a `path`.
        given = {name: value for name, value in values.items() if name in model.model_fields}
        made: Any = component(model.model_construct(None, **given))
        entries = [dict(entry) for entry in made.suggest(target)]
    return [entry for entry in entries if isinstance(entry.get("type"), str)]


def _breadth(entry: Mapping[str, Any]) -> int:
    formats = entry.get("formats")
    return len(formats) if isinstance(formats, list) else 0


def render(name: str, sources: list[dict[str, Any]], registry: Registry) -> str:
    """Return the text of a pipeline file."""
    lines = [
        "# A Lumos pipeline: what is read, and what is done with it. Check it with `lumos validate`,",
        "# run it with `lumos run`. Paths are relative to this file; ${VAR} reads the environment.",
        "# For completion and checks in your editor: `lumos schema > lumos.schema.json`, and make this the first line:",
        f"#     {MODELINE}",
        "version: 1",
        f"name: {_flow(re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-') or 'pipeline')}",
        "",
    ]
    if sources:
        lines += ["# What was found here.", "sources:", *_listed(sources)]
    else:
        names = sorted({found.component.name for found in registry.components("source")})
        known = f" Installed: {', '.join(names)}." if names else ""
        lines += [
            f"# No source recognised anything here.{known} `lumos describe source NAME` shows the options.",
            "sources: []",
        ]
    lines += ["", *_enriching(sources, registry), ""]
    lines += [
        "# Fail the run (exit code 1) when a change breaks consumers:",
        "# gate: {fail_on: breaking, waivers: lumos-waivers.yaml}",
        "",
        "# The catalog is the embedded one; its search is `lumos search`. History is kept in .lumos/store.db.",
        "# catalogs:",
        "#   - {type: local}",
        "",
        "# A page for people; the summary in the terminal comes by itself.",
        *(["reports:", "  - {type: html, path: out/report.html}"] if _has_html(registry) else ["# reports: []"]),
        "",
    ]
    return "\n".join(lines)


def _listed(sources: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The entries, one per line, below what is said of them; `#` is a comment, a secret becomes a variable."""
    taken: set[str] = set()
    for entry in sources:
        if comment := entry.get("#"):
            yield f"  # {' '.join(str(comment).split())}"
        plain: dict[str, Any] = {}
        for key, value in entry.items():
            if isinstance(value, SecretStr):
                variable = stem = re.sub(r"[^A-Z0-9]+", "_", f"{entry['type']}_{key}".upper())
                while variable in taken:
                    variable = f"{stem}_{len(taken) + 1}"
                taken.add(variable)
                yield f"  # Set {variable} before the run; what it holds is never written down."
                plain[key] = f"${{{variable}}}"
            elif not key.startswith("#"):
                plain[key] = escape(value)
        yield f"  - {_dumped(plain)}"


def _enriching(sources: list[dict[str, Any]], registry: Registry) -> Iterator[str]:
    """The enrichers that sources name for what they read, where they are installed; below them an example."""
    named = {entry["type"]: entry for source in sources for entry in source.get("#enrich", ())}
    installed = named.keys() & {found.component.name for found in registry.components("enricher")}
    for name in sorted(named.keys() - installed):
        yield f"# For what was found there is an enricher, {name}: pip install {KNOWN['enricher'].get(name, name)}"
    if installed:
        yield from ("# What goes with what was found.", "enrich:")
        yield from _listed(named[name] for name in sorted(installed))
    yield "# Owners, tags, descriptions and lineage from a file of your own:"
    yield from ([] if installed else ["# enrich:"])
    yield "#   - {type: rules, path: rules.yaml}"


def _has_html(registry: Registry) -> bool:
    return any(found.component.name == "html" for found in registry.components("reporter"))


def _flow(value: Any) -> str:
    """One value on one line, as YAML that reads back the same; a `$` is taken literally."""
    return _dumped(escape(value))


def _dumped(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf"))
    return text.removesuffix("...\n").strip()
