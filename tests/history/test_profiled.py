"""A profile as people read it."""

from __future__ import annotations

from lumos_core.history.profiled import heading, lines
from lumos_core.model.entities import Stats

STATS = Stats(
    fields=[
        (
            "amount",
            [("average", "12.3456789"), ("distinct_count", 1200), ("distinct_error", "0.0163"), ("null_share", "0.25")],
        ),
        ("code", [("distinct_count", 3), ("null_share", "0.000004"), ("patterns", '[["A9-999",7],["",1]]')]),
        ("email", [("null_share", "0"), ("suspected", "email")]),
        ("gone", [("null_share", "odd"), ("top_values", "not JSON")]),
        ("id", [("max", "x" * 40), ("top_values", '[["",9],["b",2]]'), ("min", "1.2.3.4.5.6")]),
    ],
    metrics=[("profiled_rows", 5000)],
    properties=[("profile.left_out", "name"), ("profile.of", "a sample"), ("profile.sample", "the first rows")],
)


def test_a_line_per_field_in_the_order_of_the_record():
    found = {row[0]: row[1:] for row in lines(STATS, ["id", "code"])}
    assert list(found) == ["id", "code", "amount", "email", "gone"]
    assert found["amount"] == ("25.0%", "~1,200", "", "", "", "12.3457", "")
    assert found["code"] == ("0.0004%", "3", "", "", "", "", "A9-999, empty")
    assert found["email"] == ("0%", "", "", "", "", "", "may hold: email; no value is shown")
    assert found["gone"][0] == "odd" and found["gone"][-1] == ""
    assert found["id"] == ("", "", "1.2.3.4.5.6", "", "x" * 21 + "...", "", "empty (9), b (2)")


def test_the_heading_says_what_was_looked_at():
    assert heading(STATS) == "Profile of 5,000 rows; the first rows; left out: name"
    assert (
        heading(Stats(properties=[("profile.of", "all rows")], metrics=[("profiled_rows", 3)])) == "Profile of all rows"
    )
    stopped = Stats(properties=[("profile.of", "statistics"), ("profile.stopped", "after 1 s")])
    assert heading(stopped) == "Profile of statistics; stopped after 1 s"
