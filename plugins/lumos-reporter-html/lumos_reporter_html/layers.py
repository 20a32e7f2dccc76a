"""A picture of the lineage: datasets in layers from left to right, as plain coordinates for an SVG.

The method is that of layered graph drawing (Sugiyama, 1981) in its simplest form: longest-path layers, then some
rounds of sorting each layer by the mean place of its neighbours, which takes out most crossings.
"""

from __future__ import annotations

from typing import NamedTuple

from lumos_core.plugin_api import Graph, urns

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 190, 38, 90, 16, 12
ROUNDS = 8


class Box(NamedTuple):
    """One dataset or job side in the picture."""

    urn: str
    name: str
    x: float
    y: float


class Arrow(NamedTuple):
    """One edge; `path` is the `d` of an SVG path."""

    source: str
    target: str
    path: str


class Picture(NamedTuple):
    """What to draw.

    Attributes:
        boxes, arrows: In drawing order.
        width, height: Of the whole, in user units.
        left_out: How many datasets with lineage are not shown.
    """

    boxes: list[Box]
    arrows: list[Arrow]
    width: float
    height: float
    left_out: int


def picture(graph: Graph, limit: int) -> Picture:
    """Lay out the datasets with most neighbours, at most `limit`."""
    edges = sorted({(source, target) for source, target, _ in graph.edges() if source != target})
    degree: dict[str, int] = {}
    for edge in edges:
        for urn in edge:
            degree[urn] = degree.get(urn, 0) + 1
    kept = set(sorted(degree, key=lambda urn: (-degree[urn], urn))[:limit])
    edges = [(source, target) for source, target in edges if source in kept and target in kept]
    layers = _ordered(_layers(kept, edges), edges)
    boxes = _boxes(layers)
    places = {box.urn: box for box in boxes}
    arrows = [Arrow(source, target, _curve(places[source], places[target])) for source, target in edges]
    width = MARGIN * 2 + max(len(layers), 1) * (WIDTH + GAP_X) - GAP_X
    height = MARGIN * 2 + max([len(layer) for layer in layers], default=0) * (HEIGHT + GAP_Y) - GAP_Y
    return Picture(boxes, arrows, width, max(height, 0), len(degree) - len(kept))


def _layers(nodes: set[str], edges: list[tuple[str, str]]) -> list[list[str]]:
    """Put every node right of all its upstreams; edges that close a circle are left out of account."""
    after: dict[str, list[str]] = {}
    waiting = dict.fromkeys(sorted(nodes), 0)
    for source, target in edges:
        after.setdefault(source, []).append(target)
        waiting[target] += 1
    level = dict.fromkeys(nodes, 0)
    ready = [node for node, number in waiting.items() if not number]
    left = set(waiting) - set(ready)
    while ready or left:
        if not ready:
            # Only circles are left: begin anywhere, always at the same node.
            first = min(left)
            left.discard(first)
            ready = [first]
        node = ready.pop()
        for target in after.get(node, ()):
            if target in left:
                level[target] = max(level[target], level[node] + 1)
                waiting[target] -= 1
                if not waiting[target]:
                    left.discard(target)
                    ready.append(target)
    columns: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for node in sorted(nodes):
        columns[level[node]].append(node)
    return columns


def _ordered(layers: list[list[str]], edges: list[tuple[str, str]]) -> list[list[str]]:
    near: dict[str, list[str]] = {}
    for source, target in edges:
        near.setdefault(source, []).append(target)
        near.setdefault(target, []).append(source)
    for _ in range(ROUNDS):
        place = {node: index - len(layer) / 2 for layer in layers for index, node in enumerate(layer)}
        mean = {node: sum(map(place.__getitem__, others)) / len(others) for node, others in near.items()}
        for layer in layers:
            layer.sort(key=lambda node: (mean.get(node, 0.0), node))
    return layers


def _boxes(layers: list[list[str]]) -> list[Box]:
    tallest = max([len(layer) for layer in layers], default=0)
    names = urns.labels(urn for layer in layers for urn in layer)
    boxes = []
    for column, layer in enumerate(layers):
        top = (tallest - len(layer)) * (HEIGHT + GAP_Y) / 2
        for row, urn in enumerate(layer):
            x = MARGIN + column * (WIDTH + GAP_X)
            boxes.append(Box(urn, names[urn], x, MARGIN + top + row * (HEIGHT + GAP_Y)))
    return boxes


def _curve(source: Box, target: Box) -> str:
    x1, y1 = source.x + WIDTH, source.y + HEIGHT / 2
    x2, y2 = target.x, target.y + HEIGHT / 2
    bend = max(abs(x2 - x1) / 2, 30)
    return f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
