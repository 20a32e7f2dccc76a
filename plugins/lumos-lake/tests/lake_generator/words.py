"""Words of the generator; it shares none of its lists with the detector."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


NOUNS = _words(
    "invoices trips sensors ledger clicks tickets claims visits policies shipments readings payroll returns bookings "
    "meters votes auctions refunds beacons patients courses matches permits parcels wallets surveys streams fares "
    "tariffs pallets crews routes assets quotas leads offers"
)
PLACES = _words(
    "finance ops growth platform legacy emporium hr-team riskdesk core2 web_team zone-a area51 clinic fleet"
)
SYLLABLES = _words("ka lo mi ten ra vu shi por del an qua zek ou bri fen tal")
COLUMNS = _words(
    "id uid amount currency status kind created updated lat lon speed title body email phone city zip_code weight "
    "height price quantity sku vendor score rank label flag note hash_key ref parent_ref start_at end_at duration temp "
    "humidity level zone owner priority"
)
FAMILIES = ("number", "text", "wall", "bool", "instant")
FORMATS = {
    "csv": ("csv",),
    "json": ("json", "jsonl", "ndjson"),
    "parquet": ("parquet",),
    "avro": ("avro",),
    "orc": ("orc",),
}
"""Plain formats with their extensions."""
MARKED = ("delta", "iceberg", "hudi")
"""Table formats."""
TENANTS = ("acme", "globex", "initech", "umbrella", "hooli")
CODES = (
    ("eu", "us", "apac"),
    ("de", "fr", "it", "es"),
    ("GBR", "DEU", "USA"),
    ("store_01", "store_02", "store_17"),
    ("us-east-1", "eu-west-1", "ap-southeast-2", "eu-central-1"),
    ("CA", "NY", "TX", "WA"),
    ("en", "de", "fr", "ja"),
    ("FRA", "JFK", "LHR"),
)
