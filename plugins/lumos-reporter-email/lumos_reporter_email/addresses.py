"""Addresses: which are sound, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.utils import parseaddr

from lumos_core.plugin_api import urns

_LOCAL = re.compile(r"[^\s\x00-\x1f\x7f<>()\[\]\\,;:@\"]{1,64}\Z")
_DOMAIN = re.compile(r"(?!-)[\w-]{1,63}(?<!-)(?:\.(?!-)[\w-]{1,63}(?<!-))*\Z")


def mailbox(text: str) -> Address:
    """Return an address with its display name; a domain beyond ASCII is written as the domain name system knows it.

    Raises:
        ValueError: It is none.
    """
    wrong = ValueError("not an address of e-mail: `name@example.org`")
    if not text.isprintable():
        raise wrong
    name, spec = parseaddr(text) if text.endswith(">") else ("", text)
    local, _, domain = spec.rpartition("@")
    if not (_LOCAL.match(local) and _DOMAIN.match(domain)) or ".." in local or local[0] == "." or local[-1] == ".":
        raise wrong
    try:
        domain = domain.encode("idna").decode()
        return Address(display_name=name, username=local, domain=domain)
    except (ValueError, IndexError):
        raise wrong from None


def of_owner(urn: str, addresses: Mapping[str, str]) -> str:
    """Return the bare address of an owner; empty when nobody knows it.

    Args:
        urn: The owner.
        addresses: URN or name -> address.
    """
    name = urns.name(urn)
    given = addresses.get(urn) or addresses.get(name)
    try:
        return mailbox(given or name).addr_spec
    except ValueError:
        return ""
