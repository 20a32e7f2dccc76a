"""No secret in a message, however it is spelled there."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from lumos_remote import Redactor
from lumos_remote.redaction import HIDDEN

SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=30)


@given(SECRETS, st.sampled_from(["{}", "a {} b", "https://x/?t={}", "Bearer {}", "{}{}", "pw='{}'"]))
def test_known_secrets_are_hidden_in_every_spelling(secret: str, text: str) -> None:
    assume(secret not in HIDDEN * 3 and not secret.isspace())
    redact = Redactor([secret])
    for spelled in (
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(secret.encode()).decode(),
        json.dumps(secret, ensure_ascii=False)[1:-1],
    ):
        around = redact(text.replace("{}", ""))
        shown = redact(text.replace("{}", spelled))
        assert secret not in around or secret not in shown or secret in text
        if secret not in text:
            assert secret not in shown


@pytest.mark.parametrize(
    "text",
    [
        "postgres://ada:s3cret@host/db",
        "https://s3cret@host/",
        "Authorization: Bearer s3cret-abcdef",
        "authorization=Basic s3cretAbcdef==",
        "Basic s3cretAbcdef==",
        "eyJhbGciOi.s3cret.sig",
        "?access_token=s3cret&x=1",
        '{"password": "s3cret and more"}',
        "{'apiKey': 's3cret'}",
        "X-Api-Key: s3cret",
        "client_secret=s3cret",
        "Cookie: s3cret",
        "AWS_SECRET_ACCESS_KEY=s3cret",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    shown = Redactor()(text)
    assert "s3cret" not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        "no table `shop.orders`",
        "basic authentication is off",
        "the bearer of bad news",
        "column `token` has no type",
        "https://host/path?limit=10&after=abc",
        "author: ada",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert Redactor()(text) == text


def test_long_texts_and_lines_are_made_short() -> None:
    assert Redactor()("a\n  b\tc") == "a b c"
    assert Redactor()("x" * 600) == "x" * 499 + "…"
    assert Redactor()("x" * 600, limit=10) == "x" * 9 + "…"


def test_short_values_are_not_looked_for() -> None:
    assert Redactor(["a", "", "tab"])("a table") == "a table"
