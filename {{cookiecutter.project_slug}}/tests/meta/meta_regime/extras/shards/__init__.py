"""Shards of a suite on several machines: `--meta-record` writes the record of one, `--meta-records` judges them all.

A record stands beside the coverage data of its session. Its head says which shard it is, of what; the digest of all
tests that its session collected proves in the end that the shards together are the whole suite, and nothing twice.

Type `--meta-record=FILE` with the sign: pytest, which does not know the option before it has loaded tests/conftest.py,
takes a FILE in a word of its own for tests to run, if it exists.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ...selection import verdicts_and_tests

if TYPE_CHECKING:
    from ...record import SuiteRun
    from ...session import JudgedSession
    from ...verdict import Standards

_COLLECTED = "meta_tests_collected"  # what a worker of xdist tells its controller
_ITEMS = pytest.StashKey[list[pytest.Item]]()
_SUITE = pytest.StashKey[list[Any]]()  # how many tests the suite has, and the digest of their ids
_SAID = pytest.StashKey[str]()
_GIT_SECONDS = 10


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("meta-tests")
    group.addoption("--meta-record", metavar="FILE", help="write the record of this shard of the suite")
    group.addoption("--meta-records", metavar="DIR", help="judge the records of all shards, as: pytest tests/meta")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse before any test has run what could not be done afterwards. Raises `pytest.UsageError`."""
    config = session.config
    judged: JudgedSession | None = config.pluginmanager.getplugin("meta-tests")
    file, folder = config.getoption("meta_record", None), config.getoption("meta_records", None)
    if judged is None or hasattr(config, "workerinput"):
        return
    if folder and not judged.facts.only_verdicts:
        raise pytest.UsageError("--meta-records runs no tests; type: pytest tests/meta --meta-records DIR")
    if not file:
        return
    if judged.facts.only_verdicts:
        raise pytest.UsageError("--meta-record writes down the tests that this session runs: not with tests/meta alone")
    path = config.invocation_params.dir / file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"--meta-record {file}: {error.filename}: {error.strerror}") from None
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise pytest.UsageError(f"--meta-record {file}: cannot be written (a folder, or no permission)")
    judged.only_records = True
    options = getattr(config.pluginmanager.getplugin("_cov"), "options", None)
    if options is not None:
        options.cov_fail_under = 0  # of a part; all together are judged by it


# Which tests the suite has.


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep all that was collected."""
    if config.getoption("meta_record", None) and _ITEMS not in config.stash:
        config.stash[_ITEMS] = verdicts_and_tests(items)[1]


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def pytest_collection_modifyitems_at_last(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note the suite's tests before pytest-split takes its group; other tools take theirs earlier."""
    if not config.getoption("meta_record", None) or _SUITE in config.stash:
        return
    from .._chosen import chosen_by_options

    splits = getattr(config.option, "splits", None)
    collected = config.stash[_ITEMS]
    suite = verdicts_and_tests(items)[1] if splits else chosen_by_options(config, collected)
    ids = sorted(item.nodeid for item in suite)
    config.stash[_SUITE] = [len(ids), hashlib.sha256("\n".join(ids).encode("utf-8", "replace")).hexdigest()[:32]]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker collected."""
    told = getattr(node, "workeroutput", {}).get(_COLLECTED)
    if told is not None:
        node.config.stash[_SUITE] = told


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """On a worker: tell what was collected. Else: fail for want of a record, but not for want of tests in a shard."""
    config = session.config
    recorded = config.stash.get(_SAID, "").startswith("recorded")
    if hasattr(config, "workeroutput"):
        config.workeroutput[_COLLECTED] = config.stash.get(_SUITE, None)
    elif recorded and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK
    elif config.getoption("meta_record", None) and not recorded and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


# Writing the record of one.


@pytest.hookimpl(tryfirst=True)
def pytest_meta_tests_run_ended(judged: JudgedSession, standards: Standards, run: SuiteRun) -> str | None:
    """Write the record. What is recorded is judged elsewhere."""
    config, suite = judged.config, standards.policy.suite
    file = config.getoption("meta_record", None)
    if not file or judged.facts.only_verdicts:
        return None
    from dataclasses import replace

    from .._stored_record import save_record

    path = Path(config.invocation_params.dir, file)
    partial = judged.facts.why_partial(suite.args, judged.recorder.ran, shard=True)
    shard: dict[str, Any] = {
        **_identity(config.rootpath, standards),
        "group": getattr(config.option, "group", None),
        "groups": getattr(config.option, "splits", None),
        "suite": config.stash.get(_SUITE, [0, ""]),
        "root": str(config.rootpath),
    }
    try:
        if run.coverage is not None:
            shard["coverage"] = _copy_coverage(config, path)
            shard["sources"] = digest_of_sources(config.rootpath, [file.path for file in run.coverage.files])
        save_record(path, {"shard": shard}, replace(run, partial=partial))
    except OSError as error:
        config.stash[_SAID] = f"the record could not be written: {error.filename or path}: {error.strerror}"
        return config.stash[_SAID]
    which = f"shard {shard['group']} of {shard['groups']}" if shard["groups"] else "this session"
    config.stash[_SAID] = f"recorded {which} in {file}"
    folder = shlex.quote(os.path.relpath(path.parent, config.invocation_params.dir))
    return f"{config.stash[_SAID]}; all are judged by: pytest tests/meta --meta-records {folder}"


def _identity(root: Path, standards: Standards) -> dict[str, Any]:
    """Give what all shards of a run have in common."""
    suite = standards.policy.suite
    return {
        "revision": _revision(root),
        "policy": [list(suite.args), list(suite.packages)],
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }


def _revision(root: Path) -> str:
    """Ask git for the commit; nothing where there is none."""
    git = shutil.which("git")
    if git is None:
        return ""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        command = [git, "-c", "safe.directory=*", "rev-parse", "--verify", "HEAD"]  # in CI another user owns the files
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False)
        return done.stdout.strip()
    return ""


def _copy_coverage(config: pytest.Config, record: Path) -> str:
    """Put the session's coverage data beside its record; give its digest."""
    controller = config.pluginmanager.getplugin("_cov").cov_controller
    data = config.invocation_params.dir / controller.cov.get_option("run:data_file")  # its own may be in memory by now
    copy = data_of(record)
    scratch = copy.with_name(f".{copy.name}.{os.getpid()}.tmp")
    try:
        shutil.copyfile(data, scratch)
        scratch.replace(copy)
    finally:
        scratch.unlink(missing_ok=True)
    return digest(copy)


def data_of(record: Path) -> Path:
    """Give the place of a record's coverage data."""
    return record.with_name(f"{record.name}.coverage")


def digest(path: Path) -> str:
    """Give the digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:32]


def digest_of_sources(root: Path, paths: Sequence[str]) -> str:
    """Give the digest of the measured files, as they lie there."""
    together = hashlib.sha256()
    for path in paths:
        together.update(path.encode("utf-8", "replace"))
        with contextlib.suppress(OSError):
            if (root / path).is_file():  # a device has no end
                together.update((root / path).read_bytes())
    return together.hexdigest()[:32]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say of a session that was to be recorded and was not, that it was not."""
    file = config.getoption("meta_record", None)
    if file and _SAID not in config.stash:
        terminalreporter.write_line(f"meta-tests: no record was written to {file}: see above", yellow=True)


# Judging all.


@pytest.hookimpl(tryfirst=True)
def pytest_meta_tests_find_run(judged: JudgedSession, standards: Standards) -> SuiteRun | None:
    """Give the run that the shards are together, or one that says why they are none."""
    folder = judged.config.getoption("meta_records", None)
    if folder is None:
        return None
    from .merge import merged

    here = _identity(judged.config.rootpath, standards)
    return merged(judged.config.invocation_params.dir / folder, folder, here, judged.config)
