"""No secret of a connection string reaches a message, whatever is wrong with it."""

from __future__ import annotations

import traceback
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lumos_source_postgres.config import PostgresConfig
from lumos_source_postgres.connection import Connector
from lumos_source_postgres.failures import Redactor, translate

from lumos_core.errors import LumosError

MARK = "QX7"
"""What every password of these tests holds, and no message may."""

passwords = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20).map(
    lambda text: f"{MARK}{text}{MARK}"
)


def quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@st.composite
def dsns(draw: st.DrawFn) -> tuple[str, str]:
    """A connection string in either form, whole or damaged, to a port where nobody listens; and its password."""
    password = draw(passwords)
    form = draw(st.sampled_from(["url", "raw url", "query", "pairs", "raw pairs", "pairs with spaces"]))
    text = {
        "url": f"postgresql://someone:{quote(password, safe='')}@127.0.0.1:9/db?connect_timeout=2",
        "raw url": f"postgresql://someone:{password}@127.0.0.1:9/db",
        "query": f"postgresql://127.0.0.1:9/db?user=u&password={quote(password, safe='')}",
        "pairs": f"host=127.0.0.1 port=9 dbname=db user=u password={quoted(password)}",
        "raw pairs": f"host=127.0.0.1 port=9 password={password}",
        "pairs with spaces": f"host = 127.0.0.1 port = 9 password = {quoted(password)} user = u",
    }[form]
    damage = draw(st.sampled_from(["", "", "end", "junk"]))
    return {"": text, "end": text + " '", "junk": text + " nonsense"}[damage], password


@settings(max_examples=150, deadline=None)
@given(dsns())
@example((f"postgresql://someone:{MARK}/{MARK}@127.0.0.1:9/db", f"{MARK}/{MARK}"))
def test_no_password_in_any_error(drawn: tuple[str, str]) -> None:
    dsn, _ = drawn
    try:
        Connector(PostgresConfig(dsn=dsn, host="127.0.0.1", port=9)).connect()
    except LumosError as error:
        shown = "".join(traceback.format_exception(error)) + repr(error.as_dict())
        messages = [line for line in shown.splitlines() if "File " not in line]
        assert MARK not in "\n".join(messages)
    else:
        pytest.fail("somebody listens on port 9")


@given(passwords, st.text(max_size=30), st.text(max_size=30))
def test_what_a_driver_quotes_is_masked(password: str, before: str, after: str) -> None:
    redact = Redactor([password])
    for form in (password, quote(password, safe=""), quoted(password)[1:-1]):
        error = psycopg.OperationalError(f"{before} {form} {after}")
        told = translate(error, "cannot connect", redact)
        assert password not in str(told)
        assert form not in str(told)


@given(passwords)
def test_an_unknown_password_is_masked_where_it_is_assigned(password: str) -> None:
    redact, word = Redactor(), "".join(password.split()).replace("'", "").replace("\\", "")
    assert MARK not in redact(f"invalid: host=x password={quoted(password)} user=y")
    assert MARK not in redact(f"invalid: sslpassword={word} user=y")
    plain = "".join(char for char in word if char not in '/@"')
    assert MARK not in redact(f'invalid "postgresql://someone:{plain}@host/db"')


def test_configuration_never_shows_it() -> None:
    config = PostgresConfig(dsn=f"postgresql://u:{MARK}@h/d", password=MARK)
    assert MARK not in repr(config) and MARK not in str(config.model_dump())
