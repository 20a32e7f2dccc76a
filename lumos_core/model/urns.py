r"""Identity: `urn:lumos:TYPE:(platform,name,ENV)` for located things, `urn:lumos:TYPE:name` for the rest.

In names the characters up to U+0020 and `! " # % ( ) , : \` are percent-encoded (UTF-8), all others stand as
they are and are never Unicode-normalised. An instance prefix ends in a plain `:`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_PREFIX = "urn:lumos:"
_UNSAFE = re.compile('[\x00-\x20!"#%(),:\\\\\ud800-\udfff]')
_SAFE = r"[^\x00-\x20!\"#(),:\\]"
_LOCATED = re.compile(rf"urn:lumos:([a-z][a-z0-9_]*):\(({_SAFE}*),((?:{_SAFE}|:)*),({_SAFE}*)\)\Z")
_PLAIN = re.compile(rf"urn:lumos:([a-z][a-z0-9_]*):({_SAFE}+)\Z")
_PART = re.compile(r"(?<=[/.:])")
_FOREIGN = re.compile(rf"urn:lumos:(foreign):\(({_SAFE}*),((?:{_SAFE}|:)*)\)\Z")

KIND_OF_TYPE: dict[str, str] = {
    "dataset": "dataset",
    "container": "container",
    "service": "container",
    **dict.fromkeys(("flow", "task", "process", "query", "procedure", "notebook"), "job"),
    "domain": "domain",
    "data_product": "data_product",
    **dict.fromkeys(("glossary", "category", "term"), "term"),
    **dict.fromkeys(("classification", "tag"), "tag"),
    "property": "property",
    "ownership_type": "ownership_type",
    "user": "user",
    **dict.fromkeys(("group", "role"), "group"),
    "assertion": "assertion",
    "contract": "contract",
    "foreign": "foreign",
}
"""URN type -> kind; a type that is not listed is an `asset`."""


class Urn(NamedTuple):
    """The parts of a URN. `platform` and `env` are empty for things that have no place; name is still encoded."""

    type: str
    platform: str
    name: str
    env: str
    fragment: str = ""

    @property
    def kind(self) -> str:
        """The kind of record that the type stands for."""
        return KIND_OF_TYPE.get(self.type, "asset")


def encode(name: str) -> str:
    """Percent-encode a native name; bytes that are not Unicode (surrogate escapes) are encoded as bytes."""
    return _UNSAFE.sub(_percent, name)


def _percent(match: re.Match[str]) -> str:
    char = match.group()
    raw = char.encode("utf-8", "surrogateescape") if "\udc80" <= char <= "\udcff" else char.encode("utf-8", "replace")
    return "".join(f"%{byte:02X}" for byte in raw)


def decode(name: str) -> str:
    """Return the native name again (undecodable bytes as surrogate escapes)."""
    return unquote_to_bytes(name).decode("utf-8", "surrogateescape")


def located(type: str, platform: str, name: str, env: str = "PROD", *, instance: str = "") -> str:
    """Build the URN of a thing that lives somewhere, from its native name.

    Example:
        >>> located("dataset", "postgres", "shop.public.orders")
        'urn:lumos:dataset:(postgres,shop.public.orders,PROD)'
    """
    full = f"{encode(instance)}:{encode(name)}" if instance else encode(name)
    return f"{_PREFIX}{type}:({encode(platform)},{full},{encode(env)})"


def plain(type: str, name: str) -> str:
    """Build the URN of a thing without a place: a tag, a term, a user.

    Example:
        >>> plain("tag", "pii.email")
        'urn:lumos:tag:pii.email'
    """
    return f"{_PREFIX}{type}:{encode(name)}"


def dataset(platform: str, name: str, env: str = "PROD", *, instance: str = "") -> str:
    """Build the URN of a dataset."""
    return located("dataset", platform, name, env, instance=instance)


def container(platform: str, name: str, env: str = "PROD", *, instance: str = "") -> str:
    """Build the URN of a container."""
    return located("container", platform, name, env, instance=instance)


def field(dataset_urn: str, path: str) -> str:
    """Build the URN of a field: the record's URN, `#`, the path."""
    return f"{dataset_urn}#{path}"


def host(urn: str) -> str:
    """Return a URN without its fragment."""
    cut = urn.find("#")
    return urn if cut < 0 else urn[:cut]


@lru_cache(maxsize=65_536)
def parse(urn: str) -> Urn:
    """Split a URN.

    Raises:
        ValueError: When the text is not a URN of Lumos.
    """
    base, mark, fragment = urn.partition("#")
    if match := _LOCATED.match(base):
        type_, platform, name, env = match.groups()
        return Urn(type_, platform, name, env, fragment if mark else "")
    if match := _PLAIN.match(base):
        return Urn(match.group(1), "", match.group(2), "", fragment if mark else "")
    if match := _FOREIGN.match(base):
        return Urn(match.group(1), match.group(2), match.group(3), "", fragment if mark else "")
    raise ValueError(f"not a URN: {urn!r}; expected urn:lumos:TYPE:(platform,name,ENV) or urn:lumos:TYPE:name")


def name(urn: str) -> str:
    """Return the native name (decoded, with its instance) of a URN; the URN itself when it is not one."""
    try:
        return decode(parse(host(urn)).name)
    except ValueError:
        return urn


def labels(urns: Iterable[str], names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return for each URN a name as short as it can be without two of them sharing it.

    That is its own name where no other has it, else the shortest end of its native name, part by part, that tells it
    apart; the URN itself where not even the whole name does.

    Args:
        urns: What is shown together.
        names: URN -> its own name; by default what stands behind the last `/`.

    Example:
        >>> a, b, c = (dataset("file", name) for name in ("a/orders.csv", "b/orders.csv", "b/users.csv"))
        >>> list(labels([a, b, c], {a: "orders", b: "orders", c: "users"}).values())
        ['a/orders.csv', 'b/orders.csv', 'users']
    """
    choices = {urn: _ends(name(urn), (names or {}).get(urn, "")) for urn in urns}
    said = {urn: ends.pop() for urn, ends in choices.items()}
    while True:
        often = Counter(said.values())
        alike = [urn for urn, label in said.items() if often[label] > 1]
        longer = [urn for urn in alike if choices[urn]]
        if not longer:
            return {**said, **{urn: urn for urn in alike}}
        for urn in longer:
            said[urn] = choices[urn].pop()


def _ends(whole: str, own: str) -> list[str]:
    """The names that something may be called by, the shortest last."""
    own = own or whole.rpartition("/")[2] or whole
    place = whole.rfind(own)
    starts = [found.start() for found in _PART.finditer(whole) if place < 0 or found.start() < place]
    return [*(whole[start:] for start in [0, *starts] if start != place), own]


def kind(urn: str) -> str:
    """Return the kind of the record that a URN names; `foreign` and `stats` parts are told by their line."""
    return parse(urn).kind
