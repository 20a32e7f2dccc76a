"""Delta Lake for Lumos: the format `delta`, which reads tables from their transaction log."""
