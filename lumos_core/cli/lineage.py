"""`lumos lineage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..texts import visible
from .output import emit, json_option
from .reading import as_of_option, pipeline_option

if TYPE_CHECKING:
    from rich.tree import Tree

    from ..model.graph import Graph


@click.command("lineage")
@click.argument("dataset", metavar="URN|NAME")
@click.option("--up", is_flag=True, help="Only what it is made from.")
@click.option("--down", is_flag=True, help="Only what is made from it.")
@click.option("--depth", type=click.IntRange(min=1), help="At most so many steps away.")
@click.option("--columns", is_flag=True, help="Which fields its fields come from and go to.")
@click.option("--dot", "form", flag_value="dot", help="Print a graph for Graphviz.")
@click.option("--mermaid", "form", flag_value="mermaid", help="Print a graph for Mermaid.")
@as_of_option
@pipeline_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    dataset: str,
    up: bool,
    down: bool,
    depth: int | None,
    columns: bool,
    form: str | None,
    as_of: str,
    pipeline: str | None,
    as_json: bool,
) -> None:
    """Show what a dataset is made from, and what is made from it."""
    from ..history import query
    from ..history.api import view
    from ..history.portrait import title_of

    with view(as_of, pipeline) as known:
        record = query.find(known, dataset)
        graph = query.graph(known)
        edges = sorted(set(query.column_edges(known, record.urn))) if columns else []
    both = up == down
    ways = {"upstream": False, "downstream": True}
    wanted = [way for way, flag in (("upstream", up), ("downstream", down)) if both or flag]
    reach = {way: graph.reach(record.urn, down=ways[way], depth=depth) for way in wanted}
    data: dict[str, Any] = {"urn": record.urn, "name": title_of(record)}
    data |= {way: [{"urn": urn, "distance": far} for urn, far in found.items()] for way, found in reach.items()}
    among = {record.urn}.union(*reach.values())
    data["edges"] = [
        {"from": source, "to": target, "via": via}
        for source, target, via in sorted(set(graph.edges()), key=lambda edge: (edge[0], edge[1], edge[2] or ""))
        if source in among and target in among
    ]
    if columns:
        data["columns"] = [{"from": source, "to": target} for source, target in edges]
    if form and not as_json:
        click.echo(visible(_drawn(form, record.urn, data), lines=True))
        return
    emit(ctx, data, lambda: _trees(graph, record.urn, data, ways, wanted, depth))


def _trees(
    graph: Graph, urn: str, data: dict[str, Any], ways: dict[str, bool], wanted: list[str], depth: int | None
) -> Tree:
    from rich.text import Text
    from rich.tree import Tree

    from ..model import urns

    root = Tree(Text(f"{data['name']}  {urn}", style="bold"))
    for way in wanted:
        branch = root.add(Text(f"{way} ({len(data[way])})", style="dim" if not data[way] else ""))
        _grow(branch, graph, urn, ways[way], depth, {urn})
    if "columns" in data:
        branch = root.add(Text(f"columns ({len(data['columns'])})"))
        for edge in data["columns"]:
            branch.add(Text(f"{_column(edge['from'], urn, urns)} -> {_column(edge['to'], urn, urns)}"))
    return root


def _grow(branch: Tree, graph: Graph, urn: str, down: bool, depth: int | None, seen: set[str]) -> None:
    """Add what is near, nearest first; what stands in the tree already is named, not grown again."""
    from rich.text import Text

    pending = [(branch, urn, 0)]
    while pending:
        place, node, far = pending.pop(0)
        if depth is not None and far >= depth:
            continue
        for near in graph.downstream(node) if down else graph.upstream(node):
            known = near in seen
            seen.add(near)
            child = place.add(Text(_label(near) + ("  (see above)" if known else "")))
            if not known:
                pending.append((child, near, far + 1))


def _label(urn: str) -> str:
    from ..model import urns

    try:
        parts = urns.parse(urn)
    except ValueError:
        return urn
    return f"{urns.decode(parts.name)}  [{parts.platform or parts.type}]"


def _column(ref: str, urn: str, urns: Any) -> str:
    host, _, path = ref.partition("#")
    name = "" if host == urn else urns.name(host)
    return f"{name}#{path}" if path else name or "(the whole record)"


def _drawn(form: str, urn: str, data: dict[str, Any]) -> str:
    names = sorted({urn, *(edge[side] for edge in data["edges"] for side in ("from", "to"))})
    ids = {name: f"n{number}" for number, name in enumerate(names)}
    if form == "dot":
        lines = ["digraph lineage {", "  rankdir=LR;", "  node [shape=box];"]
        lines += [f'  {ids[name]} [label="{_quoted(_label(name))}"];' for name in names]
        lines += [f"  {ids[edge['from']]} -> {ids[edge['to']]};" for edge in data["edges"]]
        return "\n".join([*lines, "}"])
    lines = ["flowchart LR"]
    lines += [f'  {ids[name]}["{_entities(_label(name))}"]' for name in names]
    lines += [f"  {ids[edge['from']]} --> {ids[edge['to']]}" for edge in data["edges"]]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _entities(text: str) -> str:
    for char, code in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("\n", " ")):
        text = text.replace(char, code)
    return text
