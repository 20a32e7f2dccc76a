"""What a plugin imports is all there, all documented, and costs a manifest nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from lumos_core import plugin_api


def test_the_list_of_names_is_whole():
    homes = {*plugin_api._HOME, *plugin_api._MODULES, "API_VERSION", "hookimpl"}
    assert set(plugin_api.__all__) == homes


@pytest.mark.parametrize("name", plugin_api.__all__)
def test_every_name_resolves_and_is_documented(name):
    value = getattr(plugin_api, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert (value.__doc__ or "").strip(), f"{name} has no docstring"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = plugin_api.nothing


def test_a_manifest_costs_no_pydantic_and_no_msgspec():
    code = (
        "import sys\n"
        "from lumos_core.plugin_api import Component, hookimpl\n"
        "print([m for m in ('pydantic', 'msgspec', 'yaml', 'click') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
