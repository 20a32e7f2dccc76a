"""ORC for Lumos: the format `orc`, and a source of the same name."""
