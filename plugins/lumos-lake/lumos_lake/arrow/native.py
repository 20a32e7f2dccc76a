"""Arrow's own text of a type, written so that it can be read again.

It is what `str()` of an Arrow type says, with three differences: a struct is just `struct` (its members are rows of
their own), names that are not plain words stand in backquotes, and of a map it says whether its values may be null, but
not what its two sides are called, which Arrow's own files do not keep either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pyarrow as pa

from lumos_core.plugin_api import paths

from .canonical import UNIONS, branch_names

Members = Callable[[str], Sequence[pa.Field]]
"""Path of a struct below the type's own place -> its members."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)|`((?:[^`]|``)*)`")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_UNIT = re.compile(r"\[(s|ms|us|ns|day)(?:, tz=([^\]]+))?\]")
_DECIMAL = re.compile(r"\((\d+), (-?\d+)\)")
_SIZE = re.compile(r"\[(\d+)\]")
_CODE = re.compile(r"=(\d+)")
_INDICES = re.compile(r", indices=([a-z0-9]+), ordered=([01])>")

_LISTS: dict[str, Callable[[pa.Field], pa.DataType]] = {
    "list": pa.list_,
    "large_list": pa.large_list,
    "list_view": pa.list_view,
    "large_list_view": pa.large_list_view,
}
_LIST_NAMES = {
    pa.lib.Type_LIST: "list",
    pa.lib.Type_LARGE_LIST: "large_list",
    pa.lib.Type_LIST_VIEW: "list_view",
    pa.lib.Type_LARGE_LIST_VIEW: "large_list_view",
}
_LEAVES: dict[str, pa.DataType] = {
    str(leaf): leaf
    for leaf in (
        *(pa.null(), pa.bool_(), pa.float16(), pa.float32(), pa.float64(), pa.date32(), pa.date64()),
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()),
        pa.month_day_nano_interval(),
    )
}
LEAF_TEXTS = {leaf.id: text for text, leaf in _LEAVES.items()}
_EXTENSIONS: dict[str, Callable[[], pa.DataType]] = {
    f"extension<arrow.{name}>": make for name, make in (("uuid", pa.uuid), ("json", pa.json_), ("bool8", pa.bool8))
}


class NativeTextError(ValueError):
    """A text that is not an Arrow type, or one whose text does not say all of it (most extensions)."""


def native_text(data: pa.DataType) -> str:
    """Return Arrow's text of a type."""
    leaf = LEAF_TEXTS.get(data.id)
    if leaf is not None:
        return leaf
    kind = data.id
    if kind == pa.lib.Type_STRUCT:
        return "struct"
    if kind in _LIST_NAMES:
        return f"{_LIST_NAMES[kind]}<{_field(data.value_field)}>"
    if kind == pa.lib.Type_FIXED_SIZE_LIST:
        return f"fixed_size_list<{_field(data.value_field)}>[{data.list_size}]"
    if kind == pa.lib.Type_MAP:
        key, item = data.key_field, data.item_field
        required, order = "" if item.nullable else " not null", ", keys_sorted" if data.keys_sorted else ""
        return f"map<{native_text(key.type)}, {native_text(item.type)}{required}{order}>"
    if kind == pa.lib.Type_DICTIONARY:
        values = native_text(data.value_type)
        return f"dictionary<values={values}, indices={data.index_type}, ordered={int(data.ordered)}>"
    if kind == pa.lib.Type_RUN_END_ENCODED:
        return f"run_end_encoded<run_ends: {data.run_end_type}, values: {native_text(data.value_type)}>"
    if kind in UNIONS:
        branches = (f"{_field(f)}={code}" for f, code in zip(data, data.type_codes, strict=True))
        return f"{data.mode}_union<{', '.join(branches)}>"
    return str(data)


def _field(field: pa.Field) -> str:
    name = field.name if _PLAIN.match(field.name) else "`" + field.name.replace("`", "``") + "`"
    return f"{name}: {native_text(field.type)}{'' if field.nullable else ' not null'}"


def parse_native(text: str, members: Members = lambda place: ()) -> pa.DataType:
    """Read Arrow's text of a type.

    Args:
        text: What `native_text` returned.
        members: Gives the members of each struct in it by its path (`[]` = the elements of the list).

    Raises:
        NativeTextError: When the text is no Arrow type, or does not say all of it.
    """
    leaf = _LEAVES.get(text)
    if leaf is not None:
        return leaf
    reader = _Reader(text, members)
    try:
        parsed = reader.type("")
    except (pa.ArrowException, ValueError, TypeError, RecursionError) as error:
        raise NativeTextError(f"not an Arrow type: {text[:200]!r} ({error})") from error
    if reader.position < len(text):
        raise NativeTextError(f"not an Arrow type: {text[:200]!r}")
    return parsed


class _Reader:
    """A descent over the text; `place` is the path below the outermost type."""

    def __init__(self, text: str, members: Members) -> None:
        self.text, self.members, self.position, self.naming = text, members, 0, False

    def match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.position)
        if found is None:
            raise ValueError(f"unexpected text at {self.position}")
        self.position = found.end()
        return found

    def take(self, sign: str) -> bool:
        if self.text.startswith(sign, self.position):
            self.position += len(sign)
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise ValueError(f"expected {sign!r} at {self.position}")

    def type(self, place: str) -> pa.DataType:
        for text, make in _EXTENSIONS.items():
            if self.take(text):
                return make()
        word = self.match(_WORD)[0]
        if word == "struct":
            return pa.struct([] if self.naming else list(self.members(place)))
        if word in _LISTS:
            return _LISTS[word](self.only_field(f"{place}[]"))
        if word == "fixed_size_list":
            field = self.only_field(f"{place}[]")
            return pa.list_(field, int(self.match(_SIZE)[1]))
        if word == "map":
            return self.map(place)
        if word == "dictionary":
            self.expect("<values=")
            values = self.type(place)
            index, ordered = self.match(_INDICES).groups()
            return pa.dictionary(_LEAVES[index], values, ordered == "1")
        if word == "run_end_encoded":
            self.expect("<run_ends: ")
            ends = self.type("")
            self.expect(", values: ")
            values = self.type(place)
            self.expect(">")
            return pa.run_end_encoded(ends, values)
        if word in ("dense_union", "sparse_union"):
            return self.union(word.removesuffix("_union"), place)
        return self.leaf(word)

    def leaf(self, word: str) -> pa.DataType:
        if word.startswith("decimal"):
            precision, scale = self.match(_DECIMAL).groups()
            make: Callable[[int, int], pa.DataType] = getattr(pa, word)
            return make(int(precision), int(scale))
        if word == "fixed_size_binary":
            return pa.binary(int(self.match(_SIZE)[1]))
        if word in ("timestamp", "time32", "time64", "duration", "date32", "date64"):
            unit, zone = self.match(_UNIT).groups()
            if word == "timestamp":
                return pa.timestamp(unit, zone)
            return _LEAVES[f"{word}[{unit}]"] if word.startswith("date") else getattr(pa, word)(unit)
        if word not in _LEAVES:
            raise ValueError(f"unknown type {word}")
        return _LEAVES[word]

    def field(self, place: str) -> pa.Field:
        plain, quoted = self.match(_NAME).groups()
        self.expect(": ")
        data = self.type(place)
        return pa.field(plain if plain is not None else quoted.replace("``", "`"), data, not self.take(" not null"))

    def only_field(self, place: str) -> pa.Field:
        self.expect("<")
        field = self.field(place)
        self.expect(">")
        return field

    def map(self, place: str) -> pa.DataType:
        self.expect("<")
        key = self.type(paths.map_key(place))
        self.expect(", ")
        value_type = self.type(paths.map_value(place))
        value = pa.field("value", value_type, not self.take(" not null"))
        is_sorted = self.take(", keys_sorted")
        self.expect(">")
        return pa.map_(key, value, keys_sorted=is_sorted)

    def union(self, mode: str, place: str) -> pa.DataType:
        """Read a union: twice, since the paths of its branches need the names of all of them."""
        start, naming = self.position, self.naming
        self.naming = True
        shape = self.branches(mode, [""] * self.text.count("="))
        if naming:
            return shape
        self.position, self.naming = start, False
        return self.branches(mode, [paths.branch(place, name) for name in branch_names(shape)])

    def branches(self, mode: str, places: list[str]) -> pa.DataType:
        self.expect("<")
        fields: list[pa.Field] = []
        codes: list[int] = []
        while not self.take(">"):
            if fields:
                self.expect(", ")
            fields.append(self.field(places[len(fields)]))
            codes.append(int(self.match(_CODE)[1]))
        return pa.union(fields, mode=mode, type_codes=codes)
