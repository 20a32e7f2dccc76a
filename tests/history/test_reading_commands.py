from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lumos_core.cli import main

ORDERS = "urn:lumos:dataset:(csv,shop/orders,PROD)"

pytestmark = pytest.mark.usefixtures("pipeline")


def lumos(*args: str) -> Result:
    return CliRunner().invoke(main, args, env={"COLUMNS": "160"}, standalone_mode=False)


def said(*args: str) -> str:
    result = lumos(*args)
    assert result.exception is None, result.exception
    assert "\x1b" not in result.output
    return result.output


def data(*args: str) -> Any:
    return json.loads(said(*args, "--json"))


def test_list() -> None:
    listed = data("list", "--kind", "dataset", "--as-of", "S-2")
    assert [one["urn"] for one in listed] == [
        "urn:lumos:dataset:(csv,shop/customers,PROD)",
        ORDERS,
        "urn:lumos:dataset:(parquet,mart/daily%20orders,PROD)",
    ]
    assert listed[1] == {
        "urn": ORDERS,
        "kind": "dataset",
        "name": "orders",
        "subtype": "table",
        "platform": "csv",
        "env": "PROD",
        "fields": 2,
        "owners": ["urn:lumos:group:checkout"],
        "tags": [],
        "description": "Orders of [the] shop",
    }
    assert len(data("list", "--limit", "2")) == 2
    assert data("list", "nothing-starts-like-this") == []
    table = said("list", "shop/", "--as-of", "S-2", "--limit", "1")
    assert "shop/customers" in table
    assert "shop/orders" not in table
    assert "--limit shows more" in table
    assert "Nothing fits" in said("list", "--platform", "none")


def test_show() -> None:
    page = said("show", "orders")
    for text in (
        "orders  table  1.1.0 (metadata 1.0.0, S-2)",
        ORDERS,
        "Orders of [the] shop  (manual)",
        "checkout, steward",
        "primary (id)",
        "foreign, partition",
        "mart/daily orders",
        "1,200 rows",
    ):
        assert text in page
    lines = {line.split("  ")[0].strip(): line.rstrip() for line in page.splitlines()}
    assert lines["tags"].endswith("none")
    assert lines["terms"].endswith("unknown")
    shown = data("show", ORDERS)
    assert shown["version"]["schema"] == "1.1.0"
    assert shown["downstream"] == ["urn:lumos:dataset:(parquet,mart/daily%20orders,PROD)"]
    assert shown["value"]["fields"][0]["path"] == "id"
    assert "terms" in shown["unknown"]
    assert shown["existence"] == "complete"
    assert data("show", "orders", "--as-of", "S-1")["version"]["schema"] == "1.0.0"
    assert "Field customer" in said("show", f"{ORDERS}#customer")


def test_lineage() -> None:
    tree = said("lineage", "orders", "--columns", "--as-of", "S-2")
    for text in ("upstream (1)", "shop/customers  [csv]", "downstream (1)", "mart/daily orders  [parquet]"):
        assert text in tree
    assert "shop/customers#id -> #customer" in tree
    whole = data("lineage", "shop/customers", "--as-of", "S-2")
    assert [(one["urn"], one["distance"]) for one in whole["downstream"]] == [
        (ORDERS, 1),
        ("urn:lumos:dataset:(parquet,mart/daily%20orders,PROD)", 2),
    ]
    assert whole["upstream"] == []
    near = data("lineage", "shop/customers", "--as-of", "S-2", "--down", "--depth", "1")
    assert len(near["downstream"]) == 1
    assert "upstream" not in near
    assert len(near["edges"]) == 1


def test_lineage_as_a_picture() -> None:
    dot = said("lineage", "orders", "--as-of", "S-2", "--dot")
    assert dot.startswith("digraph lineage {")
    assert dot.count("->") == 2
    mermaid = said("lineage", "orders", "--as-of", "S-2", "--mermaid")
    assert mermaid.startswith("flowchart LR")
    assert mermaid.count("-->") == 2
    assert '["shop/orders  [csv]"]' in mermaid


def test_stats() -> None:
    counted = data("stats", "--as-of", "S-2")
    assert counted["kinds"]["dataset"] == 3
    assert counted["platforms"] == {"csv": 2, "parquet": 1}
    table = said("stats", "--as-of", "S-2")
    assert "documented datasets" in table
    assert "1 (33%)" in table


def test_log() -> None:
    runs = data("log")
    assert [(run["release"], run["changed"]) for run in runs] == [
        ("S-3", True),
        ("", False),
        ("S-2", True),
        ("S-1", True),
    ]
    table = said("log")
    for text in ("nothing changed", "1 breaking", "first state", "20260115T103000Z-1f3a"):
        assert text in table
    assert len(data("log", "--limit", "1")) == 1


def test_log_of_a_dataset() -> None:
    page = said("log", "orders")
    assert page.index("1.1.0") < page.index("1.0.0  (metadata 1.0.0, S-1)")
    assert "non-breaking  field-added  customer: It came." in page
    assert "by ann" in page
    assert [one["version"]["schema"] for one in data("log", "orders")] == ["1.1.0", "1.0.0"]
    assert "gone" in said("log", "urn:lumos:dataset:(csv,shop/customers,PROD)")


def test_diff() -> None:
    page = said("diff", "S-1", "S-3")
    assert page.index("breaking (1)") < page.index("risky (1)")
    for text in ("shop/customers  removed", "It is gone.", "to do: bring it back", "1 -> 2", "may reach 1 downstream"):
        assert text in page
    assert "1 more" in said("diff", "S-1", "--limit", "1")
    assert "No differences." in said("diff", "head", "2026-01-18")
    found = data("diff", "S-1")
    assert [change["rule"] for change in found["changes"]] == ["removed", "changed"]
    assert found["severities"] == {"breaking": 1, "risky": 1}
    assert len(found["changes"][0]["fingerprint"]) == 16


@pytest.mark.parametrize(("fail_on", "code"), [((), 0), (("--fail-on", "breaking"), 1)])
def test_diff_fails_only_when_asked(fail_on: tuple[str, ...], code: int) -> None:
    assert lumos("diff", "S-1", *fail_on).return_value == code


@pytest.mark.parametrize(
    "args",
    [("show", "nothing"), ("lineage", "nothing"), ("log", "nothing"), ("diff", "nothing"), ("list", "--kind", "x")],
)
def test_what_is_not_there_is_a_usage_error(args: tuple[str, ...]) -> None:
    from lumos_core.errors import UsageError

    assert isinstance(lumos(*args).exception, UsageError)
