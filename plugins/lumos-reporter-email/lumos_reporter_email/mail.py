"""A mail: a subject that names what changed, as text and as HTML."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone
from email.header import Header
from email.headerregistry import Address, HeaderRegistry, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from typing import Any

from lumos_core.plugin_api import Gathered, RunResult, tell, visible

from .page import page


class _Subject(UniqueUnstructuredHeader):
    """A subject that is encoded whole: the folding of `email` loses blanks between words beyond ASCII."""

    def fold(self, *, policy: Policy) -> str:
        return f"Subject: {_encoded(str(self), linesep=policy.linesep)}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("subject", _Subject)  # type: ignore[arg-type]  # the registry adds BaseHeader itself
_POLICY = SMTP.clone(header_factory=_HEADERS)


def mail(gathered: Gathered, result: RunResult, sender: Address, to: Sequence[Address]) -> EmailMessage:
    """Return a mail.

    The `Message-ID` is made from the ids of the events and the addresses, so that one that comes again can be known.

    Args:
        gathered: What is told.
        result: The run that tells it.
        sender: From whom.
        to: To whom.
    """
    made = EmailMessage(policy=_POLICY)
    people = hashlib.sha256("\0".join(sorted(one.addr_spec for one in to)).encode()).hexdigest()[:8]
    made["From"] = sender
    made["To"] = list(to)
    made["Subject"] = _encoded(gathered.headline, maxlinelen=10_000)  # it is decoded here, as from a wire
    made["Date"] = datetime.now(timezone.utc)
    made["Message-ID"] = f"<{gathered.id}.{people}@{sender.domain}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer by machines
    made.set_content(text(gathered, result))
    made.add_alternative(page(gathered, result), subtype="html")
    return made


def text(gathered: Gathered, result: RunResult) -> str:
    """Return the body as text."""
    told = ["\n".join(tell(event).lines()) for event in gathered.events]
    if gathered.more:
        told.append(f"... and {gathered.more} more {'dataset' if gathered.more == 1 else 'datasets'}.")
    return "\n\n".join([*told, f"-- \n{foot(gathered, result)}"]) + "\n"


def foot(gathered: Gathered, result: RunResult) -> str:
    """Return the line that says where a mail comes from."""
    return f"Lumos, pipeline {visible(result.pipeline)}, run {visible(result.run_id)}, notice {gathered.id}"


def _encoded(text: str, **how: Any) -> str:
    """RFC 2047: a text that is ASCII stands as it is, unless it looks encoded."""
    plain = text.isascii() and "=?" not in text
    return Header(text, "us-ascii" if plain else "utf-8", header_name="Subject").encode(**how)
