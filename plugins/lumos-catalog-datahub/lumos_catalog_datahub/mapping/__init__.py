"""Pure functions between native entities and records, one module for each kind of thing."""
