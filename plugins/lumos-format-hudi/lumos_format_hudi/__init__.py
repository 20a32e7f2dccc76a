"""Apache Hudi for Lumos: the format `hudi`, which reads tables from their properties and their timeline."""
