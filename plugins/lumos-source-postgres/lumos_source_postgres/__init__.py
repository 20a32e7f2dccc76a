"""PostgreSQL for Lumos: the source `postgres` and the command `lumos postgres`."""
