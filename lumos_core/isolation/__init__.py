"""Running a source or a catalog in another environment, behind the same contract.

Two SDKs that cannot live in one environment still meet in one pipeline: `environment: NAME` on a source or a catalog
makes it run in a worker process of the environment that `lumos env sync` built beforehand.
"""
