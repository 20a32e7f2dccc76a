"""The connection: botocore's clients from a configuration, made when they are first used.

They are those of boto3, which adds nothing that is needed here. botocore is imported in functions only: a manifest, a
configuration and `lumos --help` cost nothing.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from .config import S3Config
from .failures import Redactor, code_of, denied, told
from .pages import install

_LOGGERS = ("botocore", "urllib3")


class Connection:
    """The clients of one source, shared by its threads.

    Args:
        config: Whom to talk to, and as whom.

    Attributes:
        bucket_region: Where the bucket is, once `find_bucket` asked; empty where the server does not tell.
    """

    def __init__(self, config: S3Config) -> None:
        self.config = config
        self._lock = threading.RLock()
        self._session_: Any = None
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._pool: ThreadPoolExecutor | None = None
        self.bucket_region: str | None = None

    @property
    def s3(self) -> Any:
        """The client of the bucket, in its region."""
        return self.client("s3", endpoint=self.config.endpoint)

    @property
    def sqs(self) -> Any:
        """The client of the queue that `watch.sqs_queue` names, in its region."""
        watch = self.config.watch
        queue = watch.sqs_queue if watch is not None else ""
        endpoint = watch.sqs_endpoint if watch is not None else ""
        region = ""
        if queue.startswith("arn:"):
            region = queue.split(":")[3] if queue.count(":") >= 5 else ""
        elif queue:
            parts = urlsplit(queue)
            host = parts.hostname or ""
            if host.startswith("sqs.") and host.count(".") >= 3:
                region = host.split(".")[1]
            elif not endpoint:
                endpoint = f"{parts.scheme}://{parts.netloc}"
        return self.client("sqs", region=region, endpoint=endpoint)

    def client(self, service: str, *, region: str = "", endpoint: str = "") -> Any:
        """Return the client of a service; the same one for the same arguments, and safe in threads.

        Args:
            service: `s3`, `sqs`, `sts`, ...
            region: Its region; that of the configuration by default.
            endpoint: Its address, where it is not AWS.

        Raises:
            ConfigError: When the options do not fit: an unknown profile, an address that is none.
        """
        with self._lock:
            key = (service, region, endpoint)
            if key not in self._clients:
                try:
                    self._clients[key] = self._make(service, region, endpoint)
                except Exception as error:
                    raise told(error, "no connection can be made", self.redact) from None
            return self._clients[key]

    def close(self) -> None:
        """Close every connection; the next use opens new ones."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
            pool, self._pool = self._pool, None
            self._session_ = None
        if pool is not None:
            pool.shutdown(cancel_futures=True)
        for client in clients:
            client.close()

    def pool(self) -> Executor:
        """Return the threads that make requests in advance."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.config.parallel, "s3-reading")
            return self._pool

    @property
    def redact(self) -> Redactor:
        """Takes the secrets of this connection out of texts, those that AWS's chain found included."""
        config = self.config
        given = (config.secret_access_key, config.access_key_id, config.session_token, config.external_id)
        return Redactor([*map(_plain, given), *self._found])

    def find_bucket(self) -> None:
        """Prove that there is such a bucket, and note its region.

        HeadBucket names the region even where it refuses, which says nothing: rights may hold for a prefix alone.

        Raises:
            LumosError: When there is none, or nobody answers.
        """
        if self.bucket_region is not None:
            return
        try:
            answer = self.s3.head_bucket(Bucket=self.config.bucket)
        except Exception as error:
            answer = getattr(error, "response", None) or {}
            if code_of(error) in ("404", "NoSuchBucket"):
                self._explain_missing()
            elif not (denied(error) or code_of(error) in ("400", "BadRequest")):
                raise told(error, "the bucket cannot be read", self.redact, f"s3://{self.config.bucket}") from None
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self.bucket_region = str(headers.get("x-amz-bucket-region", ""))

    def _explain_missing(self) -> None:
        """Ask again in a way that is answered with words: some servers hide bad credentials behind a 404."""
        payer = {"RequestPayer": "requester"} if self.config.requester_pays else {}
        try:
            self.s3.list_objects_v2(Bucket=self.config.bucket, Prefix=self.config.prefix, MaxKeys=1, **payer)
        except Exception as error:
            raise told(error, "the bucket cannot be read", self.redact, f"s3://{self.config.bucket}") from None

    def region_of_bucket(self) -> str:
        """Return the region of the bucket; empty where the server does not tell.

        Raises:
            LumosError: When there is no such bucket, or nobody answers.
        """
        self.find_bucket()
        return self.bucket_region or ""

    # Making

    def _make(self, service: str, region: str, endpoint: str) -> Any:
        import botocore.config
        from botocore import UNSIGNED

        config = self.config
        path_style = config.path_style if config.path_style is not None else bool(endpoint)
        options: dict[str, Any] = {
            "connect_timeout": config.connect_timeout,
            "read_timeout": config.read_timeout,
            "retries": {"mode": "adaptive", "total_max_attempts": config.max_attempts},
            "max_pool_connections": config.parallel + 2,
            "user_agent_extra": "lumos",
            "s3": {"addressing_style": "path" if path_style else "auto"},
        }
        if config.anonymous:
            options["signature_version"] = UNSIGNED
        made = self._session().create_client(
            service,
            region_name=region or self._region(self._session()),
            endpoint_url=endpoint or None,
            verify=str(config.ca_bundle) if config.ca_bundle is not None else (None if config.verify else False),
            config=botocore.config.Config(**options),
        )
        if service == "s3":
            install(made)
        return made

    @property
    def _found(self) -> list[str]:
        """The secrets of whatever credentials are in use, without fetching any."""
        facts = vars(getattr(self._session_, "_credentials", None) or SimpleNamespace())
        names = ("secret_key", "token", "_secret_key", "_token")
        return [facts[name] for name in names if isinstance(facts.get(name), str)]

    def _session(self) -> Any:
        if self._session_ is None:
            import botocore.session

            for name in _LOGGERS:  # what they say of requests holds signatures and tokens; errors are told by us
                logger = logging.getLogger(name)
                logger.setLevel(max(logger.level, logging.ERROR))
            config = self.config
            core = botocore.session.Session(profile=config.aws_profile or None)
            core.register_component("data_loader", _loader(core))
            if config.access_key_id is not None:
                core.set_credentials(
                    config.access_key_id.get_secret_value(),
                    _plain(config.secret_access_key),
                    _plain(config.session_token),
                )
            if config.role_arn:
                core._credentials = self._assumed(core)
            self._session_ = core
        return self._session_

    def _region(self, core: Any) -> str:
        """Where to ask when nobody says where: the server then tells of another region."""
        return str(self.config.region or core.get_config_variable("region") or "us-east-1")

    def _assumed(self, core: Any) -> Any:
        """Return credentials of the role, which are fetched when needed and again before they expire."""
        from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

        config = self.config
        extra = {"RoleSessionName": config.role_session_name}
        if config.external_id is not None:
            extra["ExternalId"] = config.external_id.get_secret_value()
        create = partial(core.create_client, region_name=self._region(core))
        fetcher = AssumeRoleCredentialFetcher(create, core.get_credentials(), config.role_arn, extra_args=extra)
        return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")


_loaders: list[Any] = []


def _loader(core: Any) -> Any:
    """Return the one reader of botocore's descriptions of services, which take long to read and stay in memory."""
    if not _loaders:
        _loaders.append(core.get_component("data_loader"))
    return _loaders[0]


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
