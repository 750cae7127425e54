"""The closing section and the line of progress: head-room, narrow terminals, terminals that lack characters."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.extras import _at_a_glance
from meta_regime.extras.known_slow.entries import KnownSlow
from meta_regime.extras.progress import fitting
from meta_regime.extras.summary import wrapped
from meta_regime.policy import parse_policy
from meta_regime.record import FileCoverage, FixtureTiming, MeasuredCoverage, SuiteRun, TestTiming
from meta_regime.verdict import Standards

from tests.baking import scrubbed_environment
from tests.sample import policy, session, write

FILES = (FileCoverage("a.py", 1000, 200, 0, 0), FileCoverage("b.py", 10, 4, 0, 0))
TESTS = (TestTiming("t.py::a", 0, 0.5, 0, 0, "passed"), TestTiming("t.py::b", 0, 0.001, 0, 0, "passed"))
RUN = SuiteRun(tests=TESTS, coverage=MeasuredCoverage(FILES, None), seconds=4.0)
TODAY = date(2027, 1, 4)


def standards(**tables: object) -> Standards:
    return Standards(parse_policy(tables), (), TODAY)


class TestHeadRoom:
    def test_above(self) -> None:
        coverage = {"minimum": 79, "floors": {"b.py": 55.5}}
        times = {"performance": {"suite_seconds": 10, "ideal_seconds": 5}, "slow_tests": {"limit_seconds": 2}}
        assert _at_a_glance.head_room(RUN, standards(coverage=coverage, **times)) == {
            _at_a_glance.COVERAGE: "0.80 points above",
            _at_a_glance.FLOOR: "4.50 points above",
            _at_a_glance.BUDGET: "6.00 s left",
            _at_a_glance.SLOW: "1.50 s left",
        }

    def test_below_is_never_rounded_away(self) -> None:
        tight = {"minimum": 79.802, "target": 90, "module_floor": 60.001}
        times = {"performance": {"suite_seconds": 3, "ideal_seconds": 1}, "slow_tests": {"limit_seconds": 0.4}}
        assert _at_a_glance.head_room(RUN, standards(coverage=tight, **times)) == {
            _at_a_glance.COVERAGE: "0.01 points below",  # 79.80198 %
            _at_a_glance.FLOOR: "0.01 points below",
            _at_a_glance.BUDGET: "1.00 s over",
        }

    def test_the_projects_fail_under_counts(self) -> None:
        run = SuiteRun(tests=TESTS, coverage=MeasuredCoverage(FILES, 70.0))
        assert _at_a_glance.head_room(run, standards())[_at_a_glance.COVERAGE] == "9.80 points above"

    def test_of_a_run_that_is_not_judged_by_its_figures_there_is_none(self) -> None:
        bad = replace(RUN, source="a child run", tests=(TESTS[0]._replace(outcome="failed"),))
        for run in (replace(RUN, broken="It crashed."), replace(RUN, partial="-k foo"), bad):
            assert _at_a_glance.head_room(run, standards()) == {}
        assert _at_a_glance.head_room(replace(bad, source=RUN.source), standards())

    def test_a_fixture_counts_once_among_the_slowest(self) -> None:
        fixtures = tuple(FixtureTiming("db", "session", "tests", seconds, 0, 0) for seconds in (2.0, 3.0))
        found = _at_a_glance.slowest(SuiteRun(tests=TESTS, fixtures=fixtures), 5)
        assert [row.owned for row in found] == [3.0, 0.5]  # a millisecond is nothing

    @pytest.mark.parametrize(
        ("days", "words"),
        [
            (-1, "ended on 2027-01-03"),
            (0, "ends on 2027-01-04, today"),
            (1, "ends on 2027-01-05, in 1 day"),
            (30, "ends on 2027-02-03, in 30 days"),
            (31, None),
        ],
    )
    def test_excuses_that_end(self, days: int, words: str | None) -> None:
        known = KnownSlow("t.py::a", 3.0, "why", TODAY + timedelta(days=days))
        given_now = Standards(parse_policy({}), (known,), TODAY)
        more = _at_a_glance.more_about(RUN, given_now)[_at_a_glance.KNOWN_SLOW]
        assert more == ([f"t.py::a: its excuse {words}"] if words else [])


class TestWidth:
    @given(st.text(alphabet="ab [],:.%s19", max_size=80), st.integers(min_value=1, max_value=30))
    def test_nothing_is_lost_and_no_word_is_cut(self, text: str, width: int) -> None:
        lines = wrapped(text, width)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        for line in lines:
            assert len(line) <= width or " " not in line or "::" in line or re.search(r"\d (%|s)", line)

    def test_an_id_is_one_word_and_so_is_a_number_with_its_unit(self) -> None:
        text = "slow: tests/a.py::test_a[two of them] took 12.5 s (80 %)."
        assert wrapped(text, 12) == ["slow:", "tests/a.py::test_a[two of them]", "took 12.5 s", "(80 %)."]

    def test_what_is_no_terminal_gets_one_line(self) -> None:
        assert wrapped("a  b " * 99, 0) == ["a  b " * 99]

    @given(st.integers(min_value=0, max_value=200))
    def test_progress_fits_into_a_line_that_can_be_rewritten(self, width: int) -> None:
        text = "meta-tests: 12 of 345 tests, 6 s of 120 s"
        line = fitting(text, width)
        assert len(line) == max(1, width - 1)
        assert line.rstrip() in text


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals on Windows")
def test_on_a_narrow_terminal_lines_are_wrapped_and_progress_is_rewritten(project: Path) -> None:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 36, 0, 0))
    environment = scrubbed_environment({"TERM": "xterm", "NO_COLOR": "1"})
    environment.pop("COLUMNS", None)
    command = [sys.executable, "-m", "pytest", "tests/meta", "--meta-fresh"]
    with subprocess.Popen(command, cwd=project, env=environment, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        seen = b""
        while piece := _read(ours):
            seen += piece
    os.close(ours)
    lines = seen.decode().split("\r\n")
    assert "            coverage is 75.00 %," not in lines
    assert lines[lines.index("FAILED      Total coverage is") :][:4] == [
        "FAILED      Total coverage is",
        "            75.00 %, the minimum is",
        "            80 %. (5.00 points",
        "            below)",
    ]
    rewritten = next(line for line in lines if "\rcollecting, " in line)
    assert {len(part) for part in rewritten.split("\r") if part} == {35}
    assert "\x1b[3" not in "\n".join(lines[lines.index("FAILED      Total coverage is") :][:4])


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # how Linux says that the other side was closed
        return b""


class TestSessions:
    def test_a_terminal_without_the_characters_shows_every_verdict(self, project: Path) -> None:
        policy(project, "[coverage]\nminimum = 75\n[slow_tests]\nlimit_seconds = 0.2\nconfirm_at_most = 0\n")
        slow = "import time\n\n\ndef test_größe():\n    time.sleep(0.3)\n"
        write(project, {"tests/unit/test_länge.py": slow})
        said = session(project, "--cov=src/shop", "-v", env={"PYTHONIOENCODING": "ascii", "FORCE_COLOR": "1"})
        assert said.status == 1
        assert "INTERNALERROR" not in said.text
        assert "Traceback" not in said.text
        plain = re.sub(r"\x1b\[[0-9;]*m", "", said.text)
        assert "\\n" not in plain
        assert "\n    python -m pytest --durations=0 -vv 'tests/unit/test_l\\xe4nge.py::test_gr\\xf6\\xdfe'\n" in plain
        assert "\x1b[31mFAILED      \x1b[0m1 test is slower than 0.2 s." in said.text
        assert "\nPASSED      Total coverage is 75.00 %, the minimum is 75 %." in plain
        assert "(0.00 points above)\n            1 to cover in src/shop/prices.py\n" in plain
        assert "\n            ideal: 60 s\n" in plain
        assert "\nFAILED      1 test is slower than 0.2 s.\nPASSED" in plain  # its details are above

    def test_quiet_sessions_show_what_is_red_and_no_progress(self, project: Path) -> None:
        said = session(project, "tests/meta", "-q", env={"NO_COLOR": "1"})
        assert "running the whole suite" not in said.text
        closing = said.text.partition("= meta-tests: a child run of the whole suite, 5 tests =")[2].splitlines()
        assert closing[1] == "FAILED      Total coverage is 75.00 %, the minimum is 80 %."
        assert closing[2].startswith("==")
        assert "\x1b" not in said.text


def test_what_is_wrong_with_the_settings_is_said_once_and_at_the_end_in_one_line(project: Path) -> None:
    policy(project, "[coverage]\nminimun = 80\n[slow_tests]\nlimit_seconds = 'ten'\n")
    said = session(project)
    assert said.status == 1, said.text
    assert said.text.count("policy.toml: [coverage] minimun is unknown; did you mean minimum?") == 1
    assert said.text.count("\nFAILED      Nothing was judged: 2 settings in tests/meta are wrong.\n") == 1
