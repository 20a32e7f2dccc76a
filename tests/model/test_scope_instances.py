"""A source without an instance must not license removals among the names of a source that has one."""

from __future__ import annotations

from lumos_core.plugin_api import Scope, urns

PLAIN = urns.dataset("file", "orders")
OTHER = urns.dataset("file", "orders", instance="b")


def test_the_empty_prefix_fits_names_without_instance_alone():
    scope = Scope(platform="file", prefixes=("",))
    assert scope.matches(PLAIN) and scope.matches(PLAIN + "#profile@2026-01-01T00:00:00Z")
    assert not scope.matches(OTHER)
    assert Scope(platform="file").matches(OTHER)


def test_an_instance_prefix_fits_its_own_names_alone():
    scope = Scope(platform="file", prefixes=("b:",))
    assert scope.matches(OTHER) and not scope.matches(PLAIN)


def test_inclusion_is_sound_for_the_empty_prefix():
    plain = Scope(platform="file", prefixes=("",))
    assert Scope(platform="file").includes(plain)
    assert plain.includes(plain) and plain.includes(Scope(platform="file", urns=frozenset({PLAIN})))
    assert not plain.includes(Scope(platform="file", urns=frozenset({OTHER})))
    assert not plain.includes(Scope(platform="file", prefixes=("b:",)))
    assert not plain.includes(Scope(platform="file", prefixes=("b",)))  # names such as `b:orders` begin so
