"""Acme for Lumos: a file format."""
