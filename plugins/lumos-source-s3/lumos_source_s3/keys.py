"""Keys of a bucket as paths below a prefix, and back.

A key may hold empty segments (`a//b`, `/a`, `a/`) and the segments `.` and `..`, which mean nothing to S3 and much to
everybody else. In a path they stand percent-encoded, as `%2F`, `%2E` and `%2E%2E`; a segment that looks like one of
these gets its `%` encoded. Every other segment stands as it is, so that no two keys become one path.
"""

from __future__ import annotations

import re

_ODD = re.compile(r"%(?:25)*(?:2F|2E(?:%2E)?)")
_PATHS = {"": "%2F", ".": "%2E", "..": "%2E%2E"}
_KEYS = {path: key for key, path in _PATHS.items()}
_SUSPECT = re.compile(r"(?:^|/)(?:/|\.{0,2}(?:/|\Z)|%(?:25)*2[EF])")
"""Finds every path that may hold such a segment; most have none."""


def path_of(key: str, prefix: str = "") -> str:
    """Return the path of a key below a prefix.

    Example:
        >>> path_of("raw/a//b.csv", "raw/")
        'a/%2F/b.csv'
    """
    rest = key[len(prefix) :]
    if not _SUSPECT.search(rest):
        return rest
    return "/".join(_encoded(segment) for segment in rest.split("/"))


def key_of(path: str, prefix: str = "") -> str:
    """Return the key that a path stands for.

    Example:
        >>> key_of("a/%2F/b.csv", "raw/")
        'raw/a//b.csv'
    """
    if "%2" not in path:
        return prefix + path
    return prefix + "/".join(_decoded(segment) for segment in path.split("/"))


def _encoded(segment: str) -> str:
    if segment in _PATHS:
        return _PATHS[segment]
    return f"%25{segment[1:]}" if _ODD.fullmatch(segment) else segment


def _decoded(segment: str) -> str:
    if segment in _KEYS:
        return _KEYS[segment]
    return f"%{segment[3:]}" if _ODD.fullmatch(segment) else segment
