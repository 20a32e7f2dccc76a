"""The canonical line form of what is known: written, read, verified, sorted, joined, converted."""
