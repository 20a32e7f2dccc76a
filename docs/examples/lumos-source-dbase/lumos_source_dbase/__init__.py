"""dBASE for Lumos: a source of metadata."""
