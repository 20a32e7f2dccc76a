"""Acme for Lumos: an enricher."""
