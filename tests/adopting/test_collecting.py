"""Whether strict settings are safe: real collections of small suites."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest
from meta_regime.adopting.collecting import interpreter, mentions_xfail, refused
from meta_regime.adopting.pytest_settings import CONFIG, MARKERS, find_settings, lacking

from tests.adopting.test_adopt import adopt, own
from tests.adopting.trees import files_of
from tests.sample import write

MARKED = "import pytest\n\n\n@pytest.mark.slow\n@pytest.mark.db\ndef test_a(): ...\n"
SETTINGS = "[tool.pytest.ini_options]\n"
TRIED = 'addopts = ["--strict-markers", "--strict-config"]\n'


def settings(project: Path, text: str) -> None:
    """Give the project pytest settings, and all dependencies."""
    needed = '"pytest", "pytest-cov", "freezegun", "diff-cover"'
    (project / "pyproject.toml").write_text(f"[dependency-groups]\ntests = [{needed}]\n{SETTINGS}{text}")


def remarks(project: Path, *arguments: str) -> list[str]:
    """What adopt.py leaves to the user."""
    done = adopt(project, "--yes", *arguments)
    assert done.returncode == 0, done.stderr
    prefix = "left to you: [tool.pytest.ini_options] of pyproject.toml: "
    return [line.removeprefix(prefix) for line in done.stdout.splitlines() if line.startswith(prefix)]


def test_a_suite_that_bears_it_becomes_strict(project: Path) -> None:
    settings(project, 'markers = ["slow", "db"]\n')
    write(project, {"tests/test_a.py": MARKED})
    assert remarks(project) == []
    text = (project / "pyproject.toml").read_text()
    assert text.endswith(f'{SETTINGS}markers = ["slow", "db"]\n{TRIED}xfail_strict = true\n')


def test_markers_that_nobody_names_are_told_and_strictness_about_them_is_not_added(project: Path) -> None:
    settings(project, "")
    write(project, {"tests/test_a.py": MARKED, "tests/unit/test_b.py": MARKED.replace("slow", "net")})
    assert remarks(project) == [
        (
            "--strict-markers in addopts was not added: "
            "the suite has markers that `markers` of the settings does not name, such as net, slow"
        )
    ]
    text = (project / "pyproject.toml").read_text()
    assert text.endswith(f'{SETTINGS}addopts = ["--strict-config"]\nxfail_strict = true\n')


def test_settings_that_nobody_knows_are_told_and_strictness_about_them_is_not_added(project: Path) -> None:
    settings(project, "of_no_plugin = 1\n")
    write(project, {"tests/test_a.py": "def test_a(): ...\n"})
    unknown = (
        f"--strict-config in addopts was not added: pytest of {sys.executable} does not know the settings "
        "of_no_plugin; is a plugin not installed there?"
    )
    assert remarks(project) == [unknown]
    assert 'addopts = ["--strict-markers"]\n' in (project / "pyproject.toml").read_text()
    adopt(project, "--undo")
    write(project, {"tests/test_a.py": MARKED})
    markers, config = sorted(remarks(project), key=len)
    assert (config, "such as slow" in markers) == (unknown, True)
    assert "addopts" not in (project / "pyproject.toml").read_text()


def test_a_suite_that_cannot_be_collected_gets_neither(project: Path) -> None:
    settings(project, "")
    write(project, {"tests/test_a.py": "import not_installed_at_all\n"})
    (said,) = remarks(project)
    assert said == (
        f"--strict-markers --strict-config in addopts was not added: `{sys.executable} -m pytest --collect-only` "
        "fails (exit status 2): ModuleNotFoundError: No module named 'not_installed_at_all'"
    )
    assert "addopts" not in (project / "pyproject.toml").read_text()


def test_xfail_becomes_strict_only_where_nobody_speaks_of_it(project: Path) -> None:
    settings(project, "")
    xfail = "import pytest\n\n\n@pytest.mark.xfail\ndef test_a(): ...\n"
    write(project, {f"tests/unit/test_{letter}.py": xfail for letter in "abcd"})
    write(
        project, {".venv/test_x.py": xfail, "env/pyvenv.cfg": "", "env/lib/test_x.py": xfail, "tests/meta/x.py": xfail}
    )
    assert remarks(project) == [
        (
            "xfail_strict = true was not added: tests that are to fail may pass, and would then be red: "
            "see tests/unit/test_a.py, tests/unit/test_b.py, tests/unit/test_c.py and 1 more files"
        )
    ]
    assert "xfail_strict" not in (project / "pyproject.toml").read_text()
    assert len(mentions_xfail(project)) == 4


def test_trying_leaves_nothing_behind(project: Path) -> None:
    settings(project, 'addopts = "--cov=tests --cov-report=xml --junitxml=junit.xml --ff -n 2"\n')
    write(project, {"tests/test_a.py": MARKED})
    write(project, {".coverage": "of the last session"})
    before = files_of(project)
    assert "--strict-markers in addopts was not added" in adopt(project, "--check").stdout
    assert files_of(project) == before


@pytest.mark.parametrize("text", ['filterwarnings = ["error"]\n', 'addopts = "-p no:cacheprovider"\n'])
def test_how_it_is_tried_does_not_hide_that_it_is_safe(project: Path, text: str) -> None:
    settings(project, text)
    assert remarks(project) == []
    assert lacking(find_settings({"pyproject.toml": (project / "pyproject.toml").read_text()}.get)) == ([], [])


def test_the_python_that_has_pytest_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert interpreter(tmp_path) == sys.executable
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert interpreter(tmp_path, {}) is None
    venv.create(tmp_path / ".venv", with_pip=False, symlinks=os.name != "nt")
    assert interpreter(tmp_path, {}) is None
    (site,) = (tmp_path / ".venv").glob("lib/python*/site-packages")
    (site / "pytest.py").write_text("")
    python = str(tmp_path / ".venv" / "bin" / "python")
    assert interpreter(tmp_path, {}) == python
    (tmp_path / ".venv").rename(tmp_path / "on")
    assert interpreter(tmp_path, {"VIRTUAL_ENV": str(tmp_path / "on")}) == str(tmp_path / "on" / "bin" / "python")


def test_without_pytest_nothing_is_tried_and_the_user_is_told(project: Path) -> None:
    settings(project, "")
    (project / "sitecustomize.py").write_text("import importlib.util as u\nu.find_spec = lambda name, *a: None\n")
    done = adopt(project, "--yes", path=project)
    assert (
        "--strict-markers --strict-config in addopts was not added: no Python with pytest was found to try it with "
        "(this one, $VIRTUAL_ENV, .venv); run adopt.py by one"
    ) in done.stdout
    assert "xfail_strict = true\n" in (project / "pyproject.toml").read_text()
    assert "sitecustomize.py" in own(project)


def test_a_collection_that_does_not_end_or_begin_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meta_regime.adopting.collecting.SECONDS", 0.01)
    found = refused(tmp_path, sys.executable, [MARKERS, CONFIG], [])
    assert set(found) == {MARKERS, CONFIG}
    assert "it took longer than 0.01 s" in found[MARKERS]
    assert "No such file" in refused(tmp_path, str(tmp_path / "gone"), [MARKERS], [])[MARKERS]
