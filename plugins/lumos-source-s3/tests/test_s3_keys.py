"""Keys as paths: none is lost, no two become one, whatever they hold."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from lumos_source_s3.keys import key_of, path_of

segments = st.sampled_from(
    ["", ".", "..", "a", "%2F", "%252F", "%2E", "%2E%2E", "%252E%2E", "%25", "é", " ", "+", "\n"]
)
keys = st.one_of(st.lists(segments | st.text(max_size=4), max_size=6).map("/".join), st.text(max_size=30))


@given(keys, st.sampled_from(["", "raw/", "/", "raw//", "./"]))
@example("//", "")
@example("a/", "")
@example("%2F", "")
def test_a_path_leads_back_to_its_key(key: str, prefix: str) -> None:
    path = path_of(prefix + key, prefix)
    assert key_of(path, prefix) == prefix + key
    assert not {"", ".", ".."} & set(path.split("/"))


@given(keys)
def test_usual_keys_stand_as_they_are(key: str) -> None:
    if not {"", ".", ".."} & set(key.split("/")) and "%2" not in key:
        assert path_of(key) == key


def test_a_leading_slash_is_a_folder_of_its_own() -> None:
    assert path_of("/a/b.csv") == "%2F/a/b.csv" != path_of("a/b.csv")
    assert path_of("a//b.csv") == "a/%2F/b.csv"
    assert path_of("../b.csv") == "%2E%2E/b.csv"
