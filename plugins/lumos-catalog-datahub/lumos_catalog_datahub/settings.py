"""Server and token where the pipeline does not say them: as DataHub's own tools find them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from lumos_remote.config import address

from lumos_core.plugin_api import ConfigError

from .config import DataHubConfig


class Settings(NamedTuple):
    """Where, and who; the token is empty when there is none."""

    server: str
    token: str


def settings(config: DataHubConfig, environ: Mapping[str, str] | None = None, home: Path | None = None) -> Settings:
    """Return server and token: of the pipeline, else of the environment, else of `~/.datahubenv`.

    A token of the environment or of the file goes only to the server that stands beside it.

    Raises:
        ConfigError: No server is said anywhere, or the file cannot be read.
    """
    env = os.environ if environ is None else environ
    given = config.token.get_secret_value() if config.token else ""
    if config.server and given:
        return Settings(config.server, given)
    found = _environment(env) or _file((home or Path.home()) / ".datahubenv")
    if found is None:
        if config.server:
            return Settings(config.server, given)
        raise ConfigError(
            "no server of DataHub is given",
            why="neither `server` nor DATAHUB_GMS_URL is set, and ~/.datahubenv does not name one",
            fix="give `server: http://host:8080`, or run `datahub init`",
            where="server",
        )
    if config.server and config.server != found.server:
        return Settings(config.server, given)
    return Settings(found.server, given or found.token)


def _environment(env: Mapping[str, str]) -> Settings | None:
    server = env.get("DATAHUB_GMS_URL", "")
    return Settings(_checked(server, "DATAHUB_GMS_URL"), env.get("DATAHUB_GMS_TOKEN", "")) if server else None


def _file(path: Path) -> Settings | None:
    if not path.is_file():
        return None
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # The message of YAML shows lines of the file, and one of them is the token.
        raise ConfigError(
            f"{path} cannot be read",
            why=type(error).__name__,
            fix="mend it, or run `datahub init` again",
            where=str(path),
        ) from None
    gms = content.get("gms") if isinstance(content, dict) else None
    server = gms.get("server") if isinstance(gms, dict) else None
    if not server or not isinstance(gms, dict):
        return None
    return Settings(_checked(str(server), str(path)), str(gms.get("token") or ""))


def _checked(server: str, where: str) -> str:
    try:
        return address(server)
    except ValueError as error:
        raise ConfigError(str(error), where=where) from None
