"""`lumos watch`: sources tell that something changed, and the stages of a run look at just that.

The loop is in `watcher`; what it waits for in `inbox` and `listener`; what is to be looked at, in `batch`.
"""
