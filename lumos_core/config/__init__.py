"""YAML to a validated pipeline: every error of every component at once, each with its place."""
