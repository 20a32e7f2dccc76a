"""Acme for Lumos: a reporter."""
