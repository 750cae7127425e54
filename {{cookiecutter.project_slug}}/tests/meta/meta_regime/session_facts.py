"""What is known of the session at hand: which tests it was to run, what happened to it, what coverage it measured."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pytest

from . import covered, selection
from .covered import CoverageMissingError
from .policy import PolicyError, Suite
from .record import MeasuredCoverage, SuiteRun


@dataclass
class SessionFacts:
    """Facts gathered by the hooks.

    `selected` is the number of suite tests chosen to run, on all workers together. `loaded_in_time` is false where
    pytest met the loader while it was collecting, too late for the regime's options and for xdist.
    """

    config: pytest.Config
    parser: pytest.Parser | None
    meta: Path
    loaded_in_time: bool = False
    selected: int = 0
    workers: int = 0
    stopped: str = ""
    crashed: list[str] = field(default_factory=list)
    not_collected: dict[str, None] = field(default_factory=dict)  # an ordered set: each xdist worker reports its own
    typed: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Keep what was typed, PYTEST_ADDOPTS included: a test may change the environment."""
        self.typed = (*shlex.split(os.environ.get("PYTEST_ADDOPTS", "")), *self.config.invocation_params.args)

    @cached_property
    def only_verdicts(self) -> bool:
        """Whether the session was asked for verdicts and nothing else, as in `pytest tests/meta`."""
        return all(path.is_relative_to(self.meta) for path in self._session_paths(self.config.args))

    def let_only_what_was_typed_choose(self) -> None:
        """Forget the -k, -m and --deselect of addopts, which choose tests of the suite: not among the verdicts."""
        if self.parser is not None:
            typed = self.parser.parse_known_args(list(self.typed))
            for name in ("keyword", "markexpr", "deselect"):
                setattr(self.config.option, name, getattr(typed, name))

    @cached_property
    def includes_verdicts(self) -> bool:
        """Whether the arguments of the session take in `tests/meta`."""
        return selection.is_under(self.meta, self._session_paths(self.config.args))

    def _session_paths(self, args: Sequence[str]) -> tuple[Path, ...]:
        return tuple(path.resolve() for path in selection.paths_of(args, self.config.invocation_params.dir))

    def _parse(self, args: Sequence[str]) -> argparse.Namespace:
        """Parse arguments as pytest does. Raises `PolicyError` if it does not understand them."""
        if self.parser is None:
            return self.config.option
        try:
            return self.parser.parse_known_args([*self.config.getini("addopts"), *args])
        except (pytest.UsageError, SystemExit) as error:
            typed = shlex.join(args)
            raise PolicyError([f"policy.toml: [suite] args: pytest does not understand {typed}: {error}"]) from None

    def why_partial(self, suite_args: Sequence[str], ran: Collection[str], *, shard: bool = False) -> str | None:
        """Say why this session was not a whole run of the suite, ended normally; None if it was.

        Of a `shard` it is not asked that it is the whole suite, but that nothing else made it smaller.
        """
        if self.not_collected:
            return f"pytest could not collect {', '.join(self.not_collected)}"
        if self.crashed:
            return f"xdist worker {', '.join(self.crashed)} crashed; what it had covered is lost"
        if not self.loaded_in_time or self.parser is None:
            return "tests/conftest.py was loaded too late; run pytest from the project's root"
        if len(ran) < self.selected:
            return f"only {len(ran)} of {self.selected} tests ran"
        suite = self._parse(suite_args)
        differing = selection.differing_options(suite, self.config.option, selection.SHARDING if shard else ())
        return selection.why_partial(differing) if differing or shard else self._why_not_the_suite(suite, ran)

    def _why_not_the_suite(self, suite: argparse.Namespace, ran: Collection[str]) -> str | None:
        roots = self._roots_of(suite)
        whole = self._session_paths([arg for arg in self.config.args if "::" not in arg])
        left_out: list[Path] = []
        if not all(selection.is_under(root, whole) for root in roots):
            patterns, skipped = self.config.getini("python_files"), self.config.getini("norecursedirs")
            left_out = selection.test_files(roots, patterns, skipped, [*whole, self.meta])
        outside: list[str] = []
        if not all(selection.is_under(path, roots) for path in whole):
            files = sorted({nodeid.split("::")[0] for nodeid in ran})
            outside = [file for file in files if not selection.is_under(self.config.rootpath / file, roots)]
        shown = tuple(str(path.relative_to(self.config.rootpath)) for path in left_out)
        return selection.why_partial((), shown, outside)

    def suite_roots(self, suite_args: Sequence[str]) -> tuple[Path, ...]:
        """Give the folders and files in which pytest looks for the suite's tests."""
        return self._roots_of(self._parse(suite_args))

    def _roots_of(self, suite: argparse.Namespace) -> tuple[Path, ...]:
        root = self.config.rootpath.resolve()
        paths = [arg.split("::")[0] for arg in suite.file_or_dir] or self.config.getini("testpaths")
        found = [path.resolve() for pattern in paths for path in expanded(root, pattern)]
        return tuple(found) or (root,)

    def suite_and_typed(self, suite_args: Sequence[str]) -> tuple[argparse.Namespace, argparse.Namespace]:
        """Give the options of the suite, and those that were typed for this session, both with those of addopts."""
        return self._parse(suite_args), self._parse(self.typed)

    def child_args(self, suite: Suite, *typed: list[str]) -> list[str]:
        """Give the arguments of a measured child run: the suite's, what was typed for it, and coverage."""
        args = [*suite.args, "--maxfail=0", *(word for words in typed for word in words)]
        if self.config.pluginmanager.hasplugin("pytest_cov") and not getattr(self.config.option, "no_cov", False):
            args += self._coverage_args(suite)
        return args

    def _coverage_args(self, suite: Suite) -> list[str]:
        root = self.config.rootpath
        try:
            return [f"--cov={covered.as_typed(source, root)}" for source in self.sources(suite)]
        except CoverageMissingError:
            return ["--cov"]  # the child says the same when it looks for its coverage

    def sources(self, suite: Suite) -> tuple[str, ...]:
        """Tell what the suite is to be measured on. Raises `CoverageMissingError` if no package can be found."""
        with contextlib.chdir(self.config.rootpath):
            return covered.wanted_sources(suite.packages, self.config.rootpath, _configured(self.config))


def expanded(root: Path, pattern: str) -> list[Path]:
    """Give the paths that a setting names: those that its glob matches, or the one path that it is."""
    return sorted(root.glob(pattern)) if any(mark in pattern for mark in "*?[") else [root / pattern]


def _configured(config: pytest.Config) -> tuple[str, ...]:
    return covered.configured_sources(getattr(config.option, "cov_config", None) or True)


def silence_pytest_cov(config: pytest.Config, *, measure: bool) -> None:
    """Keep pytest-cov from reporting, and from failing, where its coverage is judged elsewhere; or from measuring."""
    options = getattr(config.pluginmanager.getplugin("_cov"), "options", None)
    if options is not None:
        options.cov_report, options.cov_fail_under = {}, 0
        options.no_cov = options.no_cov or not measure


def coverage_of(run: SuiteRun, config: pytest.Config, suite: Suite) -> SuiteRun:
    """Add to the run the coverage that this session measured, or why there is none."""
    try:
        return replace(run, coverage=_measured(config, suite))
    except (CoverageMissingError, OSError) as error:  # there may be no folder for temporary files, or a full disk
        return replace(run, coverage_missing=str(error))


def _measured(config: pytest.Config, suite: Suite) -> MeasuredCoverage:
    plugin = config.pluginmanager.getplugin("_cov")
    if not config.pluginmanager.hasplugin("pytest_cov"):
        raise CoverageMissingError("pytest-cov is not installed, or switched off; type: pip install pytest-cov")
    if getattr(config.option, "no_cov", False):
        raise CoverageMissingError("coverage was switched off (--no-cov)")
    measured = getattr(getattr(plugin, "cov_controller", None), "cov", None)
    if measured is None:
        raise CoverageMissingError("this session ran without --cov; type: pytest tests/meta")
    if getattr(config.option, "cov_append", False):
        raise CoverageMissingError("--cov-append adds what earlier runs have covered; type it without")
    here = config.invocation_params.dir
    with contextlib.chdir(here):
        wanted = covered.wanted_sources(suite.packages, config.rootpath, _configured(config))
        namespaces = bool(measured.get_option("report:include_namespace_packages"))
        include = covered.check_sources(wanted, covered.sources_of(measured), here, namespaces=namespaces)
        coverage = covered.read_totals(measured, include, config.rootpath)
        covered.check_nothing_is_left_out(wanted, coverage, measured, here, config.rootpath)
        return coverage._replace(sources=tuple(covered.as_typed(name, here) for name in wanted))
