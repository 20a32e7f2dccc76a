"""One connection per source: made when it is first needed, shared by all units, never used to write."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from lumos_core.plugin_api import ConfigError

from .config import MongoConfig
from .errors import Redactor

CODEC: CodecOptions[dict[str, Any]] = CodecOptions(
    document_class=dict,
    tz_aware=False,
    unicode_decode_error_handler="replace",
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)
"""Years beyond 9999, broken UTF-8 and old UUIDs are all read, none of them refused."""
SCHEMES = ("mongodb://", "mongodb+srv://")
"""What a connection string begins with."""
_ENCODE = "percent-encode the reserved characters (: / ? # [ ] @ %) of user and password"


class Connection:
    """A client, and what takes its secrets out of texts.

    Args:
        config: Options of the source.
    """

    def __init__(self, config: MongoConfig) -> None:
        self._config = config
        self._client: MongoClient[dict[str, Any]] | None = None
        self._lock = threading.Lock()
        self.redact = Redactor(secrets(config))

    @property
    def client(self) -> MongoClient[dict[str, Any]]:
        """The client.

        Raises:
            ConfigError: When the driver does not accept the options.
        """
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def close(self) -> None:
        """Close it, when it was opened."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connect(self) -> MongoClient[dict[str, Any]]:
        config = self._config
        target: str | list[str]
        if config.uri is not None:
            target = config.uri.get_secret_value()
            what = "`uri` is no connection string of MongoDB"
            if not target.startswith(SCHEMES):
                raise ConfigError(what, fix=f"begin it with {' or '.join(SCHEMES)}", where="uri")
            if not sound(target):
                raise ConfigError(what, why="an @ stands twice", fix=_ENCODE, where="uri")
        else:
            target = [host.strip() for host in config.host.split(",") if host.strip()]
        try:
            with warnings.catch_warnings():
                # An option that the driver only warns of is not in force: `tls=maybe` is no encryption.
                warnings.simplefilter("error", UserWarning)
                return MongoClient(target, **options(config))
        except (PyMongoError, ValueError, TypeError, OSError, UserWarning):
            # Whatever these say may quote the URI; so does the traceback of their cause.
            pass
        raise ConfigError(
            "the driver does not accept the options of the connection",
            why="`uri` has a wrong form or a wrong option, a host cannot be resolved, or a file of TLS cannot be read",
            fix=f"compare it with MongoDB's page on connection strings; {_ENCODE}",
            where="uri" if config.uri is not None else "host",
        )


def options(config: MongoConfig) -> dict[str, Any]:
    """Return the driver's options; what the configuration leaves open stays as the URI says."""
    seconds = config.connect_timeout
    given: dict[str, Any] = {
        "appname": "lumos",
        "connect": False,
        "retryWrites": False,
        "serverSelectionTimeoutMS": int(seconds * 1000),
        "connectTimeoutMS": int(seconds * 1000),
        "socketTimeoutMS": int((config.timeout + seconds) * 1000),
        "username": config.username or None,
        "password": config.password.get_secret_value() if config.password else None,
        "authSource": config.auth_source or None,
        "authMechanism": config.auth_mechanism or None,
        "replicaSet": config.replica_set or None,
        "directConnection": config.direct,
        "readPreference": config.read_preference,
        "tls": config.tls,
        "tlsCAFile": str(config.tls_ca_file) if config.tls_ca_file else None,
        "tlsCertificateKeyFile": str(config.tls_certificate_key_file) if config.tls_certificate_key_file else None,
        "tlsCertificateKeyFilePassword": config.tls_certificate_key_file_password.get_secret_value()
        if config.tls_certificate_key_file_password
        else None,
    }
    if config.uri is None:
        given["port"] = config.port
    return {name: value for name, value in given.items() if value is not None}


def sound(uri: str) -> bool:
    """Tell whether user and password end where a reader thinks: at the only @ before the options."""
    rest = uri.partition("://")[2].partition("?")[0]
    authority, _, path = rest.partition("/")
    return authority.count("@") <= 1 and "@" not in path


def secrets(config: MongoConfig) -> Iterator[str]:
    """Return everything in a configuration that no message may hold."""
    for secret in (config.password, config.tls_certificate_key_file_password):
        if secret is not None:
            yield secret.get_secret_value()
    if config.uri is None:
        return
    uri = config.uri.get_secret_value()
    yield uri
    rest = uri.partition("://")[2]
    user, _, _ = rest.rpartition("@")
    if user:
        name, _, password = user.partition(":")
        yield from (part for part in (user, password, unquote(name)) if part)
    for name, value in parse_qsl(rest.partition("?")[2]):
        if re.search(r"(?i)password|mechanismproperties|token|secret", name):
            yield value
            yield from (part.partition(":")[2] for part in value.split(",") if ":" in part)


def hosts(uri: str) -> str:
    """Return a URI without user, password and options."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
