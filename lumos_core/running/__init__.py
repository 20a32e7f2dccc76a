"""One run: `extract -> collect -> enrich -> cost -> snapshot -> diff -> version -> gate -> publish -> report`.

Each stage is one small module; nothing flows back.
"""
