"""The whole result of a run as JSON, for machines."""
