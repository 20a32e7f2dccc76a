"""The summary of a run on the terminal."""
