"""The first day of a new user: the quickstart that comes with the repository, command by command."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


@pytest.fixture
def shop(home):
    """The folder `configs`, copied, with the history of one run beside it."""
    shutil.rmtree(home.folder)
    shutil.copytree(CONFIGS, home.folder, ignore=shutil.ignore_patterns(".lumos", "out"))
    (home.folder / "quickstart.yaml").rename(home.folder / "lumos.yaml")
    return home


def drop_column(path, name):
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [key for key in rows[0] if key != name], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def test_three_runs(shop):
    first = shop.process("run")
    assert first.code == 0, first
    assert first.err == ""
    assert "remembered for the first time" in first.out
    assert "6 datasets (52 fields)" in first.out
    assert re.search(r"catalog +local +\d+ created", first.out)
    report = shop.folder / "out" / "report.html"
    assert str(report) in first.out
    assert report.read_text().lower().startswith("<!doctype html>")
    assert shop.leftovers() == []

    before = shop.memory()
    second = shop.lumos("run")
    assert (second.code, second.err) == (0, "")
    assert "nothing changed" in second.out
    assert "nothing to write" in second.out
    assert "release" not in second.out
    assert shop.memory() == before, "neither the states of the store nor the catalog were written"

    drop_column(shop.folder / "quickstart" / "shop" / "products.csv", "price")
    third = shop.lumos("run")
    assert third.code == 1
    assert "the gate failed, 1 breaking change" in third.out
    assert re.search(r"products\.csv\.price +breaking", third.out)
    assert re.search(r"products\.csv +1\.0\.0 → 2\.0\.0", third.out)
    assert "price" in report.read_text()
    assert shop.lumos("run").code == 0, "it was said once; the next run is green"


def test_looking_at_it(shop):
    assert shop.lumos("run", "-q").code == 0
    first = shop.lumos("log", "--json").data[0]["run"]
    drop_column(shop.folder / "quickstart" / "shop" / "products.csv", "price")
    assert shop.lumos("run", "-q").code == 1

    for args, expected in {
        ("search", "orders"): "file set",
        ("search", "prodcts"): "products",
        ("show", "products"): "2.0.0",
        ("show", "orders"): "coupon_code",
        ("lineage", "orders"): "orders",
        ("log",): "S-2",
        ("log", "products"): "price",
        ("diff", first, "head"): "price",
        ("diff", "S-1", "S-2"): "breaking",
        ("list",): "payments",
        ("stats",): "dataset",
    }.items():
        answer = shop.lumos(*args)
        assert (answer.code, answer.err) == (0, ""), (args, answer)
        assert expected in answer.out, args
        assert isinstance(shop.lumos(*args, "--json").data, (dict, list)), args

    old = shop.lumos("show", "products", "--as-of", first)
    assert "price" in old.out and "1.0.0" in old.out


def test_a_snapshot_travels(shop):
    assert shop.lumos("run", "-q").code == 0
    assert shop.lumos("snapshot", "export", "one.lumos.jsonl").code == 0
    drop_column(shop.folder / "quickstart" / "shop" / "products.csv", "price")
    assert shop.lumos("run", "-q").code == 1
    assert shop.lumos("snapshot", "export", "two.lumos.jsonl.zst").code == 0
    assert shop.lumos("snapshot", "validate", "one.lumos.jsonl").code == 0
    found = shop.lumos("diff", "one.lumos.jsonl", "two.lumos.jsonl.zst", "--json").data
    assert [(change["rule"], change["path"]) for change in found["changes"]] == [("field-removed", "price")]

    elsewhere = shop.folder / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(shop.folder / "one.lumos.jsonl", elsewhere)
    (elsewhere / "lumos.yaml").write_text(
        "version: 1\nsources:\n  - {type: snapshot, path: one.lumos.jsonl}\n"
        "gate: {fail_on: breaking}\nreports:\n  - {type: html, path: report.html}\n"
    )
    answer = shop.lumos("run", cwd=elsewhere)
    assert answer.code == 0, answer
    assert "6 datasets (52 fields)" in answer.out
    assert (elsewhere / "report.html").exists()
    shutil.copy(shop.folder / "two.lumos.jsonl.zst", elsewhere / "two.lumos.jsonl.zst")
    (elsewhere / "lumos.yaml").write_text(
        (elsewhere / "lumos.yaml").read_text().replace("one.lumos.jsonl", "two.lumos.jsonl.zst")
    )
    answer = shop.lumos("run", cwd=elsewhere)
    assert answer.code == 1
    assert re.search(r"price +breaking", answer.out)


def test_a_plan_is_what_the_run_does(shop):
    plan = shop.lumos("plan")
    assert plan.code == 0, plan
    assert "to create" in plan.out
    assert "urn:lumos:dataset:(file,orders,PROD)" in plan.out
    assert not (shop.folder / ".lumos" / "catalog.db").exists()
    assert shop.lumos("log").code in (0, 2), "nothing was remembered"
    planned = shop.lumos("plan", "--json").data["published"][0]["planned"]
    written = shop.lumos("run", "--json").data["published"][0]
    assert written["planned"] == planned
    assert written["written"] == sum(planned.values())


def test_the_folder_can_be_moved(shop, tmp_path):
    assert shop.lumos("run", "-q").code == 0
    moved = tmp_path / "moved house"
    shop.folder.rename(moved)
    answer = shop.lumos("run", cwd=moved)
    assert answer.code == 0
    assert "nothing changed" in answer.out
    assert "nothing to write" in answer.out
    assert shop.lumos("search", "orders", cwd=moved).code == 0


def test_a_folder_of_ones_own(home):
    home.write("sales.csv", "id,amount,day\n1,2.50,2026-01-01\n")
    home.write("people/staff.jsonl", '{"id": 1, "name": "Ann"}\n')
    (home.folder / "lumos.yaml").unlink()
    answer = home.lumos("init")
    assert answer.code == 0, answer
    assert (home.folder / "lumos.yaml").read_text().count("#") > 3
    assert home.lumos("validate").code == 0
    answer = home.lumos("run")
    assert answer.code == 0, answer
    assert "2 datasets" in answer.out
    again = home.lumos("init")
    assert again.code == 2
    assert "there is a pipeline already" in again.err


def test_two_pipelines_in_one_folder(shop):
    assert shop.lumos("run", "-q").code == 0
    before, kept = shop.memory(), shop.records()
    other = shop.folder / "other.yaml"
    other.write_text("version: 1\nname: other\nsources:\n  - {type: files, path: quickstart/shop/orders}\n")
    answer = shop.lumos("run", "other.yaml")
    assert answer.code == 2
    assert "the history of the pipeline 'shop', not of 'other'" in answer.err
    assert "state: .lumos-other" in answer.err
    assert shop.memory() == before, "what only the first one reads is not removed"
    other.write_text(other.read_text() + "state: .lumos-other\n")
    assert shop.lumos("run", "other.yaml").code == 0
    assert shop.records() == kept
