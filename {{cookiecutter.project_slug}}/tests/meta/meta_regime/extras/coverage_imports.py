"""Says where coverage is low because of what was imported: another copy of the package, or before coverage began."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from .. import covered, selection

if TYPE_CHECKING:
    from ..record import FileCoverage, SuiteRun
    from ..session import JudgedSession

_TELLS = "meta_tests_coverage_imports"  # what a worker of xdist tells its controller
_ELSEWHERE = pytest.StashKey[dict[str, str]]()
_LINE = pytest.StashKey[str]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """On a worker: tell from where measured packages were imported."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_TELLS] = _elsewhere(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker knows."""
    node.config.stash.setdefault(_ELSEWHERE, {}).update(getattr(node, "workeroutput", {}).get(_TELLS, {}))


def pytest_meta_tests_doubts(judged: JudgedSession) -> dict[str, str] | None:
    """Say that the tests have imported another copy than the measured one, if no line of that was executed."""
    found = judged.config.stash.get(_ELSEWHERE, None) or _elsewhere(judged.config)
    for folder, file in found.items():
        if _nothing_executed_in(folder, judged.config):
            why = f"no line of {folder} was executed, since the tests import {file}"
            return {"coverage_missing": f"{why}; install the project in place (pip install -e .), or measure that copy"}
    return None


def pytest_meta_tests_run_ended(judged: JudgedSession, run: SuiteRun) -> None:
    """Note what no verdict says."""
    if run.coverage is None or run.partial:
        return
    early = imported_unmeasured(run.coverage.files, judged.config.rootpath)
    if early:
        judged.config.stash[_LINE] = (
            f"imported while coverage did not measure, as plugins are before it begins: {selection.some(early)}; what "
            "runs on import counts as uncovered (what a conftest imports, or names in pytest_plugins, comes in time)"
        )
    elif run.coverage.units and not any(file.executed_lines for file in run.coverage.files):
        judged.config.stash[_LINE] = "no test executes any line of the measured files"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write it."""
    if _LINE in config.stash:
        terminalreporter.write_line(f"meta-tests: {config.stash[_LINE]}", yellow=True)


def _measured(config: pytest.Config) -> Any:
    return getattr(getattr(config.pluginmanager.getplugin("_cov"), "cov_controller", None), "cov", None)


def _elsewhere(config: pytest.Config) -> dict[str, str]:
    measured = _measured(config)
    return imported_elsewhere(covered.sources_of(measured), config.invocation_params.dir) if measured else {}


def _nothing_executed_in(folder: str, config: pytest.Config) -> bool:
    from coverage.exceptions import CoverageException

    with contextlib.suppress(CoverageException):  # data that cannot be read: the verdict says so
        data, here = _measured(config).get_data(), config.invocation_params.dir
        files = [file for file in data.measured_files() if (here / file).is_relative_to(folder)]
        return bool(files) and not any(data.lines(file) for file in files)
    return False


def imported_elsewhere(sources: Iterable[str], here: Path) -> dict[str, str]:
    """Name, by measured folder, a file from which its package was imported instead of from that folder."""
    found = {}
    for folder in {Path(here, source).resolve() for source in sources}:
        if (folder.parent / "__init__.py").exists():
            continue  # a part of a package has no name of its own
        names = [folder.name] if (folder / "__init__.py").exists() else covered.discover_packages(folder)
        files = [file for name in names if name not in sys.stdlib_module_names and (file := _file_of(name))]
        if files and not any(Path(file).is_relative_to(folder) for file in files):
            found[str(folder)] = files[0]
    return found


def imported_unmeasured(files: Iterable[FileCoverage], root: Path) -> list[str]:
    """Name files that were imported in this process though their first statement, as measured, was never executed."""
    found = []
    for file in files:
        if _first(file.missing_lines) < _first(file.executed_lines):
            parts = Path(file.path).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            path = os.path.realpath(root / file.path)
            found += [file.path] if any(_file_of(".".join(parts[n:])) == path for n in range(len(parts))) else []
    return found


def _file_of(name: str) -> str:
    """Give the file of an imported module; nothing of other things, such as modules that load when first used."""
    module = sys.modules.get(name)
    file = vars(module).get("__file__") if type(module) is ModuleType else None
    return os.path.realpath(file) if isinstance(file, str) else ""


def _first(lines: str) -> float:
    return int(re.split("[-,]", lines, maxsplit=1)[0]) if lines else float("inf")
