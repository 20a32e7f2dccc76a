"""Waivers: one transition, approved by another, for a while, never hidden."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from lumos_core.model.change import Change
from lumos_core.running.gate import gate
from lumos_core.running.redact import Redactor
from lumos_core.running.waivers import WaiverFile, Waivers, code_owners

TODAY = date(2026, 1, 15)
CHANGE = Change(
    rule="field-removed",
    urn="urn:lumos:dataset:(postgres,shop.public.orders,PROD)",
    path="email",
    severity="breaking",
    before="string",
)
SOUND = {
    "rule": "field-removed",
    "urn": "shop.public.*",
    "reason": "nobody reads it",
    "requested_by": "ann",
    "approved_by": ["bob"],
    "created": "2026-01-01",
    "expires": "2026-02-01",
}


def judge(change=CHANGE, path=None, version="2.1.0", today=TODAY, approvers=(), **keys):
    file = WaiverFile.model_validate({"waivers": [{**SOUND, **keys}], "security_approvers": list(approvers)})
    waivers = Waivers(file, path, today)
    (found,) = waivers.apply([change], lambda urn: version)
    return found.waived, waivers.notes


def test_a_waiver_covers_what_it_names():
    assert judge() == ("nobody reads it", ())


@pytest.mark.parametrize(
    "keys",
    [
        {"rule": "field-renamed"},
        {"urn": "other.*"},
        {"field": "name"},
        {"from": "int64"},
        {"to": "int64"},
        {"versions": "<2.0.0"},
        {"max_severity": "risky"},
        {"fingerprint": "0" * 16, "rule": None, "urn": None},
    ],
)
def test_and_nothing_else(keys):
    waived, notes = judge(**keys)
    assert waived == ""
    assert notes == ("waiver-unused: waiver 1 (nobody reads it) covered nothing; remove it",)


@pytest.mark.parametrize(
    "keys", [{"field": "e*"}, {"from": "string"}, {"versions": ">=2.0.0"}, {"urn": CHANGE.urn}, {"urn": "*.orders"}]
)
def test_wildcards_values_and_versions(keys):
    assert judge(**keys)[0] == "nobody reads it"


def test_a_fingerprint_is_enough():
    assert judge(fingerprint=CHANGE.fingerprint, rule=None, urn=None)[0]


def test_brackets_are_part_of_a_field_path():
    change = Change(rule="field-removed", urn=CHANGE.urn, path="items[].sku", severity="breaking")
    assert judge(change, field="items[].sku")[0]
    assert not judge(change, field="items[].price")[0]


def test_an_expired_waiver_lets_the_finding_return():
    waived, notes = judge(today=date(2026, 2, 2))
    assert waived == ""
    assert notes[0].startswith("waiver-expired: waiver 1 (nobody reads it) expired on 2026-02-01; field-removed")


def test_a_waiver_does_not_count_before_its_day():
    assert judge(today=date(2025, 12, 31))[0] == ""


def test_governance_needs_a_security_approver(tmp_path):
    change = Change(rule="field-removed", urn=CHANGE.urn, path="email", severity="breaking", security=True)
    waived, notes = judge(change)
    assert waived == ""
    assert "security_approvers" in notes[0]
    assert judge(change, approvers=["bob"])[0]
    assert not judge(change, approvers=["ann"], approved_by=["ann", "bob"])[0]
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "CODEOWNERS").write_text("* @carol\n/lumos-waivers.yaml @bob @dora  # security\n")
    place = tmp_path / "lumos-waivers.yaml"
    assert judge(change, path=place, approvers=["bob"])[0]
    assert not judge(change, path=tmp_path / "other.yaml", approvers=["bob"])[0]
    assert code_owners(place) == {"bob", "dora"}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"urn": "*"}, "names something"),
        ({"rule": "*"}, "waive every finding"),
        ({"approved_by": ["ann"]}, "not the one who asked"),
        ({"approved_by": []}, "at least 1"),
        ({"expires": "2025-01-01"}, "on or after"),
        ({"expires": "2026-12-01"}, "at most 90 days"),
        ({"fingerprint": "0" * 16}, "either a fingerprint, or a rule"),
        ({"versions": "soon"}, "version range"),
        ({"colour": "red"}, "Extra inputs"),
        ({"reason": ""}, "at least 3"),
    ],
)
def test_unsound_waivers_are_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        WaiverFile.model_validate({"waivers": [{**SOUND, **keys}]})


def test_the_gate_counts_from_its_severity():
    risky = Change(rule="x", urn=CHANGE.urn, severity="risky")
    waived = Change(rule="x", urn=CHANGE.urn, severity="breaking", waived="yes")
    assert not gate([CHANGE, risky, waived], "breaking", since="run").passed
    assert gate([CHANGE, risky, waived], "breaking", since="run").failing == 1
    assert gate([CHANGE, risky, waived], "risky", since="run").failing == 2
    verdict = gate([risky, waived], "breaking", since="run")
    assert (verdict.passed, verdict.waived) == (True, 1)


def test_passwords_in_addresses_are_masked():
    redact = Redactor()
    assert redact("at postgresql://ann:s3cret@db:5432/shop?x=1") == "at postgresql://ann:***@db:5432/shop?x=1"
    assert redact("https://example.org/a:b@c") == "https://example.org/a:b@c"


def test_secrets_of_configurations_are_masked():
    from pydantic import BaseModel, SecretStr

    class Inner(BaseModel):
        token: SecretStr = SecretStr("t/k n+1")

    class Outer(BaseModel):
        inner: Inner = Inner()
        others: list[Inner] = [Inner(token=SecretStr("second-one"))]
        plain: str = "visible"

    redact = Redactor([Outer(), None])
    assert redact("t/k n+1 | t%2Fk%20n%2B1 | second-one | visible") == "*** | *** | *** | visible"
