"""Options of the differ `semantic`."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, field_validator

from lumos_core.plugin_api import Config, Role

Policy = Literal["standard", "strict", "lenient", "consumer", "writer", "history", "full", "none"]
Profile = Literal["sql", "codegen"]

CONFLUENT = {"BACKWARD": "history", "FORWARD": "consumer", "FULL": "full", "NONE": "none"}
"""Names under which users of schema registries know the modes."""

SENSITIVE_TAGS = ("pii*", "phi*", "pci*", "secret*", "sensitive*", "confidential*")
SENSITIVE_NAMES = (
    "email", "e_mail", "mail_address", "phone", "mobile_number", "ssn", "social_security", "tax_id", "passport",
    "iban", "credit_card", "card_number", "cvv", "birth_date", "date_of_birth", "birthday", "dob", "first_name",
    "last_name", "full_name", "surname", "password", "ip_address", "driver_license",
)  # fmt: skip


class Option(Config):
    """Base of the parts of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _alias(value: object) -> object:
    return CONFLUENT.get(value.upper(), value) if isinstance(value, str) else value


class Override(Option):
    """Another policy for some datasets; the first that fits wins."""

    datasets: tuple[str, ...] = Field(
        default=(), description="Globs over the name (`sandbox.*`) or the URN of a record; empty = any."
    )
    tags: tuple[str, ...] = Field(
        default=(), description="Globs over the names of the record's tags, before or after; empty = any."
    )
    policy: Policy | None = Field(default=None, description="Policy for them.")
    roles: tuple[Role, ...] | None = Field(default=None, description="Roles that count for them.")
    profile: Profile | None = Field(default=None, description="Profile of their readers.")

    _names = field_validator("policy", mode="before")(_alias)


class Rename(Option):
    """A field that was renamed on purpose."""

    dataset: str = Field(default="*", description="Glob over the name or the URN of the dataset.")
    from_: str = Field(alias="from", description="Path of the field before.")
    to: str = Field(description="Path of the field after.")


class DatasetRename(Option):
    """A dataset that was renamed on purpose."""

    from_: str = Field(alias="from", description="Name or URN before.")
    to: str = Field(description="Name or URN after.")


class SemanticConfig(Config):
    """Options of the differ `semantic`.

    Example:
        ```yaml
        differ:
          type: semantic
          policy: standard
          overrides:
            - {datasets: ["sandbox.*"], policy: none}
            - {tags: [gold], policy: strict}
          renames:
            - {dataset: shop.customers, from: mail, to: email}
        ```
    """

    policy: Policy = Field(
        default="standard",
        description="Who must keep working: `standard` counts consumers, writers and history; `strict` also takes "
        "risky for breaking; `lenient` counts consumers only, with lenient strings; `consumer`, `writer`, `history` "
        "and `full` (consumer and history) count what they name; `none` only reports.",
    )
    roles: tuple[Role, ...] | None = Field(
        default=None, description="Roles that count, instead of those of the policy."
    )
    profile: Profile = Field(
        default="sql",
        description="How readers take types: `sql` converts as it runs, `codegen` has typed clients that a wider "
        "type breaks.",
    )
    overrides: tuple[Override, ...] = Field(
        default=(), description="Other policies by dataset or tag; the first that fits wins."
    )
    renames: tuple[Rename, ...] = Field(default=(), description="Fields that were renamed on purpose.")
    dataset_renames: tuple[DatasetRename, ...] = Field(default=(), description="Datasets that were renamed on purpose.")
    sensitive_tags: tuple[str, ...] = Field(
        default=SENSITIVE_TAGS,
        description="Globs over the names of tags and terms (any segment after `.` or `/`) that mark sensitive data; "
        "case does not matter.",
    )
    sensitive_names: tuple[str, ...] = Field(
        default=SENSITIVE_NAMES,
        description="Names, in snake case, that a new field with sensitive data is likely to have or to contain.",
    )
    classification_levels: tuple[str, ...] = Field(
        default=("public", "internal", "confidential", "restricted"),
        description="Names of the tags that classify data, from open to closed.",
    )
    impact_limit: int = Field(
        default=20, ge=0, le=20, description="How many things downstream a change lists, nearest first."
    )
    impact_threshold: int | None = Field(
        default=20,
        ge=1,
        description="A breaking change that reaches so many things downstream is reported once more "
        "(`downstream-impact-over-threshold`), and so is one that reaches something of tier 1; null switches it off.",
    )

    _names = field_validator("policy", mode="before")(_alias)
