"""States, versions and releases over a store: what was known when, what changed, and what it was called."""
