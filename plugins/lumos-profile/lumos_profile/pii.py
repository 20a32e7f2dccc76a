"""What may be personal or secret: by the name of a field, by its tags, and by the look of its values.

A suspicion is enough to show no value; the error to make is the one that hides too much.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from lumos_core.plugin_api import AnyRecord, paths, urns

_NAMES = {
    "email": r"e?mail|email ?address",
    "phone": r"phone|mobile|cell|tel|telephone|fax|msisdn",
    "person": r"(?:first|last|full|given|family|middle|maiden|nick|user|display|real|person|contact) ?name"
    r"|surname|forename|username|login|nickname",
    "birth": r"birth|birthday|birthdate|dob|born",
    "address": r"address|addr|street|postal|postcode|zip|zipcode|latitude|longitude|lat|lng|lon|geo",
    "identity": r"ssn|pesel|nino|passport|licence|license|national id|tax id|tin|nip|personal id|identity",
    "account": r"iban|bic|bban|card (?:number|no|num|last)|credit ?card|cc ?(?:number|num)|pan|cvv|cvc"
    r"|account (?:number|no)|bank account",
    "network": r"ip|ip ?address|ipv4|ipv6|mac ?address|imei|imsi|device id",
    "secret": r"password|passwd|pwd|pass|secret|token|api ?key|private key|credential|salt|pin|hash|cookie|session",
    "health": r"diagnosis|disease|blood|medical|health|religion|ethnicity",
}
_BY_NAME = re.compile("|".join(f"(?P<{kind}>(?<![a-z])(?:{words})s?(?![a-z]))" for kind, words in _NAMES.items()))
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"[^a-z]+")
_TAG = re.compile(
    r"(?<![a-z])(?:pii|personal|personally|sensitive|gdpr|phi|pci|hipaa|confidential|secret|restricted|private)(?![a-z])",
    re.IGNORECASE,
)

_EMAIL = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+\.[^\s@<>\"'(),;:.]{2,}")
_SECRET = re.compile(
    r"://[^/\s:@]*:[^/\s@]+@|\beyJ[\w-]{8,}\.[\w-]+|\bAKIA[0-9A-Z]{16}\b|-----BEGIN |\bgh[pousr]_\w{20,}|\bxox[abp]-\w"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_CARD = re.compile(r"(?<![\d.,])\d(?:[ -]?\d){12,18}(?![\d.,])")
_ISSUER = re.compile(
    r"(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[0-8]|2[2-7]|6\d|35|62|50|81)\d{14}|3[47]\d{13}|3[0689]\d{12}"
    r"|(?:5[0-8]|6\d)\d{15,17})\Z"
)
_PHONE = re.compile(r"(?<![\w+])\+\d[\d ()./-]{6,}\d|(?<![\w.,])00[1-9][\d ()./-]{7,}\d")
_PHONE_WHOLE = re.compile(r"\s*(?:\(\d{1,5}\)|\d{1,5})(?:[ ./-]{1,2}\(?\d{2,5}\)?){2,5}\s*")
_SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")

STRONG = frozenset({"email", "account", "secret"})
"""Kinds of which one value is enough to suspect the field; of the others a share of the values is needed."""
SHARE = 0.2
"""The share of values that look so, from which a field is suspected of a kind that is not strong."""


def suspected_by_name(path: str) -> str:
    """Return what a field is suspected to hold because of its name (`email`, `phone`, ...); empty for nothing.

    Args:
        path: Canonical path; every name in it counts, so that `address.line1` is an address.
    """
    for segment in paths.split(path):
        if segment.kind != "name":
            continue
        words = _NOT_WORD.sub(" ", _CAMEL.sub(" ", segment.name).lower()).strip()
        found = _BY_NAME.search(words)
        if found is not None:
            return found.lastgroup or ""
    return ""


def suspected_value(text: str) -> str:
    """Return what one value looks like (`email`, `card`, `iban`, ...); empty for nothing personal."""
    if "@" in text and _EMAIL.search(text):
        return "email"
    if len(text) > 8 and _SECRET.search(text):
        return "secret"
    if not any(map(str.isdigit, text)):
        return _network(text)
    for found in _IBAN.finditer(text):
        if _is_iban(found[0]):
            return "account"
    for found in _CARD.finditer(text):
        if _is_card(found[0]):
            return "card"
    if _SSN.search(text):
        return "identity"
    if _PHONE.search(text) or (_PHONE_WHOLE.fullmatch(text) and 9 <= sum(map(str.isdigit, text)) <= 15):
        return "phone"
    return _network(text)


def masked(text: str) -> str:
    """Return a value as it may be shown: itself, or `<email>` where it looks personal."""
    kind = suspected_value(text)
    return f"<{kind}>" if kind else text


def tagged(record: AnyRecord | None) -> frozenset[str]:
    """Return the paths of a known record whose tags say that their values are nobody's business.

    The record's own tag, on the dataset as a whole, is the path `""`.

    Args:
        record: What `ctx.get` returned.
    """
    if record is None:
        return frozenset()
    found = {"" for link in getattr(record.value, "tags", ()) if _TAG.search(urns.name(link.tag))}
    for field in getattr(record.value, "fields", ()):
        if any(_TAG.search(urns.name(link.tag)) for link in field.tags):
            found.add(field.path)
    return frozenset(found)


def is_below(path: str, tops: frozenset[str]) -> bool:
    """Tell whether a path, or one above it, is among some paths."""
    if not tops:
        return False
    if path in tops or "" in tops:
        return True
    return any(path.startswith(top) and path[len(top) : len(top) + 1] in (".", "[", "{", "<") for top in tops)


def _is_iban(text: str) -> bool:
    plain = re.sub(r"[ -]", "", text).upper()
    # Behind a number of the right length may stand a word; the longest part that proves right counts.
    for end in range(len(plain), 14, -1):
        turned = plain[4:end] + plain[:4]
        if int("".join(str(int(char, 36)) for char in turned)) % 97 == 1:
            return True
    return False


def _is_card(text: str) -> bool:
    digits = re.sub(r"[ -]", "", text)
    if not _ISSUER.match(digits):
        return False
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _network(text: str) -> str:
    if 6 < len(text) <= 45 and (text.count(".") == 3 or text.count(":") >= 2):
        if re.fullmatch(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}", text):
            return "network"
        try:
            ip_address(text.strip())
        except ValueError:
            return ""
        return "network"
    return ""
