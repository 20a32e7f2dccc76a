"""A listing that is cut in the middle: every key comes once, and what was listed is not listed again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_lake import Entry
from lumos_lake.resuming import TRIES, resumed

from lumos_core.plugin_api import RetryableError

KEYS = [f"k{n:02d}" for n in range(20)]


class Cut:
    """Lists `KEYS`, and is cut before each of some keys as often as is said."""

    def __init__(self, cuts: dict[str, int]) -> None:
        self.cuts = dict(cuts)
        self.began: list[str] = []

    def __call__(self, *, start_after: str):
        self.began.append(start_after)
        for key in KEYS:
            if key <= start_after:
                continue
            if self.cuts.get(key, 0):
                self.cuts[key] -= 1
                raise RetryableError("the connection was cut")
            yield Entry(key)


@given(st.dictionaries(st.sampled_from(KEYS), st.integers(1, TRIES - 1)))
def test_every_key_comes_once(cuts):
    lists = Cut(cuts)
    pauses: list[float] = []
    assert [entry.path for entry in resumed(lists, pause=pauses.append)] == KEYS
    assert len(lists.began) == 1 + sum(cuts.values()) == 1 + len(pauses)
    assert lists.began == sorted(lists.began)


def test_a_listing_that_never_goes_on_is_an_error():
    pauses: list[float] = []
    listing = resumed(Cut({"k05": TRIES}), pause=pauses.append)
    assert [next(listing).path for _ in range(5)] == KEYS[:5]
    with pytest.raises(RetryableError):
        next(listing)
    assert pauses == [1.0, 2.0, 4.0]
