"""DataHub as a catalog: a thin client, pure mapping functions, nothing of the vendor at run time."""
