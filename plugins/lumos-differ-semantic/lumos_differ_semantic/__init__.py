"""The semantic differ: rules as data, the type lattice as a table, renames recognised."""
