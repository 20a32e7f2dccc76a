"""Acme for Lumos: a cost model."""
