"""Each promise of catalogs and stores, broken on purpose: the kit says which, and how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

READ = "def read(self, scope, ctx):\n    held = super().read(scope, ctx)\n"
WRITE = "def write(self, batch, ctx):\n"
CLAIM = "capabilities = {**MemoryCatalog.capabilities, "

CATALOGS = {
    "loses a part of owners": (
        "declared_loss",
        f"{READ}    for record in held:\n        for owner in record.value.owners:\n            owner.layer = None\n"
        "        yield record",
        "owners: it is claimed lossless, and it comes back changed for dataset",
    ),
    "never gives owners back": (
        "declared_loss",
        f"{READ}    for record in held:\n        record.value.owners = []\n        yield record",
        "owners: it is claimed, and nothing of it is read back for dataset: drop the claim",
    ),
    "does not claim what works": (
        "declared_loss",
        "capabilities = {k: v for k, v in MemoryCatalog.capabilities.items() if k != 'owners'}",
        "owners: it is not claimed (write), and it works for dataset: claim it",
    ),
    "claims to write only, and reads": (
        "declared_loss",
        CLAIM + "'owners': Support(write=True)}",
        "owners: it is not claimed (read), and it works for dataset",
    ),
    "claims a loss that is none": (
        "declared_loss",
        CLAIM + "'owners': Support(read=True, write=True, note='no layers')}",
        "owners: it is claimed with a loss, and it comes back equal for dataset: claim it lossless",
    ),
    "has no words for its loss": (
        "declared_loss",
        CLAIM + "'owners': Support(read=True, write=True)}",
        "owners: it is claimed with a loss that has no words: give it a `limit` or a `note`",
    ),
    "loses tags of fields": (
        "declared_loss",
        f"{READ}    for record in held:\n        for field in getattr(record.value, 'fields', ()):\n"
        "            field.tags = []\n        yield record",
        "fields.tags: it is claimed, and nothing of it is read back for dataset",
    ),
    "takes what it cannot read for empty": (
        "three_states",
        CLAIM + "'owners': Support(write=True)}\n"
        f"{READ}    for record in held:\n        record.value.captured = ['owners', 'tags']\n        yield record",
        "captured, though `capabilities` cannot read it: ['owners']",
    ),
    "forgets that tags are empty": (
        "three_states",
        f"{READ}    for record in held:\n        record.value.captured = ['fields']\n        yield record",
        "tags are read and not captured",
    ),
    "claims to keep what it loses": (
        "declared_loss",
        CLAIM + "'owners': Support(read=True, write=True, kept='layers')}",
        "owners: `kept` says that the rest is read back from the property `lumos`: then it is lossless",
    ),
    "keeps aside and does not say what is shown": (
        "kept_is_what",
        CLAIM + "'owners': Support(read=True, write=True, lossless=True, kept='layers')}",
        "`native` does not say what is shown: write it",
    ),
    "shows less than it says": (
        "kept_is_what",
        "def native(self, record):\n    record.value.owners = []\n    return record",
        "`kept` does not say so: owners of dataset",
    ),
    "defers what is no key": ("deferred_keys", "deferred = frozenset({'linage'})", "no key of a record: ['linage']"),
    "claims facts that it drops": (
        "facts_are_kept",
        f"stats = frozenset({{'profile'}})\n{READ}    return (r for r in held if r.kind != 'stats')",
        "`stats` claims 'profile', and it is not read back",
    ),
    "rounds facts": (
        "facts_are_kept",
        f"stats = frozenset({{'profile'}})\n{READ}    for record in held:\n        if record.kind == 'stats':\n"
        "            record.value.row_count = 100\n        yield record",
        "'profile' comes back changed",
    ),
    "claims foreign records that it drops": (
        "only_others_understand",
        f"foreign = True\n{READ}    return (r for r in held if r.kind != 'foreign')",
        "`foreign` is claimed, and a foreign record is not read back",
    ),
    "loses the references of foreign records": (
        "only_others_understand",
        f"foreign = True\n{READ}    for record in held:\n        if record.kind == 'foreign':\n"
        "            record.value.refs = []\n        yield record",
        "a foreign record comes back changed",
    ),
    "keeps foreign records for ever": (
        "others_understand_can_go",
        "foreign = True\n" + WRITE + "    for operation in batch:\n        if operation.action != 'remove':\n"
        "            yield from super().write([operation], ctx)\n        else:\n"
        "            yield Outcome(operation.urn, 'unchanged')",
        "a foreign record that was removed is still read",
    ),
    "stops after a page": ("paged", f"{READ}    return list(held)[:1000]", "of 1234 records are not read back"),
    "gives a page twice": ("paged", f"{READ}    held = list(held)\n    return held[:5] + held", "must come sorted"),
    "repeats the edge of a page": (
        "paged",
        f"{READ}    held = list(held)\n    return held[:5] + held[4:]",
        "a record comes twice",
    ),
    "stops silently": (
        "cancelled_reading",
        f"{READ}    for record in held:\n        if ctx.cancelled():\n            return\n        yield record",
        "`read` was cancelled, and gives 0 of 20 records without a word: raise `Cancelled`",
    ),
    "deletes for good": (
        "soft_delete",
        f"{WRITE}    for operation in batch:\n        yield from super().write([operation], ctx)\n"
        "        if operation.action == 'remove':\n            WORLDS['wrong'].records.pop(operation.urn, None)",
        "a removed record is not read any more",
    ),
    "cannot remove twice": (
        "soft_delete",
        f"{WRITE}    for operation in batch:\n        held = WORLDS['wrong'].records.get(operation.urn)\n"
        "        gone = held is not None and held.value.lifecycle is not None\n"
        "        if operation.action == 'remove' and gone:\n"
        "            yield Outcome(operation.urn, 'failed', 'it is gone')\n"
        "        else:\n            yield from super().write([operation], ctx)",
        "a removal fails",
    ),
    "restores an empty shell": (
        "soft_delete",
        f"{WRITE}    for operation in batch:\n        if operation.action == 'restore':\n"
        "            WORLDS['wrong'].records[operation.urn] = table('orders')\n"
        "        yield from super().write([operation], ctx)",
        "is lost by remove and restore",
    ),
    "is not idempotent": (
        "writing_twice",
        f"{WRITE}    for operation in batch:\n        yield from super().write([operation], ctx)\n"
        "        held = WORLDS['wrong'].records[operation.urn].value\n"
        "        held.aliases = [*held.aliases, ('kit', str(len(held.aliases)))]",
        "writing the same again changes what is held",
    ),
    "writes whole records": (
        "set_and_unset",
        f"{WRITE}    for operation in batch:\n        WORLDS['wrong'].records.pop(operation.urn, None)\n"
        "        yield from super().write([operation], ctx)",
        "an operation that does not name `fields` changes them",
    ),
    "is not sorted": ("scopes", f"{READ}    return list(held)[::-1]", "must come sorted by (kind, URN)"),
    "ignores the scope": (
        "scopes",
        "def read(self, scope, ctx):\n    return super().read(Scope(), ctx)",
        "`read` gives more or less than the scope holds",
    ),
    "trims names": (
        "hostile_names",
        f"{READ}    for record in held:\n        record.value.name = record.value.name.split()[0]\n"
        "        yield record",
        "these names are changed or lost",
    ),
    "forgets an outcome": (
        "many_records",
        f"{WRITE}    return list(super().write(batch, ctx))[1:]",
        "one outcome per operation, in their order",
    ),
    "chokes on a query": (
        "search",
        "def search(self, query, limit=20):\n    if '\"' in query:\n        raise ValueError('unbalanced quote')\n"
        "    return super().search(query, limit)",
        "unbalanced quote",
    ),
    "crashes on what it does not know": (
        "errors_are_explained",
        f"{WRITE}    for operation in batch:\n        yield Outcome(KINDS[operation.kind].kind, 'written')",
        "KeyError",
    ),
    "has no name for its ids": ("capabilities_are_known", "system = ''", "`system` is empty"),
}

STORES = {
    "never compares": (
        "compare_and_set",
        "def commit(self, ref, expect, changed, meta):\n"
        "    return super().commit(ref, self.resolve(ref), changed, meta)",
        "DID NOT RAISE",
    ),
    "compares first and sets later": (
        "of_several",
        "def commit(self, ref, expect, changed, meta):\n    if self.resolve(ref) != expect:\n"
        "        raise StoreError('it has moved')\n    time.sleep(0.05)\n"
        "    with self._lock:\n        return super().commit(ref, self.resolve(ref), changed, meta)\n"
        "import threading\n_lock = threading.Lock()",
        "commits onto one state were let through",
    ),
    "compares times as texts": (
        "a_time_means",
        "def _find(self, ref):\n    at = [c for c in self._commits if c[0].ref == 'head' and c[0].at <= ref]\n"
        "    return super()._find(ref) if not ref.startswith('20') else at[-1] if at else None",
        "as of 2026-01-15T",
    ),
    "encodes anew": (
        "lines_come_back",
        "def lines(self, *arguments, **more):\n    return (b' ' + line for line in super().lines(*arguments, **more))",
        "lines come back other than they were committed",
    ),
    "commits row by row": (
        "a_commit_that_fails",
        "def commit(self, ref, expect, changed, meta):\n    for row in changed:\n"
        "        expect = super().commit(ref, expect, [row], meta)\n    return expect",
        "a commit that failed has changed the state",
    ),
    "takes a key twice": (
        "comes_twice",
        "def commit(self, ref, expect, changed, meta):\n"
        "    return super().commit(ref, expect, {row[1]: row for row in changed}.values(), meta)",
        "DID NOT RAISE",
    ),
    "forgets runs without changes": (
        "every_run_is_logged",
        "def log(self, urn=None, ref='head'):\n    return (e for e in super().log(urn, ref) if e.state != e.parent)",
        "every commit is an entry of the log",
    ),
    "finds the first run of a state": (
        "leads_to_its_commit",
        "def entry(self, ref):\n    state = self.resolve(ref)\n"
        "    return next((c[0] for c in self._commits if c[0].state == state), None)",
        "leads to the commit of",
    ),
    "ignores the scope": (
        "scopes",
        "def lines(self, ref, scope=Scope(), kind=''):\n    return super().lines(ref, Scope(), kind)",
        "`lines` gives more or less than the scope holds",
    ),
    "ignores the kind": (
        "one_kind",
        "def lines(self, ref, scope=Scope(), kind=''):\n    return super().lines(ref, scope)",
        "`lines` gives other kinds than it was asked for",
    ),
    "lets two run at once": (
        "only_one_run",
        "def lock(self):\n    from contextlib import nullcontext\n    return nullcontext()",
        "DID NOT RAISE",
    ),
    "reads what comes meanwhile": (
        "a_reader_sees",
        "def lines(self, ref, scope=Scope(), kind=''):\n    number = 0\n"
        "    while number < len(found := list(super(type(self), self).lines(ref, scope, kind))):\n"
        "        yield found[number]\n        number += 1",
        "a reader sees what was committed after it began",
    ),
}

KINDS = {"CatalogKit": CATALOGS, "StoreKit": STORES}
SHARED = "options = {'world': 'wrong'}"


@pytest.fixture(scope="module")
def told(run_cases: Any) -> Any:
    cases: dict[str, tuple[str, ...]] = {}
    for kit, wrong in KINDS.items():
        for name, (test, body, _) in wrong.items():
            cases[f"{kit} {name}"] = (kit, test, body, SHARED if "two run" in name else "")
    return run_cases(cases)


@pytest.mark.parametrize(
    ("name", "message"),
    [(f"{kit} {name}", message) for kit, wrong in KINDS.items() for name, (_, _, message) in wrong.items()],
)
def test_a_wrong_component_is_caught(told: Any, name: str, message: str) -> None:
    assert told[name].outcome == "failed"
    assert message in told[name].message
    assert told[name].note, "the failure does not print what to look at"
