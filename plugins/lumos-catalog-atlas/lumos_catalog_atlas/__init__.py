"""Apache Atlas as a catalog of Lumos."""
