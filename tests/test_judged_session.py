"""The session judges itself: planted violations turn red, and nothing that can be typed makes it silently green."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.sample import (
    BUDGET,
    COVERAGE,
    GREEN,
    HYGIENE,
    KNOWN_SLOW,
    LOADER,
    SETTINGS,
    SLOW,
    SUITE_SIZE,
    VERDICTS,
    policy,
    session,
    write,
)

HEALTHY = "[coverage]\nminimum = 75\n"
MODES = {"plain": [], "-n 2": ["-n", "2"]}
SKIPPED = dict.fromkeys(VERDICTS, "skipped")
FAILED = dict.fromkeys(VERDICTS, "failed")


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> list[str]:
    """Plain, or spread by xdist."""
    return MODES[request.param]


@pytest.fixture
def healthy(project: Path) -> Path:
    """A project whose verdicts are all green."""
    policy(project, HEALTHY)
    return project


class TestVerdicts:
    def test_a_healthy_project_is_green(self, healthy: Path, mode: list[str]) -> None:
        said = session(healthy, *mode, "--cov=shop")
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert re.search(r"^=+ meta-tests: this session, 5 tests =+$", said.text, re.MULTILINE)
        assert "PASSED      Total coverage is 75.00 %, the minimum is 75 %." in said.text

    def test_low_coverage_is_red(self, project: Path, mode: list[str]) -> None:
        policy(project, "[coverage]\nminimum = 75.1\n")
        said = session(project, *mode, "--cov=shop")
        assert (said.status, said.verdicts) == (1, {**GREEN, COVERAGE: "failed"}), said.text
        assert "Statements and branches to cover: 1 to the minimum, 2 to the target of 90 %." in said.messages[COVERAGE]
        assert "src/shop/unused.py" in said.messages[COVERAGE]

    def test_files_that_no_test_imports_count(self, healthy: Path, mode: list[str]) -> None:
        write(healthy, {"src/shop/forgotten.py": "a = 1\nb = 2\n"})
        said = session(healthy, *mode, "--cov=shop")
        assert said.verdicts[COVERAGE] == "failed"
        assert "src/shop/forgotten.py" in said.messages[COVERAGE]

    def test_the_projects_fail_under_wins(self, healthy: Path) -> None:
        write(healthy, {".coveragerc": "[report]\nfail_under = 76\n"})
        said = session(healthy, "--cov=shop")
        assert said.verdicts[COVERAGE] == "failed"
        assert "(The minimum: fail_under in the project's coverage settings.)" in said.messages[COVERAGE]

    @pytest.mark.parametrize("phase", ["setup", "call", "teardown"])
    def test_a_slow_phase_is_red(self, project: Path, mode: list[str], phase: str) -> None:
        policy(project, "[slow_tests]\nlimit_seconds = 0.3\n")
        sleeps = {name: "time.sleep(0.4)" if name == phase else "" for name in ("setup", "call", "teardown")}
        fixture = f"@pytest.fixture\ndef thing():\n    {sleeps['setup']}\n    yield 1\n    {sleeps['teardown']}\n"
        test = f"def test_thing(thing):\n    assert thing\n    {sleeps['call']}\n"
        write(project, {"tests/unit/test_slow.py": f"import time, pytest\n\n\n{fixture}\n\n{test}"})
        said = session(project, *mode)
        assert said.verdicts[SLOW] == "failed", said.text
        assert "1 test is slower than 0.3 s" in said.messages[SLOW]
        assert "tests/unit/test_slow.py::test_thing" in said.messages[SLOW]

    @pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
    @pytest.mark.parametrize("phase", ["setup", "teardown"])
    def test_a_slow_wide_fixture_is_red_and_its_tests_are_not(self, project: Path, scope: str, phase: str) -> None:
        policy(project, "[slow_tests]\nlimit_seconds = 0.3\n")
        before, after = ("time.sleep(0.4)", "") if phase == "setup" else ("", "time.sleep(0.4)")
        outer = f"@pytest.fixture(scope='{scope}')\ndef outer():\n    {before}\n    yield 1\n    {after}\n"
        inner = f"@pytest.fixture(scope='{scope}')\ndef inner(outer):\n    yield outer\n"
        tests = "class TestIt:\n    def test_a(self, inner): ...\n    def test_b(self, outer): ...\n"
        write(project, {"tests/unit/test_wide.py": f"import time, pytest\n\n\n{outer}\n\n{inner}\n\n{tests}"})
        said = session(project)
        assert "1 fixture is slower than 0.3 s" in said.messages[SLOW], said.text
        assert f"::outer [{scope} fixture]" in said.messages[SLOW]
        assert "::inner" not in said.messages[SLOW]
        assert "::test_" not in said.messages[SLOW].split("Most slow tests wait")[0]

    def test_wide_fixtures_come_home_from_xdists_workers(self, project: Path) -> None:
        policy(project, "[slow_tests]\nlimit_seconds = 0.3\n")
        fixture = "@pytest.fixture(scope='session')\ndef db():\n    time.sleep(0.4)\n"
        write(project, {"tests/unit/test_db.py": f"import time, pytest\n\n\n{fixture}\n\ndef test_db(db): ...\n"})
        said = session(project, "-n", "2")
        assert "::db [session fixture]" in said.messages[SLOW], said.text

    def test_subtests_do_not_multiply_a_tests_time(self, project: Path, mode: list[str]) -> None:
        policy(project, "[slow_tests]\nlimit_seconds = 0.6\n")
        body = "        for n in range(10):\n            with self.subTest(n=n):\n                time.sleep(0.03)\n"
        case = f"class TestIt(unittest.TestCase):\n    def test_it(self):\n{body}"
        write(project, {"tests/unit/test_sub.py": f"import time, unittest\n\n\n{case}"})
        said = session(project, *mode)
        assert said.verdicts[SLOW] == "passed", said.text

    def test_a_leaked_frozen_clock_changes_neither_times_nor_dates(self, project: Path, mode: list[str]) -> None:
        policy(project, "[slow_tests]\nlimit_seconds = 0.3\n")
        frozen = "import freezegun, time\n\n\ndef test_it():\n    freezegun.freeze_time('2001-01-01').start()\n"
        slow = "\n\ndef test_slow():\n    time.sleep(0.4)\n"
        entry = '[[known_slow]]\ntest = "*::test_slow"\nseconds = 9\nreason = "real sleep"\nuntil = 2020-01-01\n'
        write(project, {"tests/unit/test_frozen.py": frozen + slow, "tests/meta/known_slow.toml": entry})
        said = session(project, *mode)
        assert said.verdicts == {**GREEN, COVERAGE: "skipped", SLOW: "failed", KNOWN_SLOW: "failed"}, said.text
        assert "in known_slow.toml ended on 2020-01-01" in said.messages[SLOW]
        assert "1 test is slower than 0.3 s." in said.messages[SLOW]

    def test_a_slow_suite_is_red(self, project: Path, mode: list[str]) -> None:
        policy(project, "[performance]\nsuite_seconds = 0.3\nideal_seconds = 0.2\n")
        write(project, {"tests/unit/test_slow.py": "import time\n\n\ndef test_it():\n    time.sleep(0.4)\n"})
        said = session(project, *mode)
        assert said.verdicts[BUDGET] == "failed", said.text
        assert "its budget is 0.3 s." in said.messages[BUDGET]
        assert "tests/unit/test_slow.py::test_it" in said.messages[BUDGET]

    def test_known_slow_excuses(self, project: Path, mode: list[str]) -> None:
        policy(project, "[slow_tests]\nlimit_seconds = 0.3\n")
        entry = '[[known_slow]]\ntest = "*::test_it"\nseconds = 30\nreason = "real sleep"\nuntil = 2999-01-01\n'
        write(project, {"tests/unit/test_slow.py": "import time\n\n\ndef test_it():\n    time.sleep(0.4)\n"})
        write(project, {"tests/meta/known_slow.toml": entry})
        assert session(project, *mode).verdicts[SLOW] == "passed"
        write(project, {"tests/meta/known_slow.toml": entry.replace("real sleep", "")})
        said = session(project, *mode)
        assert said.verdicts == FAILED
        assert "reason is empty" in said.messages[SLOW]

    def test_failing_tests_are_named_beside_the_verdicts(self, healthy: Path, mode: list[str]) -> None:
        write(healthy, {"tests/unit/test_bad.py": "def test_bad():\n    assert False\n"})
        said = session(healthy, *mode, "--cov=shop")
        assert (said.status, said.verdicts) == (1, GREEN)
        assert "to the target of 90 %: 2. 1 test of the suite failed." in said.text

    def test_a_broken_policy_is_red_and_no_traceback(self, healthy: Path, mode: list[str]) -> None:
        policy(healthy, "[coverage]\nminimum = 180\ntarget = 190\n")
        said = session(healthy, *mode, "--cov=shop")
        assert (said.status, said.verdicts) == (1, FAILED), said.text
        assert "policy.toml: [coverage] minimum = 180: must be between 0 and 100 per cent" in said.messages[COVERAGE]
        assert "policy.toml: [coverage] target = 190" in said.messages[COVERAGE]
        assert "Details: see the verdict above." in said.messages[BUDGET]
        assert "Traceback" not in said.text
        assert ".py:" not in said.messages[BUDGET]

    def test_suite_arguments_that_pytest_does_not_understand(self, healthy: Path) -> None:
        policy(healthy, '[suite]\nargs = ["--made-up=1", "--maxfail=many"]\n')
        said = session(healthy)
        assert (said.status, said.verdicts) == (1, FAILED), said.text
        assert "policy.toml: [suite] args: pytest does not understand" in said.messages[BUDGET]


def test_a_crashed_worker_is_not_judged(healthy: Path) -> None:
    write(healthy, {"tests/unit/test_exit.py": "import os\n\n\ndef test_exit():\n    os._exit(0)\n"})
    said = session(healthy, "-n", "2", "--cov=shop")
    assert (said.status, said.verdicts) == (1, SKIPPED), said.text
    assert "crashed; what it had covered is lost" in said.messages[COVERAGE]


class TestCoverageOfTheSession:
    """What is judged is the coverage of the suite's packages. See also the honesty table."""

    def test_a_package_that_no_test_imports_is_not_passed_over(self, healthy: Path, mode: list[str]) -> None:
        write(healthy, {"src/other/__init__.py": "a = 1\n", "src/other/big.py": "b = 2\n" * 50})
        by_name = session(healthy, *mode, "--cov=shop", "--cov=other")
        assert by_name.verdicts == {**GREEN, COVERAGE: "skipped"}, by_name.text
        assert "no test imports other, so coverage.py does not count it" in by_name.messages[COVERAGE]
        by_folder = session(healthy, *mode, "--cov=src/shop", "--cov=src/other")
        assert by_folder.verdicts == {**GREEN, COVERAGE: "failed"}, by_folder.text
        assert "src/other/big.py" in by_folder.messages[COVERAGE]
        child = session(healthy, *mode, "tests/meta")
        assert child.verdicts == {**GREEN, COVERAGE: "failed"}, child.text
        assert "src/other/big.py" in child.messages[COVERAGE]

    def test_the_regimes_own_files_do_not_count(self, healthy: Path, mode: list[str]) -> None:
        write(healthy, {"pyproject.toml": SETTINGS + '[tool.coverage.run]\nsource = ["src/shop", "tests"]\n'})
        said = session(healthy, *mode, "--cov")
        assert said.verdicts == GREEN, said.text
        assert "tests/unit/test_more.py" in said.text
        assert "meta_regime" not in said.text

    def test_more_than_the_package_is_narrowed_to_it(self, healthy: Path, mode: list[str]) -> None:
        said = session(healthy, *mode, "--cov=shop", "--cov=tests")
        assert "Total coverage is 75.00 %" in said.text

    def test_the_coverage_settings_name_the_source(self, healthy: Path, mode: list[str]) -> None:
        write(healthy, {"pyproject.toml": SETTINGS + '[tool.coverage.run]\nsource = ["shop"]\nbranch = true\n'})
        said = session(healthy, *mode, "--cov")
        assert said.verdicts == GREEN, said.text
        assert "Total coverage is 75.00 %" in said.text


class TestWiring:
    def test_no_meta_says_so(self, healthy: Path, mode: list[str]) -> None:
        policy(healthy, "[performance]\nsuite_seconds = 0.001\nideal_seconds = 0.001\n")
        said = session(healthy, *mode, "--no-meta", env={"CI": "true"})
        assert (said.status, said.verdicts) == (0, {}), said.text
        assert len(said.suite) == SUITE_SIZE
        assert "meta-tests: switched off (--no-meta)" in said.text

    @pytest.mark.parametrize("flag", ["--setup-plan", "--setup-only"])
    def test_where_nothing_is_executed_no_verdict_passes(self, healthy: Path, flag: str) -> None:
        said = session(healthy, "--cov=shop", flag)
        assert said.verdicts == {}, said.text
        assert "meta-tests: not judged: nothing is executed" in said.text

    @pytest.mark.parametrize("import_mode", ["prepend", "importlib"])
    def test_without_the_loader_the_verdicts_are_errors_that_say_so(self, healthy: Path, import_mode: str) -> None:
        (healthy / "tests" / "conftest.py").unlink()
        said = session(healthy, f"--import-mode={import_mode}")
        assert said.status == 2
        assert "tests/conftest.py lacks the three lines that load the regime: tests/meta/README.md" in said.text

    def test_without_verdict_tests_the_loader_is_red(self, healthy: Path, mode: list[str]) -> None:
        for path in (healthy / "tests" / "meta").glob("test_*.py"):
            path.unlink()
        said = session(healthy, *mode, "--cov=shop")
        assert said.status == 1
        assert "meta-tests: not judged: no verdict test was found in tests/meta" in said.text

    def test_names_that_hide_the_verdicts_do_not_silence_them(self, healthy: Path, mode: list[str]) -> None:
        write(healthy, {"pyproject.toml": SETTINGS + 'python_files = ["*_spec.py", "test_p*.py"]\n'})
        said = session(healthy, *mode, "--cov=shop")
        assert (said.status, said.verdicts) == (1, {**GREEN, HYGIENE: "failed"}), said.text
        assert "because of the name: tests/unit/test_more.py" in said.text

    def test_a_session_from_outside_the_project_says_that_it_does_not_judge(self, healthy: Path) -> None:
        write(healthy.parent, {"pytest.ini": "[pytest]\nasyncio_default_fixture_loop_scope = function\n"})
        env = {"PYTHONPATH": str(healthy / "src")}
        plain = session(healthy.parent, "-p", "no:cacheprovider", env=env)
        assert plain.verdicts == SKIPPED, plain.text
        spread = session(healthy.parent, "-p", "no:cacheprovider", "-n", "2", env=env)
        assert spread.verdicts == SKIPPED, spread.text
        assert "run pytest from the project's root" in spread.messages[COVERAGE]

    @pytest.mark.parametrize("hook", ["pytest_configure(config)", "pytest_addoption(parser)"])
    def test_hooks_of_the_projects_own_conftest_do_not_switch_it_off(
        self, healthy: Path, mode: list[str], hook: str
    ) -> None:
        write(healthy, {"tests/conftest.py": f"{LOADER}\n\ndef {hook}:\n    pass\n"})
        said = session(healthy, *mode, "--cov=shop")
        assert (said.status, said.verdicts) == (0, GREEN), said.text

    def test_autouse_fixtures_of_the_project_are_not_for_the_verdicts(self, healthy: Path, mode: list[str]) -> None:
        broken = "\n\nimport pytest\n\n\n@pytest.fixture(autouse=True, scope='session')\ndef bad():\n    1 / 0\n"
        write(healthy, {"tests/conftest.py": LOADER + broken})
        said = session(healthy, *mode)
        assert said.verdicts == {**GREEN, COVERAGE: "skipped"}, said.text
        assert set(said.suite.values()) == {"error"}

    def test_pytest_asyncio_does_not_stop_a_project_whose_warnings_are_errors(
        self, healthy: Path, mode: list[str]
    ) -> None:
        settings = SETTINGS.replace('asyncio_default_fixture_loop_scope = "function"\n', "")
        write(healthy, {"pyproject.toml": settings + 'filterwarnings = ["error"]\n'})
        for args in (["--cov=shop"], ["tests/meta"]):
            said = session(healthy, *mode, *args)
            assert (said.status, said.verdicts) == (0, GREEN), said.text

    def test_two_loaders_are_one(self, healthy: Path, mode: list[str]) -> None:
        write(healthy, {"conftest.py": LOADER.replace('"meta"', '"tests" / "meta"')})
        said = session(healthy, *mode, "--cov=shop")
        assert (said.status, said.verdicts) == (0, GREEN), said.text

    def test_tests_outside_tests_are_judged_with_the_loader_in_the_root(self, healthy: Path, mode: list[str]) -> None:
        write(healthy, {"pyproject.toml": SETTINGS + 'testpaths = ["checks"]\n'})
        (healthy / "tests" / "unit").rename(healthy / "checks")
        lost = session(healthy, *mode, "tests/meta")
        assert lost.verdicts == FAILED, lost.text
        assert "Put the loader into the project's root conftest.py instead" in lost.messages[COVERAGE]
        (healthy / "tests" / "conftest.py").unlink()
        write(healthy, {"conftest.py": LOADER.replace('"meta"', '"tests" / "meta"')})
        for args in (["--cov=shop"], ["tests/meta"]):
            found = session(healthy, *mode, *args)
            assert (found.status, found.verdicts) == (0, GREEN), found.text

    def test_one_verdict_can_be_chosen(self, healthy: Path, mode: list[str]) -> None:
        said = session(healthy, *mode, "tests/meta", "-k", "budget")
        assert (said.status, said.outcomes) == (0, {BUDGET: "passed"}), said.text
        none = session(healthy, *mode, "tests/meta", "-k", "nonsense")
        assert none.status == 5, none.text

    def test_a_conftest_of_the_projects_own_is_at_home(self, healthy: Path, mode: list[str]) -> None:
        fixture = (
            "\n\nimport pytest\n\n\n@pytest.fixture(autouse=True)\ndef strict(request):\n    assert request.path\n"
        )
        write(healthy, {"tests/conftest.py": f'"""Ours."""\nfrom __future__ import annotations\n{LOADER}{fixture}'})
        assert session(healthy, *mode, "--cov=shop", "-W", "error").verdicts == GREEN
