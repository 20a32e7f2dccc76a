"""Each promise of the other kinds, broken on purpose: the kit says which, and how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

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
    "sends notices that say nothing": (
        "an_empty_run",
        "notifies = True",
        "a notifier sends a message that says nothing",
    ),
    "sends notices that nobody knows again": (
        "a_message_names",
        "notifies = True",
        "the message does not hold the ids of its events",
    ),
    "spoils the last report": (
        "an_interrupted_report",
        "def report(self, result):\n    result.reports.append(self.config.path)\n"
        "    with open(self.config.path, 'w') as file:\n        for change in result.changes:\n"
        "            file.write(visible(change.message))",
        "the report that broke off has spoilt the last one",
    ),
    "tells somebody who is no file": (
        "an_empty_run",
        "def report(self, result):\n    result.reports.append('the chat')",
        "['the chat'] in `result.reports` is no file: override `text`",
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
    "leaves this process": (
        "stay_in_this_process",
        f"{MAP}    yield from ((item, -1) for item, _ in super().map(task, items))",
        "tasks leave this process",
    ),
}

KINDS = {
    "ReporterKit": REPORTERS,
    "EnricherKit": ENRICHERS,
    "DifferKit": DIFFERS,
    "FormatKit": FORMATS,
    "CostModelKit": COSTS,
    "ExecutorKit": EXECUTORS,
}


@pytest.fixture(scope="module")
def told(run_cases: Any) -> Any:
    cases: dict[str, tuple[str, ...]] = {}
    for kit, wrong in KINDS.items():
        for name, (test, body, _) in wrong.items():
            cases[f"{kit} {name}"] = (kit, test, body)
    return run_cases(cases)


@pytest.mark.parametrize(
    ("name", "message"),
    [(f"{kit} {name}", message) for kit, wrong in KINDS.items() for name, (_, _, message) in wrong.items()],
)
def test_a_wrong_component_is_caught(told: Any, name: str, message: str) -> None:
    assert told[name].outcome == "failed"
    assert message in told[name].message
    assert told[name].note, "the failure does not print what to look at"
