"""The client on good days: what it sends, and what it makes of what comes."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import lumos_remote
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_remote import (
    Basic,
    Bearer,
    Client,
    NotData,
    RemoteConfig,
    Retries,
    Unauthorised,
    Unreachable,
    Untrusted,
    segments,
)
from lumos_remote.connecting import Options
from pydantic import ValidationError
from remote_shelf import TOKEN, Shelf, counter, make

from lumos_core.plugin_api import Cancelled, ConfigError
from lumos_core.testing.servers.http import Answer, HttpFake


def test_requests_and_their_answers(fake: Shelf, client: Client) -> None:
    assert client.put(segments("books", "a/b c?é"), {"x": 1}) == (201, {"x": 1}, {
        "Content-Type": "application/json", "ETag": 'W/"1"', "Content-Length": "7"})  # fmt: skip
    assert fake.books == {"a/b c?é": {"x": 1}}
    assert client.get(segments("books", "a/b c?é")).value == {"x": 1}
    assert client.put("/books/y", {}).headers["etag"] == 'W/"1"'
    assert client.delete("/books/y") == (204, None, {})
    assert client.post("/books", {}).value == {"kind": "application/json"}
    assert client.post("/books").value == {"kind": ""}
    assert client.patch("/books", [{"op": "add"}]).value == {"kind": "application/json-patch+json"}
    assert client.patch("/books", {"a": 1}).value == {"kind": "application/merge-patch+json"}
    assert client.patch("/books", {}, headers={"Content-Type": "text/x"}).value == {"kind": "text/x"}
    assert client.post("/books", b"[1]").value == {"kind": "application/octet-stream"}
    assert fake.connections == 1


def test_arguments_of_a_query(client: Client) -> None:
    query = {"limit": 10, "deep": True, "none": None, "q": "a b&c=é/", "many": [1, "x"], "empty": ""}
    assert client.get("/books", query).value["query"] == {
        "limit": ["10"], "deep": ["true"], "q": ["a b&c=é/"], "many": ["1", "x"], "empty": [""]}  # fmt: skip
    assert client.get("/books", [("a", 1), ("a", 2)]).value["query"] == {"a": ["1", "2"]}
    assert client.get("/books", {"none": None}).value["query"] == {}


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=3))
def test_a_name_stays_one_segment(parts: list[str]) -> None:
    path = segments(*parts)
    assert path.count("/") == len(parts)
    assert not {"?", "#", " "} & set(path)
    assert not {".", ".."} & set(path.split("/"))
    assert urlsplit(f"http://h{path}").path == path


@pytest.mark.parametrize("name", [".", "..", "a/../b", "%2F", "a%", "x;y", "日本", "'\"", "a+b", "~", "\\"])
def test_hostile_names_arrive_as_they_are(fake: Shelf, client: Client, name: str) -> None:
    client.put(segments("books", name), 1)
    assert list(fake.books) == [name]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"", None),
        (b" ", None),
        (b"null", None),
        (b"12345678901234567890123", 12345678901234567890123),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":"\\ud83d\\ude00 \\ud800"}', {"a": "\U0001f600 \ufffd"}),
        (b'["\xff"]', ["\ufffd"]),
        (b"[NaN]", None),
        (b'"text"', "text"),
    ],
)
def test_json_is_taken_as_services_send_it(fake: Shelf, client: Client, body: bytes, value: Any) -> None:
    fake.faults.when().alter(lambda request, answer: Answer(200, body))
    got = client.get("/books").value
    assert (got == value) or (body == b"[NaN]" and got[0] != got[0])
    assert client.get("/books", raw=True).value == body


def test_compressed_answers_are_read(fake: Shelf, client: Client) -> None:
    fake.faults.when().alter(lambda request, answer: Answer(200, gzip.compress(b"[1]"), {"Content-Encoding": "gzip"}))
    assert client.get("/books").value == [1]


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_large_is_refused(fake: Shelf, packed: bool) -> None:
    body = json.dumps("x" * 10_000).encode()
    answer = Answer(200, gzip.compress(body), {"Content-Encoding": "gzip"}) if packed else Answer(200, body)
    fake.faults.when().alter(lambda request, true: answer)
    with make(fake, options=Options(limit=9_999)) as client, pytest.raises(NotData, match="larger than 9999 bytes"):
        client.get("/books")
    assert fake.calls == {"GET /api/books": 1}


def test_a_token_is_got_when_it_is_needed_and_again_when_it_is_rejected(fake: Shelf, waits: list[float]) -> None:
    asked: list[str] = []

    def token() -> str:
        asked.append(fake.token)
        return fake.token

    with make(fake, Bearer(token)) as client:
        assert asked == []
        client.get("/books")
        client.get("/books")
        assert asked == [TOKEN]
        fake.token = "another-token"
        client.get("/books")
        assert asked == [TOKEN, "another-token"]
        fake.statuses.clear()
        fake.faults.when().answer(401)
        with pytest.raises(Unauthorised):
            client.get("/books")
        assert fake.statuses == {401: 2}  # asked once more, not for ever
    assert waits == []


def test_many_threads_log_in_once(fake: Shelf) -> None:
    logins: list[int] = []
    old = counter(TOKEN)

    def token() -> str:
        logins.append(1)
        return old() if len(logins) == 1 else fake.token

    with make(fake, Bearer(token)) as client:
        client.get("/books")
        fake.token = "another-token"
        threads = [threading.Thread(target=client.get, args=("/books",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(logins) == 2
    assert fake.connections <= 8


def test_user_and_password(fake: Shelf, waits: list[float]) -> None:
    seen: list[str] = []
    fake.faults.when().alter(lambda request, answer: seen.append(request.headers["authorization"]) or Answer.json({}))  # type: ignore[func-returns-value]
    with make(fake, Basic("ada", "pä:ss")) as client:
        client.get("/books")
    assert seen == ["Basic YWRhOnDDpDpzcw=="]
    assert Basic("ada", "x").refresh({}) is False


def test_other_headers_of_a_token(fake: Shelf) -> None:
    assert Bearer("t", header="X-Api-Key", scheme="").headers() == {"X-Api-Key": "t"}
    assert Bearer("t").refresh({}) is False


def test_options_of_a_component(fake: Shelf, tmp_path: Path) -> None:
    config = RemoteConfig(server=f"{fake.url}/", headers={"X-Gateway": "let-me-in"}, retries=2, proxy="")
    with Client.of(config, auth=Bearer(TOKEN), path="/api") as client:
        assert client.server == f"{fake.url}/api"
        assert client.get("/books").value["data"] == []
        assert client.redact("it said let-me-in") == "it said **********"
    config = RemoteConfig(server=f"{fake.url}/api")
    with Client.of(config, auth=Bearer(TOKEN), path="/api", cancelled=lambda: True) as client:
        assert client.server == f"{fake.url}/api"
        with pytest.raises(Cancelled):
            client.get("/books")


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ("catalog.example", "starts with"),
        ("ftp://catalog.example", "starts with"),
        ("https://", "starts with"),
        ("https://ada:s3cret@catalog.example", "options of their own"),
        ("https://catalog.example?x=s3cret", "no `\\?`"),
        ("https://catalog.example:port", "not an address"),
        ("https://[::1", "not an address"),
    ],
)
def test_a_server_that_is_none_is_refused(server: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        RemoteConfig(server=server)
    with pytest.raises(ConfigError, match=why) as refused:
        Client(server)
    assert "s3cret" not in str(refused.value)


def test_a_proxy_is_asked_when_the_environment_or_the_options_say_so(
    fake: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    class Proxy(HttpFake):
        def missing(self, request: Any, allowed: list[str]) -> Answer:
            seen.append((request.target, request.headers.get("proxy-authorization", "")))
            return Answer.json({"by": "proxy"})

    with Proxy() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with Client("http://catalog.invalid/api") as client:
            assert client.get("/books").value == {"by": "proxy"}
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with make(fake) as client:
            assert client.get("/books").value["data"] == []
        with make(fake, options=Options(proxy=proxy.url.replace("//", "//ada:p%40ss@"))) as client:
            assert client.get("/books").value == {"by": "proxy"}
        with make(fake, options=Options(proxy="")) as client:
            assert client.get("/books").value["data"] == []
    assert seen == [
        ("http://catalog.invalid/api/books", ""),
        (f"{fake.url}/api/books", "Basic YWRhOnBAc3M="),
    ]


def test_a_proxy_that_is_out_of_reach_is_named(waits: list[float]) -> None:
    with HttpFake() as gone:
        proxy = gone.url
    for server in ("http://catalog.example", "https://catalog.example"):
        client = Client(server, options=Options(proxy=proxy), retries=Retries(attempts=2))
        with client, pytest.raises(Unreachable, match="the proxy"):
            client.post("/x", {})
    assert len(waits) == 2  # nothing was sent, so that a POST may be repeated


@pytest.mark.parametrize(
    "proxy", ["s3cret-word", "socks5://s3cret-word:1", "http://", "http:s3cret-word", "http://[s3cret-word"]
)
def test_a_proxy_in_the_options_is_an_address(proxy: str) -> None:
    with pytest.raises(ValidationError, match="`https://`") as error:
        RemoteConfig(server="http://catalog.example", proxy=proxy)
    assert all("s3cret" not in one["msg"] for one in error.value.errors())


def test_a_proxy_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="proxy"):
        Client("http://catalog.example", options=Options(proxy="socks9://s3cret"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1, signed by itself, with its key in the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl")
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        [*command.split(), "-keyout", folder / "key", "-out", folder / "crt"], check=True, capture_output=True
    )
    whole = folder / "both.pem"
    whole.write_bytes((folder / "key").read_bytes() + (folder / "crt").read_bytes())
    return whole


def test_certificates_are_checked(certificate: Path, waits: list[float]) -> None:
    import ssl

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate)
    tls.load_cert_chain(certificate)
    with Shelf(tls=tls) as fake:
        with make(fake) as client, pytest.raises(Untrusted, match="certificate") as untrusted:
            client.get("/books")
        assert "`ca`" in untrusted.value.fix
        for options in (Options(ca=certificate), Options(verify=False)):
            with make(fake, options=options) as client:
                assert client.get("/books").value["data"] == []
        tls.verify_mode = ssl.CERT_REQUIRED
        with make(fake, options=Options(ca=certificate, certificate=certificate)) as client:
            assert client.get("/books").value["data"] == []
    with Shelf() as plain, Client(plain.url.replace("http", "https"), retries=Retries(attempts=1)) as client:
        failure = _failure(client)
    assert "SSL" in failure


def _failure(client: Client) -> str:
    try:
        client.get("/books")
    except lumos_remote.RemoteError as error:
        return str(error)
    return ""


def test_certificates_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for options in (Options(ca=tmp_path / "none"), Options(ca=tmp_path / "empty")):
        with pytest.raises(ConfigError, match="cannot read certificates"):
            Client("https://catalog.example", options=options)
    with pytest.raises(ConfigError, match="client certificate"):
        Client("https://catalog.example", options=Options(certificate=tmp_path / "empty"))


def test_names_are_imported_when_they_are_used() -> None:
    assert {name: getattr(lumos_remote, name) for name in lumos_remote.__all__}
    with pytest.raises(AttributeError, match="nothing"):
        lumos_remote.nothing  # noqa: B018
