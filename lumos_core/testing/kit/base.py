"""What every component promises, whatever its kind."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ValidationError

from ...contracts.component import BaseComponent, ComponentKind
from ...loading.registry import Found, Registry
from ..context import MemoryContext

DRIVERS = ("pyarrow", "pandas", "sqlalchemy", "psycopg", "boto3", "fastavro", "jinja2", "requests", "httpx")
"""Modules that a manifest must never import."""


class ComponentKit:
    """Base of every kit.

    Attributes:
        name: As in YAML: the component's name, or `module:Class` for code that is not packaged.
        options: Options as YAML gives them.
    """

    kind: ClassVar[ComponentKind]
    name: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        for name, method in list(vars(cls).items()):
            inherited = any(name in vars(base) for base in cls.__mro__[1:])
            if name.startswith("test_") and inherited:
                marks = [mark for mark in getattr(method, "pytestmark", []) if mark.name == "xfail"]
                if not any(mark.kwargs.get("reason") for mark in marks):
                    raise TypeError(
                        f"{cls.__name__}.{name} overrides a test of the kit; mark it "
                        "@pytest.mark.xfail(reason=...) to say why it cannot pass"
                    )

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """The folder that relative paths in `options` start from."""
        return tmp_path

    @pytest.fixture
    def component(self, folder: Path) -> Iterator[Any]:
        """A fresh component, built the way a run builds it."""
        made = self.build(folder)
        yield made
        made.close()

    @pytest.fixture
    def ctx(self) -> MemoryContext:
        """A context that keeps what is declared."""
        return MemoryContext()

    def build(self, folder: Path, **more: Any) -> Any:
        """Build the component from its name and options."""
        return Registry.load().spec(self.kind, {"type": self.name, **self.options, **more}, folder).build()

    def found(self) -> Found:
        """Return where the name leads to."""
        return Registry.load().find(self.kind, self.name)

    def classes(self) -> tuple[type[BaseComponent[Any]], type[BaseModel]]:
        """Return the component's class and that of its configuration."""
        return Registry.load().classes(self.kind, self.name)

    def test_config_is_documented(self) -> None:
        """Every option needs a description. Add `Field(description=...)` to the ones that are named."""
        _, config = self.classes()
        undocumented = [name for name, field in config.model_fields.items() if not field.description]
        assert not undocumented, f"options without a description: {undocumented}"

    def test_config_refuses_unknown_options(self) -> None:
        """Unknown options must be errors. Derive the configuration from `lumos_core.plugin_api.Config`."""
        _, config = self.classes()
        with pytest.raises(ValidationError, match=r"(?i)extra"):
            config.model_validate({"there-is-no-such-option": 1}, context={})

    def test_signatures_fit_the_contract(self) -> None:
        """Methods must take what the contract gives. Compare the two signatures in the message."""
        component, _ = self.classes()
        contract = next(base for base in component.__mro__ if base.__module__.startswith("lumos_core.contracts."))
        for name, declared in inspect.getmembers(contract, inspect.isfunction):
            if name.startswith("_"):
                continue
            ours = list(inspect.signature(getattr(component, name)).parameters)
            theirs = list(inspect.signature(declared).parameters)
            assert ours[: len(theirs)] == theirs, (
                f"{component.__name__}.{name}({', '.join(ours)}) does not fit "
                f"{contract.__name__}.{name}({', '.join(theirs)})"
            )

    def test_public_api_is_documented(self) -> None:
        """The component and its configuration need docstrings: they are what `lumos describe` shows."""
        for value in self.classes():
            assert (value.__doc__ or "").strip(), f"{value.__name__} has no docstring"
            assert value.__doc__ != BaseModel.__doc__, f"{value.__name__} has no docstring of its own"

    def test_manifest_imports_no_driver(self) -> None:
        """A manifest holds strings only. Move imports of drivers into the module that `target` names."""
        if ":" in self.name:
            pytest.skip("code that is not packaged has no manifest")
        plugin = next(
            info for info in Registry.load().plugins() if (self.kind, self.found().component) in info.components
        )
        code = (
            "import sys\n"
            "from importlib.metadata import entry_points\n"
            f"points = [p for p in entry_points(group='lumos.plugins') if p.name == {plugin.name!r}]\n"
            "assert points, 'no such entry point'\n"
            "[p.load() for p in points]\n"
            f"print([m for m in {DRIVERS!r} if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "[]", f"the manifest of {plugin.distribution} imports {done.stdout.strip()}"

    def test_close_is_safe(self, folder: Path) -> None:
        """`close` is called once, also when nothing was used. Do not rely on what other methods set up."""
        self.build(folder).close()
