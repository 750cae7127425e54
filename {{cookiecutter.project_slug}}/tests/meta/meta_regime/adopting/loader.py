"""Puts the three lines that load the regime into a conftest.py, or completes them."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from typing import Any

from .edits import Problem, lines_of, with_lines

MODULE = "meta_regime.plugin"
PATH_LINES = ("import pathlib, sys", 'sys.path.append(str(pathlib.Path(__file__).parent / "meta"))')
IMPORT_LINE = f"from {MODULE} import *  # hooks and fixtures"
LOADER = (*PATH_LINES, IMPORT_LINE)
# In the root's conftest.py, for tests that do not lie below tests/.
ROOT_PATH_LINES = (PATH_LINES[0], PATH_LINES[1].replace('"meta"', '"tests" / "meta"'))
# Rules of ruff that mind them. E402 does not since ruff 0.2: a change of sys.path may stand between imports.
MINDED = ("E401", "F403", "I001")


def with_loader(text: str | None, name: str = "tests/conftest.py") -> str:
    """Return the text of a conftest with the loader in it. Raises `Problem` where that takes a person."""
    *path_lines, _ = loader = _loader(name)
    if not text:
        return "".join(f"{line}\n" for line in loader)
    tree = _parsed(text, name)
    imported = _the_import(tree)
    first = imported.lineno if imported else None
    path_line = _end_of_path_lines(tree, first)
    if imported and not any(alias.name == "*" for alias in imported.names):
        raise Problem(f"{name}:{first}: loads a part of the regime only; write `{IMPORT_LINE}`")
    if imported and path_line:
        return text
    if imported and _end_of_path_lines(tree, None):
        raise Problem(f"{name}:{first}: comes before the line that puts tests/meta on sys.path; change their order")
    if imported:
        if imported not in tree.body:
            raise Problem(f"{name}:{first}: nothing puts tests/meta on sys.path before; {_by_hand(name)}")
        return _inserted(text, imported.lineno - 1, path_lines, tree, name)
    if path_line:
        return _inserted(text, path_line, (IMPORT_LINE,), tree, name)
    return _inserted(text, _after_the_head(text, tree), loader, tree, name)


def _loader(name: str) -> tuple[str, ...]:
    return (*ROOT_PATH_LINES, IMPORT_LINE) if name == "conftest.py" else LOADER


def _by_hand(name: str) -> str:
    return "put these lines there by hand, after the docstring and `from __future__`:\n    " + "\n    ".join(
        _loader(name)
    )


def loads_the_regime(text: str, name: str) -> bool:
    """Tell whether a conftest has the regime's import. Raises `Problem` if it is not Python."""
    return _the_import(_parsed(text, name)) is not None


def minded_by_ruff(settings: Mapping[str, Any], name: str = "tests/conftest.py") -> list[str]:
    """Return the rules, of those that the loader breaks, which ruff's settings switch on for the file."""
    lint = {**settings, **_table(settings.get("lint"))}
    chosen = [*_words(lint.get("select", ["E4", "E7", "E9", "F"])), *_words(lint.get("extend-select"))]
    ignored = [*_words(lint.get("ignore")), *_words(lint.get("extend-ignore"))]
    for key in ("per-file-ignores", "extend-per-file-ignores"):
        for glob, rules in _table(lint.get(key)).items():
            if fnmatch(name, glob) or fnmatch(name, f"*/{glob}"):
                ignored = [*ignored, *(rule for rule in MINDED if rule.startswith(tuple(_words(rules))))]
    return [rule for rule in MINDED if _specific(rule, chosen) > _specific(rule, ignored)]


def _specific(rule: str, prefixes: Sequence[str]) -> int:
    """Return how long the longest selector of a rule is; ruff obeys the more specific one."""
    return max((0 if prefix == "ALL" else len(prefix) for prefix in prefixes if _selects(prefix, rule)), default=-1)


def _selects(prefix: str, rule: str) -> bool:
    return prefix == "ALL" or rule.startswith(prefix)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _words(value: object) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _parsed(text: str, name: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise Problem(f"{name}:{error.lineno}: a syntax error, {error.msg}; mend it first") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Problem(f"{name} cannot be read as Python: {error or 'too deeply nested'}") from None


def _the_import(tree: ast.Module) -> ast.ImportFrom | None:
    """Return the import that loads the regime, preferring one of all names."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == MODULE]
    return max(found, key=lambda node: any(alias.name == "*" for alias in node.names), default=None)


def _end_of_path_lines(tree: ast.Module, before: int | None) -> int | None:
    """Return the last line of the statement that puts a folder `meta` on sys.path, or None.

    Before the import (on line `before`) the folder may be named earlier than in the statement that speaks of sys.path.
    """
    named = False
    for statement in tree.body:
        if before is not None and statement.lineno >= before:
            break
        nodes = list(ast.walk(statement))
        named = (named and before is not None) or any(
            isinstance(node, ast.Constant) and _ends_with_meta(node.value) for node in nodes
        )
        if named and any(_is_the_path(node) for node in nodes):
            return statement.end_lineno
    return None


def _ends_with_meta(value: object) -> bool:
    return isinstance(value, str) and value.replace("\\", "/").rstrip("/").split("/")[-1] == "meta"


def _is_the_path(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="sys"), attr="path") | ast.Attribute(attr="addsitedir"):
            return True
        case ast.Name(id="addsitedir"):
            return True
    return False


def _after_the_head(text: str, tree: ast.Module) -> int:
    """Return how many lines come before the loader: docstring and `from __future__`, or else the first comments."""
    ends = 0
    for index, statement in enumerate(tree.body):
        docstring = index == 0 and ast.get_docstring(tree, clean=False) is not None
        if not docstring and not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            break
        ends = statement.end_lineno or 0
    if ends:
        return ends
    lines = lines_of(text)
    return next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))


def _inserted(text: str, at: int, new: Sequence[str], tree: ast.Module, name: str) -> str:
    """Insert lines, with a blank line on either side, and make sure that nothing else means anything new."""
    lines = lines_of(text)
    above, below = "".join(lines[at - 1 : at]).strip(), "".join(lines[at : at + 1]).strip()
    blank_above = [""] if above and len(new) > 1 else []
    blank_below = [""] if below and new[-1] == IMPORT_LINE else []
    changed = with_lines(text, at, [*blank_above, *new, *blank_below])
    whole = [ast.dump(statement) for statement in tree.body]
    added = [ast.dump(statement) for statement in ast.parse("\n".join(new)).body]
    first = sum((statement.end_lineno or 0) <= at for statement in tree.body)
    try:
        found = [ast.dump(statement) for statement in ast.parse(changed).body]
    except SyntaxError:
        found = []
    if found != [*whole[:first], *added, *whole[first:]]:
        raise Problem(f"{name}: the lines that load the regime cannot be put in by a program; {_by_hand(name)}")
    return changed
