"""Parquet for Lumos: the format `parquet`, and a source of the same name."""
