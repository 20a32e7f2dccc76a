from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr, field_validator, model_validator

from lumos_core.errors import ConfigError, DiskError
from lumos_core.files import atomic_write, read_yaml
from lumos_core.plugin_api import Config, LocalPath


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "deep" / "a.txt"
    with atomic_write(target) as file:
        file.write("grün\n")
        assert not target.exists()
    assert target.read_bytes() == "grün\n".encode()
    with atomic_write(target, "wb") as binary:
        binary.write(b"\0\r\n")
    assert target.read_bytes() == b"\0\r\n"
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("before")
    with pytest.raises(ZeroDivisionError), atomic_write(target) as file:
        raise ZeroDivisionError(file.write("half"))
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_disk_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    target = tmp_path / "a.txt"
    target.write_text("before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError) as caught, atomic_write(target) as file:
        file.write("x")
    assert "free some space" in caught.value.fix
    assert caught.value.where == str(target)
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_in_the_way_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    with pytest.raises(DiskError) as caught, atomic_write(tmp_path / "a" / "b.txt"):
        pass
    assert caught.value.exit_code == 3
    (tmp_path / "folder").mkdir()
    with pytest.raises(DiskError), atomic_write(tmp_path / "folder"):
        pass


def test_an_error_of_something_else_is_not_a_disk_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "a.txt") as file:
        file.write((tmp_path / "other.txt").read_text())


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and links")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("x")
    real.chmod(0o640)
    link.symlink_to(real)
    with atomic_write(link) as file:
        file.write("y")
    assert link.is_symlink()
    assert real.read_text() == "y"
    assert real.stat().st_mode & 0o777 == 0o640
    old = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "fresh") as file:
            file.write("z")
    finally:
        os.umask(old)
    assert (tmp_path / "fresh").stat().st_mode & 0o777 == 0o640


class Inner(Config):
    size: int = Field(default=1, description="Size.")


class Sample(Config):
    path: LocalPath = Field(default=Path("sub/default.txt"), description="A path.")
    port: int = Field(default=1, ge=1, lt=100, description="A port.")
    password: SecretStr = Field(default=SecretStr(""), description="A secret.")
    inner: Inner = Field(default=Inner(size=1), description="A part.")
    either: Inner | list[int] | None = Field(default=None, description="One of two.")
    many: dict[str, Inner] = Field(default={}, description="Parts.")
    loud: str = Field(default="", description="Refused.")

    @field_validator("loud")
    @classmethod
    def _refuse(cls, value: str) -> str:
        if value:
            raise ValueError(f"{value!r} is too loud")
        return value

    @model_validator(mode="before")
    @classmethod
    def _print_everything(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("port") == 66:
            raise ValueError(f"wrong: {data}")
        return data


def problems(write: Any, text: str) -> dict[str, ConfigError]:
    path = write("f.yaml", text)
    with pytest.raises(ConfigError) as caught:
        read_yaml(path, Sample)
    assert caught.value.problems
    return {problem.where.removeprefix(f"{path}:"): problem for problem in caught.value.problems}


def test_paths_start_from_the_folder_of_the_file(write: Any, tmp_path: Path) -> None:
    path = write("folder/f.yaml", "port: ${LUMOS_TEST_PORT:-7}\n")
    made = read_yaml(path, Sample)
    assert (made.port, made.path) == (7, tmp_path / "folder/sub/default.txt")
    assert read_yaml(write("g.yaml", "path: ../x"), Sample, base=tmp_path / "a/b").path == tmp_path / "a/x"
    assert read_yaml(write("h.yaml", "path: ~/x"), Sample).path == Path.home() / "x"
    assert read_yaml(write("empty.yaml", ""), Sample).port == 1


def test_every_problem_has_its_place_and_a_hint(write: Any) -> None:
    text = """\
        prot: 5
        port: 0
        inner: {siez: 3}
        either: {size: big}
        many:
          a: {size: [1]}
          b: 5
        path: ${LUMOS_TEST_NOT_SET}
    """
    found = {place: (problem.what, problem.fix) for place, problem in problems(write, text).items()}
    assert found == {
        "1:1": ("prot: unknown key 'prot'", "did you mean 'port'?"),
        "2:7": ("port: expected at least 1", ""),
        "3:9": ("inner.siez: unknown key 'siez'", "did you mean 'size'?"),
        "4:9": ("either: expected a list", ""),
        "4:16": ("either.size: expected a whole number", ""),
        "6:13": ("many.a.size: expected a whole number", ""),
        "7:6": ("many.b: expected a mapping (key: value)", ""),
        "8:7": (
            "path: the environment variable LUMOS_TEST_NOT_SET is not set",
            "export LUMOS_TEST_NOT_SET=..., or give a default: ${LUMOS_TEST_NOT_SET:-default}",
        ),
    }


@pytest.mark.parametrize(
    "text",
    [
        "password: [hunter22]",
        "password: {hunter22: x}",
        "pasword: hunter22",
        "password: hunter22\nport: 66",
        "pasword: hunter22\nport: 66",
        "inner: hunter22",
        "port: hunter22",
        "loud: ${LUMOS_TEST_SECRET}",
        "port: ${LUMOS_TEST_SECRET}",
        "many: hunter22",
    ],
)
def test_no_message_holds_a_value(write: Any, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("LUMOS_TEST_SECRET", "hunter22")
    found = problems(write, text)
    shown = " ".join(f"{problem} {problem.as_dict()!r}" for problem in found.values())
    assert "hunter22" not in shown.replace("unknown key 'hunter22'", "")


def test_a_validators_own_words_are_shown(write: Any) -> None:
    assert problems(write, "loud: HEY")["1:7"].what == "loud: 'HEY' is too loud"


def test_the_top_must_be_a_mapping(write: Any) -> None:
    with pytest.raises(ConfigError, match="expected a mapping"):
        read_yaml(write("f.yaml", "[1]"), Sample)
