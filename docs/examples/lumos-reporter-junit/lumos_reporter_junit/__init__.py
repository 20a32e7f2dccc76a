"""JUnit XML for Lumos: a reporter."""
