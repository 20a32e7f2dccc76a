"""A run as one self-contained page: verdict, changes, inventory, lineage, what was not seen."""
