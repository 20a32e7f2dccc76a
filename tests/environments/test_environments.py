"""How environments are declared, what the lock keeps, and when one is ready for a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lumos_core.config.api import load_pipeline
from lumos_core.environments import building
from lumos_core.environments import lock as locks
from lumos_core.environments.environment import EnvironmentConfig, find, interpreter, is_local
from lumos_core.environments.lock import (
    Lock,
    LockedEnvironment,
    LockedPackage,
    LockedSet,
    is_stale,
    read_lock,
    write_lock,
)
from lumos_core.environments.marker import Marker, write_marker
from lumos_core.errors import ConfigError

HASH = "sha256:" + "ab" * 32
TARGET = "linux-x86_64 cpython-3.11"

names = st.text("abc1", min_size=1, max_size=4)
hashes = st.integers(0, 1 << 64).map(lambda number: f"sha256:{number:064x}")
packages = st.builds(
    LockedPackage,
    name=names,
    version=st.sampled_from(["0.9", "1.0", "1.10", "2!3.0rc1"]),
    hashes=st.lists(hashes, min_size=1, max_size=3, unique=True),
    made_from=st.sampled_from(["", "./plug", "lumos-core as it runs here"]),
)
sets = st.builds(LockedSet, packages=st.lists(packages, max_size=4, unique_by=lambda one: one.name))
entries = st.builds(
    LockedEnvironment,
    requirements=st.lists(names, max_size=3),
    python=st.sampled_from(["", "3.11"]),
    deadline=st.floats(1, 1e6),
    locked=st.dictionaries(st.sampled_from([TARGET, "darwin-arm64 cpython-3.12"]), sets),
)
written = st.builds(Lock, environments=st.dictionaries(names, entries, max_size=3))


def ordered(lock: Lock) -> Lock:
    """The same lock in the order in which it is written."""
    return Lock.model_validate(json.loads(locks.render(lock)))


@settings(max_examples=25)
@given(written)
def test_a_lock_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, lock: Lock) -> None:
    pipeline = tmp_path_factory.mktemp("lock") / "shop.yaml"
    assert write_lock(pipeline, lock)
    read = read_lock(pipeline)
    assert read == ordered(lock)
    assert {name: sorted(one.locked) for name, one in read.environments.items()} == {
        name: sorted(one.locked) for name, one in lock.environments.items()
    }
    assert not write_lock(pipeline, read), "the second time there is nothing to write"


@given(sets, st.randoms())
def test_the_order_of_packages_and_hashes_means_nothing(found: LockedSet, random: object) -> None:
    mixed = [one.model_copy(update={"hashes": one.hashes[::-1]}) for one in found.packages]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert LockedSet(packages=mixed).digest() == found.digest()


@given(sets, packages)
def test_every_version_and_hash_counts(found: LockedSet, one: LockedPackage) -> None:
    rest = [package for package in found.packages if package.name != one.name]
    before = LockedSet(packages=[*rest, one]).digest()
    other = one.model_copy(update={"version": one.version + "1"})
    assert LockedSet(packages=[*rest, other]).digest() != before
    assert (
        LockedSet(packages=[*rest, one.model_copy(update={"hashes": [HASH]})]).digest() != before or HASH in one.hashes
    )
    assert LockedSet(packages=rest).digest() != before


@given(st.lists(names, max_size=4), st.randoms())
def test_the_order_of_requirements_makes_nothing_stale(lines: list[str], random: object) -> None:
    entry = LockedEnvironment(requirements=lines)
    mixed = list(lines)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert not is_stale(entry, EnvironmentConfig(requirements=mixed))
    assert is_stale(entry, EnvironmentConfig(requirements=[*mixed, "one-more"]))
    assert is_stale(entry, EnvironmentConfig(requirements=mixed, python="3.13"))


def test_the_lock_lies_beside_the_pipeline_and_tells_no_secret(tmp_path: Path) -> None:
    assert locks.lock_path(tmp_path / "shop.yaml") == tmp_path / "shop.environments.lock"
    line = "acme @ https://user:secret@host/acme-1.0-py3-none-any.whl"
    assert locks.without_credentials(line) == "acme @ https://host/acme-1.0-py3-none-any.whl"
    entry = LockedEnvironment(requirements=[locks.without_credentials(line)])
    assert not is_stale(entry, EnvironmentConfig(requirements=[line]))


@pytest.mark.parametrize(
    "text, why",
    [
        ("{", "not valid JSON"),
        ('{"version": 2}', "version"),
        ('{"environments": {"../x": {}}}', "environments"),
        (
            '{"environments": {"x": {"locked": {"t": {"packages": [{"name": "a", "version": "1", "hashes": []}]}}}}}',
            "hash",
        ),
        ('{"environments": {"x": {"locked": {"t": {"packages": [{"name": "a b", "version": "1"}]}}}}}', "name"),
    ],
)
def test_a_damaged_lock_is_an_error_with_its_place(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "lumos.environments.lock").write_text(text)
    with pytest.raises(ConfigError, match=why) as caught:
        read_lock(tmp_path / "lumos.yaml")
    assert caught.value.where.endswith("lumos.environments.lock")
    assert "lumos env sync" in caught.value.fix


@pytest.mark.parametrize(
    "line, local",
    [
        ("acme", False),
        ("acme-sdk[postgres]>=1.2", False),
        ("acme @ https://host/acme-1.0.tar.gz", False),
        ("acme@https://host/acme-1.0.tar.gz", False),
        ("./plug", True),
        ("../plug[extra]", True),
        ("~/plug", True),
        ("/opt/plug", True),
        ("dist/acme-1.0-py3-none-any.whl", True),
        ("acme-1.0-py3-none-any.whl", True),
    ],
)
def test_what_is_a_path(line: str, local: bool) -> None:
    assert is_local(line) is local
    assert EnvironmentConfig(requirements=[f" {line} "]).requirements == [line]


@pytest.mark.parametrize(
    "text",
    [
        {"requirements": ["--index-url=https://evil"]},
        {"requirements": ["-r other.txt"]},
        {"requirements": ["acme\n--pre"]},
        {"requirements": ["acme=="]},
        {"requirements": [""]},
        {"python": "three"},
        {"python": "3"},
        {"python": "3.11.7"},
        {"deadline": 0},
        {"existing": "/opt/venv", "requirements": ["acme"]},
        {"existing": "/opt/venv", "python": "3.11"},
    ],
)
def test_what_cannot_be_declared(text: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EnvironmentConfig.model_validate(text)


def test_a_wrong_declaration_has_its_line(tmp_path: Path) -> None:
    pipeline = tmp_path / "shop.yaml"
    pipeline.write_text(
        "sources: [{type: snapshot, path: x.jsonl}]\n"
        "environments:\n"
        "  sdk:\n"
        "    requirments: [acme]\n"
        "  a/b: {}\n"
        "  old:\n"
        '    requirements: [acme, "-r x"]\n'
    )
    with pytest.raises(ConfigError) as caught:
        load_pipeline(pipeline)
    told = [str(problem).replace(f"{pipeline}:", "") for problem in caught.value.problems]
    assert told[0].startswith(
        "4:5: environments.sdk.requirments: unknown key 'requirments'. Did you mean 'requirements'"
    )
    assert told[1].startswith("5:8: environments.a/b: expected text that matches")
    assert told[2].startswith("7:26: environments.old.requirements[1]: ")
    assert "pip's configuration" in told[2]


def test_a_pipeline_knows_its_environments(tmp_path: Path) -> None:
    pipeline = tmp_path / "shop.yaml"
    pipeline.write_text(
        "sources: [{type: snapshot, path: x.jsonl}]\n"
        "environments: {sdk: {requirements: [acme], wheels: wheels, deadline: 5}}\n"
    )
    loaded = load_pipeline(pipeline)
    assert loaded.environments["sdk"].wheels == tmp_path / "wheels"
    assert loaded.environments["sdk"].deadline == 5


class Place:
    """A pipeline's folder with an environment that looks ready."""

    def __init__(self, folder: Path) -> None:
        self.file, self.state = folder / "lumos.yaml", folder / ".lumos"
        self.home = self.state / "environments" / "sdk"
        self.locked = LockedSet(packages=[LockedPackage(name="acme", version="1.0", hashes=[HASH])])
        self.config = EnvironmentConfig(requirements=["acme"], deadline=9)
        entry = LockedEnvironment(requirements=["acme"], deadline=7, locked={TARGET: self.locked})
        write_lock(self.file, Lock(environments={"sdk": entry}))
        self.python = interpreter(self.home / "env-1")
        self.python.parent.mkdir(parents=True)
        self.python.touch()
        self.marker = Marker(
            folder="env-1",
            digest=self.locked.digest(),
            target=TARGET,
            python="3.11.7",
            lumos_core="0.1.0",
            api="1.0",
            packages=1,
        )
        write_marker(self.home, self.marker)

    def find(self, config: EnvironmentConfig | None = None, name: str = "sdk") -> object:
        return find(name, {"sdk": config or self.config}, self.file, self.state)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_is_ready_is_found(place: Place) -> None:
    assert place.find() == ("sdk", place.python, 9)
    assert find("sdk", {}, place.file, place.state) == ("sdk", place.python, 7), "declared in the lock only"


def test_nothing_is_found_that_is_not_ready(place: Place) -> None:
    def fails(*words: str, config: EnvironmentConfig | None = None) -> None:
        with pytest.raises(ConfigError) as caught:
            place.find(config)
        for word in (*words, f"lumos env sync {place.file} sdk"):
            assert word in str(caught.value), str(caught.value)

    fails("has changed since it was locked", config=EnvironmentConfig(requirements=["acme", "more"]))
    write_marker(place.home, place.marker.model_copy(update={"digest": "other"}))
    fails("built from another lock")
    write_marker(place.home, place.marker.model_copy(update={"target": "other"}))
    fails("built from another lock")
    write_marker(place.home, place.marker)
    place.find()
    locks.lock_path(place.file).unlink()
    fails("not in the lock")
    place.python.unlink()
    fails("did not finish")
    (place.home / "lumos-environment.json").write_text("{")
    fails("did not finish")


def test_a_name_that_nobody_declares_gets_a_hint(place: Place) -> None:
    with pytest.raises(ConfigError, match=r"there is no environment 'skd'.*Did you mean 'sdk'"):
        place.find(name="skd")
    with pytest.raises(ConfigError, match="declares no environments"):
        find("sdk", {}, place.file.with_name("other.yaml"), place.state)


def test_an_existing_environment_is_used_as_it_is(place: Place, tmp_path: Path) -> None:
    python = interpreter(tmp_path / "venv")
    config = EnvironmentConfig(existing=tmp_path / "venv", deadline=3)
    with pytest.raises(ConfigError, match="is not there"):
        place.find(config)
    python.parent.mkdir(parents=True)
    python.touch()
    assert place.find(config) == ("sdk", python, 3)


def test_an_interrupt_after_the_marker_was_written_keeps_what_it_names(tmp_path: Path) -> None:
    made, other = tmp_path / "env-0a", tmp_path / "env-0b"
    made.mkdir()
    other.mkdir()
    write_marker(
        tmp_path,
        Marker(folder="env-0a", digest="d", target=TARGET, python="3.11.7", lumos_core="0.1.0", api="1.0", packages=1),
    )
    building._discard(tmp_path, made)
    building._discard(tmp_path, other)
    assert made.exists()
    assert not other.exists()
