"""JSON lines and JSON for Lumos: the format `json`, and a source of the same name."""
