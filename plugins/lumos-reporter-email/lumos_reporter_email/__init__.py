"""The reporter `email`: what changed, by SMTP."""
