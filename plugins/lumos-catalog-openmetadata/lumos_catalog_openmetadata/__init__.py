"""The catalog `openmetadata`: OpenMetadata 1.6 to 2.x over its REST API."""
