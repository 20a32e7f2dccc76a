"""Pass 2: folders that a table format has marked. The innermost marker owns its subtree, the outer one the rest."""

from __future__ import annotations

KNOWN_MARKERS: dict[str, tuple[str, ...]] = {
    "delta": ("_delta_log/",),
    "iceberg": ("metadata/*.metadata.json", "metadata/*.metadata.json.gz", "metadata/version-hint.text"),
    "hudi": (".hoodie/",),
    "paimon": ("schema/schema-0",),
    "lance": ("_versions/*.manifest",),
}
"""What marks a folder as one table, whether or not its format is installed.

`name/` is a folder, `name/glob` a file in a folder, `glob` a file beside the data.
"""
