"""What judges the wiring: from the files that lie there to a verdict."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ...policy import PolicyError, read_toml
from ...record import SuiteRun
from ...session_facts import expanded
from ...verdict import Standards, Verdict
from .. import _checks
from .._ci_commands.commands import commands_of_ci
from .hooks import hooks_of
from .loading import not_loaded
from .reach import Suite
from .rules import CHECKS, Wiring, said_of
from .thresholds import Thresholds

if TYPE_CHECKING:
    from ...session import JudgedSession

# Where coverage.py looks for its settings: https://coverage.readthedocs.io/en/latest/config.html
_COVERAGE_FILES = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml")


def verdicts_are_wired_in(config: pytest.Config, _: SuiteRun, standards: Standards) -> Verdict:
    """Judge the project's files as they lie there now."""
    facts = wiring_of(config, standards)
    return _checks.judged(
        CHECKS,
        facts,
        standards.policy.hygiene.excused,
        kept=said_of(facts),
        broken="The verdicts are not wired in:",
        known=_checks.known_rules(config),
    )


def broken_rules(config: pytest.Config, _: SuiteRun, standards: Standards) -> list[str]:
    """Give the names of the rules that are broken and not excused."""
    return _checks.broken(CHECKS, wiring_of(config, standards), standards.policy.hygiene.excused)


def wiring_of(config: pytest.Config, standards: Standards, root: Path | None = None) -> Wiring:
    """Look at the project's files; or at those of its copy, in another folder."""
    plugin: JudgedSession = config.pluginmanager.getplugin("meta-tests")
    there, session, policy = config.rootpath.resolve(), plugin.facts, standards.policy
    here = root or there
    moved = functools.partial(_moved, there, here)
    suite_options, _ = session.suite_and_typed(policy.suite.args)
    roots = tuple(map(moved, session.suite_roots(policy.suite.args)))

    def parse(args: Any) -> Any:
        assert session.parser is not None
        return session.parser.parse_known_args([*config.getini("addopts"), *args])

    suite = Suite(parse, suite_options, roots, here, moved(session.meta))
    why_not = functools.lru_cache(maxsize=None)(suite.why_not)
    ci = commands_of_ci(here)
    whole = [command for command in ci.found if not why_not(command.args)]
    testpaths = [path for pattern in config.getini("testpaths") for path in expanded(here, pattern) if path.exists()]
    return Wiring(
        ci,
        why_not,
        hooks_of(here, why_not),
        None if _comes_from_elsewhere(config) else not_loaded(here, testpaths or [here]),
        _thresholds(config, standards, [(command.place, command.args) for command in whole], moved(session.meta)),
        here,
    )


def _moved(there: Path, here: Path, path: Path) -> Path:
    return here / path.relative_to(there) if path.is_relative_to(there) else path


def _comes_from_elsewhere(config: pytest.Config) -> bool:
    """Tell whether something else than a conftest.py, as a plugin named with -p, brings the regime."""
    plugins = config.pluginmanager.get_plugins()
    files = [getattr(each, "__file__", None) for each in plugins if hasattr(each, "pytest_meta_tests_configure")]
    return any(file is not None and Path(file).name != "conftest.py" for file in files)


def _thresholds(
    config: pytest.Config, standards: Standards, typed: list[tuple[str, tuple[str, ...]]], meta: Path
) -> Thresholds:
    fail_under, minimum = _fail_under(config), None
    with contextlib.suppress(PolicyError):
        table = read_toml(meta / "policy.toml").get("coverage", {})
        minimum = standards.policy.coverage.minimum if "minimum" in table else None
    required = fail_under if fail_under is not None else standards.policy.coverage.minimum
    limit = standards.policy.slow_tests.limit_seconds
    words = [("addopts", tuple(config.getini("addopts"))), *typed]
    return Thresholds(minimum, fail_under, required, limit, tuple(words), tuple(_settings(config)))


def _fail_under(config: pytest.Config) -> float | None:
    """Read coverage's own minimum as the verdict on the total does; where coverage.py is missing, nothing reads it."""
    config_file = getattr(config.option, "cov_config", None) or True
    if not _may_set_it(config.rootpath, config_file) or importlib.util.find_spec("coverage") is None:
        return None
    import coverage

    with contextlib.chdir(config.rootpath), contextlib.suppress(coverage.CoverageException):
        settings: Any = coverage.Coverage(data_file=None, config_file=config_file)
        return float(settings.get_option("report:fail_under") or 0) or None
    return None


def _may_set_it(root: Path, config_file: str | bool) -> bool:
    """Tell whether a file that coverage.py reads has the word: to import coverage.py is dear."""
    named = (config_file, os.environ.get("COVERAGE_RCFILE"), *_COVERAGE_FILES)
    files = (root / name for name in named if isinstance(name, str) and name)
    try:
        return any(file.is_file() and b"fail_under" in file.read_bytes() for file in files)
    except OSError:
        return True


def _settings(config: pytest.Config) -> list[tuple[str, str]]:
    """Give the settings of pytest's plugins that are thresholds; without its plugin, none has an effect."""
    found = []
    for name in ("timeout", "fail_slow"):
        with contextlib.suppress(ValueError):
            found.append((name, str(config.getini(name) or "")))
    return found
