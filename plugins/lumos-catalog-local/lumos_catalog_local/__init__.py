"""The embedded catalog: one SQLite file with full-text, fuzzy and field-level search."""
