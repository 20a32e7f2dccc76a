"""`lumos plugin new`: names, refusals, all or nothing."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import lumos_core
from lumos_core.cli import main
from lumos_core.contracts.component import COMPONENT_KINDS
from lumos_core.errors import DiskError, UsageError
from lumos_core.loading import new_plugin as module
from lumos_core.loading.known import KNOWN
from lumos_core.loading.new_plugin import WORDS, render

WORD = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=6)
NAMES = st.lists(WORD, min_size=1, max_size=4).map("-".join).filter(lambda name: name[0].isalpha() and len(name) <= 24)


@pytest.fixture(scope="session")
def acme() -> dict[str, str]:
    return render("source", "acme")


@given(NAMES)
def test_rendering_replaces_the_name_and_nothing_else(acme, name: str) -> None:
    """Whatever the name, the same lines come out, and turning the name back gives the template again."""
    files = render("source", name)
    assert len(files) == len(acme)
    for (old_place, old), (place, new) in zip(acme.items(), files.items(), strict=True):
        assert place.count("/") == old_place.count("/")
        assert new.count("\n") == old.count("\n")
    snake = name.replace("-", "_")
    assert f'{name} = "lumos_source_{snake}.plugin"' in files["pyproject.toml"]
    compile(files[f"lumos_source_{snake}/source.py"], "source.py", "exec")
    assert f'name="{name}"' in files[f"lumos_source_{snake}/plugin.py"]


@pytest.mark.parametrize("kind", COMPONENT_KINDS)
def test_nothing_of_the_template_is_left(kind) -> None:
    for place, text in render(kind, "green-oak").items():
        assert "acme" not in (place + text).lower()
        assert not re.search(r"kind[-_]green|-green_oak|_green-oak", place + text)
        assert len(max(text.split("\n"), key=len)) <= 120 or place.endswith((".md", ".toml"))


@pytest.mark.parametrize("kind", COMPONENT_KINDS)
def test_every_package_has_the_rooms_that_every_plugin_has(kind) -> None:
    files = render(kind, "oak")
    package = f"lumos_{WORDS[kind]}_oak"
    rooms = ["pyproject.toml", "README.md", "LICENSE", "CONTRIBUTING.md", ".gitignore", ".github/workflows/tests.yml"]
    rooms += [f"{package}/{name}.py" for name in ("__init__", "plugin", "config")] + [f"{package}/py.typed"]
    rooms += ["tests/test_conformance.py", "tests/test_readme.py"]
    assert set(rooms) <= files.keys()


def test_what_was_made_is_told(tmp_path: Path) -> None:
    made = lumos_core.new_plugin("cost-model", "green-oak", tmp_path / "new")
    folder = tmp_path / "new" / "lumos-cost-green-oak"
    assert made[:5] == (str(folder), "cost_model", "green-oak", "lumos-cost-green-oak", "lumos_cost_green_oak")
    assert made.files == sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize(
    "name, hint",
    [
        ("Acme", "such as 'acme'"),
        ("my_system", "such as 'my-system'"),
        ("a--b", "such as 'a-b'"),
        ("3scale", "beginning with a letter"),
        ("acme-", "such as 'acme'"),
        ("../acme", "such as 'acme'"),
        ("Lumos Source Acme", "such as 'acme'"),
        ("", "lower-case"),
        ("ü", "lower-case"),
        ("x" * 25, "24 at most"),
        ("acme\n", "such as 'acme'"),
        ("lumos-source-acme", "Give 'acme'"),
        ("lumos-acme", "the name alone"),
    ],
)
def test_a_name_that_does_not_fit_is_explained(name, hint, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(hint)):
        lumos_core.new_plugin("source", name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind, name", [(kind, name) for kind in COMPONENT_KINDS for name in KNOWN[kind]])
def test_a_first_party_name_is_taken(kind, name, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="belongs to lumos-"):
        lumos_core.new_plugin(kind, name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kind_is_answered_with_the_kinds(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="source, format, enricher"):
        lumos_core.new_plugin("sink", "acme", tmp_path)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "lumos-source-acme"
    target.mkdir()
    lumos_core.new_plugin("source", "acme", tmp_path)  # an empty one is taken
    (target / "README.md").write_text("mine")
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="there already"):
        lumos_core.new_plugin("source", "acme", tmp_path)
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lumos-source-acme").write_text("a file")
    with pytest.raises(UsageError, match="there already"):
        lumos_core.new_plugin("source", "acme", tmp_path)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, written = Path.write_text, []

    def sometimes(self: Path, *arguments: object, **more: object) -> int:
        written.append(self)
        if len(written) == 7:
            raise OSError(28, "No space left on device")
        return write(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", sometimes)
    with pytest.raises(DiskError, match="No space left"):
        lumos_core.new_plugin("source", "acme", tmp_path)
    assert len(written) == 7
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DiskError, match=r"file.lumos-source-acme"):
        lumos_core.new_plugin("source", "acme", tmp_path / "file")


def test_caches_beside_the_template_are_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("common/README.md", "common/.ruff_cache/x", "source/a/__pycache__/y.pyc", "source/a/acme.py"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(b"Acme")
    monkeypatch.setattr(module, "template", lambda: tmp_path)
    assert render("source", "oak") == {"README.md": "Oak", "a/oak.py": "Oak"}


def test_the_command_says_what_to_do_next(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["plugin", "new", "source", "oak", "--dir", str(tmp_path)])
    assert done.exit_code == 0
    assert 'pip install -e ".[dev]"' in done.output
    assert str(tmp_path / "lumos-source-oak") in done.output


def test_the_command_speaks_json(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["plugin", "new", "source", "oak", "--dir", str(tmp_path), "--json"])
    data = json.loads(done.output)
    assert data["distribution"] == "lumos-source-oak"
    assert "pyproject.toml" in data["files"]
    assert data["next"][0] == f"cd {data['path']}"


@pytest.mark.parametrize("arguments", [["new", "source", "Oak"], ["new", "sink", "oak"], ["new", "source"]])
def test_what_cannot_be_done_has_exit_code_2(arguments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["plugin", *arguments])
    assert done.exit_code == 2
    assert list(tmp_path.iterdir()) == []
