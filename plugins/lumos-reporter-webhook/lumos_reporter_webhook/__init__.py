"""The reporter `webhook`: what changed, as signed JSON."""
