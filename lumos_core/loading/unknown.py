"""The answer to a name that leads nowhere: the cause, close matches, what is installed, the line that installs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from ..config.problems import did_you_mean
from ..contracts.component import ComponentKind
from ..errors import PluginError
from .known import KNOWN
from .targets import kind_words

if TYPE_CHECKING:
    from .registry import PluginInfo, Registry


def unknown_component(registry: Registry, kind: ComponentKind, name: str, distribution: str = "") -> PluginError:
    """Return the error for a component that no healthy plugin offers.

    Args:
        registry: What is installed.
        kind: The kind that is wanted.
        name: The name, without a distribution.
        distribution: The distribution, where the pipeline gave one.
    """
    words = kind_words(kind)
    known = KNOWN[kind].get(name, "")
    for plugin in registry.plugins():
        if plugin.status != "ok" and _may_offer(plugin, name, distribution or known, kind):
            where = f"{plugin.distribution} {plugin.version}".strip()
            what = f"the {words} '{name}' cannot be used: the plugin {where} is {plugin.status}"
            return PluginError(what, why=plugin.reason, fix=plugin.fix)
    names = sorted({found.component.name for found in registry.components(kind)})
    installed = f"installed: {', '.join(names)}" if names else f"no {words} is installed"
    if distribution:
        offers = sorted(found.distribution for found in registry.components(kind) if found.component.name == name)
        if offers:
            fix = f"write type: {offers[0]}/{name}"
        else:
            fix = did_you_mean(name, names) or installed
        return PluginError(f"the distribution {distribution} offers no {words} '{name}'", why=installed, fix=fix)
    if known:
        fix = f"pip install {known}"
    else:
        fix = did_you_mean(name, [*names, *KNOWN[kind]])
        guess = did_you_mean(name, KNOWN[kind]).split("'")
        if len(guess) > 1 and guess[1] not in names:
            fix += f" (pip install {KNOWN[kind][guess[1]]})"
    others = [plugin.distribution for plugin in registry.plugins() if plugin.status in {"broken", "incompatible"}]
    if not fix and others:
        fix = f"look at `lumos plugins`: what {', '.join(others[:3])} would offer is not known, since it cannot be used"
    return PluginError(f"there is no {words} '{name}'", why=installed, fix=fix)


def _may_offer(plugin: PluginInfo, name: str, distribution: str, kind: ComponentKind) -> bool:
    """Tell whether a plugin that could not be asked is the one that is meant."""
    own = canonicalize_name(plugin.distribution)
    if distribution:
        return own == canonicalize_name(distribution)
    stem = canonicalize_name(name)
    return stem == canonicalize_name(plugin.name) or own in {
        f"lumos-{kind.replace('_', '-')}-{stem}",
        f"lumos-{stem}",
    }
