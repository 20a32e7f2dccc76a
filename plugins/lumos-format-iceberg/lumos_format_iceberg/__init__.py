"""Apache Iceberg for Lumos: the format `iceberg`, which reads tables from their metadata files."""
