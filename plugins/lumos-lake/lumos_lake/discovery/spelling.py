"""Spelling out what discovery found as the rules of a `discovery.yaml`, each proven against the listing.

A rule is only written when it fits files of its own dataset and no other file. The order of the rules therefore does
not matter, and running with them gives the same datasets.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from ..storage import Entry
from .grouping import Grouping, Layout
from .names import _MONTHS, _VARIABLE, split_extension
from .overrides import Overrides, Rule, TableRule, compile_rule, escape
from .spool import Files

MOST_SHAPES = 40
"""A dataset whose files need more rules than this ..."""
MOST_FILES = 200
"""... is spelled file by file, up to so many files."""

_SPLIT_KEEP = re.compile(r"([_\-. ])")
_STARS = re.compile(r"\*(?:[-_.:]?\*)+")


class Spelled(Struct, frozen=True):
    """One dataset as rules.

    Attributes:
        grouping: The dataset.
        rules: Paths that fit its files and no others; empty when it is not spelled out.
        why: Why it is not spelled out.
    """

    grouping: Grouping
    rules: tuple[str, ...] = ()
    why: str = ""


def spell(found: Layout, extensions: Mapping[str, str]) -> list[Spelled]:
    """Return the datasets of a listing as rules, in the order of `found.groupings`.

    Args:
        found: What `layout` answered.
        extensions: Extension -> format, as `layout` was given them.
    """
    done: dict[int, Spelled] = {}
    open_: dict[int, Grouping] = {}
    owner = array("q", [-1]) * len(found.listing)
    for index, grouping in enumerate(found.groupings):
        if grouping.marked:
            done[index] = Spelled(grouping, why="its marker says which files are its own")
            continue
        if not all(_is_text(entry.path) for files in (grouping.files, grouping.empty) for entry in files):
            done[index] = Spelled(grouping, why="names in it are not Unicode; it is left to discovery")
            continue
        open_[index] = grouping
        for files in (grouping.files, grouping.empty):
            for row in files.rows if isinstance(files, Files) else ():
                owner[row] = index
    for level in (_below, _folders, _names, _every):
        candidates = {index: level(grouping, extensions) for index, grouping in open_.items()}
        for index in _proven(candidates, owner, found.listing):
            done[index] = Spelled(open_.pop(index), candidates[index])
        if not open_:
            break
    for index, grouping in open_.items():
        done[index] = Spelled(grouping, why="no rule fits its files and no others; it is left to discovery")
    return [done[index] for index in sorted(done)]


def overrides_of(spelled: Iterable[Spelled]) -> Overrides:
    """Return the rules as a whole `discovery.yaml`."""
    return Overrides(
        tables=[
            TableRule(path=path, name=one.grouping.name, format=one.grouping.format)
            for one in spelled
            for path in one.rules
        ]
    )


def _proven(candidates: Mapping[int, Sequence[str]], owner: Sequence[int], listing: Sequence[Entry]) -> Iterator[int]:
    """Yield the datasets whose candidates fit all of their files and no other."""
    by_folder: dict[str, list[tuple[int, Rule]]] = {}
    whole: dict[str, list[int]] = {}
    for index, paths in candidates.items():
        for path in paths:
            rule = compile_rule(path)
            if rule.literal:
                whole.setdefault(path, []).append(index)
            else:
                by_folder.setdefault(rule.above, []).append((index, rule))
    good = {index: bool(paths) for index, paths in candidates.items()}
    fitted: dict[int, int] = dict.fromkeys(candidates, 0)
    wanted: dict[int, int] = dict.fromkeys(candidates, 0)
    above, rules = "\0", list[tuple[int, Rule]]()
    for row, entry in enumerate(listing):
        its = owner[row]
        if its in wanted:
            wanted[its] += 1
        folder = entry.path.rpartition("/")[0]
        if folder != above:
            above, rules = folder, list(by_folder.get("", ()))
            while folder:
                rules += by_folder.get(folder, ())
                folder = folder.rpartition("/")[0]
        fits = {index for index, rule in rules if good[index] and rule.pattern.fullmatch(entry.path)}
        fits.update(whole.get(entry.path, ()))
        for index in fits:
            if index == its:
                fitted[index] += 1
            else:
                good[index] = False
    for index, fine in good.items():
        if fine and fitted[index] == wanted[index]:
            yield index


def _is_text(path: str) -> bool:
    return path.isascii() or not any("\ud800" <= char <= "\udfff" for char in path)


def _suffix(path: str, extensions: Mapping[str, str]) -> str:
    name = path.rpartition("/")[2]
    return name[len(split_extension(name, extensions)[0]) :]


def _below(grouping: Grouping, extensions: Mapping[str, str]) -> tuple[str, ...]:
    """Everything of some extensions in a folder, or below it."""
    if len(grouping.files) == 1 and not grouping.partitions:
        return (escape(grouping.files[0].path),)
    if grouping.positional or not grouping.root:
        return ()
    root, folders, suffixes = grouping.root, set[bool](), set[str]()
    for files in (grouping.files, grouping.empty):
        for entry in files:
            folders.add("/" in entry.path[len(root) + 1 :])
            suffixes.add(_suffix(entry.path, extensions))
    middle = "/**/*" if True in folders else "/*"
    return tuple(f"{escape(root)}{middle}{escape(suffix)}" for suffix in sorted(suffixes))


def _folders(grouping: Grouping, extensions: Mapping[str, str]) -> tuple[str, ...]:
    """Everything of some extensions in folders of some shapes."""
    return _shaped(grouping, lambda name: f"*{escape(_suffix(name, extensions))}")


def _names(grouping: Grouping, extensions: Mapping[str, str]) -> tuple[str, ...]:
    """Files whose names differ in what varies, in folders of some shapes."""
    return _shaped(grouping, lambda name: _glob(name, extensions))


def _every(grouping: Grouping, extensions: Mapping[str, str]) -> tuple[str, ...]:
    """Every file by its path; levels without a key keep their names."""
    if len(grouping.files) + len(grouping.empty) > MOST_FILES:
        return ()
    if grouping.positional:
        return _shaped(grouping, escape)
    return tuple(escape(entry.path) for files in (grouping.files, grouping.empty) for entry in files)


def _shaped(grouping: Grouping, name_of: Callable[[str], str]) -> tuple[str, ...]:
    if len(set(grouping.positional.values())) < len(grouping.positional):
        return ()  # a rule names a level once
    shapes: dict[str, None] = {}
    before, folder_shape = "\0", ""
    for files in (grouping.files, grouping.empty):
        for entry in files:
            folder, slash, name = entry.path.rpartition("/")
            if folder != before:
                before, folder_shape = folder, _folder(folder, grouping.positional) + slash
            shapes[folder_shape + name_of(name)] = None
            if len(shapes) > MOST_SHAPES:
                return ()
    return tuple(sorted(shapes))


def _folder(folder: str, positional: Mapping[int, str]) -> str:
    segments = []
    for index, segment in enumerate(folder.split("/") if folder else ()):
        key, equals, _ = segment.partition("=")
        if equals and key:
            segments.append(f"{escape(key)}=*")
        elif index in positional:
            segments.append(f"{{{positional[index]}}}")
        else:
            segments.append(escape(segment))
    return "/".join(segments)


def _glob(name: str, extensions: Mapping[str, str]) -> str:
    """Return a file name with what varies in it (numbers, dates, identifiers, months) as `*`."""
    suffix = _suffix(name, extensions)
    bare = name[: len(name) - len(suffix)] if suffix else name
    words = _SPLIT_KEEP.split(_VARIABLE.sub("\0", bare))
    made = "".join("*" if word.casefold() in _MONTHS else escape(word).replace("\0", "*") for word in words)
    return _STARS.sub("*", made) + escape(suffix)
