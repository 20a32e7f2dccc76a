"""What every component has in common: its configuration, its life, and how well it supports an aspect."""

from __future__ import annotations

from typing import ClassVar, Generic, Literal, TypeVar

from msgspec import Struct
from pydantic import BaseModel, ConfigDict

from .context import Context

ComponentKind = Literal[
    "source", "format", "enricher", "differ", "catalog", "store", "cost_model", "reporter", "executor"
]

COMPONENT_KINDS: tuple[ComponentKind, ...] = (
    "source",
    "format",
    "enricher",
    "differ",
    "catalog",
    "store",
    "cost_model",
    "reporter",
    "executor",
)
"""The kinds of component, in the order of the flow."""


class Config(BaseModel):
    """Base of every component's configuration: unknown keys are errors, every field has a description.

    Defaults are validated like values, so that a default path starts from the pipeline's folder too.
    """

    model_config = ConfigDict(extra="forbid", validate_default=True, frozen=True)


C = TypeVar("C", bound=BaseModel)


class BaseComponent(Generic[C]):
    """Base of all components. `__init__` stores the configuration and does no I/O.

    A component is rebuilt from its name and unresolved configuration wherever a unit is shipped, so that it keeps
    no state that a later call of another instance would need.
    """

    component_kind: ClassVar[ComponentKind]

    def __init__(self, config: C) -> None:
        self.config = config

    def check(self, ctx: Context) -> None:
        """Prove that the other side is reachable and permitted; called before anything is written.

        Raises:
            LumosError: With what to do about it.
        """

    def check_files(self) -> None:
        """Prove that files which the options name, beside the data, are valid: rules, overrides. Optional.

        `lumos validate` asks for it; nothing is read but such files of this machine, and no other side is reached.

        Raises:
            ConfigError: With every mistake as one of its `problems`.
        """

    def close(self) -> None:
        """Release connections and files; called once, after the last use, also after a failure."""


class Support(Struct, frozen=True, kw_only=True):
    """How well a component supports one aspect.

    Attributes:
        read: It can be read back.
        write: It can be written.
        lossless: What is written is read back equal.
        kept: Of a catalog: what its own pages do not show of this aspect, in words; Lumos keeps it in the property
            `lumos` and reads it back. Empty when all of it is native.
        limit: A limit in words (`256 characters`); empty when there is none.
        note: Why something is missing, and who is missing it.
    """

    read: bool = False
    write: bool = False
    lossless: bool = False
    kept: str = ""
    limit: str = ""
    note: str = ""
