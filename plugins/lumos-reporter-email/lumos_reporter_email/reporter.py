"""The reporter `email`."""

from __future__ import annotations

from collections.abc import Iterator

from lumos_core.plugin_api import Context, Gatherer, Reporter, RunResult

from .addresses import mailbox, of_owner
from .config import EmailReporterConfig
from .mail import mail
from .sending import Parcel, connected, deliver


class EmailReporter(Reporter[EmailReporterConfig]):
    """Tells people by e-mail what changed in the data they care for; at least once."""

    notifies = True

    def check(self, ctx: Context) -> None:
        """Connect to the mail server and log in; nothing is sent.

        Raises:
            RetryableError: The server is out of reach, or asks to come back later.
            ReportError: The server refuses, or cannot be trusted.
        """
        with connected(self.config):
            pass

    def report(self, result: RunResult) -> None:
        """Send a mail to `to`, and one to every owner; none without events.

        An address that is refused for good, while others got the same mail, is told in `result.reports`: another try
        would give the others the mail again, and that one nothing.

        Raises:
            RetryableError: The server is out of reach, or refuses for now.
            ReportError: The server refuses.
        """
        parcels = list(self._parcels(result))
        if not parcels:
            return
        with connected(self.config) as server:
            refused = deliver(server, self.config, parcels)
        result.reports += [f"mail refused for {one}" for one in refused]

    def _parcels(self, result: RunResult) -> Iterator[Parcel]:
        config = self.config
        everything = Gatherer(config)
        of_address: dict[str, Gatherer] = {}
        to = {mailbox(text).addr_spec: mailbox(text) for text in config.to}
        for event in result.events:
            if not config.wants(event):
                continue
            everything.add(event)
            for address in {of_owner(urn, config.addresses) for urn in event.owners} if config.owners else ():
                if address and address not in to:
                    of_address.setdefault(address, Gatherer(config)).add(event)
        sender = mailbox(config.from_)
        if to and (gathered := everything.gathered()) is not None:
            yield Parcel(mail(gathered, result, sender, list(to.values())), list(to))
        for address, gatherer in sorted(of_address.items()):
            if (gathered := gatherer.gathered()) is not None:
                yield Parcel(mail(gathered, result, sender, [mailbox(address)]), [address])
