"""From one catalog to another: moved once with proof (`migrate`), or kept in step (`sync`).

Both read everything into sorted lines on disk, join them, and decide element by element (`reconcile`).
"""
