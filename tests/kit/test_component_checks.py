"""The static checks look into options inside options, and are fair to what a contract allows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from lumos_core.loading import component_checks as checks
from lumos_core.plugin_api import Config, LocalPath, Source, Store
from lumos_core.testing.reference import MemorySource


class Inner(BaseModel):
    """Options inside."""

    secret: str = Field(description="Who.")
    bare: int = 0


class Outer(Config):
    """Options."""

    logins: list[Inner] = Field(default=[], description="Who.")
    token: Annotated[SecretStr | None, Field(description="Who.")] = None
    token_limit: int = Field(default=9, description="How many.")
    password_file: LocalPath | None = Field(default=None, description="Where.")
    api_key: Literal["none", "header"] = Field(default="none", description="How.")
    access_key: dict[str, str] = Field(default={}, description="Who.")
    tree: Outer | None = Field(default=None, description="The same again.")


def test_options_inside_options_are_looked_at() -> None:
    assert checks.undescribed(MemorySource, Outer) == ["`logins.bare` has no description"]
    assert checks.plain_secrets(MemorySource, Outer) == ["`logins.secret` is plain text", "`access_key` is plain text"]
    assert checks.open_configs(MemorySource, Outer) == ["Inner takes unknown options without a word"]
    assert "tree" in dict(checks.options(Outer))


class Fair(Source[Outer]):
    """Takes more than it must."""

    capabilities = {"record"}  # type: ignore[assignment]

    def plan(self, within: Any, ctx: Any, page: int = 100) -> Any: ...

    def extract(self, *arguments: Any, **more: Any) -> Any: ...

    @staticmethod
    def suggest(path: str) -> Any: ...


class Unfair(Store[Outer]):
    """Takes something else."""

    resolve = None  # type: ignore[assignment]

    def lines(self, ref: Any) -> Any: ...

    def get(self, ref: Any, urn: Any, kind: Any) -> Any: ...

    def refs(self, which: Any) -> Any: ...


def test_a_method_may_take_more_with_a_default() -> None:
    assert checks.misfits(Fair, Outer) == []
    assert checks.wrong_claims(Fair, Outer) == []


@pytest.mark.parametrize(
    "told",
    [
        "Unfair.resolve (a NoneType) does not fit Store.resolve(self, ref): it is not a method",
        "Unfair.lines(self, ref) does not fit Store.lines(self, ref, scope=Scope(",
        "Unfair.get(self, ref, urn, kind) does not fit Store.get(self, ref, kind, urn): its names are in another order",
        "Unfair.refs(self, which) does not fit Store.refs(self): missing a required argument: 'which'",
    ],
)
def test_a_method_that_does_not_fit_is_told_with_both_sides(told: str) -> None:
    assert [text for text in checks.misfits(Unfair, Outer) if told in text]
