"""The source `s3`: the one crawler over a bucket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from lumos_lake import Crawler, Entry, Gap, named_formats
from lumos_lake.discovery import Overrides
from lumos_lake.discovery.overrides import Filter
from lumos_lake.records import ROOT, Names

from lumos_core.plugin_api import AnyRecord, ConfigError, Context, Event, Format, Scope, Stats, Unit

from . import bucket, overrides, suggesting, tagging
from .client import Connection
from .config import S3Config
from .keys import key_of, path_of
from .storage import S3Storage
from .watching import Mail, mail_of


class S3Source(Crawler[S3Config]):
    """Datasets in a bucket, of every format that is named."""

    capabilities = Crawler.capabilities

    def __init__(self, config: S3Config) -> None:
        super().__init__(config)
        self.connection = Connection(config)
        self._overrides: Overrides | None = None
        self._mail: Mail | None = None

    def close(self) -> None:
        """Close every connection; what was heard and not committed is heard again."""
        if self._mail is not None:
            self._mail.close()
        self.connection.close()

    # Names

    @property
    def root_name(self) -> str:
        """Name of the dataset that the bucket, or the folder at the prefix, may be."""
        return ROOT

    @property
    def title(self) -> str:
        """Address of the place, as it is in messages."""
        return f"s3://{self.config.bucket}/{self.config.prefix}"

    @property
    def names(self) -> Names:
        """How things are named: after the bucket and their keys."""
        config = self.config
        path = path_of(config.prefix[:-1]) if config.prefix else ""
        base = f"{config.bucket}/{path}" if path else config.bucket
        return Names(config.platform, config.env, config.instance, base)

    @property
    def scope(self) -> Scope:
        """Everything below the prefix, and what stands for the prefix and the bucket themselves."""
        names = self.names
        outside = Names(names.platform, names.env, names.instance)
        own = {outside.container(name) for name in bucket.above(names.base)} | {names.dataset(ROOT)}
        return msgspec.structs.replace(super().scope, urns=frozenset(own))

    def location(self, root: str) -> str:
        """Return the address of a folder or object."""
        return f"s3://{self.config.bucket}/{key_of(root, self.config.prefix) if root else self.config.prefix}"

    def path_of(self, key: str) -> str | None:
        """Return the path of a key; None when it is not below the prefix."""
        return path_of(key, self.config.prefix) if key.startswith(self.config.prefix) else None

    # Parts

    def formats(self, ctx: Context) -> dict[str, Format[Any]]:
        """Build the formats that the configuration names."""
        return named_formats(self.config.formats, ctx)

    def storage(self, gaps: list[Gap], skipped: list[str]) -> S3Storage:
        """Open the bucket."""
        return S3Storage(self.connection, gaps.append)

    def overrides(self) -> Overrides:
        """Read the overrides that are named, else the object `discovery.yaml` at the prefix.

        Raises:
            ConfigError: When they cannot be read.
        """
        if self._overrides is None:
            self._overrides = self._read_overrides()
        return self._overrides

    def present_filter(self) -> tuple[Overrides, Filter]:
        """Do what `filter` does, with overrides that are read again.

        Raises:
            ConfigError: As `filter` does.
        """
        self._overrides = None
        return self.filter()

    def _read_overrides(self) -> Overrides:
        config = self.config
        if config.overrides is None:
            return overrides.read(self.connection, config.bucket, config.prefix + overrides.NAME, named=False)
        if not isinstance(config.overrides, str):
            return super().overrides()
        place, _, key = config.overrides[len("s3://") :].partition("/")
        if not place or not key:
            raise ConfigError("`overrides` names no object", fix="write it as s3://BUCKET/KEY", where="overrides")
        return overrides.read(self.connection, place, key, named=True)

    # Reading

    def check_files(self) -> None:
        """Prove that the overrides are valid where they are a file of this machine.

        Raises:
            ConfigError: When they are not.
        """
        if not isinstance(self.config.overrides, str | None):
            self.filter()

    def check(self, ctx: Context) -> None:
        """Prove that there is such a bucket, and that the overrides can be read.

        Whether it may be listed is proven by the listing, which follows: rights may hold for the prefix alone.

        Raises:
            LumosError: When they cannot, with what to do about it.
        """
        self.connection.find_bucket()
        self.filter()

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """Plan as every crawler, and the bucket itself.

        Raises:
            LumosError: When the bucket cannot be listed.
        """
        reach = self.scope.narrowed(within)
        if reach is None:
            return
        yield from super().plan(within, ctx)
        names = self.names
        outside = Names(names.platform, names.env, names.instance)
        own = frozenset(outside.container(name) for name in bucket.above(names.base))
        if self.config.containers and not ctx.cancelled() and any(map(within.matches, own)):
            yield Unit(key=f"bucket {self.config.bucket}", scope=Scope(urns=own), args={"bucket": True})

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Read the datasets of a unit, its folders, or the bucket itself.

        Raises:
            RetryableError: When an object keeps changing while it is read, or the server does not answer.
            LumosError: When the server refuses.
        """
        if "bucket" in unit.args:
            yield from bucket.records(self.connection, self.names, ctx)
            return
        yield from super().extract(unit, ctx)

    # Watching

    @property
    def tells(self) -> bool:
        """True when a queue tells of changes."""
        return self.config.watch is not None and bool(self.config.watch.sqs_queue)

    def watch(self, ctx: Context) -> Iterable[Event]:
        """Wait at the queue for notifications of the bucket; nothing is told where none is named.

        Raises:
            ConfigError: When the queue is not there or may not be read.
        """
        if not self.tells:
            return ()
        if self._mail is None:
            self._mail = mail_of(self)
        return self._mail.watch(ctx)

    def ack(self, tokens: Sequence[str]) -> None:
        """Delete the messages of which everything is committed.

        Raises:
            RetryableError: When the queue cannot be reached; it is tried again with the next ones.
        """
        if self._mail is not None:
            self._mail.ack(tokens)

    def measure(self, files: Sequence[Entry], value: Stats, storage: S3Storage, ctx: Context) -> None:
        """Add the tags of a dataset's objects to its statistics, where that is asked for."""
        if self.config.tags is not False:
            pool = self.connection.pool() if self.config.parallel > 1 else None
            tagging.measure(files, value, self.config.tags, storage.tags, pool)

    def suggest(self, path: str) -> Iterable[dict[str, Any]]:
        """Look at `s3://BUCKET/PREFIX` and suggest this source with the formats that are in it.

        Raises:
            LumosError: When the bucket cannot be read.
        """
        return suggesting.suggest(path)
