"""Acme for Lumos: a store."""
