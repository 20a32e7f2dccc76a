"""A SQLite file of Lumos: made once under a lock, opened by threads and processes, its errors with a remedy.

A store and a catalog that keep their data in one file differ in their tables and their words. What they share is
here: the header that says whose file it is, creation when several programs begin at once, a connection per reader,
write-ahead log, read-only places, and what SQLite says as errors of Lumos.
"""
