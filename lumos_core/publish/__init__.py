"""Carry what is known into a catalog: three-way merge, plan, guard, apply; and ask it.

`base` = what Lumos last published to this catalog, `ours` = what is true now, `theirs` = what the catalog holds now.
"""
