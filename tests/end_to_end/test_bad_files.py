"""Files and folders that are not as they should be: each is named, nothing is concluded from it, the rest goes on."""

from __future__ import annotations

import ctypes
import io
import json
import os
import sys

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")

NODE = {
    "type": "record",
    "name": "Node",
    "fields": [{"name": "value", "type": "int"}, {"name": "next", "type": ["null", "Node"]}],
}


def parquet(**columns):
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def avro(schema, *rows):
    buffer = io.BytesIO()
    fastavro.writer(buffer, schema, rows)
    return buffer.getvalue()


GOOD = parquet(id=[1, 2], email=["a", "b"])
NESTED = '{"a":' * 3000 + "1" + "}" * 3000

UNREADABLE = {
    "truncated Parquet": ("t.parquet", GOOD, GOOD[: len(GOOD) // 2], "truncated"),
    "noise in Parquet": ("t.parquet", GOOD, b"PAR1" + bytes(range(256)) + b"\xff\xff\xff\x7fPAR1", "cannot be read"),
    "truncated Avro": ("t.avro", avro(NODE, {"value": 1, "next": None}), b"Obj\x01\x04\x16avro", "header is not valid"),
    "binary CSV": ("t.csv", "id,email\n1,a\n", bytes(range(256)) * 4, "no text"),
    "broken JSON": ("t.jsonl", '{"id": 1, "email": "a"}\n', "{{{{\n", "no record in it can be read"),
    "bottomless JSON": ("t.jsonl", '{"id": 1, "email": "a"}\n', NESTED, "nests deeper"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_file_that_cannot_be_read_any_more(home, case):
    name, whole, broken, why = UNREADABLE[case]
    home.write(name, whole)
    home.write("other.csv", "a,b\n1,2\n")
    home.run()
    before = home.memory()
    home.write(name, broken)
    answer = home.lumos("run")
    assert answer.code == 3, answer
    assert "incomplete, 1 failure" in answer.out
    assert why in answer.out
    assert f"source files {name}" in answer.out, "the place"
    assert "fix     mend it" in answer.out
    assert answer.out.count(why) == 1, "it is said once"
    assert home.memory() == before, "nothing is concluded"
    assert home.leftovers() == []
    home.write(name, whole)
    assert not home.run()["changed"]


EMPTY = ["t.csv", "t.parquet", "t.avro", "t.jsonl", "t.json"]


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_file(home, name):
    home.write(name, b"")
    result = home.run()
    assert [(told["code"], told["where"]) for told in result["warnings"]] == [("empty-file", name)]
    (record,) = home.records().values()
    assert "fields" not in record.value.captured


def test_a_file_that_became_empty_loses_nothing(home):
    home.write("t.csv", "id,email\n1,a\n")
    home.run()
    home.write("t.csv", b"")
    result = home.run()
    assert not result["changed"]
    assert result["changes"] == []
    assert result["not_captured"]
    (record,) = home.records().values()
    assert [field.path for field in record.value.fields] == ["id", "email"]


ODD = {
    "ragged": (b"a,b,c\n1,2\n1,2,3,4\n5,6,7\n", ["a", "b", "c"], "csv-ragged-rows"),
    "latin": ("na\u00efve,gr\u00f6\u00dfe\n1,\u00e9\n".encode("latin-1"), ["naïve", "größe"], "csv-encoding-guessed"),
    "utf-16": ("id,gr\u00f6\u00dfe\n1,2\n3,4\n".encode("utf-16"), ["id", "größe"], None),
    "byte order mark": ("id,gr\u00f6\u00dfe\n1,2\n".encode("utf-8-sig"), ["id", "größe"], None),
    "duplicate names": (b"id,id,name\n1,2,x\n", ["id", "id_2", "name"], "csv-duplicate-names"),
    "mixed types": (b"a,b\n1,x\ntwo,3\n3.5,2020-01-01\n", ["a", "b"], None),
    "open quote": (b'a,b\n"unclosed,1\n2,3\n', ["a", "b"], "csv-ragged-rows"),
    "carriage returns": (b"a,b\r1,2\r3,4\r", ["a", "b"], None),
    "semicolons": (b"a;b\n1,5;2\n", ["a", "b"], None),
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_csv_is_read_and_its_oddness_told(home, case):
    content, fields, code = ODD[case]
    home.write("t.csv", content)
    result = home.run()
    (record,) = home.records().values()
    assert [field.path for field in record.value.fields] == fields
    assert code is None or [(told["code"], told["where"]) for told in result["warnings"]] == [(code, "t.csv")]
    assert not home.run()["changed"]


def test_a_csv_without_a_header(home):
    home.write("t.csv", "1,2.5,2020-01-01\n2,3.5,2020-01-02\n")
    home.run()
    (record,) = home.records().values()
    assert len(record.value.fields) == 3
    assert not {"1", "2.5"} & {field.path for field in record.value.fields}, "values are no names"
    assert ["header", "false"] in json.loads(home.lumos("show", "t.csv", "--json").out)["value"]["layout"]["options"]


def test_ten_thousand_columns(home):
    names = [f"c{number}" for number in range(10_000)]
    home.write("t.csv", ",".join(names) + "\n" + ",".join("1" * 10_000) + "\n")
    result = home.run()
    assert result["fields"] == 10_000
    home.write("t.csv", ",".join(names[1:]) + "\n" + ",".join("1" * 9_999) + "\n")
    result = home.run()
    assert [(change["rule"], change["path"]) for change in result["changes"]] == [("field-removed", "c0")]


def test_mixed_types_and_a_broken_line_in_json(home):
    home.write("mixed.jsonl", '{"a": 1}\n{"a": "x"}\n{"a": [1, 2]}\n{"a": {"b": 1}}\n')
    home.write("line.jsonl", '{"a": 1}\n{"a": 2\n{"a": 3}\n')
    told = {(told["code"], told["where"]): told["message"] for told in home.run()["warnings"]}
    assert "union" in told["json-mixed-types", "mixed.jsonl"]
    assert "line 2" in told["json-broken-records", "line.jsonl"]


def test_a_recursive_avro(home):
    home.write("t.avro", avro(NODE, {"value": 1, "next": {"value": 2, "next": None}}))
    home.run()
    (record,) = home.records().values()
    assert [field.path for field in record.value.fields][:2] == ["value", "next"]
    assert not home.run()["changed"]


def test_a_file_that_changes_while_it_is_read(home, monkeypatch):
    from lumos_source_csv import format as csv_format

    path = home.write("t.csv", "a,b\n1,2\n")
    home.run()
    before = home.memory()
    read = csv_format.CsvFormat.inspect
    times = []

    def grown(self, files, ctx):
        for record in read(self, files, ctx):
            times.append(1)
            with path.open("a") as file:
                file.write("3,4\n")
            yield record

    home.write("t.csv", "a,c\n1,2\n")
    monkeypatch.setattr(csv_format.CsvFormat, "inspect", grown)
    answer = home.lumos("run")
    assert answer.code == 3, answer
    assert "changed while it was being read" in answer.out
    assert "t.csv" in answer.out
    assert len(times) > 1, "it was tried again"
    assert home.memory() == before
    monkeypatch.undo()
    assert [change["path"] for change in home.run()["changes"] if change["rule"] == "field-removed"] == ["b"]


NAMES = [
    "with space.csv",
    "do.t.s.csv",
    "quo'te.csv",
    "emoji 😀.csv",
    "שלום.csv",
    "comma,s.csv",
    "(brackets).csv",
    "per%20cent.csv",
    "a#b@c.csv",
    "[red]markup[bold].csv",
]
POSIX_NAMES = ['"quoted".csv', "line\nfeed.csv", "tab\t.csv", "back\\slash.csv", "esc\x1b[31m.csv", "\u202eevil.csv"]
RAW = b"un\xff\xfedecodable.csv"


def test_odd_names(home):
    names = NAMES + (POSIX_NAMES if os.name == "posix" else [])
    for number, name in enumerate(names):
        home.write(name, f"odd{number},b\n1,2\n")
    if sys.platform == "linux":
        (home.data / os.fsdecode(RAW)).write_bytes(b"raw,b\n1,2\n")
        names = [*names, os.fsdecode(RAW)]
    answer = home.process("run")
    assert answer.code == 0, answer
    assert f"{len(names)} datasets" in answer.out
    assert not home.run()["changed"], "names survive the way into the store and back"
    urns = sorted(home.records())
    assert len(urns) == len(names)
    for args in ("list",), ("plan",), ("search", "odd1"), ("stats",), ("log",), ("snapshot", "show", "x.lumos.jsonl"):
        if args[0] == "snapshot":
            assert home.lumos("snapshot", "export", "x.lumos.jsonl").code == 0
            assert home.lumos("snapshot", "validate", "x.lumos.jsonl").code == 0
        answer = home.lumos(*args)
        assert answer.code == 0, (args, answer)
        assert not set(answer.out) & {"\x1b", "\t", "\u202e"}, f"{args} obeys a name instead of showing it"
    for urn in urns:
        assert home.lumos("show", urn).code == 0, urn
        assert json.loads(home.lumos("show", urn, "--json").out)["urn"] == urn
    found = home.lumos("search", "odd1", "--json").data
    assert len(found["hits"]) >= 1


def test_a_missing_folder(home):
    home.write("t.csv", "a,b\n1,2\n")
    home.run()
    before = home.memory()
    home.data.rename(home.folder / "elsewhere")
    answer = home.lumos("run")
    assert answer.code == 3
    assert f"{home.data} does not exist" in answer.out
    assert "correct `path`" in answer.out
    assert home.memory() == before
    home.data.write_text("this is no folder")
    answer = home.lumos("run")
    assert home.memory() == before
    assert "nothing changed" in answer.out


@posix
def test_a_folder_that_is_a_broken_link(home):
    home.write("t.csv", "a,b\n1,2\n")
    home.run()
    before = home.memory()
    home.data.rename(home.folder / "elsewhere")
    home.data.symlink_to("nowhere")
    answer = home.lumos("run")
    assert answer.code == 3
    assert "link" in answer.out and "nowhere" in answer.out
    assert home.memory() == before


@posix
def test_links_loops_and_pipes_are_told_not_followed(home):
    home.write("t.csv", "a,b\n1,2\n")
    (home.data / "loop").symlink_to(".")
    (home.data / "broken.csv").symlink_to("nowhere")
    os.mkfifo(home.data / "pipe.csv")
    result = home.run()
    assert home.names() == {"t.csv"}
    (told,) = result["warnings"]
    assert told["code"] == "links-skipped" and "(3)" in told["message"]


def mortal():
    """In a child of root: let permission bits bind again (drop CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH)."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):
        if libc.prctl(24, capability, 0, 0, 0):
            os._exit(77)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux capabilities")
def test_a_folder_that_may_not_be_read(home):
    home.write("secret/t.csv", "a,b\n1,2\n")
    home.write("open.csv", "a,b\n1,2\n")
    home.run()
    before = home.memory()
    options = {"preexec_fn": mortal} if os.geteuid() == 0 else {}
    (home.data / "secret").chmod(0)
    answer = home.process("run", **options)
    (home.data / "secret").chmod(0o755)
    if answer.code == 77:
        pytest.skip("capabilities cannot be dropped here")
    assert answer.code == 3, answer
    assert "secret cannot be listed: Permission denied" in answer.out
    assert home.memory() == before
    home.data.chmod(0)
    answer = home.process("run", **options)
    home.data.chmod(0o755)
    assert answer.code == 3
    assert "cannot be read: Permission denied" in answer.out
    assert "grant the right" in answer.out
    assert home.memory() == before
    path = home.write("open.csv", "a,b\n1,22\n")
    path.chmod(0)
    answer = home.process("run", **options)
    path.chmod(0o644)
    assert answer.code == 3
    assert "open.csv" in answer.out and "Permission denied" in answer.out
    assert home.memory() == before


MEASURED = """
import atexit, re, sys
# Not `ru_maxrss`, which counts what the process was forked from.
atexit.register(lambda: print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr))
from lumos_core.cli import main
sys.argv[0] = "lumos"
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ten_times_the_data_takes_the_same_memory(home):
    peaks = []
    for times in 1, 10:
        home.write("t.csv", "id,name,price\n" + "1,abcdefghij,2.5\n" * 400_000 * times)
        home.write("t.jsonl", '{"id": 1, "name": "abcdefghij"}\n' * 200_000 * times)
        answer = home.process("run", "-q", code=MEASURED)
        assert answer.code == 0, answer
        peaks.append(int(answer.err.split()[-1]))
    assert peaks[1] < peaks[0] + 20_000, peaks
