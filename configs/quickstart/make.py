"""Make the files of the quickstart: four days in the life of a small shop.

Run it from anywhere: ``python configs/quickstart/make.py`` (needs pyarrow and fastavro). The rows are drawn
from a seeded generator, so that a second run writes the same data; the outputs are committed beside this
script. An optional argument names another folder to write to.

What is in it, on purpose: hive partitions (``orders``, ``inventory``), date folders (``events``), single
files (``products.csv``, ``customers.jsonl``, ``payments.avro``), shards, a nested object, a decimal, markers
that mean nothing (``_SUCCESS``), and a table whose schema changed between two days (``orders`` got
``coupon_code``, and its ``quantity`` went from 32 to 64 bits).
"""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

SHOP = Path(__file__).parent / "shop"
FIRST_DAY = date(2026, 1, 1)
DAYS = 4
CUSTOMERS = 40
WAREHOUSES = ("berlin", "lyon", "porto")
CATALOGUE = {
    "lamp": ("Desk lamp", "Floor lamp", "Night light", "Reading lamp"),
    "bulb": ("LED bulb E14", "LED bulb E27", "Filament bulb", "Spot GU10"),
    "shade": ("Linen shade", "Paper shade", "Glass shade", "Rattan shade"),
    "part": ("Cable, 2 m", "Dimmer", "Ceiling rose", "Socket E27"),
}
NAMES = ("Ada", "Bilal", "Chiara", "Dagny", "Emre", "Farida", "Goran", "Hanna", "Ines", "Jonas")
SURNAMES = ("Almeida", "Becker", "Costa", "Dubois", "Eriksen", "Fontaine", "García", "Huber")
CITIES = (
    ("Berlin", "10115", "DE"),
    ("Lyon", "69001", "FR"),
    ("Porto", "4000-001", "PT"),
    ("Graz", "8010", "AT"),
)
STREETS = ("Mill Lane", "Rue du Lac", "Hauptstraße")
Row = dict[str, Any]
PAGES = ("/", "/lamps", "/bulbs", "/shades", "/cart", "/checkout")

ORDERS = pa.schema(
    [
        pa.field("order_id", pa.int64(), nullable=False),
        pa.field("customer_id", pa.int64(), nullable=False),
        pa.field("sku", pa.string(), nullable=False),
        pa.field("quantity", pa.int32(), nullable=False),
        pa.field("unit_price", pa.decimal128(10, 2), nullable=False),
        pa.field("ordered_at", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("status", pa.string()),
    ]
)
ORDERS_SINCE_DAY_3 = ORDERS.set(3, pa.field("quantity", pa.int64(), nullable=False)).append(
    pa.field("coupon_code", pa.string())
)
PAYMENTS: dict[str, Any] = {
    "type": "record",
    "name": "Payment",
    "namespace": "shop.payments",
    "doc": "One attempt to pay an order",
    "fields": [
        {"name": "payment_id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "order_id", "type": "long", "doc": "The order that is paid"},
        {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
        {"name": "currency", "type": "string", "default": "EUR"},
        {
            "name": "method",
            "type": {"type": "enum", "name": "Method", "symbols": ["CARD", "TRANSFER", "WALLET"]},
        },
        {"name": "card_last4", "type": ["null", "string"], "default": None},
        {
            "name": "paid_at",
            "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}],
            "default": None,
        },
    ],
}


def midnight(day: date) -> datetime:
    """The first instant of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def write_text(path: Path, lines: Iterable[str]) -> None:
    """Write lines that end with a line feed on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(line + "\n" for line in lines)


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object per line."""
    write_text(path, (json.dumps(row, ensure_ascii=False) for row in rows))


def write_csv(path: Path, rows: list[Row]) -> None:
    """Write a CSV file with a header; the columns are the keys of the first row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def products(rng: random.Random) -> list[Row]:
    """The catalogue: four products in four variants each for every category."""
    rows = []
    for category, names in CATALOGUE.items():
        for name in names:
            for colour in ("white", "black", "brass", "oak"):
                rows.append(
                    {
                        "product_id": 1000 + len(rows),
                        "sku": f"{category[:2].upper()}-{len(rows):03d}",
                        "name": f"{name} ({colour})",
                        "category": category,
                        "price": f"{rng.randrange(390, 18900) / 100:.2f}",
                        "weight_kg": f"{rng.randrange(5, 600) / 100:.2f}",
                        "launched_on": (date(2021, 3, 1) + timedelta(days=rng.randrange(1500))).isoformat(),
                        "discontinued": "true" if rng.random() < 0.1 else "false",
                    }
                )
    return rows


def customers(rng: random.Random) -> list[Row]:
    """Customers with a nested address and a list of consents."""
    rows = []
    for number in range(CUSTOMERS):
        name, surname = rng.choice(NAMES), rng.choice(SURNAMES)
        city, postal_code, country = rng.choice(CITIES)
        rows.append(
            {
                "customer_id": 1 + number,
                "name": f"{name} {surname}",
                "email": f"{name.lower()}.{number + 1}@mail.example",
                "phone": f"+49 30 5550{number:03d}" if number % 3 else None,
                "address": {
                    "street": f"{rng.choice(STREETS)} {rng.randrange(1, 99)}",
                    "postal_code": postal_code,
                    "city": city,
                    "country": country,
                },
                "consents": rng.sample(["newsletter", "profiling", "sms"], rng.randrange(0, 3)),
                "created_at": (midnight(FIRST_DAY) - timedelta(hours=rng.randrange(20000))).isoformat(),
            }
        )
    return rows


def orders(rng: random.Random, catalogue: list[Row], day: date, first_id: int) -> list[Row]:
    """The orders of one day."""
    rows = []
    for number in range(rng.randrange(60, 90)):
        product = rng.choice(catalogue)
        rows.append(
            {
                "order_id": first_id + number,
                "customer_id": rng.randrange(1, CUSTOMERS + 1),
                "sku": product["sku"],
                "quantity": rng.choice((1, 1, 1, 2, 3, 10)),
                "unit_price": Decimal(product["price"]),
                "ordered_at": midnight(day) + timedelta(seconds=rng.randrange(86400)),
                "status": rng.choice(("new", "paid", "shipped", None)),
                "coupon_code": rng.choice((None, None, "WINTER26")),
            }
        )
    return rows


def payments(rng: random.Random, ordered: list[Row]) -> list[Row]:
    """One payment for nearly every order."""
    rows = []
    for order in ordered:
        if rng.random() < 0.9:
            method = rng.choice(("CARD", "CARD", "TRANSFER", "WALLET"))
            rows.append(
                {
                    "payment_id": f"{rng.getrandbits(128):032x}",
                    "order_id": order["order_id"],
                    "amount": order["unit_price"] * order["quantity"],
                    "currency": "EUR",
                    "method": method,
                    "card_last4": f"{rng.randrange(10000):04d}" if method == "CARD" else None,
                    "paid_at": order["ordered_at"] + timedelta(minutes=rng.randrange(1, 90)),
                }
            )
    for row in rows:
        digits = row["payment_id"]
        row["payment_id"] = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return rows


def events(rng: random.Random, day: date) -> list[Row]:
    """Page views; some carry the product that was looked at."""
    rows: list[Row] = []
    for _ in range(60):
        row: dict[str, Any] = {
            "event_id": f"{rng.getrandbits(64):016x}",
            "at": (midnight(day) + timedelta(seconds=rng.randrange(86400))).isoformat(),
            "session_id": f"{rng.getrandbits(32):08x}",
            "customer_id": rng.choice((None, rng.randrange(1, CUSTOMERS + 1))),
            "page": rng.choice(PAGES),
            "device": {"kind": rng.choice(("phone", "desktop")), "language": rng.choice(("de", "fr", "pt"))},
        }
        if row["page"] in ("/lamps", "/bulbs"):
            row["product_id"] = 1000 + rng.randrange(64)
        rows.append(row)
    return rows


def write_orders(folder: Path, rows: list[Row], schema: pa.Schema) -> None:
    """Write one partition of orders as two shards and the marker that Spark leaves."""
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(2):
        part = [{name: row[name] for name in schema.names} for row in rows[shard::2]]
        pq.write_table(pa.Table.from_pylist(part, schema=schema), folder / f"part-{shard}.parquet", compression="zstd")
    (folder / "_SUCCESS").touch()


def main(shop: Path = SHOP) -> None:
    """Write every file of the shop below the given folder."""
    rng = random.Random(20260101)
    catalogue = products(rng)
    write_csv(shop / "products.csv", catalogue)
    write_jsonl(shop / "customers.jsonl", customers(rng))

    ordered: list[Row] = []
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(days=number)
        of_day = orders(rng, catalogue, day, 50_000 + len(ordered))
        schema = ORDERS if number < 2 else ORDERS_SINCE_DAY_3
        write_orders(shop / "orders" / f"day={day.isoformat()}", of_day, schema)
        ordered += of_day
        for hour in ("00", "12"):
            write_jsonl(shop / "events" / day.strftime("%Y/%m/%d") / f"events-{hour}.jsonl", events(rng, day))

    with (shop / "payments.avro").open("wb") as file:
        paid = payments(rng, ordered)
        fastavro.writer(file, PAYMENTS, paid, codec="deflate", sync_marker=b"lumos-quickstart")

    for warehouse in WAREHOUSES:
        stock = [
            {
                "sku": product["sku"],
                "on_hand": rng.randrange(0, 400),
                "reserved": rng.randrange(0, 20),
                "counted_on": (FIRST_DAY - timedelta(days=rng.randrange(30))).isoformat(),
            }
            for product in catalogue
        ]
        write_csv(shop / "inventory" / f"warehouse={warehouse}" / "stock.csv", stock)
    write_text(shop / "inventory" / "_committed_7310", ["{}"])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHOP)
