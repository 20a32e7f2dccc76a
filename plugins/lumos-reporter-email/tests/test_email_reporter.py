"""Sending: to whom, how it is encrypted, and what mail servers say on a bad day."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import mail_server
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lumos_reporter_email.config import EmailReporterConfig
from lumos_reporter_email.reporter import EmailReporter
from mail_server import PASSWORD, USER, MailServer, Post
from pydantic import ValidationError

from lumos_core.plugin_api import ChangeEvent, ConfigError, Many, ReportError, RetryableError, RunResult, urns
from lumos_core.testing.context import MemoryContext

ANN, FINANCE = urns.plain("user", "ann@example.org"), urns.plain("group", "finance")


@pytest.fixture
def post(server):
    server.post.clear()
    return server.post


def event(number=0, *owners):
    keys = {"type": "schema-changed", "at": "2026-11-21T09:29:00Z", "seen": "2026-11-21T09:30:00Z", "run": "r"}
    return ChangeEvent(id=f"{number:016x}", urn=urns.dataset("s3", f"d{number}"), owners=list(owners), **keys)


def run(*events):
    return RunResult(run_id="r", pipeline="shop", events=Many(lambda: events, len(events)))


def reporter(server, **options):
    keys = {"host": "127.0.0.1", "port": server.port, "from": "lumos@example.org", "to": ["data@example.org"]}
    if hasattr(server, "ca"):
        keys |= {"ca": server.ca, "username": USER, "password": PASSWORD}
    return EmailReporter(EmailReporterConfig(**{**keys, **options}))


def test_a_mail_is_sent_encrypted_and_logged_in(server, post):
    reporter(server, to=["data@example.org", "Boss <boss@example.org>"]).report(run(event()))
    ((to, made),) = post.mails
    assert to == ["data@example.org", "boss@example.org"]
    assert made["subject"] == "d0: schema changed"
    assert post.logins == 1


def test_nothing_is_sent_without_events(server, post):
    reporter(server, port=9).report(run())
    reporter(server, port=9, on=["created"]).report(run(event()))
    reporter(server, port=9, owners=True, to=[]).report(run(event(0, "urn:lumos:user:nobody")))
    assert post.mails == []


def test_owners_are_told_of_what_is_theirs(server, post):
    told = reporter(server, owners=True, addresses={"finance": "money@example.org"})
    told.report(run(event(0, ANN), event(1, FINANCE, ANN), event(2), event(3, urns.plain("user", "data@example.org"))))
    found = {to[0]: made.get_body(("plain",)).get_content() for to, made in post.mails}
    assert {to: [f"d{n}" for n in range(4) if f"d{n}: schema" in text] for to, text in found.items()} == {
        "data@example.org": ["d0", "d1", "d2", "d3"],
        "ann@example.org": ["d0", "d1"],
        "money@example.org": ["d1"],
    }
    assert len({made["message-id"] for _, made in post.mails}) == 3
    assert post.logins == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_tls_from_the_start(certificate):
    post = Post()
    with MailServer(post, certificate[1], always=True) as server:
        reporter(server, security="tls", ca=certificate[0], username=USER, password=PASSWORD).report(run(event()))
        assert len(post.mails) == 1
        with pytest.raises((ReportError, RetryableError)):  # it waits for a greeting that comes encrypted
            reporter(server, ca=certificate[0], username=USER, password=PASSWORD, timeout=0.5).report(run(event()))


def test_without_encryption_there_is_no_password():
    with pytest.raises(ValidationError, match=r"not sent as plain text"):
        EmailReporterConfig(**BASE, security="none", username="u", password="s3cr3t")
    post = Post()
    with MailServer(post, login=False) as server:
        reporter(server, security="none").report(run(event()))
        assert len(post.mails) == 1
        with pytest.raises(ReportError, match=r"(?i)starttls"):
            reporter(server, username=USER, password=PASSWORD).report(run(event()))
        assert (len(post.mails), post.logins) == (1, 0)


def test_certificates_are_checked(server, post):
    with pytest.raises(ReportError, match=r"no trust in the certificate.*`ca`"):
        reporter(server, ca=None).report(run(event()))
    assert (post.mails, post.logins) == ([], 0)
    reporter(server, ca=None, verify=False).report(run(event()))
    assert len(post.mails) == 1
    with pytest.raises(ReportError, match=r"no encrypted connection.*465"):
        reporter(server, security="tls").report(run(event()))
    with pytest.raises(ConfigError, match=r"certificates"):
        reporter(server, ca=Path("/there/is/none")).report(run(event()))


def test_check_logs_in_and_sends_nothing(server, post):
    reporter(server).check(MemoryContext())
    assert (post.mails, post.logins) == ([], 1)
    with pytest.raises(ReportError, match=r"login was refused: 535.*username"):
        reporter(server, password="another s3cr3t").check(MemoryContext())


@pytest.mark.parametrize(
    "step, answer, kind, said",
    [
        ("MAIL", "451 try later", RetryableError, "sender lumos@example.org was refused: 451 try later"),
        ("MAIL", "553 not you", ReportError, "553 not you"),
        ("DATA", "452 full", RetryableError, "452 full"),
        ("DATA", "554 spam", ReportError, "554 spam"),
        ("data@example.org", "450 greylisted", RetryableError, "data@example.org: 450 greylisted"),
        ("data@example.org", "550 no such user", ReportError, "data@example.org: 550 no such user"),
        ("AUTH", "454 4.7.0 later", RetryableError, "454"),
    ],
)
def test_for_now_is_later_and_for_good_is_a_failure(server, post, step, answer, kind, said):
    post.answers[step] = answer
    password = "another" if step == "AUTH" else PASSWORD
    with pytest.raises(kind, match=said):
        reporter(server, password=password).report(run(event()))
    assert post.mails == []


def test_one_who_is_refused_for_good_keeps_nobody_from_their_mail(server, post):
    post.answers["gone@example.org"] = "550 no such user"
    result = run(event())
    reporter(server, to=["data@example.org", "gone@example.org"]).report(result)
    assert [to for to, _ in post.mails] == [["data@example.org"]]
    assert result.reports == ["mail refused for gone@example.org: 550 no such user"]


def test_one_who_is_refused_for_now_is_tried_again(server, post):
    post.answers["slow@example.org"] = "450 greylisted"
    with pytest.raises(RetryableError, match=r"slow@example.org: 450 greylisted.*next run"):
        reporter(server, to=["data@example.org", "slow@example.org"]).report(run(event()))
    assert len(post.mails) == 1


def test_a_mail_that_is_refused_keeps_no_owner_from_theirs(server, post):
    post.answers["data@example.org"] = "550 no such user"
    with pytest.raises(ReportError, match=r"550"):
        reporter(server, owners=True).report(run(event(0, ANN)))
    assert [to for to, _ in post.mails] == [["ann@example.org"]]


def test_a_connection_that_breaks_in_the_middle(server, post):
    post.cut, post.after = "DATA", 1
    with pytest.raises(RetryableError, match=r"closed the connection.*next run"):
        reporter(server, owners=True).report(run(event(0, ANN)))
    assert len(post.mails) == 1


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(RetryableError, match=r"no connection.*next run"):
        EmailReporter(EmailReporterConfig(**{**BASE, "host": "127.0.0.1", "port": port})).report(run(event()))


def test_a_server_that_says_nothing_costs_no_more_than_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = EmailReporterConfig(**{**BASE, "host": "127.0.0.1", "port": listener.getsockname()[1], "timeout": 0.3})
        begun = time.monotonic()
        with pytest.raises(RetryableError, match=r"127.0.0.1"):
            EmailReporter(silent).report(run(event()))
        assert time.monotonic() - begun < 5


BASE = {"host": "mail.example.org", "from": "lumos@example.org", "to": ["data@example.org"]}


@pytest.mark.parametrize(
    "options, said",
    [
        ({"to": []}, "nobody is told"),
        ({"username": "lumos"}, "belong together"),
        ({"password": "s3cr3t"}, "belong together"),
        ({"from": "lumos"}, "not an address"),
        ({"from": "lumos@example.org\nBcc: x@example.org"}, "not an address"),
        ({"to": ["a@example.org", "s3cr3t"]}, "not an address"),
        ({"addresses": {"ann": "s3cr3t"}}, "not an address"),
        ({"host": "mail.example.org/x"}, "its port has an option"),
        ({"host": "mail example"}, "its port has an option"),
        ({"port": 0}, "1"),
    ],
)
def test_options_that_do_not_fit_are_refused_unseen(options, said):
    with pytest.raises(ValidationError, match=said) as refused:
        EmailReporterConfig(**{**BASE, **options})
    assert "s3cr3t" not in refused.value.errors()[0]["msg"]


def test_ports_follow_from_security():
    ports = {way: EmailReporterConfig(**BASE, security=way).at_port for way in ("starttls", "tls", "none")}
    assert ports == {"starttls": 587, "tls": 465, "none": 25}
    assert EmailReporterConfig(**BASE, port=2525).at_port == 2525


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=30).filter(lambda t: len(set(t)) > 4))
def test_no_message_shows_the_password(server, post, password):
    post.clear()
    post.answers["AUTH"] = f"535 {password.encode('ascii', 'ignore').decode()!r} is wrong"
    with pytest.raises((ReportError, RetryableError)) as failed:
        reporter(server, password=password).report(run(event()))
    told = f"{failed.value} {failed.value!r} {failed.value.__cause__!r}"
    assert password not in told
    assert mail_server.PASSWORD not in told
