"""The whole set of hostile plugins, as distributions in a folder of its own.

Each is what pip leaves behind: an import package, a `dist-info` with `METADATA` and `entry_points.txt`, and a `.pth`
where an editable install has one. The folder is put on the path of a process, or of this one.
"""

from __future__ import annotations

import json
import signal
import site as sites
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

PREFIX = "hostile_"


class Site:
    """A folder of installed distributions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def put_on_path(self) -> None:
        """Do what Python does at its start with a folder of packages: `.pth` files are read."""
        sites.addsitedir(str(self.folder))
        older = self.folder / "older"
        if older.exists():
            sys.path.append(str(older))

    def install(
        self,
        name: str,
        plugin: str | None = "",
        *,
        version: str = "1.0",
        requires: tuple[str, ...] = ("lumos-core>=0.1,<0.2",),
        entry: str = "",
        point: str = "PACKAGE.plugin",
        metadata: bool = True,
        editable: Path | None = None,
        **modules: str,
    ) -> str:
        """Install one: `plugin` is the text of its manifest, `modules` the rest; returns its import package."""
        package = PREFIX + name.removeprefix("lumos-").replace("-", "_")
        code = (editable or self.folder) / package
        code.mkdir(parents=True, exist_ok=True)
        (code / "__init__.py").write_text("")
        for module, text in {"plugin": plugin, **modules}.items():
            if text is not None:
                (code / f"{module}.py").write_text(dedent(text).replace("PACKAGE", package))
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        if metadata:
            lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
            lines += [f"Requires-Dist: {line}" for line in requires]
            (info / "METADATA").write_text("\n".join(lines) + "\n")
        text = f"[lumos.plugins]\n{entry or name} = {point.replace('PACKAGE', package)}\n"
        (info / "entry_points.txt").write_text(text)
        if editable is not None:
            (self.folder / f"__editable__.{name}.pth").write_text(f"{editable}\n")
            url = {"url": editable.as_uri(), "dir_info": {"editable": True}}
            (info / "direct_url.json").write_text(json.dumps(url))
        return package


MANIFEST = """
    from lumos_core.plugin_api import Component, hookimpl
    {before}

    @hookimpl
    def lumos_{kind}s():
        {body}
        return [Component("{component}", "PACKAGE.parts:Part", "PACKAGE.parts:Options", "Something.")]
"""

SOURCE = """
    from lumos_core.plugin_api import *

    class Options(Config):
        path: str = ""

    class Part(Source[Options]):
        def plan(self, within, ctx):
            yield Unit(key="one", scope=Scope(urns=frozenset({urns.dataset("hostile", "one")})))

        def extract(self, unit, ctx):
            yield Record(urns.dataset("hostile", "one"), Dataset(name="one", captured=["fields"]))
"""

FORMAT = """
    from lumos_core.plugin_api import *

    class Options(Config):
        path: str = ""

    class Part(Format[Options]):
        extensions = (".csv", ".parquet", ".json", ".avro", ".txt")
        markers = ("_SUCCESS", "orders.csv")

        def inspect(self, files, ctx):
            raise RuntimeError("nobody named me")
"""


def manifest(component: str = "x", kind: str = "source", before: str = "", body: str = "") -> str:
    """A manifest with something in it."""
    return MANIFEST.format(component=component, kind=kind, before=before, body=body)


class Hostile(NamedTuple):
    """One of the set.

    Attributes:
        install: Installs it.
        line: Its line in `lumos plugins` after the version; a `~` stands for digits, `SITE` for the folder.
        names: What a pipeline calls it; empty when it offers nothing that has a name.
        refusal: Part of the error when a pipeline names it; empty when it then works.
        version: That is shown.
    """

    install: Callable[[Site], object]
    line: str
    names: str = ""
    refusal: str = ""
    version: str = "1.0"


MEDDLES = """
    import io, logging, os, signal, sys, warnings
    from pathlib import Path
    os.chdir("/")
    os.environ["HOSTILE"] = "secret-value"
    os.environ.pop("HOME", None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: None)
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    logging.disable(logging.CRITICAL)
    sys.path.insert(0, "/nowhere")
    sys.excepthook = print
    sys.stdout = io.StringIO()
"""

REINSTALL = "Fix: pip install --force-reinstall"
UPGRADE = "Fix: pip install --upgrade"


def _two_versions(site: Site) -> None:
    site.install("lumos-twice", manifest("twice"), version="2.0", parts=SOURCE)
    other = Site(site.folder / "older")
    other.install("lumos-twice", manifest("older"), version="1.0", parts=SOURCE)


def _rivals(site: Site) -> None:
    site.install("lumos-rival-a", manifest("rival"), parts=SOURCE)
    site.install("lumos-rival-b", manifest("rival"), parts=SOURCE)


def _editable(site: Site) -> None:
    site.install("lumos-editable", manifest("editable"), parts=SOURCE, editable=site.folder / "checkout")


HOSTILE: dict[str, Hostile] = {
    "lumos-import-error": Hostile(
        lambda site: site.install("lumos-import-error", "1 / 0", entry="broken-import"),
        "broken importing hostile_import_error.plugin raised ZeroDivisionError: division by zero "
        "(SITE/hostile_import_error/plugin.py:~) Fix: tell its authors",
        names="broken-import",
        refusal="the plugin lumos-import-error 1.0 is broken: importing hostile_import_error.plugin raised",
    ),
    "lumos-needs": Hostile(
        lambda site: site.install("lumos-needs", "import driver_that_is_not_there", entry="needs"),
        "broken it needs the module 'driver_that_is_not_there', which is not installed "
        "Fix: pip install --upgrade --force-reinstall lumos-needs; its authors: it belongs in `dependencies`",
        names="needs",
        refusal="lumos-needs 1.0 is broken: it needs the module 'driver_that_is_not_there', which is not installed",
    ),
    "lumos-needs-late": Hostile(
        lambda site: site.install("lumos-needs-late", manifest("late"), parts="import another_missing_driver"),
        "ok source late",
        names="late",
        refusal="cannot load hostile_needs_late.parts:Part: it needs the module 'another_missing_driver'",
    ),
    "lumos-future": Hostile(
        lambda site: site.install("lumos-future", manifest("future", before='LUMOS_API = "2.0"'), entry="future"),
        f"incompatible it is written for plugin API 2.0, and this kernel speaks 1.0 {UPGRADE} lumos-future lumos-core",
        names="future",
        refusal="lumos-future 1.0 is incompatible: it is written for plugin API 2.0",
    ),
    "lumos-newer": Hostile(
        lambda site: site.install("lumos-newer", "raise SystemError", requires=("lumos-core>=9",), entry="newer"),
        f"incompatible it needs lumos-core >=9, and this is lumos-core KERNEL {UPGRADE} lumos-newer lumos-core",
        names="newer",
        refusal="lumos-newer 1.0 is incompatible: it needs lumos-core >=9",
    ),
    "lumos-rival-a": Hostile(
        _rivals,
        "ok source rival Note: the source 'rival' is offered by lumos-rival-b too: "
        "a pipeline says `type: lumos-rival-a/rival`",
        names="rival",
        refusal="2 plugins offer the source 'rival': lumos-rival-a and lumos-rival-b",
    ),
    "lumos-csv-too": Hostile(
        lambda site: site.install("lumos-csv-too", manifest("csv", kind="format"), parts=FORMAT),
        "ok format csv Note: the format 'csv' is offered by lumos-source-csv too: "
        "a pipeline says `type: lumos-csv-too/csv`",
    ),
    "lumos-greedy": Hostile(
        lambda site: site.install("lumos-greedy", manifest("greedy", kind="format"), parts=FORMAT),
        "ok format greedy",
    ),
    "lumos-hook-raises": Hostile(
        lambda site: site.install("lumos-hook-raises", manifest(body="raise KeyError('k')"), entry="raiser"),
        "broken its lumos_sources() raised KeyError: 'k' (SITE/hostile_hook_raises/plugin.py:~) Fix: tell its authors",
        names="raiser",
        refusal="lumos-hook-raises 1.0 is broken: its lumos_sources() raised KeyError",
    ),
    "lumos-misspelt": Hostile(
        lambda site: site.install(
            "lumos-misspelt", manifest().replace("lumos_sources", "lumos_sorces"), entry="misspelt"
        ),
        "broken it implements lumos_sorces(), which is no hook Fix: did you mean lumos_sources?",
        names="misspelt",
        refusal="lumos-misspelt 1.0 is broken: it implements lumos_sorces(), which is no hook",
    ),
    "lumos-arguments": Hostile(
        lambda site: site.install(
            "lumos-arguments", manifest().replace("lumos_sources()", "lumos_sources(config, ctx)"), entry="arguments"
        ),
        "broken it implements lumos_sources(config, ctx), and the hook is lumos_sources() Fix: tell its authors",
        names="arguments",
        refusal="it implements lumos_sources(config, ctx), and the hook is lumos_sources()",
    ),
    "lumos-slow": Hostile(
        lambda site: site.install("lumos-slow", manifest("slow", before="import time; time.sleep(1.01)"), parts=SOURCE),
        "ok source slow Note: reading it took ~ s, which every command that needs plugins waits for",
        names="slow",
    ),
    "lumos-meddles": Hostile(
        lambda site: site.install("lumos-meddles", dedent(MEDDLES) + dedent(manifest("meddles")), parts=SOURCE),
        "ok source meddles Note: reading it changed warning filters, the working folder, "
        "signal handlers SIGINT, SIGTERM, environment variables HOME, HOSTILE, the module path, "
        "sys.stdout, sys.excepthook, the root logger; that was undone",
        names="meddles",
    ),
    "lumos-prints": Hostile(
        lambda site: site.install(
            "lumos-prints",
            manifest("prints", before="import os, sys; print('noise'); os.write(1, b'noise')", body="print('noise')"),
            parts="import os; print('noise'); os.write(1, b'noise')\n" + dedent(SOURCE),
        ),
        "ok source prints",
        names="prints",
    ),
    "lumos-exits": Hostile(
        lambda site: site.install("lumos-exits", "raise SystemExit(0)", entry="exits"),
        "broken importing hostile_exits.plugin tried to end the program Fix: tell its authors",
        names="exits",
        refusal="lumos-exits 1.0 is broken: importing hostile_exits.plugin tried to end the program",
    ),
    "lumos-undescribed": Hostile(
        lambda site: site.install("lumos-undescribed", manifest("undescribed"), parts=SOURCE),
        "ok source undescribed",
        names="undescribed",
    ),
    "lumos-nowhere": Hostile(
        lambda site: site.install("lumos-nowhere", None, entry="nowhere"),
        f"broken there is no module 'hostile_nowhere.plugin' {REINSTALL} lumos-nowhere"
        "; its authors: check the name, and what the wheel packs",
        names="nowhere",
        refusal="lumos-nowhere 1.0 is broken: there is no module 'hostile_nowhere.plugin'",
    ),
    "lumos-colon": Hostile(
        lambda site: site.install("lumos-colon", manifest(), point="PACKAGE.plugin:lumos_sources", entry="colon"),
        "broken its entry point names 'hostile_colon.plugin:lumos_sources': expected the manifest module alone, "
        "without a colon Fix: tell its authors",
        names="colon",
        refusal="lumos-colon 1.0 is broken: its entry point names",
    ),
    "SITE/lumos_no_metadata-1.0.dist-info": Hostile(
        lambda site: site.install("lumos-no-metadata", manifest("no-metadata"), metadata=False, parts=SOURCE),
        "broken its metadata cannot be read: there are none Fix: reinstall it",
        names="no-metadata",
        refusal="there is no source 'no-metadata'",
        version="",
    ),
    "lumos-editable": Hostile(_editable, "ok source editable", names="editable"),
    "lumos-twice": Hostile(
        _two_versions,
        "ok source twice Note: version 1.0 in SITE/older is hidden by it",
        names="twice",
        version="2.0",
    ),
}
"""Distribution -> what it does wrong, how `lumos plugins` tells it, and what naming it answers."""


@pytest.fixture(autouse=True, scope="session")
def _interruptible() -> Iterator[None]:
    """Take ^C as Python does, also where a shell without job control started the tests in its background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A folder of installed distributions, in front of this process's path."""
    made = Site(tmp_path / "site")
    monkeypatch.syspath_prepend(str(made.folder))
    monkeypatch.delenv("LUMOS_DISABLE_PLUGINS", raising=False)
    yield made
    for module in [name for name in sys.modules if name.startswith(PREFIX)]:
        del sys.modules[module]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `hostile` once for each of the set."""
    if "hostile" in metafunc.fixturenames:
        metafunc.parametrize("hostile", list(HOSTILE))


@pytest.fixture
def case(hostile: str) -> Hostile:
    """What is expected of one of the set."""
    return HOSTILE[hostile]


@pytest.fixture
def crowd(site: Site) -> Site:
    """All of them, installed together, not yet on the path."""
    for one in HOSTILE.values():
        one.install(site)
    return site


@pytest.fixture
def manifests() -> Callable[..., str]:
    """Makes the text of a manifest that offers one source."""
    return manifest
