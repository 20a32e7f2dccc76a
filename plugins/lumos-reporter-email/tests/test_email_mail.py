"""A mail says what changed, and no name of a stranger is more than a name in it."""

from __future__ import annotations

import email
import email.policy
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_reporter_email.addresses import mailbox, of_owner
from lumos_reporter_email.mail import mail

from lumos_core.plugin_api import ChangeEvent, Finding, NotifierConfig, RunResult, gather, tell, urns, visible

RUN = RunResult(run_id="20261121T093000Z-0001", pipeline="shop")
HEADERS = {"from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"}
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "body",
        "table",
        "tr",
        "td",
        "h1",
        "p",
        "strong",
        "br",
        "span",
        "ul",
        "li",
        "code",
    )
}


def event(name="orders", findings=(), **more):
    found = [Finding(rule="field-removed", severity="breaking", fingerprint="0", message=text) for text in findings]
    keys = {"id": "0" * 16, "type": "schema-changed", "severity": "breaking" if found else "", "run": "r"}
    keys |= {"at": "2026-11-21T09:29:00Z", "seen": "2026-11-21T09:30:00Z", "urn": urns.dataset("s3", name)}
    return ChangeEvent(**{**keys, "findings": found, **more})


def sent(events, result=RUN, sender="Lumos <lumos@example.org>", to=("data@example.org",), most=20):
    """A mail as it arrives."""
    gathered = gather(events, NotifierConfig(max_events=most))
    assert gathered is not None
    made = mail(gathered, result, mailbox(sender), [mailbox(one) for one in to])
    return gathered, email.message_from_bytes(bytes(made), policy=email.policy.default)


def body(made, kind):
    return made.get_body((kind,)).get_content().replace("\r\n", "\n")


def test_a_mail_says_what_changed():
    more = {"version": "2.0.0", "previous": "1.4.0", "owners": [urns.plain("user", "ann")]}
    gathered, made = sent([event(findings=["Field `amount` was removed"], **more), event("items", type="created")])
    assert made["subject"] == "orders: Field amount was removed (breaking), and 1 more"
    assert (made["from"], made["to"]) == ("Lumos <lumos@example.org>", "data@example.org")
    assert made["auto-submitted"] == "auto-generated"
    assert made["message-id"].startswith(f"<{gathered.id}.")
    assert made["message-id"].endswith("@example.org>")
    text = body(made, "plain")
    assert text.startswith("orders: schema changed (breaking) [s3, PROD]\n  - breaking: Field `amount` was removed\n")
    assert "version: 1.4.0 → 2.0.0" in text
    assert f"run {RUN.run_id}, notice {gathered.id}" in text
    page = body(made, "html")
    assert "2 datasets changed" in page
    assert "Field amount was removed" in "".join(_Tags(page).text.split("\n"))


@pytest.mark.parametrize("name", ["raw/כרטיסים 2026", "=?utf-8?q?x?= y", "a b " * 20, "x" * 99, "été  1"])
def test_the_subject_arrives_as_it_was_written(name):
    gathered, made = sent([event(name, ["Field `é` was added"])])
    assert made["subject"] == gathered.headline


def test_what_is_not_named_is_counted():
    _, made = sent([event(f"d{number}", id=f"{number}") for number in range(9)], most=2)
    for part in ("plain", "html"):
        assert "and 7 more datasets" in body(made, part)


def test_the_same_mail_to_others_is_another_and_again_is_the_same():
    ids = [sent([event()], to=to)[1]["message-id"] for to in (["a@b.org"], ["c@b.org"], ["a@b.org"])]
    assert ids[0] == ids[2] != ids[1]


class _Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.links = set(), []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "background") or name.startswith("on")]

    def handle_data(self, data):
        self.text += data


nasty = st.text(st.sampled_from("\r\n\x00\x1b\u2028\u202e\u200d<>&\"'`:;,@=?_🦉éא \t") | st.characters(), max_size=120)


@settings(max_examples=60, deadline=None)
@given(nasty, nasty, nasty)
def test_no_name_adds_a_header_a_recipient_or_markup(name, message, pipeline):
    events = [event(name, [message], path=message, owners=["no urn " + name], impact=[name], impact_count=1)]
    gathered, made = sent(events, RunResult(run_id=name, pipeline=pipeline))
    assert {header.lower() for header in made} == HEADERS
    assert made["subject"].split() == gathered.headline.split()  # blanks fold, and none is lost between words
    assert made["subject"] == visible(made["subject"])
    assert [one.addr_spec for one in made["to"].addresses] == ["data@example.org"]
    assert made.defects == [] and made["subject"].defects == ()
    (told,) = map(tell, gathered.events)
    text = body(made, "plain")
    for line in told.lines():
        assert line.rstrip() in text
    page = _Tags(body(made, "html"))
    assert page.tags <= TAGS
    assert page.links == []
    assert told.name in page.text
    assert all(len(line) <= 998 for line in bytes(made).splitlines())


@pytest.mark.parametrize(
    "text, shown",
    [
        ("ann@example.org", "ann@example.org"),
        ("Ann <ann@example.org>", "Ann <ann@example.org>"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann+data.x@localhost", "ann+data.x@localhost"),
    ],
)
def test_sound_addresses(text, shown):
    assert str(mailbox(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("", "ann", "@example.org", "ann@", "a b@example.org", "ann@exa mple.org", "a@b@c.org", "ann@-x.org"),
        *("ann@example.org\nBcc: x@y.org", "ann@example.org, bob@example.org", "<ann@example.org", ".a@x.org"),
        *("a..b@x.org", '"a"@x.org', "ann@[127.0.0.1]", "Ann\x00 <ann@example.org>", "ann@ex..org", "a;b@x.org"),
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="not an address"):
        mailbox(text)


@given(nasty)
def test_an_address_is_one_address_or_none(text):
    try:
        found = mailbox(text)
    except ValueError:
        return
    assert found.addr_spec.count("@") == 1
    assert not set(found.addr_spec) & set("\r\n\x00<>, \t")


def test_owners_have_addresses():
    given_ = {"urn:lumos:group:finance": "finance@example.org", "ann": "ann@example.org"}
    assert of_owner(urns.plain("group", "finance"), given_) == "finance@example.org"
    assert of_owner(urns.plain("user", "ann"), given_) == "ann@example.org"
    assert of_owner(urns.plain("user", "bob@example.org"), given_) == "bob@example.org"
    assert of_owner(urns.plain("user", "bob"), given_) == ""
    assert of_owner("no urn", given_) == ""
