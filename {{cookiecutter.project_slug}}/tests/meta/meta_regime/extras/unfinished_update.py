"""Refuses to judge where an update of the template was not brought to its end.

`cruft update` exits with 0 and says "Good work!" also when a change did not fit: it then leaves a `.rej` file beside
the file that it could not change, and what tests/meta consists of is neither the old version nor the new one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .. import selection
from ..record import SuiteRun

if TYPE_CHECKING:
    from ..session import JudgedSession

# What the template writes outside of tests/meta.
_CI_FILES = (".github/workflows/meta-tests.yml", ".gitlab/meta-tests.gitlab-ci.yml")


def rejected(meta: Path, root: Path) -> list[str]:
    """List the `.rej` files of an update, as paths from the project's root."""
    beside = [path for path in (root / f"{name}.rej" for name in _CI_FILES) if path.is_file()]
    return sorted(path.relative_to(root).as_posix() for path in (*meta.rglob("*.rej"), *beside))


def _broken(judged: JudgedSession) -> str | None:
    left = rejected(judged.facts.meta, judged.config.rootpath)
    if not left:
        return None
    said = "it says in the file of that name" if len(left) == 1 else "they say in the files of these names"
    return (
        f"An update of the template left {selection.some(left)}. Make by hand what {said} without "
        f".rej, then delete {'it' if len(left) == 1 else 'them'}."
    )


def pytest_meta_tests_doubts(judged: JudgedSession) -> dict[str, str] | None:
    """Say which changes of an update are not in yet."""
    broken = _broken(judged)
    return {"broken": broken} if broken else None


@pytest.hookimpl(tryfirst=True)
def pytest_meta_tests_find_run(judged: JudgedSession) -> SuiteRun | None:
    """Say so before a run of the suite is looked for, or begun."""
    broken = _broken(judged)
    return SuiteRun(broken=broken) if broken else None
