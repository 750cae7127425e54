"""Removes the template's unused directories and says, on stderr, what to type next.

Standard library only. Nothing is removed but empty directories with names that are ours alone.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

ANSWERS = r'''{{ cookiecutter | tojson }}'''  # fmt: skip
# Inner ones first; see templates/README.md.
UNUSED = (
    ".meta-tests-unused-github/workflows",
    ".meta-tests-unused-github",
    ".meta-tests-unused-gitlab",
    ".meta-tests-unused-src/unused",
    ".meta-tests-unused-src",
    "tests/.meta-tests-unused-unit",
)
NEW = """\
    python -m pip install -e . --group dev    (in a virtual environment, with pip 25.1 or later)
    git init                                  (if it lies in no repository yet)
    python -m pytest tests/meta --meta-accept (makes tests/meta/baseline.json: commit it)
    python -m pytest --cov"""
EXISTING = """\
Next, with tomlkit and ruamel.yaml installed (`uv run tests/meta/adopt.py` brings them itself):
    python tests/meta/adopt.py                (shows what it would change in files of your own, and asks)
By hand: at the top of tests/conftest.py, after a docstring and `from __future__`, add these three lines:
    import pathlib, sys
    sys.path.append(str(pathlib.Path(__file__).parent / "meta"))
    from meta_regime.plugin import *  # hooks and fixtures
and then, with pytest-cov and diff-cover installed, start where the project is, and commit all of it:
    python -m pytest tests/meta --meta-start-here
From then on:  python -m pytest --cov={package}"""


def remove_unused() -> None:
    """Remove our own throw-away directories, as long as nobody put anything into them."""
    for name in UNUSED:
        with suppress(OSError):
            Path(name).rmdir()


def only_compared(answers: dict[str, Any]) -> bool:
    """Tell whether `cruft diff`, `check` or `update` renders this, in a temporary folder."""
    by_cruft = "_output_dir" not in answers  # cookiecutter itself defines it
    return by_cruft and Path(tempfile.gettempdir()).resolve() in Path.cwd().parents


def next_steps(answers: dict[str, Any]) -> str:
    """Return what to do and type next."""
    if answers["starting_point"] == "new project":
        slug = answers["project_slug"]
        lines: list[str] = ["Next:"] + ([f"    cd {slug}"] if slug != "." else [])
        return "\n".join([*lines, NEW])
    package = answers["package_name"]
    return EXISTING.format(package="<your package>" if package == "auto" else package)


def main() -> None:
    """Tidy up, then advise."""
    remove_unused()
    answers = json.loads(ANSWERS)
    if not only_compared(answers):
        print(next_steps(answers), file=sys.stderr)


if __name__ == "__main__":
    main()
