"""Keeps the last complete run in pytest's cache: `pytest tests/meta` judges it while all it depends on is the same.

A run is kept if the whole suite was run with coverage, nothing failed, and no file changed meanwhile.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ...record import SuiteRun
    from ...session import JudgedSession
    from ...verdict import Standards
    from .tree import Look, Tree

_ALWAYS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTHONPATH")
_TYPED = "what is typed"
_DISTRIBUTIONS = (".dist-info", ".egg-info", ".egg-link", ".pth")


@dataclass
class Kept:
    """What this session knows of the run on record, and of its own."""

    began: float = field(default_factory=time.time)
    looked: float = 0.0
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))  # before any test can change it
    tree: Tree | None = None
    looks: dict[str, Look] = field(default_factory=dict)
    surroundings: dict[str, Any] = field(default_factory=dict)
    say: str = ""


_KEPT = pytest.StashKey[Kept]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("meta-tests")
    group.addoption("--meta-fresh", action="store_true", help="judge no earlier run: run the suite again")


def pytest_configure(config: pytest.Config) -> None:
    """Note when the session began."""
    config.stash[_KEPT] = Kept()


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Before the suite runs, look at all that it depends on."""
    from ...covered import CoverageMissingError
    from ...policy import PolicyError
    from ...verdict import load_standards

    judged: JudgedSession | None = session.config.pluginmanager.getplugin("meta-tests")
    if judged is not None and _may_be_kept(judged):
        with contextlib.suppress(PolicyError, CoverageMissingError):
            _look(judged, load_standards(judged.facts.meta, judged.today))
    return (yield)


def _may_be_kept(judged: JudgedSession) -> bool:
    """Tell at the start whether this looks like a session of the whole suite, with coverage."""
    option = judged.config.option
    chooses = any(getattr(option, name, None) for name in ("keyword", "lf", "collectonly", "splits"))
    controller = getattr(judged.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    measures = getattr(controller, "cov", None) is not None
    whole = not any("::" in arg for arg in judged.config.args)
    return judged.judges and not judged.facts.only_verdicts and measures and whole and not chooses


def _look(judged: JudgedSession, standards: Standards) -> None:
    from ... import covered
    from ...session_facts import expanded
    from .refusing import leading_out
    from .tree import Tree

    kept, suite, root = judged.config.stash[_KEPT], standards.policy.suite, judged.config.rootpath.resolve()
    if outside := leading_out(suite.inputs):
        if judged.facts.only_verdicts:
            _tell(
                judged,
                f"no earlier run is judged: [suite] inputs of policy.toml leads out of the project: {outside[0]}",
            )
        return
    with contextlib.chdir(root):
        found = [covered.folder_of(source, root) for source in judged.facts.sources(suite)]
    folders = [*judged.facts.suite_roots(suite.args), judged.facts.meta.parent]
    folders = _inside(root, folders, judged.config.getini("python_files"), judged.config.getini("norecursedirs"))
    sources = _inside(root, [path for path in found if path is not None], ["*.py"], ["docs", ".*", "node_modules"])
    named = {pattern: expanded(root, pattern) for pattern in suite.inputs if not pattern.startswith("!")}
    inputs = [path for paths in named.values() for path in paths]
    missing = [pattern for pattern, paths in named.items() if not any(path.exists() for path in paths)]
    if missing and judged.facts.only_verdicts:
        _tell(judged, f"tests/meta/policy.toml, [suite] inputs: there is no {' and no '.join(missing)}")
    settings = [judged.config.inipath, getattr(judged.config.option, "cov_config", None)]
    folders += [*sources, *inputs, *(root / path for path in settings if path)]
    kept.tree = Tree(root, folders, judged.facts.meta, [mark[1:] for mark in suite.inputs if mark.startswith("!")])
    kept.looks, kept.looked = kept.tree.looks(), time.time()
    kept.surroundings = _surroundings(judged, standards)


def _inside(root: Path, folders: Sequence[Path], patterns: Sequence[str], skipped: Sequence[str]) -> list[Path]:
    """Put a `src` folder in place of a package in it, and for the root what holds such files: not documentation."""
    from ...selection import test_files

    apart = [folder.parent if folder.parent.name == "src" else folder for folder in folders if folder != root]
    if root not in folders:
        return apart
    held = {path.relative_to(root).parts[0] for path in test_files([root], patterns, skipped, [])}
    return [*apart, *(root / name for name in sorted(held))]


def _surroundings(judged: JudgedSession, standards: Standards) -> dict[str, Any]:
    """Give what a run depends on beside files; the keys are how a person would call it."""
    from .._typed_options import unknown_options

    suite, hygiene = standards.policy.suite, standards.policy.hygiene
    of_suite, typed = judged.facts.suite_and_typed(suite.args)
    more = [f"{name.replace('_', '-')}={getattr(typed, name, None)}" for name in ("cov_branch", "cov_config", "no_cov")]
    for flag, name in (("-c", "inifilename"), ("-o", "override_ini"), ("-p", "plugins")):
        value = getattr(typed, name, None) or []
        more += [f"{flag} {each}" for each in (value if isinstance(value, list) else [value])]
    found = {
        "the interpreter": f"{sys.version} {sys.prefix}",
        "what is installed": _installed(),
        "[suite] of tests/meta/policy.toml": [list(suite.args), list(suite.packages), sorted(suite.inputs)],
        "[hygiene] of tests/meta/policy.toml": [
            *map(list, (hygiene.categories, hygiene.ci_expressions, hygiene.watch)),
            hygiene.sleep_seconds,
        ],
        _TYPED: [*unknown_options(of_suite, typed), *more],
    }
    environment = judged.config.stash[_KEPT].environment
    variables = sorted({*_ALWAYS, *suite.environment})
    return {**found, **{f"the variable {name}": environment.get(name) for name in variables}}


def _installed() -> str:
    """Give a digest of the installed distributions: their names and versions, and when each was installed."""
    found = []
    for folder in sorted({os.path.realpath(path) for path in sys.path}):
        if Path(folder).name in ("site-packages", "dist-packages"):
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                found += [(e.path, e.stat().st_mtime_ns) for e in entries if e.name.endswith(_DISTRIBUTIONS)]
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()[:32]


# Keeping.


def pytest_meta_tests_run_ended(judged: JudgedSession, standards: Standards, run: SuiteRun) -> None:
    """Keep the run, if it was a good one."""
    kept = judged.config.stash[_KEPT]
    path = _path(judged.config)
    if path is not None and (run.failed or run.broken):
        with contextlib.suppress(OSError):  # a cache that cannot be written to
            path.unlink(missing_ok=True)  # what it says is not true any more
    good = run.executed and not (run.partial or run.broken or run.failed) and run.coverage is not None
    if not good or kept.tree is None or path is None:
        return
    from .._stored_record import save_record
    from .tree import differences, digests

    looks = kept.tree.looks()
    meanwhile = differences(kept.looks, looks)
    began, looked = kept.began * 1e9, kept.looked * 1e9  # between them, tests were collected
    meanwhile += [f"{name} has changed" for name, look in looks.items() if began < max(look[2:]) <= looked]
    if meanwhile:
        name = meanwhile[0].rsplit(" ", 2)[0]  # without "has changed"
        kept.say = (
            f"this run is not kept to be judged again: {meanwhile[0]} while it ran"
            f' (if the tests write it: [suite] inputs = ["!{name}"] in tests/meta/policy.toml)'
        )
        return
    files = digests(kept.tree.root, looks, _known(path))
    head = {"ended": time.time(), "surroundings": kept.surroundings, "files": files}
    try:
        save_record(path, head, run)
    except OSError as error:
        kept.say = f"this run could not be kept: {path}: {error.strerror}"


def _path(config: pytest.Config) -> Path | None:
    """Give the file in pytest's cache; None where there is no cache."""
    if not config.pluginmanager.hasplugin("cacheprovider") or config.cache is None:
        return None
    try:
        return Path(config.cache.mkdir("meta-tests")) / "last-run.jsonl"
    except OSError:
        return None


def _known(path: Path) -> dict[str, Any]:
    from .._stored_record import RecordError, load_head
    from .refusing import checked_head

    try:
        return checked_head(load_head(path), path)[1]
    except RecordError:
        return {}


# Reusing.


def pytest_meta_tests_find_run(judged: JudgedSession, standards: Standards) -> SuiteRun | None:
    """Give the run on record if everything is as it was."""
    from ...covered import CoverageMissingError
    from .._stored_record import RecordError, load_record, save_record
    from .refusing import checked_head
    from .tree import differences, digests

    path = _path(judged.config)
    if path is None:
        return None
    with contextlib.suppress(CoverageMissingError):
        _look(judged, standards)
    kept = judged.config.stash[_KEPT]
    if judged.config.getoption("meta_fresh", False) or kept.tree is None or not path.exists():
        return None
    try:
        head, run = load_record(path)
        before, files, ended = checked_head(head, path)
    except RecordError as error:
        _tell(judged, f"the last run is not judged again: {error}")
        return None
    now = digests(kept.tree.root, kept.looks, files)
    other = [_change(name, before.get(name), value) for name, value in kept.surroundings.items()]
    other = [*filter(None, other), *differences(files, now)]
    if other:
        more = f", and {len(other) - 1} more" if len(other) > 1 else ""
        _tell(judged, f"since the last whole run, {other[0]}{more}")
        return None
    if now != files:  # read again, and the same: the next time they need not be read
        with contextlib.suppress(OSError):
            save_record(path, {**head, "files": now}, run)
    when = datetime.datetime.fromtimestamp(ended).astimezone().strftime("%Y-%m-%d %H:%M")
    age = _age(time.time() - ended)
    _tell(judged, f"nothing has changed since the run of {when}, so that one is judged (--meta-fresh: run it again)")
    return replace(run, source=f"the run of {when}, {age} old")


def _change(name: str, before: Any, now: Any) -> str:
    """Say what is other than it was; nothing if it is the same."""
    if before == now:
        return ""
    if name == _TYPED and isinstance(before, list):
        then = "then " + " ".join(word for word in before if word not in now)
        since = "now " + " ".join(word for word in now if word not in before)
        return f"{name} has changed ({', '.join(words for words in (then, since) if not words.endswith(' '))})"
    return f"{name} has changed"


def _age(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _tell(judged: JudgedSession, text: str) -> None:
    reporter: pytest.TerminalReporter | None = judged.config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None and judged.config.option.verbose >= -1:
        reporter.ensure_newline()
        reporter.write_line(f"meta-tests: {text}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say why this run was not kept."""
    kept = config.stash.get(_KEPT, None)
    if kept is not None and kept.say:
        terminalreporter.write_line(f"meta-tests: {kept.say}", yellow=True)
