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
_DIRS_BEGIN = frozenset("._aAtT")
"""What the names of folders begin with that may be none of data; most folders are passed over at once."""

RULES = {
    "signal": "marker files of jobs and table formats, such as _SUCCESS and _committed_*",
    "unfinished": "half-written, copied or locked files",
    "sidecar": "checksums, signatures and signals beside the data",
    "text": "texts, programs and pictures for people",
    "description": "descriptions beside the data, such as manifest.json",
    "lumos": "snapshots of Lumos",
    "hidden": "a name that begins with . or _ (`hidden: true` reads them)",
    "folder": "folders of jobs, and folders whose name begins with . or _ (`hidden: true` reads them)",
    "empty": "files without a byte beside others that have some",
}
"""Why a file is no data: the name of each rule, and what it says."""

_NOISE_FILES = re.compile(
    r"(?P<signal>_SUCCESS|_FAILURE|_committed_.*|_started_.*|_metadata|_common_metadata|_last_checkpoint|_symlink.*|symlink\.txt"
    r"|.*_\$folder\$)"
    r"|(?P<unfinished>.*\.(?:tmp|temp|part|partial|inprogress|pending|crdownload|download|filepart|swp|swo|bak|orig|lock"
    r"|lck)|.*~|~\$.*|\$.*\$|#.*#)"
    r"|(?P<sidecar>.*\.(?:crc|done|ok|ctl|trigger|checksum|md5|sha1|sha256|sha512|sig|asc))"
    r"|(?P<text>Thumbs\.db|desktop\.ini"
    r"|(?:README|LICENSE|LICENCE|NOTICE|CHANGELOG|CONTRIBUTING|MANIFEST|Makefile|Dockerfile)(?:\..*)?)"
    r"|(?P<lumos>.*\.lumos\.jsonl(?:\.zst)?)"
    r"|(?P<description>(?:manifest|_?schemas?|metadata|meta|zarr|datapackage|package|package-lock|tsconfig|composer|checksums?"
    r"|dataset_(?:infos?|description)|export_(?:tables_)?info_.*|run_results|data_dictionary|config|settings)\.json|manifest[-_.](?:files|summary|list|index|entries|latest|v?\d+)\.json|.*[-_.](?:schema|manifest|metadata|meta)\.json)",
    re.IGNORECASE,
)

_TEXTS = re.compile(
    r".*\.(?:ya?ml|toml|ini|cfg|md|rst|py|ipynb|sh|sql|html?|css|js|pdf|png|jpe?g|gif|svg|ico|docx?|pptx?)",
    re.IGNORECASE,
)
"""Text for people and programs, and pictures: data only where a format that is named claims them."""


def never_listed(name: str) -> bool:
    """Tell whether a folder of this name is left out without looking inside."""
    return name in _NEVER_LISTED


def noise_folder(name: str, hidden: bool) -> str:
    """Return the rule by which a folder holds nothing that is data; empty when it may.

    A partition folder (`key=value`) is never hidden, whatever its key begins with.
    """
    if name[:1] not in _DIRS_BEGIN:
        return ""
    if _NOISE_DIRS.fullmatch(name) or (not hidden and name[:1] in (".", "_") and "=" not in name):
        return "folder"
    return ""


def noise_file(name: str, hidden: bool, claimed: bool = False) -> str:
    """Return the rule by which a file is not data, empty when it is.

    Args:
        name: Its name.
        hidden: Names with a leading `.` or `_` may be data.
        claimed: A format which is read has its extension.
    """
    if found := _NOISE_FILES.fullmatch(name):
        return found.lastgroup or "text"
    if not claimed and _TEXTS.fullmatch(name):
        return "text"
    return "hidden" if not hidden and name[:1] in (".", "_") else ""
