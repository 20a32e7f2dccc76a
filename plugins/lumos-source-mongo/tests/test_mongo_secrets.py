"""No secret reaches a message, whatever the connection string looks like and whatever the driver says of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lumos_source_mongo.client import Connection, hosts, options, secrets, sound
from lumos_source_mongo.config import MongoConfig
from lumos_source_mongo.errors import MASK, Redactor, reason, translate
from lumos_source_mongo.suggest import VARIABLE, suggestions
from pydantic import ValidationError
from pymongo import errors

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import ConfigError, LumosError

# Begun with letters that no message has, so that what is found is the secret and no word of ours.
SECRET = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x17E), min_size=4, max_size=20).map("Zq7".__add__)


def config(uri: str, **more: Any) -> MongoConfig:
    return MongoConfig.model_validate({"uri": uri, **more})


def attempts(uri: str) -> list[str]:
    """Everything that connecting with a URI may say."""
    said = []
    try:
        connection = Connection(config(uri, connect_timeout=0.1))
    except (ValidationError, ValueError) as error:
        return [str(part.get("msg")) for part in getattr(error, "errors", list)()]
    try:
        connection.client  # noqa: B018 - connects
    except LumosError as error:
        said += [str(error), repr(error.__cause__), repr(error.__context__)]
    connection.close()
    said += [repr(connection), repr(connection._config)]
    return said


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SECRET, SECRET, st.sampled_from(["", "/", "/db", "/?authSource=x", "/?tls=maybe", ":99999", ":port", ",,"]))
def test_no_uri_leaks_when_it_is_wrong(user: str, password: str, tail: str) -> None:
    """Unescaped characters make the driver quote parts of the URI: none of it may be seen."""
    for told in attempts(f"mongodb://{user}:{password}@localhost{tail}"):
        assert password not in told
        assert user not in told


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SECRET, SECRET, st.text(max_size=30))
def test_no_text_of_a_server_leaks_a_secret(user: str, password: str, around: str) -> None:
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    uri = f"mongodb://{login}@localhost/?authMechanismProperties=TOKEN:{quote(user)}"
    redact = Redactor(secrets(config(uri)))
    for form in (password, quote(password, safe=""), user, uri, f"{user}:{password}", quote(uri, safe="")):
        text = f"{around}{form} said {form}{around}"
        failure = errors.OperationFailure(text, 2, {"errmsg": text, "codeName": form, "code": 2})
        told = [reason(failure, redact), str(translate(failure, "it failed", redact)), redact(text)]
        if password in around or user in around:
            continue
        for message in told:
            assert password not in message.replace(MASK, "")
            assert user not in message.replace(MASK, "")


@pytest.mark.parametrize(
    "make",
    [
        errors.ServerSelectionTimeoutError,
        errors.AutoReconnect,
        errors.NetworkTimeout,
        errors.ConnectionFailure,
        errors.ConfigurationError,
        errors.InvalidURI,
        errors.InvalidName,
        errors.ProtocolError,
        errors.PyMongoError,
        errors.InvalidOperation,
    ],
)
def test_what_the_driver_says_of_the_connection_is_never_passed_on(make: Any) -> None:
    error = make("localhost:27017: mongodb://user:hidden-word@host [Errno 111], user someone")
    told = str(translate(error, "it failed", Redactor([])))
    assert "hidden-word" not in told and "someone" not in told and "27017" not in told


def test_a_login_that_fails_quotes_nobody() -> None:
    failure = errors.OperationFailure("Authentication failed for someone.", 18, {"errmsg": "someone", "code": 18})
    told = translate(failure, "MongoDB cannot be reached", Redactor([]))
    assert isinstance(told, ConfigError) and "someone" not in str(told)


def test_a_secret_too_short_to_be_found_hides_the_whole_text() -> None:
    assert Redactor(["a"])("a cat and a dog") == MASK
    assert Redactor([])("a cat") == "a cat"


@pytest.mark.parametrize(
    "uri, good",
    [
        ("mongodb://localhost", True),
        ("mongodb://u:p%40@a,b:1/db?x=@", True),
        ("mongodb+srv://u:p@cluster.example/db", True),
        ("mongodb://u:p@ss@host/", False),
        ("mongodb://u:p/a@host/", False),
    ],
)
def test_a_password_that_is_not_encoded_is_refused_before_the_driver_reads_it(uri: str, good: bool) -> None:
    assert sound(uri) is good
    if not good:
        with pytest.raises(ConfigError, match="Percent-encode"):
            Connection(config(uri)).client  # noqa: B018


@pytest.mark.parametrize(
    "given, wrong",
    [
        ({}, "either"),
        ({"uri": "mongodb://a", "host": "b"}, "either"),
        ({"uri": "mongodb://a", "username": "x"}, "stand in it"),
        ({"host": "a", "instance": " x"}, "spaces"),
    ],
)
def test_options_that_contradict_each_other(given: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        MongoConfig.model_validate(given)


def test_the_errors_of_a_pipeline_quote_no_password() -> None:
    with pytest.raises(ConfigError) as caught:
        Registry.load().spec("source", {"type": "mongo", "uri": "mongodb://u:hidden-word@h", "portt": 3}).validated()
    assert "hidden-word" not in str(caught.value)


def test_a_uri_of_something_else_is_refused() -> None:
    with pytest.raises(ConfigError, match="Begin") as caught:
        Connection(config("postgres://u:hidden-word@h")).client  # noqa: B018
    assert "hidden-word" not in str(caught.value)


def test_options_of_the_driver() -> None:
    given = {
        "host": "a, b",
        "port": 27018,
        "username": "u",
        "password": "p",
        "replica_set": "rs",
        "direct": False,
        "read_preference": "secondaryPreferred",
        "tls": True,
        "tls_ca_file": "/ca.pem",
        "tls_certificate_key_file": "/key.pem",
        "tls_certificate_key_file_password": "k",
    }
    made = options(MongoConfig.model_validate(given))
    assert made["password"] == "p" and made["tlsCertificateKeyFilePassword"] == "k"
    assert (
        made["readPreference"] == "secondaryPreferred" and made["directConnection"] is False and made["port"] == 27018
    )
    assert made["tls"] is True and made["tlsCAFile"].endswith("ca.pem") and made["replicaSet"] == "rs"
    bare = options(config("mongodb://a/?readPreference=nearest"))
    assert not {"readPreference", "tls", "port", "password", "directConnection"} & set(bare), "the URI stands"


def test_a_file_of_tls_that_is_missing_is_a_mistake_of_the_pipeline() -> None:
    with pytest.raises(ConfigError, match="file of TLS"):
        Connection(config("mongodb://a", tls=True, tls_ca_file="/there/is/none.pem")).client  # noqa: B018


@pytest.mark.parametrize(
    "uri, entries",
    [
        ("mongodb://localhost:27017", [{"type": "mongo", "uri": "mongodb://localhost:27017"}]),
        ("mongodb://a,b/shop", [{"type": "mongo", "uri": "mongodb://a,b/shop", "databases": ["shop"]}]),
        ("mongodb://u:p@a/shop", [{"type": "mongo", "uri": f"${{{VARIABLE}}}", "databases": ["shop"]}]),
        ("mongodb+srv://a/?tls=true", [{"type": "mongo", "uri": f"${{{VARIABLE}}}"}]),
        ("mongodb://u:p@p@a/", []),
        ("/some/folder", []),
        ("postgresql://a", []),
    ],
)
def test_suggesting_an_entry(uri: str, entries: list[dict[str, Any]]) -> None:
    assert list(suggestions(uri)) == entries


def test_a_uri_without_its_secrets() -> None:
    assert hosts("mongodb://u:p@a,b:1/db?x=1") == "mongodb://a,b:1/db"
