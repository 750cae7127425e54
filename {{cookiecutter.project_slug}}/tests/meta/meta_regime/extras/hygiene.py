"""Verdict on files: does pytest look into every file that holds tests?"""

from __future__ import annotations

import ast
import fnmatch
import functools
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ..record import SuiteRun
from ..selection import matches, test_files
from ..verdict import Decide, Outcome, Standards, Verdict

_SUPPORT = ("conftest.py", "__init__.py", "__main__.py", "setup.py")


def test_every_test_file_is_collected(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """No file holds tests that pytest passes over because of the file's name."""
    judge(functools.partial(every_test_file_is_collected, request.config))


def every_test_file_is_collected(config: pytest.Config, _: SuiteRun, standards: Standards) -> Verdict:
    """Judge the files that hold tests, as they lie there now, by pytest's settings."""
    facts = config.pluginmanager.getplugin("meta-tests").facts
    patterns, skipped = config.getini("python_files"), config.getini("norecursedirs")
    root, roots = config.rootpath.resolve(), facts.suite_roots(standards.policy.suite.args)
    named = test_files([root], patterns, skipped, [facts.meta, *roots])
    return decided(missed(config, standards), names(named, root), patterns)


def missed(config: pytest.Config, standards: Standards) -> list[str]:
    """List the files that hold tests, and that pytest passes over because of their name."""
    facts = config.pluginmanager.getplugin("meta-tests").facts
    root, roots = config.rootpath.resolve(), facts.suite_roots(standards.policy.suite.args)
    patterns, skipped = config.getini("python_files"), config.getini("norecursedirs")
    tests = [folder for folder in {facts.meta.parent, *roots} if folder != root]
    python = test_files(tests, ["*.py"], skipped, [facts.meta])
    unnamed = [path for path in python if path.name not in _SUPPORT and not matches(path, patterns)]
    excused = standards.policy.hygiene.not_tests
    return [name for name in names(unnamed, root) if not any(fnmatch.fnmatch(name, mark) for mark in excused)]


def names(paths: Sequence[Path], root: Path) -> list[str]:
    """Give the paths, relative to the root, of those files that hold tests."""
    return sorted(
        {path.relative_to(root).as_posix() for path in paths if path.is_relative_to(root) and holds_tests(path)}
    )


def decided(missed: Sequence[str], outside: Sequence[str], patterns: Sequence[str]) -> Verdict:
    """Fail for files that nothing collects; name those that the suite leaves out, as a project may choose to."""
    files = f"{len(outside)} test file{' lies' if len(outside) == 1 else 's lie'}"
    note = f" {files} outside the suite (testpaths, or [suite] args): {_some(outside)}." if outside else ""
    if not missed:
        return Verdict(Outcome.PASSED, f"No test file is passed over because of its name.{note}")
    files = f"{len(missed)} file{' holds' if len(missed) == 1 else 's hold'}"
    listed = "\n".join(f"    {name}" for name in missed)
    return Verdict(
        Outcome.FAILED,
        f"{files} tests that pytest never collects, because of the name: {_some(missed)}.{note}",
        f"""{listed}

pytest looks into files named {" or ".join(patterns)} (python_files in its settings).
Next: rename them, or add their pattern to python_files. What looks like tests and is none goes
into tests/meta/policy.toml, [hygiene] not_tests = ["{missed[0]}"].""",
    )


def _some(found: Sequence[str]) -> str:
    shown = ", ".join(found[:2])
    return shown + (f" and {len(found) - 2} more" if len(found) > 2 else "")


def holds_tests(path: Path) -> bool:
    """Tell whether a module defines test functions that are no fixtures; or, if it is named for tests, test classes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the compiler thinks of the project's strings
            body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False
    return any(_is_test(node) or ("test" in path.stem.lower() and _is_test_class(node)) for node in body)


def _is_test(node: ast.stmt) -> bool:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or not node.name.startswith("test_"):
        return False
    decorators = [decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in node.decorator_list]
    return not any(ast.unparse(decorator).split(".")[-1] == "fixture" for decorator in decorators)


def _is_test_class(node: ast.stmt) -> bool:
    if not isinstance(node, ast.ClassDef) or not any(map(_is_test, node.body)):
        return False
    return node.name.startswith("Test") or any(ast.unparse(base).endswith("TestCase") for base in node.bases)
