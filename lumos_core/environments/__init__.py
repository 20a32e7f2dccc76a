"""The environments that isolated components run in: declared, locked, built beforehand, checked, found by a run.

`lumos env sync` builds them; a run only finds them (`environment.find`) and never builds one. What runs in them is the
business of `lumos_core.isolation`.
"""
