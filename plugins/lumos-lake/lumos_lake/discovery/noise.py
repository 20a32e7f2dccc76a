"""Pass 1: what in a lake is not data. Names only; nothing is opened.

Sources of the lists: Hadoop and Spark committers (`_SUCCESS`, `_temporary`, `.crc`, `_$folder$`), Databricks
(`_committed_*`, `_started_*`), Parquet summary files, editors and operating systems, and half-written uploads.
"""

from __future__ import annotations

import re

from .words import words

_NEVER_LISTED = words(
    """
    .git .hg .svn .lumos .venv .tox .nox .idea .vscode .mypy_cache .pytest_cache .ruff_cache
    .ipynb_checkpoints __pycache__ node_modules __MACOSX lost+found @eaDir .Trash .Trashes .fseventsd
    .Spotlight-V100
    """
)
_NOISE_DIRS = re.compile(
    r"(?:_temporary|_spark_metadata|_\$folder\$|\.hive-staging.*|\.spark-staging.*|_tmp.*|\.tmp.*|_corrupt.*|"
    r"_change_data|_delta_index|temporary-.*|attempt_\d.*)",
    re.IGNORECASE,
)
_NOISE_FILES = re.compile(
    r"_SUCCESS|_FAILURE|_committed_.*|_started_.*|_metadata|_common_metadata|_last_checkpoint|_symlink.*|.*_\$folder\$"
    # Half-written, copied and locked files, checksums, signals.
    r"|.*\.(?:crc|tmp|temp|part|partial|inprogress|pending|crdownload|download|filepart|swp|swo|bak|orig|lock|lck|done"
    r"|ok|ctl|trigger|md5|sha1|sha256|sha512|sig|asc)"
    r"|.*~|~\$.*|\$.*\$|#.*#|Thumbs\.db|desktop\.ini"
    # What people and Lumos itself write.
    r"|(?:README|LICENSE|LICENCE|NOTICE|CHANGELOG|CONTRIBUTING|MANIFEST|Makefile|Dockerfile)(?:\..*)?"
    r"|.*\.lumos\.jsonl(?:\.zst)?"
    # Descriptions beside the data.
    r"|(?:manifest|_?schemas?|metadata|datapackage|package|package-lock|tsconfig|composer|checksums?|dataset_infos?"
    r"|data_dictionary|config|settings)\.json"
    r"|.*[-_.](?:schema|manifest|metadata|meta)\.json",
    re.IGNORECASE,
)

_TEXTS = re.compile(
    r".*\.(?:ya?ml|toml|ini|cfg|md|rst|py|ipynb|sh|html?|css|js|pdf|png|jpe?g|gif|svg|ico|docx?|pptx?)", re.IGNORECASE
)
"""Text for people and programs, and pictures: data only where a format that is named claims them."""


def never_listed(name: str) -> bool:
    """Tell whether a folder of this name is left out without looking inside."""
    return name in _NEVER_LISTED


def noise_folder(name: str, hidden: bool) -> bool:
    """Tell whether a folder holds nothing that is data.

    A partition folder (`key=value`) is never hidden, whatever its key begins with.
    """
    if _NOISE_DIRS.fullmatch(name):
        return True
    return not hidden and name[:1] in (".", "_") and "=" not in name


def noise_file(name: str, hidden: bool, claimed: bool = False) -> bool:
    """Tell whether a file is not data; `claimed` says that a format which is read has its extension."""
    if _NOISE_FILES.fullmatch(name) or (not claimed and _TEXTS.fullmatch(name)):
        return True
    return not hidden and name[:1] in (".", "_")
