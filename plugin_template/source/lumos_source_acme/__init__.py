"""Acme for Lumos: a source of metadata."""
