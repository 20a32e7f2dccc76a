"""What components give, held against what their contracts say, wherever it is taken in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def expected(things: Iterable[T], wanted: type[T], call: str) -> Iterator[T]:
    """Hand on what a component gives, as long as it is what its contract says.

    Args:
        things: What a call returned.
        wanted: Of what it must consist.
        call: For the message: `extract()`.

    Raises:
        TypeError: When it is something else, said in words that its author understands.
    """
    if not isinstance(things, Iterable):
        raise TypeError(f"its {call} returned {_named(things)}: expected an iterable of {wanted.__name__}")
    for thing in things:
        if not isinstance(thing, wanted):
            raise TypeError(f"its {call} gave {_named(thing)}: expected {wanted.__name__}")
        yield thing


def _named(thing: object) -> str:
    return "nothing" if thing is None else f"something of the type {type(thing).__name__}"
