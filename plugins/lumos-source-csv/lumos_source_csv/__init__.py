"""CSV and other delimited text for Lumos: the format `csv`, and a source of the same name."""
