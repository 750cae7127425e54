"""Pytest's own settings are strict, known to somebody, and stand in one place."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from meta_regime.extras import _checks, _pytest_settings, strictness
from meta_regime.extras._pytest_settings import Place
from meta_regime.verdict import Standards

from tests.ruled import FILES, LAX, WAYS, Ruled
from tests.sample import SETTINGS, STRICT, STRICT_SETTINGS, Said, copy_of, delete_extras, policy, session, write

IN_FORCE = "pyproject.toml [tool.pytest.ini_options]"


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_strict_is_told_wherever_the_suite_ran(way: str, ruled: Ruled) -> None:
    said = ruled.said(way)
    assert said.outcomes[STRICT] == "failed", said.text
    message = said.messages[STRICT]
    assert (
        "pytest's settings: xfail-strict is off; strict-markers is off; strict-config is off; "
        "nobody knows timeout_seconds_of_nobody; setup.cfg [tool:pytest] is not read."
    ) in message
    for words in (
        "xfail-strict: A test that is expected to fail, and passes, fails nothing.\n",
        f"    {IN_FORCE}: xfail_strict = true\n",
        "strict-markers: A mistyped marker is no error.\n",
        f'{IN_FORCE}: addopts = ["-m", "not slow and not e2e", "--strict-markers", "--strict-config"]\n',
        "strict-config: A mistyped setting of pytest is no error.\n",
        f"    timeout_seconds_of_nobody, in {IN_FORCE}\n",
        f"    setup.cfg [tool:pytest]: pytest reads {IN_FORCE}\n",
    ):
        assert words in message, words


@pytest.fixture(scope="module")
def project(ruled: Ruled, tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = copy_of(ruled.project, tmp_path_factory.mktemp("strictness") / "shop")
    delete_extras(project, "categories", "skips")
    (project / "setup.cfg").unlink()
    return project


def judge(project: Path, settings: str, *typed: str, more: str = "", **env: str) -> Said:
    policy(project, LAX + more)
    write(project, {"pyproject.toml": settings})
    return session(project, *(typed or ("--cov=src/shop", "--cov-report=")), env=env)


def test_what_somebody_types_makes_it_neither_green_nor_red(project: Path) -> None:
    lax = FILES["pyproject.toml"].replace("timeout_seconds_of_nobody = 5\n", "")
    typed = ("-o", "xfail_strict=true", "--strict-markers", "--cov=src/shop")
    said = judge(project, lax, *typed, PYTEST_ADDOPTS="--strict-config")
    off = "pytest's settings: xfail-strict is off; strict-markers is off; strict-config is off."
    assert off in said.messages[STRICT]

    strict = f'{SETTINGS}markers = ["unit", "slow", "e2e"]\n{STRICT_SETTINGS}'
    said = judge(project, strict, "-o", "xfail_strict=false", "--cov=src/shop")
    assert said.outcomes[STRICT] == "passed", said.text
    assert f"PASSED      pytest is strict, by {IN_FORCE}." in said.text


def test_the_suites_own_arguments_count_and_so_do_excuses(project: Path) -> None:
    lax = FILES["pyproject.toml"]
    suite = '[suite]\nargs = ["--strict-markers"]\n[hygiene.excused]\nxfail-strict = "until June"\n'
    said = judge(project, lax, "--strict-markers", "--cov=src/shop", more=f'{suite}known-settings = "until May"\n')
    assert "pytest's settings: strict-config is off." in said.messages[STRICT], said.text
    said = judge(project, lax, more=f"{suite}strict-config = 'x'\nstrict-markers = 'x'\nknown-settings = 'x'\n")
    assert "[hygiene.excused] excuses what needs no excuse: strict-markers." in said.text


# Decided without a session.


class Config:
    """What of pytest's configuration this needs: a version that knows some settings, and what they are."""

    def __init__(self, root: Path, inipath: Path | None = None, /, **values: Any) -> None:
        self.rootpath, self.inipath, self.values = root, inipath, values
        self.pluginmanager = self
        self.facts = self
        self.meta = root.resolve() / "tests" / "meta"
        self.error: type[Exception] = ValueError
        self.suite, self.typed = Namespace(override_ini=None, plugins=[]), Namespace(override_ini=None, plugins=[])

    def getplugin(self, _: str) -> Config:
        return self

    def suite_and_typed(self, _: object) -> tuple[Namespace, Namespace]:
        return self.suite, self.typed

    def getini(self, name: str) -> Any:
        if name not in self.values:
            raise self.error(f"unknown configuration value: {name!r}")
        return self.values[name]


def broken(config: Config) -> list[str]:
    facts = strictness.facts_of(config, Standards())  # type: ignore[arg-type]
    return _checks.broken(strictness.CHECKS, facts, {})


OLD = {"xfail_strict": False, "addopts": [], "markers": []}  # pytest 8
NEW = {
    **OLD,
    "xfail_strict": None,
    "strict_xfail": None,
    "strict": False,
    "strict_markers": None,
    "strict_config": None,
}
ALL = ["xfail-strict", "strict-markers", "strict-config"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (OLD, ALL),
        ({**OLD, "xfail_strict": True}, ALL[1:]),
        (NEW, ALL),
        ({**NEW, "strict": True}, []),
        ({**NEW, "strict": True, "strict_markers": False}, ["strict-markers"]),
        ({**NEW, "strict_config": True, "strict_xfail": True}, ["strict-markers"]),
    ],
    ids=["8", "8 xfail", "9", "9 strict", "9 but one", "9 two"],
)
def test_by_the_names_that_this_pytest_knows(values: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    assert broken(Config(tmp_path, None, **values)) == expected


def test_options_of_an_old_pytest_and_settings_by_option(tmp_path: Path) -> None:
    config = Config(tmp_path, **OLD)
    config.suite = Namespace(override_ini=["xfail_strict=true"], plugins=[], strict_markers=True, strict_config=True)
    config.typed = Namespace(override_ini=["xfail_strict=true", "xfail_strict=false"], plugins=[])
    assert broken(config) == []
    config.suite.strict_config = False
    assert broken(config) == ["strict-config"]


def test_a_setting_of_a_newer_pytest_is_no_unknown_one(tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\nstrict = true\nstrict_config = true\ntimeout = 3\n"})
    config = Config(tmp_path, tmp_path / "pytest.ini", **OLD)
    assert broken(config) == [*ALL, "known-settings"]
    config.typed = Namespace(override_ini=None, plugins=["no:timeout"])  # as somebody typed, for once
    assert broken(config) == ALL
    config.typed = Namespace(override_ini=None, plugins=["no:timeout", "another"])  # as the suite has it, and one more
    config.suite = Namespace(override_ini=None, plugins=["no:timeout"])
    assert broken(config) == [*ALL, "known-settings"]


@pytest.mark.parametrize(("error", "is_known"), [(ValueError, False), (KeyError, False), (pytest.UsageError, True)])
def test_in_whatever_way_pytest_does_not_know_a_setting(error: type[Exception], is_known: bool, tmp_path: Path) -> None:
    """What it knows, and does not understand, is an error of pytest's own."""
    write(tmp_path, {"pytest.ini": "[pytest]\ntimeout = x\n"})
    config = Config(tmp_path, tmp_path / "pytest.ini")
    config.error = error
    assert broken(config) == [*ALL, *([] if is_known else ["known-settings"])]


def test_the_lines_to_add(tmp_path: Path) -> None:
    write(tmp_path, {"tox.ini": "[pytest]\naddopts = -q\n"})
    facts = strictness.facts_of(Config(tmp_path, tmp_path / "tox.ini", **OLD), Standards())  # type: ignore[arg-type]
    options = "tox.ini [pytest]: addopts = -q --strict-markers --strict-config"
    lines = [check.broken(facts) for check in strictness.CHECKS[:3]]
    assert lines == [["tox.ini [pytest]: xfail_strict = true"], [options], [options]]


@pytest.mark.parametrize(("unread", "told"), [(["a: b"], "a is not read"), (["a: b", "c: d"], "a and c are not read")])
def test_what_is_not_read_is_named(unread: list[str], told: str, tmp_path: Path) -> None:
    facts = strictness.Facts(Place(tmp_path, "[pytest]", {}), tmp_path)
    assert strictness.OnePlace().told(facts, unread) == told


PYPROJECT = "[tool.pytest.ini_options]\naddopts = '-q'\n"


@pytest.mark.parametrize(
    ("files", "read", "unread"),
    [
        ({"pyproject.toml": PYPROJECT}, "pyproject.toml", []),
        ({"pytest.ini": "", "pyproject.toml": PYPROJECT}, "pytest.ini", [IN_FORCE]),
        ({"pytest.ini": "[pytest]\n", "tox.ini": "[tox]\n", "setup.cfg": "[metadata]\n"}, "pytest.ini", []),
        (
            {
                "tox.ini": "[pytest]\nx = 1\n",
                "setup.cfg": "[tool:pytest]\nx = 1\n",
                "tests/pytest.ini": "[pytest]\nx=1\n",
            },
            "tox.ini",
            ["setup.cfg [tool:pytest]", "tests/pytest.ini [pytest]"],
        ),
        ({"pyproject.toml": "[tool.pytest", "tox.ini": "[pytest\n"}, None, []),
        ({"setup.cfg": "[tool:pytest]\nx = 1\n", "pyproject.toml": "[tool]\npytest = 3\n"}, "setup.cfg", []),
    ],
    ids=["one", "an empty one", "without settings", "several", "unreadable", "not a table"],
)
def test_what_is_not_read(files: dict[str, str], read: str | None, unread: list[str], tmp_path: Path) -> None:
    write(tmp_path, files)
    config = Config(tmp_path, tmp_path / read if read else None, **OLD)
    found = strictness.facts_of(config, Standards()).unread  # type: ignore[arg-type]
    assert [line.partition(": ")[0] for line in found] == unread
    assert all(f": pytest reads {read} [" in line for line in found)
    assert ["or this one where only what lies in tests is typed" in line for line in found] == [
        line.startswith("tests/") for line in found
    ]


@pytest.mark.parametrize(
    ("name", "values", "line"),
    [
        ("tox.ini", {"addopts": "-q\n  -m 'not slow'"}, "addopts = -q -m 'not slow' --strict-markers"),
        ("pytest.toml", {"addopts": ["-q"]}, 'addopts = ["-q", "--strict-markers"]'),
        ("setup.cfg", {}, "addopts = --strict-markers"),
        ("pyproject.toml", {"addopts": "-k 'half"}, 'addopts = ["-k", "\'half", "--strict-markers"]'),
    ],
)
def test_the_line_is_written_as_the_file_has_them(name: str, values: dict[str, Any], line: str) -> None:
    assert Place(Path(name), "[x]", values).with_addopts(["--strict-markers"]) == line


def test_without_settings_it_says_where_they_would_go(tmp_path: Path) -> None:
    place = _pytest_settings.in_force(Config(tmp_path))  # type: ignore[arg-type]
    assert (place.path.name, place.title) == ("pytest.ini", "[pytest]")
    write(tmp_path, {"pyproject.toml": "[project]\n"})
    place = _pytest_settings.in_force(Config(tmp_path, tmp_path / "pyproject.toml"))  # type: ignore[arg-type]
    assert (place.path.name, place.title) == ("pyproject.toml", "[tool.pytest.ini_options]")
