"""`--meta-start-here`: an existing project begins where it stands. From there its standards only tighten.

What the policy asks beyond what the run has shown is lowered to that; broken rules are excused, and slow tests until a
date; the baseline is made. Then the same session judges. Once a baseline is committed, the project has started, and
this does nothing.
"""

from __future__ import annotations

import os

import pytest

_BASELINE = "tests/meta/baseline.json"
_STARTED = f"""this project has started: {_BASELINE} is there. From here its standards only tighten.
What has to be looser is written by a person, with the reason: see tests/meta/README.md"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    text = "in a project that has no baseline yet: make what is measured now the least that is asked for"
    parser.getgroup("meta-tests").addoption("--meta-start-here", action="store_true", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse at once where there is nothing to start; else begin when the first verdict is asked for."""
    if not config.getoption("meta_start_here", False) or hasattr(config, "workerinput"):
        return
    if os.environ.get("CI", "").lower() not in ("", "0", "false", "no", "off"):
        raise pytest.UsageError("--meta-start-here is for a person who reads what it writes; here CI is set")
    from .._git import Git
    from .starting import Start

    git, path = Git(config.rootpath.resolve()), config.rootpath / _BASELINE
    in_git = git.line("rev-parse", "--is-inside-work-tree") == "true"
    if git.run("cat-file", "-e", f"HEAD:./{_BASELINE}") is not None if in_git else path.exists():
        raise pytest.UsageError(f"--meta-start-here: {_STARTED}")
    config.pluginmanager.register(Start(), "meta-tests-start")
