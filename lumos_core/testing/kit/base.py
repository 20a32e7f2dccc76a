"""What every component promises, whatever its kind."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import pytest
from pydantic import BaseModel, ValidationError

from ...contracts.component import BaseComponent, ComponentKind
from ...errors import ConfigError
from ...loading import component_checks, purity
from ...loading.distributions import KERNEL, Candidate, candidates
from ...loading.registry import Found, Registry
from ..context import MemoryContext
from . import hooks, secrets
from .faults import TouchedError, nothing_touched

CHECKS = {check.name: check for check in component_checks.CHECKS}


class ComponentKit:
    """Base of every kit: what it fills in, every kit can fill in.

    Attributes:
        name: As in YAML: the component's name, or `module:Class` for code that is not packaged. Always needed.
        options: Options as YAML gives them; relative paths start from `folder`.
        live: The name of a fixture that yields more options (where its server is, who may enter). Write the fixture
            in `conftest.py`, with `scope="session"`, and let it call `pytest.skip(reason)` when there is no server:
            then every test that needs it is a skip that pytest counts and shows, and the others still run. Such
            tests bear the mark `live`, so that `pytest -m live` and `pytest -m "not live"` choose.
        served: The options that the fixture yielded, for tests and overrides that talk to the server themselves.
        unproven: Claim -> why no sample can prove it here (`"needs a licence"`). Shown as a skip; a claim that
            proves itself may not stand here.

    A test of the kit is overridden only together with `pytest.mark.xfail(reason=...)`, and such an exclusion fails
    when it is no longer needed.
    """

    component_kit: ClassVar[bool] = True
    kind: ClassVar[ComponentKind]
    name: ClassVar[str] = ""
    options: ClassVar[Mapping[str, Any]] = {}
    live: ClassVar[str] = ""
    unproven: ClassVar[Mapping[str, str]] = {}
    served: Mapping[str, Any] = {}

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

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Add the hooks of the kit to this run of pytest."""
        hooks.register(metafunc.config)

    @pytest.fixture(autouse=True)
    def _server(self, request: pytest.FixtureRequest) -> None:
        """Ask for the server, where this test needs it."""
        if not self.live or "folder" not in request.fixturenames:
            return
        try:
            served = request.getfixturevalue(self.live)
        except pytest.FixtureLookupError:
            pytest.fail(
                f"`live` names the fixture {self.live!r}, and there is none: write it in conftest.py; it yields the "
                "options that lead to the server, or calls pytest.skip(reason)",
                pytrace=False,
            )
        if not isinstance(served, Mapping):
            pytest.fail(f"the fixture {self.live!r} yields {served!r}: expected a mapping of options", pytrace=False)
        self.served = served

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

    def entry(self, **more: Any) -> dict[str, Any]:
        """Return the component as a pipeline names it: `type`, `options`, and what the server adds."""
        self._named()
        return {"type": self.name, **self.options, **self.served, **more}

    def build(self, folder: Path, **more: Any) -> Any:
        """Build the component from its name and options."""
        return Registry.load().spec(self.kind, self.entry(**more), folder).build()

    def found(self) -> Found:
        """Return where the name leads to."""
        self._named()
        return Registry.load().find(self.kind, self.name)

    def classes(self) -> tuple[type[BaseComponent[Any]], type[BaseModel]]:
        """Return the component's class and that of its configuration."""
        self._named()
        return Registry.load().classes(self.kind, self.name)

    def exercise(self, component: Any, folder: Path, ctx: MemoryContext) -> Iterable[object]:
        """Use the component as its kind is used, and give everything that comes out: records, outcomes, texts."""
        return ()

    def _named(self) -> None:
        if not self.name:
            pytest.fail(
                f'{type(self).__name__} has no `name`: write `name = "csv"`, as in YAML, or '
                '`name = "my_package.module:MyClass"` for code that is not packaged',
                pytrace=False,
            )

    def _missing(self, what: str, why: str) -> NoReturn:
        """Skip a test for want of something that the author could fill in."""
        pytest.skip(f"{type(self).__name__} fills in no {what}: {why}")

    def _static(self, check: str) -> None:
        component, config = self.classes()
        problems = CHECKS[check].problems(component, config)
        assert not problems, "\n".join([*problems, f"To mend it: {CHECKS[check].fix}"])

    def test_config_is_documented(self) -> None:
        """Every option needs a description. Add `Field(description=...)` to the ones that are named."""
        self._static("config-described")

    def test_config_refuses_unknown_options(self) -> None:
        """Unknown options must be errors. Derive the configuration from `lumos_core.plugin_api.Config`."""
        self._static("config-closed")
        _, config = self.classes()
        with pytest.raises(ValidationError, match=r"(?i)extra"):
            config.model_validate({"there-is-no-such-option": 1}, context={})

    def test_secrets_are_no_plain_text(self) -> None:
        """A password, token or key must be a pydantic `SecretStr`: only those are taken out of messages."""
        self._static("secrets-hidden")

    def test_signatures_fit_the_contract(self) -> None:
        """Methods must take what the contract gives. Compare the two signatures in the message."""
        self._static("signatures")

    def test_claims_are_well_formed(self) -> None:
        """Class attributes must have the type of the contract's: a tuple of texts is no text, an aspect must exist."""
        self._static("claims")

    def test_public_api_is_documented(self) -> None:
        """The component and its configuration need docstrings: they are what `lumos describe` shows."""
        self._static("documented")

    def test_manifest_imports_no_driver(self) -> None:
        """A manifest holds strings only. Move imports of drivers into the module that `target` names."""
        if ":" in self.name:
            pytest.skip("code that is not packaged has no manifest")
        found = self.found()
        module = next(
            item.module
            for item in _candidates(found.distribution)
            if any(
                (info.name, info.distribution) == (item.name, item.distribution)
                and (self.kind, found.component) in info.components
                for info in Registry.load().plugins()
            )
        )
        seen = purity.purity(module)
        assert not seen.problems, f"{module}: {'; '.join(seen.problems)}\n{seen}\nTo mend it: {purity.FIX}"

    def test_building_does_no_work(self, folder: Path) -> None:
        """`__init__` stores the configuration and does no I/O: a pipeline is validated by building it."""
        spec = Registry.load().spec(self.kind, self.entry(), folder)
        component, _ = Registry.load().classes(self.kind, self.name, folder)
        touched = ""
        try:
            with nothing_touched():
                component(spec.config).close()
        except TouchedError as error:
            touched = str(error)
        assert not touched, (
            f"{component.__name__}.__init__ (or `close`) calls {touched}: do it where it is first needed"
        )

    def test_close_is_safe(self, folder: Path) -> None:
        """`close` is called once, also when nothing was used. Do not rely on what other methods set up."""
        self.build(folder).close()

    def test_unproven_claims_say_why(self) -> None:
        """`unproven` is for what no sample can show here. Each entry needs its reason, and stays visible as a skip."""
        for claim, reason in self.unproven.items():
            assert reason.strip(), f"`unproven` gives no reason for {claim!r}"
        if self.unproven:
            pytest.skip("; ".join(f"{claim}: {reason}" for claim, reason in sorted(self.unproven.items())))

    def test_secrets_stay_secret(
        self, folder: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """No secret may reach a log, an error, a warning, a record or the memo. See in the message where it stands.

        Drivers that print their connection string in exceptions are the usual cause: raise an error of your own
        `from None`, or take the secret out of its text.
        """
        entry = self.entry()
        found = list(secrets.places(self.classes()[1]))
        if not found:
            pytest.skip("no option is a secret")
        caplog.set_level("DEBUG")
        for place in [(), *found]:
            options = secrets.with_canary(entry, place) if place else entry
            try:
                component = Registry.load().spec(self.kind, options, folder).build()
            except ConfigError as error:
                self._is_silent((secrets.CANARY,), {"the error of the configuration": str(error)})
                continue
            known = secrets.values(component.config)
            ctx, told = MemoryContext(), []
            try:
                told += [str(item) for item in self.exercise(component, folder, ctx)]
            except Exception as error:  # a wrong password is expected to fail; the question is what it says
                told += ["".join(traceback.format_exception(error)), repr(error)]
            finally:
                component.close()
            out, err = capfd.readouterr()
            what = "records, outcomes and errors"
            texts = {what: "\n".join(told), "the log": caplog.text, "stdout": out, "stderr": err}
            texts |= {"warnings": repr(ctx.warnings), "declared coverage": repr(ctx.declared)}
            texts |= {"the memo": repr(dict(ctx.memo)), "repr of the component": f"{component!r} {component.config!r}"}
            self._is_silent(known, texts)

    def _is_silent(self, known: Iterable[str], texts: Mapping[str, str]) -> None:
        for secret in known:
            for where, text in texts.items():
                if secret in text:
                    place = text.index(secret)
                    shown = text[max(0, place - 80) : place + 80].replace(secret, "<the secret>")
                    pytest.fail(f"a secret reaches {where}: ...{shown}...", pytrace=False)


def _candidates(distribution: str) -> list[Candidate]:
    found = [item for item in candidates() if item.distribution == distribution]
    return found or [Candidate("core", "lumos_core.plugin", KERNEL, "")]
