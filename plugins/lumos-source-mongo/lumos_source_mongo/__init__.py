"""MongoDB for Lumos: collections and views, their declared schema and a stable observed one."""
