"""Each promise of a source, broken on purpose: the kit says which, and how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

PLAN = "def plan(self, within, ctx):"
EXTRACT = "def extract(self, unit, ctx):"
WHOLE = """
    for unit in super().plan(within, ctx):
        yield unit
"""
UNITS = """
    world = WORLDS[self.config.world]
    ctx.cancelled()
    for urn in sorted(world.records):
        if within.matches(urn):
            yield Unit(key=urn, scope=Scope(urns=frozenset({urn})))
"""
COVERED = '    ctx.covered(Covered(Scope(platform="memory"), frozenset({"record"})))\n'

WRONG = {
    "reads nothing": ("finds_something", f"{PLAN}\n    return []", "nothing was read"),
    "captures less than it has": (
        "records_are_canonical",
        f"{EXTRACT}\n    for record in super().extract(unit, ctx):\n"
        "        record.value.owners = [Owner('urn:lumos:group:x')]\n        yield record",
        "has ['owners'] without capturing it",
    ),
    "is never the same": (
        "two_readings_are_equal",
        f"{EXTRACT}\n    for record in super().extract(unit, ctx):\n"
        "        record.value.name = str(random.random())\n        yield record",
        "two readings of the same thing differ",
    ),
    "names by position": (
        "listing_order",
        f"{EXTRACT}\n    place = list(WORLDS['wrong'].records).index(unit.key)\n"
        "    for record in super().extract(unit, ctx):\n"
        "        record.value.name = f'table {place}'\n        yield record",
        "another order of the listing gives other records",
    ),
    "claims what it never gives": (
        "capabilities_are_honest",
        "capabilities = frozenset({'record', 'fields', 'owners'})",
        "claims ['owners'], and nothing in the sample has it: drop the claim",
    ),
    "gives what it does not claim": (
        "capabilities_are_honest",
        "capabilities = frozenset({'record'})",
        "does not claim ['fields'], and it works: claim it",
    ),
    "ships objects": (
        "units_are_plain_data",
        f"{PLAN}\n    yield Unit(key='x', scope=within, args={{'connection': object()}})",
        "the unit 'x' cannot be shipped",
    ),
    "gives two units one key": (
        "unit_keys_are_unique",
        f"{PLAN}\n    for unit in super().plan(within, ctx):\n        yield Unit(key='same', scope=unit.scope)",
        "these keys come twice: ['same']",
    ),
    "keeps state between calls": (
        "units_are_independent",
        f"seen = 0\n{EXTRACT}\n    type(self).seen += 1\n    for record in super().extract(unit, ctx):\n"
        "        record.value.name = f'{record.value.name} {self.seen}'\n        yield record",
        "something else when it is read by another instance",
    ),
    "goes on where it stopped": (
        "can_be_tried_again",
        f"{EXTRACT}\n    rows = vars(self).setdefault(unit.key, iter([1, 2]))\n    for row in rows:\n"
        "        yield from super().extract(unit, ctx)",
        "something else after it was interrupted",
    ),
    "reads outside of its unit": (
        "records_stay_inside",
        f"{PLAN}\n    for unit in super().plan(within, ctx):\n        yield Unit(key=unit.key, scope="
        "Scope(urns=frozenset({'urn:lumos:dataset:(memory,other,PROD)'})))",
        "is outside the scope of unit",
    ),
    "declares nothing": ("coverage_is_declared", f"{PLAN}{UNITS}", "no scope is declared for `record`"),
    "declares the world": (
        "coverage_leaves_others_alone",
        f"{PLAN}{UNITS}    ctx.covered(Covered(Scope(), frozenset({{'record'}})))",
        "give the scope its `platform`",
    ),
    "declares more than it was asked": (
        "smaller_scope",
        f"{PLAN}{UNITS}{COVERED}",
        "was not read and yet is declared complete",
    ),
    "never asks whether to stop": (
        "cancellation",
        f"{PLAN}{UNITS.replace('ctx.cancelled()', 'pass')}",
        "never asks ctx.cancelled(): ask once per page",
    ),
    "declares a listing that was cut short": (
        "cancellation",
        f"{PLAN}\n    if not ctx.cancelled():\n        yield from super().plan(within, ctx)\n{COVERED}",
        "a cancelled listing is not complete",
    ),
    "reads on after the end": (
        "cancellation",
        f"{EXTRACT}\n    for number in range(2000):\n        yield table(f'{{number}}')",
        "gave more than 1000 records",
    ),
    "trusts its memo too much": (
        "a_second_run_changes_nothing",
        f"{EXTRACT}\n    for record in super().extract(unit, ctx):\n"
        "        if unit.key.encode() in ctx.memo:\n            record.value.fields = []\n"
        "        ctx.memo[unit.key.encode()] = b'seen'\n        yield record",
        "AssertionError",
    ),
    "declares too little": (
        "what_went_is_removed",
        f"{PLAN}{UNITS}    ctx.covered(Covered(Scope(platform='memory'), frozenset({{'record'}}), 'partial', 'so so'))",
        "gone, and not found",
    ),
    "takes a lost right for a removal": (
        "what_is_hidden_is_not_removed",
        f"{PLAN}{UNITS.replace('sorted(world.records)', 'sorted(set(world.records) - world.hidden)')}{COVERED}",
        "the run takes it for removed",
    ),
    "keeps silent about what it could not see": (
        "what_is_hidden_is_not_removed",
        f"{PLAN}{UNITS.replace('sorted(world.records)', 'sorted(set(world.records) - world.hidden)')}"
        "            ctx.covered(Covered(Scope(urns=frozenset({urn})), frozenset({'record'})))",
        "nobody is told",
    ),
    "skips what is broken": (
        "what_is_broken_is_not_removed",
        f"{EXTRACT}\n    try:\n        yield from super().extract(unit, ctx)\n    except UnitError:\n        pass",
        "the run takes it for removed",
    ),
    "lets a defect out": (
        "what_is_broken_is_not_removed",
        f"{EXTRACT}\n    try:\n        yield from super().extract(unit, ctx)\n"
        "    except UnitError:\n        raise KeyError('offset') from None",
        "raise UnitError, which names the unit",
    ),
    "gives a unit the scope of another": (
        "a_failed_unit",
        f"{PLAN}\n    for unit in super().plan(within, ctx):\n        yield Unit(key=unit.key, scope="
        "Scope(urns=frozenset({'urn:lumos:dataset:(memory,other,PROD)'})))",
        "it is not in the scope of the unit",
    ),
    "gives dicts": (
        "finds_something",
        f"{EXTRACT}\n    yield {{'name': 'orders'}}",
        "`extract` gave something of the type dict: give `Record(urn, value)`",
    ),
    "suggests what does not validate": (
        "suggestions_can_be_used",
        "def suggest(self, path):\n"
        "    return [{'type': 'lumos_core.testing.reference:MemorySource', 'no-such-option': 1}]",
        "no-such-option",
    ),
    "works in its constructor": (
        "building_does_no_work",
        "def __init__(self, config):\n    super().__init__(config)\n    Path('.').joinpath('x').exists()\n"
        "    open('/etc/hostname')",
        "calls open(/etc/hostname): do it where it is first needed",
    ),
    "connects in its constructor": (
        "building_does_no_work",
        "def __init__(self, config):\n    super().__init__(config)\n    import socket\n"
        "    socket.create_connection(('localhost', 1))",
        "calls socket",
    ),
    "cannot be closed unused": ("close_is_safe", "def close(self):\n    self.connection.close()", "connection"),
    "takes other arguments": (
        "signatures_fit",
        "def extract(self, unit, connection):\n    return []",
        "Wrong.extract(self, unit, connection) does not fit Source.extract(self, unit, ctx)",
    ),
    "claims a text": ("claims_are_well_formed", "capabilities = 'fields'", "Source.capabilities is a frozenset"),
}


CLAIMS = "capabilities = frozenset({'record', 'fields'})\n"

GIVEN = "options = {'password': 'given-by-hand'}"
LEAKS = {
    "an exception": "raise ValueError(f'cannot log in with {secret}')",
    "an exception behind another": (
        "try:\n    int(secret)\nexcept ValueError as error:\n    raise UnitError('no') from error"
    ),
    "a log": "logging.getLogger('driver').debug('connecting as %s', secret)",
    "stdout": "print(secret)",
    "a warning": "ctx.warn('login', f'the password is {secret}')",
    "the memo": "ctx.memo[b'session'] = secret.encode()",
    "declared coverage": "ctx.covered(Covered(Scope(platform='memory'), frozenset({'owners'}), 'failed', secret))",
    "a record": "yield table('login', properties=[('dsn', f'acme://me:{secret}@host')])",
}


FORGOTTEN = {
    "its name": ("finds_something", "name = ''", 'has no `name`: write `name = "csv"`'),
    "something to read": ("finds_something", "prepare = SourceKit.prepare", "has no `prepare`: write `def prepare"),
    "to make what it hides": (
        "what_went",
        "drop = SourceKit.drop\nhide = 'x.csv'",
        "`hide` names 'x.csv', which `prepare` does not make",
    ),
    "to drop": ("what_went", "def drop(self, folder): pass", "`drop` takes nothing away that the source reads"),
    "to hide": ("is_hidden", "forbid = relist", "`forbid` hides nothing that the source reads: override it"),
    "to break": ("is_broken", "def corrupt(self, folder): pass", "`corrupt` breaks nothing that the source reads"),
    "its fixture": ("finds_something", "live = 'no_such_server'", "`live` names the fixture 'no_such_server', and"),
    "options of its fixture": (
        "finds_something",
        "live = 'server'\n@pytest.fixture\ndef server(self):\n    return 'localhost'",
        "yields 'localhost': expected a mapping of options",
    ),
    "that it is proven": ("capabilities", "unproven = {'fields': 'why?'}", "excuses ['fields'], and the sample shows"),
    "the reason": ("unproven", "unproven = {'owners': ' '}", "gives no reason for 'owners'"),
}


@pytest.fixture(scope="module")
def told(run_cases: Any) -> Any:
    cases: dict[str, Any] = {"right": ("SourceKit", "test", CLAIMS)}
    for name, (test, body, _) in WRONG.items():
        cases[name] = ("SourceKit", test, body if "capabilities" in body else CLAIMS + body)
    for name, leak in LEAKS.items():
        lines = "\n".join(f"    {line}" for line in leak.splitlines())
        body = f"{EXTRACT}\n    secret = self.config.password.get_secret_value()\n{lines}\n"
        body += "    yield from super().extract(unit, ctx)"
        cases[f"leaks into {name}"] = ("SourceKit", "secrets_stay", f"config_class = LoginConfig\n{body}", GIVEN)
    cases["keeps its secret"] = ("SourceKit", "secrets_stay", "config_class = LoginConfig", GIVEN)
    for name, (test, kit_body, _) in FORGOTTEN.items():
        cases[f"forgets {name}"] = ("SourceKit", test, CLAIMS, kit_body)
    return run_cases(cases)


@pytest.mark.parametrize(("name", "message"), [(name, message) for name, (_, _, message) in WRONG.items()])
def test_a_wrong_source_is_caught(told: Any, name: str, message: str) -> None:
    assert told[name].outcome == "failed"
    assert message in told[name].message
    assert told[name].note, "the failure does not print what to look at"


def test_a_right_source_passes(told: Any) -> None:
    assert told["right"].outcome != "failed", told["right"]
    assert told["keeps its secret"].outcome == "passed", told["keeps its secret"]


@pytest.mark.parametrize("name", LEAKS)
def test_a_secret_that_leaks_is_caught(told: Any, name: str) -> None:
    found = told[f"leaks into {name}"]
    assert found.outcome == "failed"
    assert "a secret reaches" in found.message
    assert "<the secret>" in found.message
    assert "given-by-hand" not in found.message


@pytest.mark.parametrize(("name", "message"), [(name, message) for name, (_, _, message) in FORGOTTEN.items()])
def test_what_an_author_forgets_is_told(told: Any, name: str, message: str) -> None:
    found = told[f"forgets {name}"]
    assert found.outcome == "failed"
    assert message in found.message
