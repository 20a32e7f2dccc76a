"""Avro for Lumos: the format `avro`, and a source of the same name."""
