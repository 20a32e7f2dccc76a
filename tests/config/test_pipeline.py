from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from lumos_core.config.api import load_pipeline, make_pipeline
from lumos_core.config.types import ComponentSpec
from lumos_core.errors import ConfigError
from lumos_core.loading.registry import Registry


@pytest.fixture(autouse=True)
def world(toolbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LUMOS_CONFIG", raising=False)
    toolbox.world(monkeypatch)
    toolbox.toy("toy")


def found(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_pipeline(path)
    return [str(problem).replace(f"{path.parent}/", "") for problem in caught.value.problems]


def test_three_lines_are_a_pipeline(write: Any, tmp_path: Path) -> None:
    pipeline = load_pipeline(write("shop.yaml", "sources:\n  - {type: toy, path: data}\n"))
    assert (pipeline.name, pipeline.version, pipeline.base) == ("shop", 1, tmp_path)
    assert pipeline.sources[0].config.path == tmp_path / "data"  # type: ignore[union-attr]
    assert pipeline.store.build().config.path == tmp_path / ".lumos/store.db"
    assert [spec.name for spec in pipeline.catalogs] == ["local"]
    assert (pipeline.differ.type, pipeline.executor.type) == ("semantic", "threads")
    assert (pipeline.gate, pipeline.cost, pipeline.reports, pipeline.enrich) == (None, None, (), ())
    assert (pipeline.retries, pipeline.release.prefix, pipeline.release.start) == (2, "S-", 1)
    assert pipeline.publish.guard.max_removed_percent == 10
    assert pipeline.state == tmp_path / ".lumos"
    kinds = [spec.kind for spec in pipeline.components()]
    assert kinds == ["source", "store", "differ", "catalog", "executor"]


def test_every_part_can_be_said(write: Any, tmp_path: Path) -> None:
    text = """
        version: 1
        name: ${LUMOS_TEST_NAME:-my shop}
        sources: [{type: toy, name: mine, path: a}, {type: toy, path: b}]
        store: {type: sqlite, path: elsewhere.db}
        catalogs: [{type: local, server: x}, {type: local, name: second}]
        gate: {fail_on: risky, waivers: w.yaml, before: publish}
        publish: {guard: {max_removed_percent: 50}, policy: {owners: catalog}}
        release: {prefix: R, start: 300}
        run: {retries: 0, parallel: 3}
        state: var/state
    """
    pipeline = load_pipeline(write("shop.yaml", text))
    assert pipeline.name == "my shop"
    assert [spec.name for spec in pipeline.sources] == ["mine", "toy"]
    assert pipeline.gate is not None
    assert (pipeline.gate.fail_on, pipeline.gate.waivers, pipeline.gate.before) == (
        "risky",
        tmp_path / "w.yaml",
        "publish",
    )
    assert pipeline.executor.build().config.workers == 3
    assert pipeline.publish.policy == {"owners": "catalog"}
    assert (pipeline.retries, pipeline.release.start, pipeline.state) == (0, 300, tmp_path / "var/state")
    assert pipeline.store.config.path == tmp_path / "elsewhere.db"  # type: ignore[union-attr]


def test_the_store_follows_the_state_folder(write: Any, tmp_path: Path) -> None:
    pipeline = load_pipeline(write("shop.yaml", "sources: [{type: toy, path: a}]\nstate: var\n"))
    assert pipeline.store.config.path == tmp_path / "var/store.db"  # type: ignore[union-attr]


def test_no_catalog_is_a_choice(write: Any) -> None:
    assert load_pipeline(write("shop.yaml", "sources: [{type: toy, path: a}]\ncatalogs: []\n")).catalogs == ()


def test_all_problems_of_all_components_come_at_once(write: Any) -> None:
    path = write(
        "shop.yaml",
        """\
        version: 1
        nmae: shop
        sources:
          - {type: toy, prt: 5}
          - {type: toys, path: a}
          - {type: toy, path: "${LUMOS_TEST_NOT_SET}", port: many, formats: [toy, {type: toy, delimiter: ";;"}, tyo]}
          - {path: a}
          - 5
          - {type: toy, path: a, environment: other}
        gate: {fail_on: braking}
        catalogs: [local, {type: local, server: [x]}]
        """,
    )
    problems = found(path)
    expected = [
        "shop.yaml:2:1: nmae: unknown key 'nmae'. Did you mean 'name'?",
        "shop.yaml:4:5: sources[0]: the key 'path' is required",
        "shop.yaml:4:17: sources[0].prt: unknown key 'prt'. Did you mean 'port'?",
        "shop.yaml:5:12: sources[1].type: there is no source 'toys'",
        "shop.yaml:6:23: sources[2].path: the environment variable LUMOS_TEST_NOT_SET is not set",
        "shop.yaml:6:54: sources[2].port: expected a whole number",
        "shop.yaml:6:98: sources[2].formats[1].delimiter: expected at most 1 character(s)",
        "shop.yaml:6:105: sources[2].formats[2]: there is no format 'tyo'",
        "shop.yaml:7:5: sources[3]: the key 'type' is required",
        "shop.yaml:8:5: sources[4]: expected the name of a source, or a mapping with a type",
        "shop.yaml:9:39: sources[5].environment: there is no environment 'other'",
        "shop.yaml:10:17: gate.fail_on: expected one of",
        "shop.yaml:11:19: catalogs[1]: two catalogs are called 'local'",
        "shop.yaml:11:41: catalogs[1].server: expected text",
    ]
    assert len(problems) == len(expected)
    for problem, start in zip(problems, expected, strict=True):
        assert problem.startswith(start)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sources: []", "shop.yaml:1:10: sources: expected at least 1 item(s)"),
        ("name: x", "shop.yaml:1:1: the key 'sources' is required"),
        ("", "shop.yaml:1:1: the key 'sources' is required"),
        ("sources: {type: toy}", "shop.yaml:1:10: sources: expected a list"),
        ("{version: 2, sources: [{type: toy, path: a}]}", "version: expected 1, the one version of this file's form"),
        ("{sources: [{type: toy, path: a, name: 5}]}", "sources[0].name: expected text"),
        ("{sources: [{type: 5, path: a}]}", "sources[0].type: expected text"),
        ("{sources: [{type: toy, path: a}], name: a/b}", "name: expected text that matches"),
        (
            "{sources: [{type: toy, path: a}], executor: serial, run: {parallel: 2}}",
            "run.parallel: only the default executor is told `parallel`",
        ),
        ("{sources: [{type: toy, path: a}], run: {parallel: 0}}", "run.parallel: expected at least 1"),
        ("{sources: [{type: toy, path: a}], state: '${'}", "state: a reference to a variable is not complete"),
    ],
)
def test_a_wrong_part_says_so(write: Any, text: str, problem: str) -> None:
    assert any(problem in item for item in found(write("shop.yaml", text)))


def test_a_default_that_is_not_installed_says_what_to_do(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMOS_DISABLE_PLUGINS", "*")
    problems = found(write("shop.yaml", "sources: [{type: serial, path: a}]"))
    assert any("(it is the default of `differ`)" in item for item in problems)
    assert any("(it is the default of `store`)" in item for item in problems)
    assert any("sources[0].type: there is no source 'serial'" in item for item in problems)


def test_secrets_are_in_no_message(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMOS_TEST_SECRET", "hunter22")
    text = """
        sources: [{type: toy, path: a, pasword: hunter22, port: "${LUMOS_TEST_SECRET}"}]
        catalogs: [{type: local, token: [hunter22]}]
    """
    with pytest.raises(ConfigError) as caught:
        load_pipeline(write("shop.yaml", text))
    assert len(caught.value.problems) == 3
    assert "hunter22" not in str(caught.value) + repr(caught.value.problems)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert "hunter22" not in str(chain)
        chain = chain.__cause__


def test_extends_merges_deep_and_keeps_places(write: Any, tmp_path: Path) -> None:
    write(
        "company/base.yaml",
        """\
        gate: {fail_on: risky, waivers: w.yaml}
        catalogs: [{type: local, server: base}]
        publish: {guard: {max_removed_percent: 1, max_removd: 3}}
        release: {prefix: R}
        """,
    )
    path = write(
        "shop/shop.yaml",
        """\
        extends: ../company/base.yaml
        sources: [{type: toy, path: data, prot: 1}]
        gate: {fail_on: breaking}
        """,
    )
    problems = found(path)
    assert problems[0].startswith("shop.yaml:2:35: sources[0].prot: unknown key")
    assert problems[1].endswith(
        "base.yaml:3:43: publish.guard.max_removd: unknown key 'max_removd'. "
        "Did you mean 'max_removed' or 'max_removed_percent'?"
    )
    (tmp_path / "company/base.yaml").write_text("gate: {waivers: w.yaml}\nname: base\nstore: {type: sqlite, path: x}\n")
    path.write_text(
        "extends: ${LUMOS_TEST_BASE:-../company/base.yaml}\nsources: [{type: toy, path: data}]\n"
        "gate: {fail_on: risky}\nstore: {type: sqlite}\n"
    )
    pipeline = load_pipeline(path)
    assert pipeline.gate is not None
    assert (pipeline.gate.fail_on, pipeline.gate.waivers) == ("risky", tmp_path / "shop/w.yaml")
    assert pipeline.name == "base"
    assert pipeline.store.config.path == tmp_path / "shop/x"  # type: ignore[union-attr]


def test_options_of_another_type_are_not_inherited(write: Any) -> None:
    write("base.yaml", "executor: {type: threads, workers: 3}\n")
    path = write("shop.yaml", "extends: base.yaml\nsources: [{type: toy, path: a}]\nexecutor: {type: serial}\n")
    assert load_pipeline(path).executor.options == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: shop.yaml", "the files extend each other in a circle"),
        ("extends: gone.yaml", "there is no file"),
        ("extends: [a, b]", "expected the path of one file"),
        ("extends: ${LUMOS_TEST_NOT_SET}", "the environment variable LUMOS_TEST_NOT_SET is not set"),
    ],
)
def test_extends_that_leads_nowhere(write: Any, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_pipeline(write("shop.yaml", text))
    assert ":1:10" in caught.value.where


def test_a_longer_circle_is_seen(write: Any) -> None:
    write("a.yaml", "extends: b.yaml")
    write("b.yaml", "extends: c.yaml")
    path = write("c.yaml", "extends: a.yaml")
    with pytest.raises(ConfigError, match="circle"):
        load_pipeline(path)


def test_where_the_pipeline_is_looked_for(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_pipeline()
    assert "lumos init" in caught.value.fix
    write("lumos.yaml", "name: here\nsources: [{type: toy, path: a}]\n")
    write("other/lumos.yaml", "name: other\nsources: [{type: toy, path: a}]\n")
    assert load_pipeline().name == "here"
    assert load_pipeline("other").name == "other"
    monkeypatch.setenv("LUMOS_CONFIG", str(tmp_path / "other/lumos.yaml"))
    assert load_pipeline().name == "other"


def test_a_spec_is_shipped_with_its_variables_unresolved(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUMOS_TEST_SECRET", "hunter22")
    text = (
        'sources: [{type: toy, path: data, password: "${LUMOS_TEST_SECRET}", formats: [{type: toy, delimiter: "|"}]}]\n'
    )
    spec = load_pipeline(write("shop.yaml", text)).sources[0]
    assert spec.config.password.get_secret_value() == "hunter22"  # type: ignore[union-attr]
    shipped = json.dumps(spec.ref)
    assert "hunter22" not in shipped + repr(spec)
    monkeypatch.setenv("LUMOS_TEST_SECRET", "elsewhere")
    there = ComponentSpec.from_ref(json.loads(shipped))
    assert there == spec
    assert hash(there) == hash(spec)
    made = there.build()
    assert made.config.password.get_secret_value() == "elsewhere"
    assert made.config.path == tmp_path / "data"
    assert made.config.formats[0].build().config.delimiter == "|"
    assert pickle.loads(pickle.dumps(spec.ref)) == spec.ref


def test_a_nested_component_takes_dollars_as_they_came(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMOS_TEST_DOLLAR", "$")
    for delimiter in ("${LUMOS_TEST_DOLLAR}", "$$"):
        text = f'sources: [{{type: toy, path: a, formats: [{{type: toy, delimiter: "{delimiter}"}}]}}]\n'
        spec = load_pipeline(write("shop.yaml", text)).sources[0]
        nested = spec.config.formats[0]  # type: ignore[union-attr]
        assert nested.config.delimiter == "$"
        assert ComponentSpec.from_ref(nested.ref).build().config.delimiter == "$"


def test_a_mapping_is_a_pipeline_too(tmp_path: Path) -> None:
    pipeline = make_pipeline({"sources": [{"type": "toy", "path": "a"}]}, tmp_path)
    assert (pipeline.name, pipeline.sources[0].base) == ("lumos", tmp_path)
    with pytest.raises(ConfigError) as caught:
        make_pipeline({"sources": [{"type": "toy"}]}, tmp_path)
    assert [problem.where for problem in caught.value.problems] == ["sources[0]"]


def test_a_source_may_be_a_catalog(write: Any) -> None:
    path = write("shop.yaml", "sources: [{type: 'catalog:local', server: here}]\n")
    spec = load_pipeline(path).sources[0]
    assert spec.name == "catalog:local"
    assert spec.build().catalog.config.server == "here"


def test_specs_can_be_made_by_hand(tmp_path: Path) -> None:
    spec = ComponentSpec("source", "toy", {"path": "a"}, base=tmp_path)
    assert spec.config is None
    assert spec.validated().config is not None
    assert Registry.load().spec("source", {"type": "toy", "path": "a"}, tmp_path) == spec
    with pytest.raises(ConfigError):
        ComponentSpec("source", "toy", {"pth": "a"}).build()


def test_a_type_may_come_from_the_environment(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMOS_TEST_TYPE", "toy")
    text = "sources: [{type: '${LUMOS_TEST_TYPE}', name: '${LUMOS_TEST_LABEL:-mine}', path: a}]\n"
    text += "catalogs: ['${C:-local}', local]\n"
    path = write("shop.yaml", text)
    assert found(path) == [
        "shop.yaml:2:27: catalogs[1]: two catalogs are called 'local'. "
        "Give each its own `name:`, under which its state is kept"
    ]
    path = write("shop.yaml", text.partition("\n")[0])
    spec = load_pipeline(path).sources[0]
    assert (spec.type, spec.name) == ("toy", "mine")
    monkeypatch.delenv("LUMOS_TEST_TYPE")
    assert found(path)[0].startswith("shop.yaml:1:18: sources[0].type: the environment variable LUMOS_TEST_TYPE is not")


def test_a_section_with_nothing_in_it_is_no_section(write: Any) -> None:
    pipeline = load_pipeline(write("shop.yaml", "sources: [{type: toy, path: a}]\nenrich:\ncatalogs:\ngate:\n"))
    assert (pipeline.enrich, len(pipeline.catalogs), pipeline.gate) == ((), 1, None)
