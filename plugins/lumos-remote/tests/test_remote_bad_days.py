"""The client on bad days: what is tried again, for how long, and what the user is told."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_remote import (
    Bearer,
    Broken,
    Busy,
    Client,
    Exists,
    Forbidden,
    LostAnswer,
    Missing,
    Moved,
    NotData,
    Redirected,
    Refused,
    RemoteError,
    Retries,
    TooLarge,
    Unauthorised,
    Unreachable,
    Unsupported,
    errors,
    supported,
    version_of,
)
from lumos_remote.connecting import Options
from lumos_remote.retries import retry_after, sleep
from remote_shelf import TOKEN, Shelf, make

from lumos_core.plugin_api import Cancelled, CatalogError, LumosError, RetryableError
from lumos_core.testing.servers.http import Answer

ALL = ["GET", "PUT", "DELETE", "POST", "PATCH"]
REPEATABLE = ["GET", "PUT", "DELETE"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, Unauthorised),
        (403, Forbidden),
        (404, Missing),
        (409, Exists),
        (410, Missing),
        (412, Moved),
        (413, TooLarge),
        (415, Refused),
        (422, Refused),
        (500, Broken),
        (501, Broken),
    ],
)
def test_statuses_are_told_apart_and_not_tried_again(fake: Shelf, client: Client, status: int, kind: type) -> None:
    fake.faults.when().answer(status, {"errorCode": "X", "errorMessage": "it was the comma"}, {"X-Trace": "7"})
    with pytest.raises(CatalogError) as raised:
        client.put("/books/a", {})
    error = raised.value
    assert type(error) is kind
    assert f"answered {status}" in error.what and error.why == "it was the comma"
    assert isinstance(error, RemoteError)
    assert (error.status, error.value["errorCode"], error.headers["x-trace"]) == (status, "X", "7")
    assert sum(fake.statuses.values()) == 1
    assert error.exit_code == 3


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("method", ALL)
def test_a_busy_service_is_asked_again(fake: Shelf, client: Client, waits: Any, status: int, method: str) -> None:
    path = "/books" if method in ("POST", "PATCH") else "/books/a"
    fake.books["a"] = 1
    fake.faults.when(times=3).answer(status)
    assert client.request(method, path, body={}).status < 300
    assert len(waits) == 3
    assert all(0 <= wait <= 0.5 * 2**number for number, wait in enumerate(waits, 1))


@pytest.mark.parametrize("status", [502, 504])
def test_what_may_have_been_applied_is_repeated_only_when_it_may_be(
    fake: Shelf, client: Client, waits: Any, status: int
) -> None:
    fake.faults.when(times=4).page(status)
    client.put("/books/a", {})
    assert len(waits) == 4
    fake.faults.when(times=1).page(status, "Bad &amp; Gateway")
    with pytest.raises(LostAnswer, match="a page, not data: 'Bad & Gateway'"):
        client.post("/books", {})
    fake.faults.when(times=1).page(status)
    client.post("/books", {}, idempotent=True)
    fake.faults.when(times=1).page(status)
    with pytest.raises(LostAnswer):
        client.put("/books/a", {}, idempotent=False)


@pytest.mark.parametrize("fault", ["close", "lose_answer", "cut"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_broken_connection_is_made_again(fake: Shelf, client: Client, waits: Any, fault: str, method: str) -> None:
    fake.books["a"] = {"x": 1}
    getattr(fake.faults.when(times=4), fault)()
    assert client.request(method, "/books/a", body={"x": 1}).value == {"x": 1}
    assert len(waits) == 4
    getattr(fake.faults.when(), fault)()
    with pytest.raises(Unreachable, match=r"connection|cut") as raised:
        client.request(method, "/books/a", body={})
    assert isinstance(raised.value, RetryableError)
    assert "server" in raised.value.fix


@pytest.mark.parametrize(("fault", "applied"), [("close", 0), ("lose_answer", 1), ("cut", 1)])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_lost_answer_is_told_where_a_request_may_not_be_repeated(
    fake: Shelf, client: Client, waits: Any, fault: str, applied: int, method: str
) -> None:
    getattr(fake.faults.when(), fault)()
    with pytest.raises(LostAnswer, match="was sent and not answered"):
        client.request(method, "/books", body={})
    assert (len(fake.books), waits) == (applied, [])


def test_nothing_listens(waits: list[float]) -> None:
    with Shelf() as fake:
        url = fake.url
    for method in ("GET", "POST"):  # nothing was sent, so that every method may be repeated
        waits.clear()
        with Client(url) as client, pytest.raises(Unreachable, match="refused"):
            client.request(method, "/x")
        assert len(waits) == 4
    with Client("http://catalog.invalid") as client, pytest.raises(Unreachable, match=r"catalog\.invalid"):
        client.get("/x")


def test_a_service_that_hangs_is_given_up(fake: Shelf, waits: list[float]) -> None:
    fake.faults.when().delay(0.3)
    with make(fake, retries=Retries(attempts=2), options=Options(timeout=0.05)) as client:
        with pytest.raises(Unreachable, match="no answer in time"):
            client.get("/books")
        with pytest.raises(LostAnswer, match="no answer in time"):
            client.post("/books", {})
    assert len(waits) == 1


def test_the_deadline_covers_all_attempts(fake: Shelf, waits: list[float]) -> None:
    fake.faults.when().answer(503, headers={"Retry-After": "4"})
    with make(fake, retries=Retries(deadline=3)) as client, pytest.raises(Busy) as raised:
        client.get("/books")
    assert (waits, raised.value.after) == ([], 4)
    fake.faults.clear()
    fake.faults.when().delay(0.5)
    start = time.monotonic()
    with make(fake, retries=Retries(deadline=0.1)) as client, pytest.raises(Unreachable):
        client.get("/books")
    assert time.monotonic() - start < 0.45


@pytest.mark.parametrize(
    ("said", "wait"), [("7", 7), ("0", 0), ("1.5", 1.5), ("soon", None), ("", None), ("-3", None), ("119", 119)]
)
def test_the_service_says_when(fake: Shelf, client: Client, waits: Any, said: str, wait: float | None) -> None:
    fake.faults.when(times=1).answer(429, headers={"Retry-After": said})
    client.get("/books")
    assert waits == [wait] if wait is not None else 0 <= waits[0] <= 1


def test_who_says_much_later_is_believed_and_not_waited_for(fake: Shelf, client: Client, waits: Any) -> None:
    fake.faults.when().answer(429, headers={"Retry-After": "121"})
    with pytest.raises(Busy) as raised:
        client.get("/books")
    assert (waits, raised.value.after) == ([], 121)


@given(st.integers(-100, 10_000))
def test_a_date_is_a_time_to_wait(seconds: int) -> None:
    now = datetime(2026, 1, 15, 10, 30, tzinfo=timezone.utc)
    then = now + timedelta(seconds=seconds)
    expected = max(0, seconds)
    assert retry_after({"Retry-After": format_datetime(then, usegmt=True)}, now) == expected
    assert retry_after({"Retry-After": then.strftime("%a, %d %b %Y %H:%M:%S -0000")}, now) == expected
    assert retry_after({"Retry-After": format_datetime(then)}) is not None


@given(st.text(max_size=20))
def test_any_retry_after_is_read_without_harm(text: str) -> None:
    got = retry_after({"Retry-After": text})
    assert got is None or got >= 0


@given(st.integers(1, 200), st.floats(0, 0.999))
def test_waits_grow_and_stay_bounded(attempt: int, chance: float) -> None:
    policy = Retries(base=0.5, longest=30, chance=lambda: chance)
    assert policy.wait(attempt, None) == min(30, 0.5 * 2.0 ** min(attempt, 32)) * chance
    assert policy.wait(attempt, 3.5) == 3.5


def test_statuses_that_a_vendor_means_otherwise(fake: Shelf, waits: list[float]) -> None:
    fake.faults.when(times=2).answer(500)
    with make(fake, retries=Retries(statuses=frozenset((429, 500)))) as client:
        client.post("/books", {})
    assert len(waits) == 2
    fake.faults.when(times=3).answer(503)
    with make(fake, retries=Retries(never=frozenset((503,)))) as client:
        with pytest.raises(Broken):
            client.get("/books")
        client.get("/books", retry=(503,))
    assert len(waits) == 4
    fake.faults.when().answer(500)
    with make(fake) as client, pytest.raises(Busy):
        client.get("/books", retry=(500,))


def test_a_page_instead_of_data(fake: Shelf, client: Client, waits: list[float]) -> None:
    fake.faults.when().page(200, "Sign <b>in</b>")
    with pytest.raises(NotData, match="a page, not data: 'Sign in'") as raised:
        client.get("/books")
    assert (waits, raised.value.status) == ([], 200)
    fake.faults.clear()
    fake.faults.when().alter(lambda request, answer: Answer(200, b"  <!DOCTYPE html>no title"))
    with pytest.raises(NotData, match="a page, not data: ''"):
        client.get("/books")


def test_json_that_is_cut(fake: Shelf, client: Client, waits: list[float]) -> None:
    fake.faults.when(times=2).truncate()
    client.get("/books")
    assert len(waits) == 2
    fake.faults.when().truncate()
    with pytest.raises(NotData, match="cut or broken at character"):
        client.get("/books")
    with pytest.raises(NotData, match="cut or broken at character"):
        client.post("/books", {})
    assert len(waits) == 6


@pytest.mark.parametrize(("body", "why"), [(b"OK, fine", "OK, fine"), (b"[" * 100_000, r"nested|cut")])
def test_what_is_no_json(fake: Shelf, client: Client, body: bytes, why: str) -> None:
    fake.faults.when().alter(lambda request, answer: Answer(200, body))
    with pytest.raises(NotData, match=why) as raised:
        client.get("/books")
    assert raised.value.value == body


def test_bytes_that_cannot_be_decompressed(fake: Shelf, client: Client) -> None:
    fake.faults.when().alter(lambda request, answer: Answer(200, b"no gzip", {"Content-Encoding": "gzip"}))
    with pytest.raises(Unreachable, match="decompressed"):
        client.get("/books")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_never_followed(fake: Shelf, client: Client, status: int) -> None:
    with Shelf() as other:
        fake.faults.when().redirect(f"{other.url}/login?token=s3cret-value", status)
        for method in ALL:
            with pytest.raises(Redirected, match=f"it points to {other.url}/login") as raised:
                client.request(method, "/books")
            assert "s3cret" not in str(raised.value)
        assert other.log == type(other.log)()


def test_not_modified_is_an_answer(fake: Shelf, client: Client) -> None:
    fake.faults.when().alter(lambda request, answer: Answer(304))
    assert client.get("/books", headers={"If-None-Match": "1"}).status == 304


def test_a_run_that_is_cancelled_does_not_wait(fake: Shelf) -> None:
    fake.faults.when().answer(503, headers={"Retry-After": "60"})
    cancelled = iter([False] * 5 + [True] * 9)
    start = time.monotonic()
    with make(fake, cancelled=lambda: next(cancelled)) as client, pytest.raises(Cancelled):
        client.get("/books")
    assert time.monotonic() - start < 5
    with pytest.raises(Cancelled):
        sleep(0, lambda: True)
    sleep(0.001, lambda: False)


def test_headers_that_cannot_be_sent_are_not_shown(fake: Shelf) -> None:
    for token in ("line\nbreak-s3cret", "sécret-\u20ac"):
        with make(fake, Bearer(token)) as client, pytest.raises(Refused, match="cannot be sent") as raised:
            client.get("/books")
        assert raised.value.__context__ is None  # a traceback shows it too
        assert "cret" not in str(raised.value)


@given(
    token=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=40),
    status=st.sampled_from([400, 401, 403, 404, 409, 500, 302, 200]),
)
def test_no_token_is_ever_shown(token: str, status: int) -> None:
    """Whatever a service repeats of what it was sent."""
    with Shelf() as fake:
        fake.faults.when().alter(
            lambda request, answer: (
                Answer.html(f"<title>{request.headers}</title>", status)
                if status == 200
                else Answer.json(
                    {"message": f"got {request.headers['authorization']} at {request.target}"},
                    status,
                    {"Location": f"https://ada:{token}@login/?t={request.target}"},
                )
            )
        )
        with make(fake, Bearer(token)) as client, pytest.raises(LumosError) as raised:
            client.get("/books", {"access": token})
    if token.lower() not in "".join(FIXED):
        assert token not in str(raised.value)
        assert token not in repr(raised.value.as_dict())


FIXED = ["got bearer **********", "http://127.0.0.1", "/api/books?access=", "unauthorized", "a page, not data"]


def test_what_the_service_says_is_found_wherever_it_stands(fake: Shelf, client: Client) -> None:
    for body, why in [
        ({"error": {"code": 5, "message": "deep"}}, "deep"),
        ({"status": 400, "x": 1}, '{"status":400,"x":1}'),
        (["a"], '["a"]'),
        (b"plain words", "plain words"),
        (b"", ""),
        ({"message": "a\x1b[31m\u202eb"}, "a\\u{1b}[31m\\u{202e}b"),
    ]:
        fake.faults.clear()
        fake.faults.when().answer(400, body)
        with pytest.raises(Refused) as raised:
            client.get("/books")
        assert raised.value.why == why
    fake.faults.clear()
    fake.faults.when().answer(400, {"message": "x" * 10_000})
    with pytest.raises(Refused) as raised:
        client.get("/books")
    assert len(raised.value.why) == 500


@pytest.mark.parametrize("status, kind", [(401, Unauthorised), (403, Forbidden)])
def test_a_no_in_a_page_is_a_no_and_no_riddle(fake: Shelf, client: Client, status: int, kind: type[LumosError]) -> None:
    fake.faults.when().page(status, "Error 401 Who are you?")
    with pytest.raises(kind) as raised:
        client.get("/books")
    assert raised.value.why == "Error 401 Who are you?"


def test_chaos_loses_nothing_of_what_may_be_repeated(fake: Shelf, waits: list[float]) -> None:
    fake.faults.chaos(seed=1, share=0.4)
    with make(fake, retries=Retries(attempts=40)) as client:
        for number in range(100):
            assert client.put(f"/books/{number}", number).value == number
    assert fake.books == {str(number): number for number in range(100)}
    assert len(waits) > 20


def test_every_class_is_below_what_the_kernel_knows() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RemoteError)]
    assert len(kinds) == 16
    for kind in set(kinds) - {RemoteError}:
        assert errors.FIXES[kind]
        assert issubclass(kind, CatalogError) != issubclass(kind, RetryableError)
        assert f"`{kind.__name__}`" in str(errors.__doc__)
    assert TOKEN not in str(errors.__doc__)


def test_versions() -> None:
    assert version_of("v1.6.2-SNAPSHOT") == (1, 6, 2)
    assert version_of("nightly") == version_of(None) == ()
    assert supported("1.10.0", name="X", since="1.6", before="3") == (1, 10, 0)
    for text in ("1.5.9", "3.0.0", "", "?"):
        with pytest.raises(Unsupported, match=r"speaks X from 1\.6 to before 3"):
            supported(text, name="X", since="1.6", before="3")
