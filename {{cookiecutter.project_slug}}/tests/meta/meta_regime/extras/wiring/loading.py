"""Which conftest.py files pytest loads before it collects, and whether one of them loads the regime."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from pathlib import Path

_MODULE = "meta_regime.plugin"


def not_loaded(root: Path, starts: Sequence[Path]) -> list[str]:
    """Give nothing if plain `pytest` loads the regime in time, which begins at these folders; else a line on each."""
    loaded = {path for start in starts for path in at_first(root, start)}
    if any(loads(path) for path in loaded):
        return []
    return [f"pytest begins in {_name(root, start)}, and finds no conftest.py with these lines" for start in starts]


def at_first(root: Path, start: Path) -> Iterable[Path]:
    """List the conftest.py files that pytest loads before it collects what lies in a folder, whether there or not."""
    folder = start if start.is_dir() else start.parent
    above = [parent for parent in folder.parents if parent.is_relative_to(root)]
    below = sorted(path for path in start.glob("test*") if path.is_dir()) if start.is_dir() else []
    return [each / "conftest.py" for each in (*above, folder, *below)]


def loads(path: Path) -> bool:
    """Tell whether a conftest.py has the import that loads the regime."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == _MODULE:
            return True
        if isinstance(node, ast.Constant) and node.value == _MODULE:  # pytest_plugins
            return True
        if isinstance(node, ast.Import) and any(alias.name == _MODULE for alias in node.names):
            return True
    return False


def _name(root: Path, path: Path) -> str:
    if path == root:
        return "the project's root"
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
