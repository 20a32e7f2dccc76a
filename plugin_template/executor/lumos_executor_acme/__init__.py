"""Acme for Lumos: an executor."""
