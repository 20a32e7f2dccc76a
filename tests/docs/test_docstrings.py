"""Everything public says what it is: modules, classes, functions and methods, of the kernel and of every plugin."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [ROOT / "lumos_core", *(path.parent for path in sorted(ROOT.glob("plugins/*/lumos_*/__init__.py")))]

Named = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public(node: ast.Module | ast.ClassDef) -> Iterator[Named]:
    for item in node.body:
        if isinstance(item, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and not item.name.startswith("_"):
            marks = {ast.unparse(mark).rpartition(".")[2] for mark in item.decorator_list}
            if not marks & {"overload", "override", "setter"}:
                yield item
            if isinstance(item, ast.ClassDef):
                yield from public(item)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_everything_public_has_a_docstring(package: Path) -> None:
    bare, seen = [], 0
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        place = path.relative_to(ROOT).as_posix()
        if tree.body and not (ast.get_docstring(tree) or "").strip():
            bare.append(place)
        for item in public(tree):
            seen += 1
            if not (ast.get_docstring(item) or "").strip():
                bare.append(f"{place}:{item.lineno}: {item.name}")
    assert bare == []
    assert seen
