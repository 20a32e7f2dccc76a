"""A source that needs the SDK of DataHub."""
