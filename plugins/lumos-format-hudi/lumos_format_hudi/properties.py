"""`hoodie.properties`: what a table is, in the format of Java's `Properties`, with a checksum and a backup.

Source: the Apache Hudi technical specification, "Table properties"; `java.util.Properties`, "load".
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping

from lumos_lake.heads import unreadable
from lumos_lake.tables import whole

from lumos_core.plugin_api import Context, File, UnitError

NAME = "hoodie.properties"
BACKUP = "hoodie.properties.backup"
LIMIT = 16 * 2**20
"""Bytes of the longest file of properties; the schema that a table was created with stands in it."""
_LINES = re.compile(r"\r\n|\r|\n")
_ESCAPE = re.compile(r"\\(u.{0,4}|.)", re.DOTALL)
_CODE = re.compile(r"u[0-9a-fA-F]{4}")
_PAIR = re.compile(r"((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)", re.DOTALL)
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_RESTORE = "restore the file from a copy, or let Hudi write it again (`hudi-cli`: `repair overwrite-hoodie-props`)"


class Malformed(ValueError):
    """Properties, a commit or a schema that Hudi does not allow."""


def parse(text: str) -> dict[str, str]:
    """Read properties as Java writes them.

    Raises:
        Malformed: When an escape is none, or two of them make no character.
    """
    found: dict[str, str] = {}
    logical = ""
    continued = False
    for line in _LINES.split(text):
        line = line.lstrip(" \t\f")
        if not continued and (not line or line[0] in "#!"):
            continue
        logical += line
        continued = (len(line) - len(line.rstrip("\\"))) % 2 == 1
        if continued:
            logical = logical[:-1]
            continue
        pair = _PAIR.fullmatch(logical)
        assert pair is not None  # the expression matches every text
        found[_unescaped(pair[1])] = _unescaped(pair[2])
        logical = ""
    if continued:
        raise Malformed("it ends within a line")
    return found


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_character, text)
    try:
        return plain.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise Malformed("an escape in it is half a character") from None


def _character(match: re.Match[str]) -> str:
    said = match[1]
    if said[0] != "u":
        return _PLAIN.get(said, said)
    if not _CODE.fullmatch(said):
        raise Malformed(f"`\\{said}` in it is no character")
    return chr(int(said[1:], 16))


def checksum(properties: Mapping[str, str]) -> int:
    """Return what `hoodie.table.checksum` must be: a CRC-32 of the names of database and table."""
    names = f"{properties.get('hoodie.database.name', '')}.{properties.get('hoodie.table.name', '')}"
    return zlib.crc32(names.encode())


def read(files: Mapping[str, File], where: File, ctx: Context) -> tuple[dict[str, str], File]:
    """Return the properties of a table, and the file that they stand in.

    A program that changes them writes a backup first, which counts where the file itself is gone or cut off.

    Args:
        files: The files of the table, by their path below `.hoodie/`.
        where: One of them, for errors.
        ctx: Warnings.

    Raises:
        UnitError: When there are none, or they are broken.
        RetryableError: When they changed since they were listed.
    """
    failure: UnitError | None = None
    for name in (NAME, BACKUP):
        if (file := files.get(name)) is None:
            continue
        try:
            properties = _checked(whole(file, LIMIT, _RESTORE))
        except Malformed as error:
            failure = failure or unreadable(file, str(error), _RESTORE)
        except UnitError as error:
            failure = failure or error
        else:
            if name == BACKUP:
                why = failure.why if failure is not None else "it is not there"
                ctx.warn("hudi-properties", f"`{NAME}` cannot be read ({why}), so that its backup is", file.path)
            return properties, file
    raise failure or UnitError(
        "the table has no properties",
        why=f"`.hoodie/{NAME}` is not there",
        fix="restore it from a copy, or remove what is left of the table",
        where=where.path,
    )


def _checked(data: bytes) -> dict[str, str]:
    if not data:
        raise Malformed("it is empty")
    if not data.endswith((b"\n", b"\r")):
        raise Malformed("it is cut off within a line")
    if b"\0" in data:
        raise Malformed("it is no text")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # as Java reads it; other programs write UTF-8
    found = parse(text)
    if not found.get("hoodie.table.name"):
        raise Malformed("it does not name the table (`hoodie.table.name`)")
    said = found.get("hoodie.table.checksum")
    if said is not None and said != str(checksum(found)):
        raise Malformed("its checksum is another")
    return found
