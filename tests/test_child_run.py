"""`pytest tests/meta`: one child run for all verdicts, which ends or is ended, and leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from meta_regime import child
from meta_regime.record_file import FORMAT, RecordReader

from tests.baking import scrubbed_environment
from tests.processes import MARK, processes_marked, wait_until
from tests.sample import BUDGET, COVERAGE, GREEN, SETTINGS, SLOW, VERDICTS, policy, said, session, write

HEALTHY = "[coverage]\nminimum = 75\n"
FAILED = dict.fromkeys(VERDICTS, "failed")


@pytest.fixture
def healthy(project: Path) -> Path:
    policy(project, HEALTHY)
    return project


def test_all_verdicts_share_one_child_run(healthy: Path) -> None:
    write(healthy, {"tests/unit/test_count.py": "def test_count():\n    open('runs', 'a').write('x')\n"})
    said = session(healthy, "tests/meta")
    assert (said.status, said.verdicts) == (0, GREEN), said.text
    assert (healthy / "runs").read_text() == "x"
    assert "meta-tests: running the whole suite once: python -m pytest --maxfail=0 --cov=src/shop" in said.text


def test_the_users_coverage_data_and_reports_stay_as_they_are(healthy: Path) -> None:
    write(healthy, {"pyproject.toml": SETTINGS + 'addopts = "--cov-report=xml"\n'})
    files = {".coverage": "mine", "coverage.xml": "mine too"}
    write(healthy, files)
    assert session(healthy, "tests/meta").status == 0
    assert {name: (healthy / name).read_text() for name in files} == files


@pytest.mark.parametrize("spread", [[], ["-n", "2"]], ids=["plain", "-n 2"])
def test_coverage_in_addopts_does_not_turn_the_verdicts_session_red(healthy: Path, spread: list[str]) -> None:
    write(healthy, {"pyproject.toml": SETTINGS + 'addopts = "--cov=shop --cov-fail-under=10 --cov-report=xml"\n'})
    said = session(healthy, "tests/meta", *spread)
    assert (said.status, said.verdicts) == (0, GREEN), said.text
    assert "Coverage failure" not in said.text
    assert "No data" not in said.text
    assert not (healthy / "coverage.xml").exists()


def test_a_violation_is_red(healthy: Path) -> None:
    policy(healthy, "[coverage]\nminimum = 90\n[slow_tests]\nlimit_seconds = 0.2\n")
    write(healthy, {"tests/unit/test_slow.py": "import time\n\n\ndef test_slow():\n    time.sleep(0.3)\n"})
    said = session(healthy, "tests/meta")
    assert (said.status, said.verdicts) == (1, {**GREEN, COVERAGE: "failed", SLOW: "failed"}), said.text
    assert "Total coverage is 75.00 %" in said.messages[COVERAGE]


def test_failing_tests_of_the_suite_are_red_and_named(healthy: Path) -> None:
    write(healthy, {"tests/unit/test_bad.py": "def test_bad():\n    assert False\n"})
    said = session(healthy, "tests/meta")
    assert (said.status, said.verdicts) == (1, FAILED), said.text
    assert "1 test of the suite failed; mend that first." in said.messages[COVERAGE]
    assert "python -m pytest tests/unit/test_bad.py::test_bad" in said.messages[COVERAGE]
    assert "    E       assert False" in said.messages[COVERAGE]
    assert "Details: see the verdict above." in said.messages[BUDGET]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {"tests/unit/test_bad.py": "import nothing_of_this_name\n"},
            "The suite did not end normally: it was interrupted, or files could not be collected (exit status 2).",
        ),
        (
            {"tests/unit/test_exit.py": "import os\n\n\ndef test_exit():\n    os._exit(0)\n"},
            "The suite's process ended while running tests/unit/test_exit.py::test_exit, with exit status 0:",
        ),
        (
            {"tests/unit/test_kill.py": "import os\n\n\ndef test_kill():\n    os.kill(os.getpid(), 9)\n"},
            "The suite's process ended while running tests/unit/test_kill.py::test_kill, with exit status 137:",
        ),
        (
            {"tests/unit/test_stop.py": "import pytest\n\n\ndef test_stop():\n    pytest.exit('enough', 0)\n"},
            "The suite was stopped: enough.",
        ),
        ({"tests/unit/conftest.py": "raise SystemExit(3)\n"}, "The suite did not"),
    ],
    ids=["collection error", "os._exit", "SIGKILL", "pytest.exit", "SystemExit"],
)
def test_a_suite_that_does_not_end_normally_is_red(healthy: Path, files: dict[str, str], reason: str) -> None:
    write(healthy, files)
    said = session(healthy, "tests/meta")
    assert (said.status, said.verdicts) == (1, FAILED), said.text
    assert reason in said.messages[COVERAGE]
    assert "Traceback (most recent call last)" not in said.text.replace("    Traceback", "")


def test_no_tests_at_all_is_red(healthy: Path) -> None:
    for path in (healthy / "tests" / "unit").glob("test_*.py"):
        path.unlink()
    said = session(healthy, "tests/meta")
    assert (said.status, said.verdicts) == (1, FAILED)
    assert "no tests were found (exit status 5)" in said.messages[COVERAGE]


def test_a_broken_policy_starts_no_child(healthy: Path) -> None:
    policy(healthy, "[suite]\ntimeout_seconds = -1\n")
    said = session(healthy, "tests/meta")
    assert (said.status, said.verdicts) == (1, FAILED)
    assert "[suite] timeout_seconds = -1: must be more than 0 seconds" in said.messages[COVERAGE]
    assert "running the whole suite" not in said.text


def test_missing_pytest_cov_leaves_time_to_be_judged(healthy: Path) -> None:
    said = session(healthy, "tests/meta", "-p", "no:pytest_cov")
    assert said.verdicts == {**GREEN, COVERAGE: "skipped"}, said.text
    assert "pip install pytest-cov" in said.messages[COVERAGE]
    strict = session(healthy, "tests/meta", "-p", "no:pytest_cov", env={"CI": "true"})
    assert strict.verdicts == {**GREEN, COVERAGE: "failed"}


def test_the_suite_of_the_policy_is_what_is_run(healthy: Path) -> None:
    policy(healthy, HEALTHY + '[suite]\nargs = ["-k", "not outsider"]\n')
    write(healthy, {"tests/unit/test_outsider.py": "def test_outsider():\n    assert False\n"})
    said = session(healthy, "tests/meta")
    assert (said.status, said.verdicts) == (0, GREEN), said.text


def test_selecting_addopts_from_the_environment_are_not_taken_for_the_suite(healthy: Path) -> None:
    said = session(healthy, "tests/meta", env={"PYTEST_ADDOPTS": "--deselect=tests/unit/test_more.py", "CI": "true"})
    assert (said.status, said.verdicts) == (1, FAILED), said.text
    assert "partial run (--deselect tests/unit/test_more.py)" in said.messages[COVERAGE]


def test_a_test_that_runs_the_verdicts_does_not_recurse(healthy: Path) -> None:
    nested = (
        "import subprocess, sys\n\n\ndef test_nested():\n"
        "    done = subprocess.run([sys.executable, '-m', 'pytest', 'tests/meta'], capture_output=True, text=True)\n"
        "    open('nested', 'a').write(done.stdout)\n"
    )
    write(healthy, {"tests/unit/test_nested.py": nested})
    said = session(healthy, "tests/meta")
    assert said.status == 0, said.text
    printed = (healthy / "nested").read_text()
    assert printed.count("test session starts") == 1
    assert "running the whole suite" not in printed


def test_a_child_refuses_to_start_a_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("META_TESTS_CHILD", f"1.0:{tmp_path}")
    with pytest.raises(RuntimeError, match="must not start another"):
        child.run_suite([], tmp_path, 1.0, lambda *_: None)
    monkeypatch.setenv("META_TESTS_CHILD", f"1.0:{tmp_path}/gone")  # whoever outlives a child run judges
    assert not child.is_child()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for left-over processes in /proc")
class TestNothingIsLeftBehind:
    # A test that hangs, in a suite that has started a process of its own.
    HANGS = (
        "import subprocess, sys, time\n\n\ndef test_hangs():\n"
        "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "    open('hanging', 'w').close()\n    time.sleep(600)\n"
    )

    @pytest.fixture
    def hanging(self, healthy: Path) -> Path:
        write(healthy, {"tests/unit/test_hangs.py": self.HANGS})
        return healthy

    @pytest.mark.parametrize("spread", [[], ["-n", "2"]], ids=["plain", "-n 2"])
    def test_after_a_time_out_which_names_the_test(self, hanging: Path, spread: list[str]) -> None:
        policy(hanging, HEALTHY + "[suite]\ntimeout_seconds = 6\n")
        said = session(hanging, "tests/meta", *spread, env={MARK: str(hanging)})
        assert (said.status, said.verdicts) == (1, FAILED), said.text
        assert "The suite did not end within 6 s and was stopped while running" in said.messages[COVERAGE]
        assert "tests/unit/test_hangs.py::test_hangs" in said.messages[COVERAGE]
        assert processes_marked(str(hanging)) == []

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
    def test_after_a_signal(self, hanging: Path, tmp_path: Path, number: signal.Signals) -> None:
        report, scratch = hanging / "junit.xml", tmp_path / "scratch"
        scratch.mkdir()
        command = [sys.executable, "-m", "pytest", "tests/meta", f"--junitxml={report}"]
        environment = scrubbed_environment({MARK: str(hanging), "TMPDIR": str(scratch)})
        with subprocess.Popen(
            command, cwd=hanging, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert wait_until((hanging / "hanging").exists)
            assert len(processes_marked(str(hanging))) >= 4  # the session, its lifeline, the suite, and the suite's own
            assert [path.name for path in scratch.iterdir() if path.name.startswith("meta-tests")] != []
            process.send_signal(number)
            text, _ = process.communicate(timeout=60)
        assert process.returncode == {signal.SIGINT: 2}.get(number, -number)
        assert wait_until(lambda: processes_marked(str(hanging)) == []), processes_marked(str(hanging))
        assert [path.name for path in scratch.iterdir() if path.name.startswith("meta-tests")] == []
        if number == signal.SIGINT:
            done = said(subprocess.CompletedProcess(command, process.returncode, text, ""), report)
            assert done.verdicts == {}
            assert "meta-tests: not judged: the session was interrupted" in done.text

    def test_of_a_suite_that_leaves_a_process_running(self, healthy: Path) -> None:
        stray = self.HANGS.replace("    time.sleep(600)\n", "").replace("test_hangs", "test_stray")
        write(healthy, {"tests/unit/test_stray.py": stray})
        assert session(healthy, "tests/meta", env={MARK: str(healthy)}).status == 0
        assert wait_until(lambda: processes_marked(str(healthy)) == []), processes_marked(str(healthy))

    def test_no_scratch_folder(self, healthy: Path, tmp_path: Path) -> None:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        assert session(healthy, "tests/meta", env={"TMPDIR": str(scratch)}).status == 0
        assert [path.name for path in scratch.iterdir() if path.name.startswith("meta-tests")] == []


def test_progress_is_told_while_the_child_runs(healthy: Path) -> None:
    write(healthy, {"tests/unit/test_zz.py": "import time\n\n\ndef test_last():\n    time.sleep(0.5)\n"})
    told: list[tuple[int, int, float]] = []

    def tell(progress: tuple[int, int, float]) -> None:
        told.append(progress)

    run = child.run_suite(["-p", "no:cacheprovider"], healthy, 60.0, tell)
    assert (run.broken, len(run.tests), run.failed) == (None, 6, ())
    assert (5, 6) in {(done, expected) for done, expected, _ in told}
    assert [seconds for _, _, seconds in told] == sorted(seconds for _, _, seconds in told)


def test_a_record_is_followed_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    reader = RecordReader(path)
    reader.follow()  # nothing there yet
    rows = [["meta-tests record", FORMAT, {}], ["collected", 2], ["start", "a"], ["done", "a"]]
    text = "".join(json.dumps(row) + "\n" for row in rows) + '["start", "b'
    path.write_text(text)
    reader.follow()
    assert (reader.expected, reader.running, reader.done) == (2, [], 1)
    path.write_text(text + '"]\n')
    reader.follow()
    assert reader.running == ["b"]
    assert reader.run is None
