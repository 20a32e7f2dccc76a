"""Types for the fields of component configurations: local paths, and components inside of components."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ..contracts.component import ComponentKind
from .problems import NESTED

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ..contracts.watch import WatchConfig
    from ..environments.environment import Environment


def _base(info: ValidationInfo) -> Path:
    """The folder that relative paths start from."""
    context = info.context if isinstance(info.context, Mapping) else {}
    return Path(context.get("base") or Path.cwd())


def _resolve(path: Path, info: ValidationInfo) -> Path:
    return Path(os.path.abspath(_base(info) / path.expanduser()))  # noqa: PTH100 - keeps symbolic links


LocalPath = Annotated[Path, AfterValidator(_resolve)]
"""A local path: `~` is expanded, a relative one starts from the folder of the pipeline file. Never touches the disk."""


class ComponentSpec:
    """A component as a pipeline names it, and the way to build it, here or in another process.

    Attributes:
        kind: `source`, `format`, `catalog`, ...
        type: The `type:` as written: `csv`, `lumos-source-csv/csv`, `module:Class` or `catalog:NAME`.
        name: The label: the entry's `name:`, else the type.
        options: The entry's other keys with `${VAR}` *unresolved*, so that no secret is in them.
        config: The validated model, or None before `validated` or `build`.
        base: Folder that relative paths start from.
        environment: The environment whose worker runs it; None for this process.
        watch: Of a source, its block `watch:`; None without one.
    """

    __slots__ = ("base", "config", "environment", "kind", "name", "options", "type", "watch")

    def __init__(
        self,
        kind: ComponentKind,
        type: str,
        options: Mapping[str, Any] | None = None,
        *,
        name: str = "",
        base: str | os.PathLike[str] | None = None,
        config: BaseModel | None = None,
        environment: Environment | None = None,
        watch: WatchConfig | None = None,
    ) -> None:
        self.watch = watch
        self.kind: ComponentKind = kind
        self.type = type
        self.name = name or default_name(type)
        self.options: dict[str, Any] = dict(options or {})
        self.base = Path(base) if base is not None else Path.cwd()
        self.config = config
        self.environment = environment

    def validated(self) -> ComponentSpec:
        """Return this spec with its `config` filled in.

        Raises:
            ConfigError: When the options do not fit.
            PluginError: When the plugin is unknown, broken, incompatible, disabled or ambiguous.
        """
        from ..loading.registry import Registry

        if self.config is not None:
            return self
        registry, place = Registry.load(), self.environment
        entry = {"type": self.type, "name": self.name, **self.options}
        if place is None:
            # What a pipeline says was validated with it; this one was made by code.
            return registry.spec(self.kind, {**entry, "type": registry.default(self.kind, self.type)}, self.base)
        return registry.spec(self.kind, {**entry, "environment": place.name}, self.base, lambda name: place)

    def build(self) -> Any:
        """Make a new instance of the component; does no I/O beyond importing it.

        Raises:
            ConfigError: When the options do not fit.
            PluginError: When the component cannot be loaded.
        """
        from ..loading.registry import Registry

        return Registry.load().build(self.validated())

    @property
    def ref(self) -> dict[str, Any]:
        """Plain JSON data from which `from_ref` makes the same spec elsewhere; variables stay unresolved."""
        return {
            "kind": self.kind,
            "type": self.type,
            "name": self.name,
            "options": self.options,
            "base": str(self.base),
            **({"environment": [*map(str, self.environment)]} if self.environment else {}),
        }

    @classmethod
    def from_ref(cls, ref: Mapping[str, Any]) -> ComponentSpec:
        """Make a spec from what `ref` returned; variables are resolved in this process, when it is built."""
        kind = cast("ComponentKind", ref["kind"])
        environment = None
        if "environment" in ref:
            from ..environments.environment import Environment

            name, python, deadline = ref["environment"]
            environment = Environment(name, Path(python), float(deadline))
        return cls(kind, ref["type"], ref["options"], name=ref["name"], base=ref["base"], environment=environment)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ComponentSpec) and self.ref == other.ref

    def __hash__(self) -> int:
        return hash((self.kind, self.type, self.name))

    def __repr__(self) -> str:
        return f"ComponentSpec({self.kind!r}, {self.type!r}, name={self.name!r})"


def default_name(type: str) -> str:
    """Return the label of an entry without a `name:`: its type, without a distribution before it."""
    return type if ":" in type else type.rpartition("/")[2]


class SpecOf:
    """Marks a `ComponentSpec` field with the kind that it takes: `Annotated[ComponentSpec, SpecOf("format")]`.

    YAML gives a type (`csv`) or a mapping (`{type: csv, delimiter: ";"}`). The options are validated together with
    the model that holds the field, and their errors keep their place.
    """

    def __init__(self, kind: ComponentKind) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate by way of the registry."""
        return core_schema.with_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda spec: spec.ref),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Leave a mark that `lumos schema` replaces by the options of every installed plugin."""
        return {"x-lumos-component": self.kind}

    def _validate(self, value: Any, info: ValidationInfo) -> ComponentSpec:
        if isinstance(value, ComponentSpec):
            return value
        from ..loading.registry import Registry
        from .entries import check_entry

        context = info.context if isinstance(info.context, Mapping) else {}
        registry = context.get("registry") or Registry.load()
        if isinstance(value, str) and info.field_name not in context.get("given", (info.field_name,)):
            value = registry.default(self.kind, value)
        # Values inside a component were resolved with the whole of it; those of the pipeline file come as written.
        spec, problems = check_entry(
            registry,
            self.kind,
            value,
            _base(info),
            resolved=not context.get("unresolved"),
            environments=context.get("environments"),
        )
        if problems or spec is None:
            raise PydanticCustomError(NESTED, "the component is not valid", {"problems": problems})
        return spec


FormatSpec = Annotated[ComponentSpec, SpecOf("format")]
"""A file format inside a configuration: `csv`, or `{type: csv, delimiter: ";"}`."""
