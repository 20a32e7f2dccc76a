"""Nothing of a field that may be personal is shown: whatever its values are, the whole record is searched for them."""

from __future__ import annotations

import string

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_profile import Facts, Profile, Profiler, masked, metrics, suspected_by_name, tagged
from lumos_profile.pii import suspected_value

from lumos_core.plugin_api import Dataset, Field, ProfileConfig, Record, Stats, TagLink, canonical

CONFIG = ProfileConfig()
URN = "urn:lumos:dataset:(file,a,PROD)"
word = st.text(string.ascii_lowercase, min_size=3, max_size=9)
digits = st.text(string.digits, min_size=4, max_size=4)
emails = st.builds("{}.{}@{}.{}".format, word, word, word, st.sampled_from(["com", "org", "co.uk", "pl"]))
phones = st.builds("+{} {} {} {}".format, st.integers(1, 99), st.integers(100, 999), digits, digits)
ssns = st.builds("{}-{}-{}".format, st.integers(100, 999), st.integers(10, 99), digits)
networks = st.builds("10.{}.{}.{}".format, *[st.integers(10, 255)] * 3)


def luhn(body: str) -> str:
    total = 0
    for place, char in enumerate(reversed(body)):
        value = int(char) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


cards = st.text(string.digits, min_size=14, max_size=14).map(lambda tail: luhn("4" + tail))
spaced = cards.map(lambda card: " ".join(card[i : i + 4] for i in range(0, 16, 4)))


def iban(body: str) -> str:
    turned = "".join(str(int(char, 36)) for char in body + "PL00")
    return f"PL{98 - int(turned) % 97:02d}{body}"


ibans = st.text(string.digits, min_size=24, max_size=24).map(iban)
private = st.one_of(
    *[st.lists(kind, min_size=1, max_size=40) for kind in (emails, phones, ssns, networks, cards, spaced, ibans)]
)


def line_of(profiler: Profiler) -> str:
    return canonical(Record(f"{URN}#profile@2026-01-01T00:00:00Z", profiler.profile(whole=True).onto(Stats()))).decode()


@settings(max_examples=200, deadline=None)
@given(private, st.integers(1, 3))
def test_no_value_of_a_suspected_field_is_in_the_record(values, times):
    profiler = Profiler(CONFIG)
    profiler.arrow(pa.table({"c": values * times}))
    line = line_of(profiler)
    assert '"suspected"' in line
    assert not [value for value in values if value in line]
    assert "histogram" not in line and "patterns" not in line and '"min"' not in line


@settings(max_examples=100, deadline=None)
@given(st.lists(cards.map(int), min_size=1, max_size=40))
def test_card_numbers_that_are_numbers_are_found(values):
    profiler = Profiler(CONFIG)
    profiler.arrow(pa.table({"c": pa.array(values, pa.int64())}))
    line = line_of(profiler)
    assert '"suspected","card"' in line
    assert not [value for value in values if str(value) in line]


@settings(max_examples=100, deadline=None)
@given(st.one_of(emails, cards, ibans, phones, ssns, networks), st.lists(word, max_size=30), st.integers(1, 3))
def test_a_private_value_among_others_is_masked(value, others, times):
    profiler = Profiler(CONFIG)
    profiler.documents([{"note": text} for text in [*others, *others, *[value] * times]])
    assert value not in line_of(profiler)


@settings(max_examples=100, deadline=None)
@given(emails, st.text(max_size=20), st.text(max_size=20))
def test_a_private_value_inside_of_a_text_is_masked(email, before, after):
    profiler = Profiler(CONFIG)
    profiler.documents([{"note": f"{before} {email} {after}"}] * 2)
    assert email not in line_of(profiler)


@pytest.mark.parametrize(
    "path, kind",
    [
        ("email", "email"),
        ("customer.E-Mail", "email"),
        ("contactPhone", "phone"),
        ("first_name", "person"),
        ("LASTNAME", "person"),
        ("lastName", "person"),
        ("date_of_birth", "birth"),
        ("ssn", "identity"),
        ("card_number", "account"),
        ("ip", "network"),
        ("password_hash", "secret"),
        ("address.line1", "address"),
        ("`e.mail`", "email"),
        ("amount", ""),
        ("description", ""),
        ("shipping", ""),
        ("tokens_used", "secret"),
        ("emails[]", "email"),
    ],
)
def test_names_that_are_suspected(path, kind):
    assert suspected_by_name(path) == kind


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dates() | st.integers(10**5, 10**9), min_size=1, max_size=20))
def test_a_suspected_name_hides_every_value_whatever_it_looks_like(values):
    values = [str(value) for value in values]
    profiler = Profiler(CONFIG)
    profiler.documents([{"born": value, "customer": {"phone": value}} for value in values])
    line = line_of(profiler)
    assert not [value for value in values if value in line]


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-05",
        "2024-01-05 10:00:00",
        "1.2.3",
        "0.00123456789",
        "0.4111111111111111",
        "1700000000000",
        "A1-123",
        "SKU-000-111",
        "12:30:15",
        "1e+15",
        "Kraków",
        "",
        "GB",
        "192.168",
        "3.14159265358979",
    ],
)
def test_what_is_not_personal_is_shown(text):
    assert suspected_value(text) == "" and masked(text) == text


@pytest.mark.parametrize(
    "text, kind",
    [
        ("write to bob@example.com, please", "email"),
        ("postgres://u:pw@host/db", "secret"),
        ("GB82 WEST 1234 5698 7654 32", "account"),
        ("4111 1111 1111 1111", "card"),
        ("078-05-1120", "identity"),
        ("(22) 555 12 34 56", "phone"),
        ("2001:db8::ff00:42:8329", "network"),
        ("00:1A:2B:3C:4D:5E", "network"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx", "secret"),
    ],
)
def test_what_is_personal_is_found(text, kind):
    assert suspected_value(text) == kind and masked(text) == f"<{kind}>"


def test_a_tag_turns_a_field_off():
    known = Record(
        URN,
        Dataset(
            fields=[
                Field("name", tags=[TagLink(tag="urn:lumos:tag:pii.person")]),
                Field("home", tags=[TagLink(tag="urn:lumos:tag:Sensitive")]),
                Field("homeless", tags=[TagLink(tag="urn:lumos:tag:tier.gold")]),
            ]
        ),
    )
    tags = tagged(known)
    assert tags == {"name", "home"} and tagged(None) == frozenset()
    profiler = Profiler(CONFIG, tags=tags)
    profiler.documents([{"name": "Ada", "home": {"street": "Elm"}, "homeless": 3}])
    made = profiler.profile(whole=True)
    assert [path for path, _ in made.fields] == ["homeless"]
    assert made.left_out == ["home", "name"] or made.left_out == ["home", "home.street", "name"]
    later = Profile(fields=[("a", []), ("a.b", []), ("ab", [])]).without(frozenset({"a"}))
    assert [path for path, _ in later.fields] == ["ab"] and later.left_out == ["a", "a.b"]


def test_a_tag_on_the_dataset_turns_all_of_it_off():
    known = Record(URN, Dataset(tags=[TagLink(tag="urn:lumos:tag:gdpr")]))
    profiler = Profiler(CONFIG, tags=tagged(known))
    profiler.documents([{"a": 1}])
    assert profiler.profile(whole=True).fields == []


def test_what_a_server_says_is_held_to_the_same():
    shown = dict(metrics(Facts(minimum="a@b.com", maximum="z", top=[("x@y.org", 3), ("q@r.net", 2), ("plain", 2)])))
    assert shown["min"] == "<email>" and shown["top_values"] == '[["<email>",5],["plain",2]]'
    profiler = Profiler(CONFIG)
    profiler.give("c", Facts(rows=10, all_nulls=2, minimum="a@b.com", maximum="z@b.com"))
    profiler.give("phone", Facts(rows=10, all_nulls=2, minimum="123", maximum="456"))
    found = dict(profiler.profile(whole=False, looked=False).fields)
    assert dict(found["c"]) == {"null_count": 2, "null_share": "0.2", "suspected": "email"}
    assert dict(found["phone"]) == {"null_count": 2, "null_share": "0.2", "suspected": "phone"}
