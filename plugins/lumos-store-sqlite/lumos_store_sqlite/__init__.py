"""The memory of Lumos in one SQLite file."""
