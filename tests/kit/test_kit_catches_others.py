"""Each promise of the other kinds, broken on purpose: the kit says which, and how to mend it."""

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

REPORTERS = {
    "writes names into HTML": (
        "hostile_names",
        "def report(self, result):\n    super().report(result)\n    names = [c.message for c in result.changes]\n"
        "    Path(self.config.path).write_text('<html>' + visible(' '.join(names), lines=True) + '</html>')",
        "a name is acted upon: ['<script>alert(1)",
    ),
    "forgets the quotes of attributes": (
        "hostile_names",
        "def report(self, result):\n    super().report(result)\n"
        "    names = [visible(c.message, lines=True).replace('<', '&lt;') for c in result.changes]\n"
        "    page = ''.join(f'<p title=\"{name}\">{name}</p>' for name in names)\n"
        "    Path(self.config.path).write_text('<html>' + page + '</html>')",
        'a name is acted upon: ["<p onmouseover=',
    ),
    "links what it is told": (
        "hostile_names",
        "def report(self, result):\n    super().report(result)\n"
        "    names = [visible(c.message).replace('<', '&lt;') for c in result.changes]\n"
        "    Path(self.config.path).write_text(' '.join(names))",
        "a name is acted upon: ['](javascript:']",
    ),
    "lets names steer the terminal": (
        "hostile_names",
        "def report(self, result):\n    super().report(result)\n"
        "    Path(self.config.path).write_text(' '.join(c.message for c in result.changes))",
        "raw characters that steer a terminal",
    ),
    "drops names that are odd": (
        "hostile_names",
        "def report(self, result):\n    super().report(result)\n"
        "    text = Path(self.config.path).read_text()\n"
        "    Path(self.config.path).write_text(text.encode('ascii', 'ignore').decode())",
        "names are not shown: ['עברית', '🦉']",
    ),
    "appends": (
        "made_again",
        "def report(self, result):\n    path = Path(self.config.path)\n"
        "    old = path.read_text() if path.exists() else ''\n    super().report(result)\n"
        "    path.write_text(old + path.read_text())",
        "a second report of the same run is another one",
    ),
    "spoils the last report": (
        "an_interrupted_report",
        "def report(self, result):\n    result.reports.append(self.config.path)\n"
        "    with open(self.config.path, 'w') as file:\n        for change in result.changes:\n"
        "            file.write(visible(change.message))",
        "the report that broke off has spoilt the last one",
    ),
    "changes the result": (
        "result_is_left_alone",
        "def report(self, result):\n    super().report(result)\n    result.failures.clear()",
        "the reporter changes ['failures'] of the result",
    ),
    "says nothing of failures": (
        "failures_are_shown",
        "def report(self, result):\n    Path(self.config.path).write_text('fine')\n"
        "    result.reports.append(self.config.path)",
        "the place of a failed unit, x/y.csv, is not in the report",
    ),
}

ENRICHERS = {
    "writes what it does not name": ("writes_is_honest", "writes = frozenset({'tags'})", "claims ['tags'], and"),
    "names what it does not write": (
        "writes_is_honest",
        "writes = frozenset({'owners', 'tags'})",
        "claims ['tags'], and nothing in the sample has it",
    ),
    "writes in silence": (
        "writes_is_honest",
        "def enrich(self, records, ctx):\n    for record in super().enrich(records, ctx):\n"
        "        record.value.tags = [TagLink('urn:lumos:tag:x')]\n        yield record",
        "does not claim ['tags'], and it works: claim it",
    ),
    "drops records": (
        "no_record_is_lost",
        "def enrich(self, records, ctx):\n    return list(super().enrich(records, ctx))[1:]",
        "lost: ['urn:lumos:dataset:(file,customers,PROD)']",
    ),
    "reads everything first": (
        "it_is_lazy",
        "def enrich(self, records, ctx):\n    return list(super().enrich(records, ctx))",
        "reads all records before it gives the first",
    ),
    "changes types": (
        "facts_of_sources",
        "def enrich(self, records, ctx):\n    for record in super().enrich(records, ctx):\n"
        "        for field in record.value.fields:\n            field.type = 'string'\n        yield record",
        "the enricher changes fields of the source",
    ),
    "is never the same": (
        "deterministic",
        "def enrich(self, records, ctx):\n    for record in super().enrich(records, ctx):\n"
        "        record.value.owners[0].owner = f'urn:lumos:user:{random.random()}'\n        yield record",
        "two runs over equal records give other lines",
    ),
    "names nothing": ("writes_only_known", "writes = frozenset()", "`writes` is empty"),
}

DIFFERS = {
    "finds changes in what is equal": (
        "equal_records",
        "def diff(self, pairs, ctx):\n    for before, after, captured in pairs:\n"
        "        yield Change(rule='x', urn=after.urn, severity='risky', message='x')",
        "a record compared with itself gives changes",
    ),
    "calls the unseen removed": (
        "absent_is_not_removed",
        "def diff(self, pairs, ctx):\n"
        "    return super().diff((Pair(b, a, frozenset({'record', 'fields'})) for b, a, _ in pairs), ctx)",
        "nobody looked at the fields, and one is called removed",
    ),
    "breaks on a record": (
        "any_two_records",
        "def diff(self, pairs, ctx):\n    for pair in pairs:\n        for side in pair[:2]:\n"
        "            side is None or side.value.fields\n        yield from super().diff(iter([pair]), ctx)",
        "has no attribute 'fields'",
    ),
    "reads everything first": (
        "it_is_lazy",
        "def diff(self, pairs, ctx):\n    return super().diff(iter(list(pairs)), ctx)",
        "the differ reads all pairs before it gives the first change",
    ),
    "has another catalogue": (
        "rules_name",
        "def rules(self):\n    return [{'id': 'field-removed'}]",
        "found, and in no catalogue: ['dataset-added'",
    ),
    "invents a severity": (
        "severities_are_known",
        "def diff(self, pairs, ctx):\n    for change in super().diff(pairs, ctx):\n"
        "        yield Change(rule=change.rule, urn=change.urn, severity='terrible', message='x')",
        "'terrible' is none of",
    ),
}

FORMATS = {
    "claims none of its files": ("claims_its_files", "extensions = ('.doc',)", "no crawler would offer a.txt"),
    "forgets the dot": ("claims_its_files", "extensions = ('txt',)", "'txt' needs its dot"),
    "claims a text": ("claims_are_well_formed", "extensions = '.txt'", "Format.extensions is a tuple"),
    "leaves files open": (
        "equal_and_closed",
        "def inspect(self, files, ctx):\n    for file in files:\n        file.open().read(1)\n"
        "        yield from super().inspect([file], ctx)",
        "a.txt is opened and not closed",
    ),
    "opens everything first": (
        "one_by_one",
        "def inspect(self, files, ctx):\n    for file in files:\n        with file.open() as stream:\n"
        "            stream.read()\n    yield from super().inspect(files, ctx)",
        "files were opened before the first fragment came",
    ),
    "takes anything": ("broken_files_are_refused", "pass", "DID NOT RAISE"),
    "refuses without a name": (
        "broken_files_are_refused",
        "def inspect(self, files, ctx):\n    raise UnitError('this is nothing')",
        "the error does not name c.txt",
    ),
    "reads local files differently": (
        "local_and_stream",
        "def inspect(self, files, ctx):\n    for record in super().inspect(files, ctx):\n"
        "        record.value.subtype = 'local' if files[0].local else 'remote'\n        yield record",
        "a.txt reads differently from the disk and from a store",
    ),
    "has types of its own": (
        "types_are_canonical",
        "def inspect(self, files, ctx):\n    for record in super().inspect(files, ctx):\n"
        "        record.value.fields[0].type = 'VARCHAR2( 20 )'\n        yield record",
        "type 'VARCHAR2( 20 )': expected a type",
    ),
    "reads a file twice": (
        "one_fragment",
        "def inspect(self, files, ctx):\n    return super().inspect([*files, *files], ctx)",
        "not one fragment per file, in the order of the files",
    ),
}

PRICE = "def price(self, graph, stats, period, ctx):\n    for record in super().price(graph, stats, period, ctx):\n"
COSTS = {
    "rounds every part": (
        "every_cent",
        f"{PRICE}        record.value.amount = str(Decimal(record.value.amount).quantize(Decimal('0.01')))\n"
        "        yield record",
        "was spent, and",
    ),
    "calculates with floats": (
        "every_estate",
        f'{PRICE}        record.value.amount = f"{{Decimal(float(record.value.amount) / 3 * 3):f}}"\n'
        "        yield record",
        "is allocated",
    ),
    "loses what nobody reads": (
        "every_estate",
        f"{PRICE}        if list(graph.downstream(record.urn.partition('#')[0])) or 'kit,' not in record.urn:\n"
        "            yield record",
        "is allocated",
    ),
    "has no currency": (
        "costs_are_stats",
        f"{PRICE}        record.value.currency = None\n        yield record",
        "has no currency",
    ),
    "depends on the order": (
        "deterministic",
        f"{PRICE}        number = vars(self).setdefault('n', []).append(1) or len(self.n)\n"
        "        record.value.amount = str(number)\n        yield record",
        "another order gives other prices",
    ),
}

MAP = "def map(self, task, items):\n"
EXECUTORS = {
    "stops at an exception": (
        "an_exception_is_a_result",
        f"{MAP}    for item in items:\n        yield item, task(item)",
        "ValueError: three",
    ),
    "loses the last": (
        "every_item",
        f"{MAP}    return iter(list(super().map(task, items))[:-1])",
        "an item is lost, or stands with another result",
    ),
    "keeps results by item": (
        "items_come_back",
        f"{MAP}    done = {{item: result for item, result in super().map(task, items)}}\n    return iter(done.items())",
        "unhashable",
    ),
    "swallows a plan that breaks off": (
        "fail_to_come",
        f"{MAP}    try:\n        yield from super().map(task, items)\n    except RuntimeError:\n        return",
        "DID NOT RAISE",
    ),
    "takes everything first": (
        "as_there_is_room",
        f"{MAP}    yield from super().map(task, list(items))",
        "100000 items were taken before the first result",
    ),
    "claims to be remote": (
        "remote_is_honest",
        "remote = True",
        "`remote` is True, and tasks run in this very process",
    ),
}

KINDS = {
    "CatalogKit": CATALOGS,
    "StoreKit": STORES,
    "ReporterKit": REPORTERS,
    "EnricherKit": ENRICHERS,
    "DifferKit": DIFFERS,
    "FormatKit": FORMATS,
    "CostModelKit": COSTS,
    "ExecutorKit": EXECUTORS,
}
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
