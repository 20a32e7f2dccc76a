"""Addresses that are secrets: what they may be, what is sent to them, and that nobody sees them."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lumos_remote import Hook, HookConfig
from lumos_remote.hook import split
from pydantic import ValidationError

from lumos_core.plugin_api import ConfigError, ReportError, RetryableError
from lumos_core.testing.servers.http import Answer, HttpFake, route


class Bin(HttpFake):
    """Keeps what is posted."""

    def __init__(self):
        super().__init__()
        self.requests = []

    @route("POST", "/{path:path}")
    def take(self, request, path):
        self.requests.append(request)
        return Answer(200, b"<html>thanks</html>", {"Content-Type": "text/html"})


@pytest.fixture
def taken():
    with Bin() as started:
        yield started


def hook(fake, path="/a/s3cr3t?sig=0therS3cr3t&v=1", **options):
    options = {"proxy": "", "retries": 1, **options}
    return Hook(fake.url + path, HookConfig(**options), name="the bin", headers={"X-Key": "k3y-of-mine"})


def test_a_message_is_posted_to_the_whole_address(taken, waits):
    with hook(taken) as posting:
        assert posting.post(b"{}", {"X-Once": "7"}, repeatable=True).value == b"<html>thanks</html>"
    (request,) = taken.requests
    assert request.target == "/a/s3cr3t?sig=0therS3cr3t&v=1"
    assert (request.body, request.headers["content-type"]) == (b"{}", "application/json")
    assert (request.headers["x-once"], request.headers["x-key"]) == ("7", "k3y-of-mine")


@pytest.mark.parametrize("repeatable, sent", [(True, 2), (False, 1)])
def test_a_lost_answer_is_repeated_only_where_that_does_no_harm(taken, waits, repeatable, sent):
    taken.faults.when().lose_answer()
    with hook(taken) as posting, pytest.raises(RetryableError, match="next run"):
        posting.post(b"{}", {}, repeatable=repeatable)
    assert len(taken.requests) == sent


def test_what_failed_is_told_without_the_address(taken, waits):
    taken.faults.when().answer(403, {"message": "k3y-of-mine may not post to /a/s3cr3t?sig=0therS3cr3t"})
    with hook(taken) as posting, pytest.raises(ReportError, match=r"(?s)the bin did not .*403.*may not post") as failed:
        posting.post(b"{}", {}, repeatable=True)
    assert failed.value.__cause__ is None
    for secret in ("s3cr3t", "0therS3cr3t", "k3y-of-mine"):
        assert secret not in str(failed.value)
    assert urlsplit(taken.url).netloc in str(failed.value)


def test_what_cannot_be_used_is_refused():
    with pytest.raises(ConfigError, match="certificates"):
        Hook("https://example.org/x", HookConfig(ca="/there/is/none"), name="the bin")
    with pytest.raises(ValidationError, match="a proxy is an address"):
        HookConfig(proxy="s3cr3t")


@pytest.mark.parametrize(
    "url, parts",
    [
        ("https://example.org", ("https://example.org", "/")),
        (" https://example.org:8443/a/b%2Fc?x=%20 ", ("https://example.org:8443", "/a/b%2Fc?x=%20")),
        ("http://example.org/é?ü", ("http://example.org", "/%C3%A9?%C3%BC")),
        ("http://[::1]:80/a", ("http://[::1]:80", "/a")),
    ],
)
def test_an_address_is_split(url, parts):
    assert split(url) == parts


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.booleans())
@example("user:s3cr3t@host/", False)
@example("host/#s3cr3t", False)
@example("[s3cr3t/", False)
@example("host:port/s3cr3t", False)
def test_any_text_is_an_address_or_refused_unseen(text, encoded):
    url = f"https://example.org/{quote(text)}" if encoded else f"https://{text}"
    said = ""
    try:
        server, rest = split(url)
    except ValueError as error:
        said = str(error)
    if said:
        assert not encoded
        assert len(text) < 6 or text not in said
        return
    assert rest.startswith("/")
    assert rest.isascii() and rest.isprintable() and " " not in rest
    assert "@" not in server
