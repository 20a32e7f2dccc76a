"""Carry what is known into a catalog: three-way merge, plan, guard, apply.

`base` = what Lumos last published to this catalog, `ours` = what is true now, `theirs` = what the catalog holds now.
"""
