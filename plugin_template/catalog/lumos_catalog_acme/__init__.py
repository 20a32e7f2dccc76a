"""Acme for Lumos: a catalog."""
