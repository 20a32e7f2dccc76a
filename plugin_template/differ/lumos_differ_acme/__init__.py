"""Acme for Lumos: a differ."""
