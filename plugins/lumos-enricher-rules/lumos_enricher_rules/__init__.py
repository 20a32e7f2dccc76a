"""Owners, tags, domains, descriptions, lineage and more, from one YAML file."""
