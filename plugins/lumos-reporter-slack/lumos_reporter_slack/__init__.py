"""The reporter `slack`: what changed, in a channel."""
