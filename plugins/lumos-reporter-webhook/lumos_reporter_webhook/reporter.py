"""The reporter `webhook`."""

from __future__ import annotations

import time

from lumos_remote import Hook

from lumos_core.plugin_api import Reporter, RunResult

from .config import WebhookReporterConfig
from .payload import requests
from .signing import key_of, signature


class WebhookReporter(Reporter[WebhookReporterConfig]):
    """Posts what changed as signed JSON: a program hears of it, at least once.

    A request that is sent again has the same `webhook-id`; an event that comes again has the same id.
    """

    notifies = True

    def report(self, result: RunResult) -> None:
        """Post the events, as many requests as they need; nothing without events.

        Raises:
            RetryableError: The receiver is busy or out of reach.
            ReportError: The receiver refuses.
        """
        config = self.config
        key = None if config.secret is None else key_of(config.secret.get_secret_value())
        with Hook(
            config.url.get_secret_value(),
            config,
            name="the webhook",
            headers={name: value.get_secret_value() for name, value in config.headers.items()},
            secrets=[] if config.secret is None else [config.secret.get_secret_value()],
        ) as hook:
            wanted = (event for event in result.events if config.wants(event))
            for request in requests(wanted, result, config.max_events, config.max_bytes):
                # The time is that of the first attempt: attempts end long before a receiver takes it for a replay.
                now = int(time.time())
                headers = {"webhook-id": request.id, "webhook-timestamp": str(now)}
                if key is not None:
                    headers["webhook-signature"] = signature(key, request.id, now, request.body)
                hook.post(request.body, headers, repeatable=True)
