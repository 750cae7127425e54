"""Runs to make a report of: one with the worst names there are, one as large as they get."""

from __future__ import annotations

from meta_regime.extras.confirm.causes import Cause
from meta_regime.extras.report.page import Report
from meta_regime.extras.report.past import Past, Version
from meta_regime.policy import Policy
from meta_regime.record import Account, FileCoverage, FixtureTiming, MeasuredCoverage, SuiteRun, TestTiming
from meta_regime.verdict import Outcome, Verdict

ATTACK = "<script>window.hacked = 1</script><img src=x onerror='window.hacked=2'>"
HOSTILE = (
    ATTACK,
    "</script><!-- <script>",
    "\"' onmouseover=window.hacked=3 x='",
    "javascript:window.hacked=4",
    "<a href='https://example.com/'>go</a>&lt;b&gt;",
    "turned \u202ednuora\u202c around",
    "two\u2028lines\x00\x1b[31m and half \ud800 of a pair",
    "x" * 2000,
    "%{customdata} ${window.hacked = 5} $x^2$",
)


def hostile() -> Report:
    """Give a report in which every text that comes from a project is a bad one."""
    ids = [f"tests/{text}/test_{number}.py::test[{text}]" for number, text in enumerate(HOSTILE)]
    tests = [TestTiming(nodeid, 0.1, 1.0 + number, 0.0, 0.2, "passed", 0.5) for number, nodeid in enumerate(ids)]
    files = [FileCoverage(f"src/{text}.py", 100, 10 * number, 0, 0) for number, text in enumerate(HOSTILE)]
    run = SuiteRun(
        source=ATTACK,
        tests=tuple(tests),
        fixtures=(FixtureTiming(ATTACK, "session", "tests", 2.0, 0.1, 0.0, 0.1, ids[0]),),
        seconds=60.0,
        coverage=MeasuredCoverage(tuple(files), None),
        accounts={ids[1]: Account(0.7, 0.1)},
        figures={"parts": {ATTACK: 3.0}},
    )
    verdicts = {
        f"test_{number}{text}": Verdict(list(Outcome)[number % 3], text, f"{text}\n  {text}")
        for number, text in enumerate(HOSTILE)
    }
    versions = tuple(
        Version("abc1234", f"2027-01-0{number + 1}T10:00:00+01:00", text, 100 - number, 5, {text: 9.0 - number})
        for number, text in enumerate(HOSTILE)
    )
    causes = {
        ids[2]: (Cause("slept", 3.0, ATTACK, ATTACK, "call", ""), Cause("sockets", 1.0, "a.py:1", "", "call", ""))
    }
    return Report(ATTACK, "2027-01-04", run, Policy(), verdicts, causes, Past(versions, (ATTACK,)))


def large(tests: int = 50_000, files: int = 5_000) -> Report:
    """Give a report of a large suite: parametrised tests with long ids, in many folders."""
    rows = [
        TestTiming(
            f"tests/unit/area{number % 40}/part{number % 23}/test_module_{number % 1900}.py::TestThings::"
            f"test_something_with_a_long_name[{number}-{'parameter' * 8}]",
            0.0001 * (number % 7), 0.001 * (number % 90), 0.0, 0.0001, "passed", 0.0005 * (number % 90),
        )
        for number in range(tests)
    ]  # fmt: skip
    measured = [
        FileCoverage(f"src/shop/area{number % 60}/module_{number}.py", 40 + number % 300, number % 40, 10, number % 10)
        for number in range(files)
    ]
    run = SuiteRun(tests=tuple(rows), seconds=2500.0, coverage=MeasuredCoverage(tuple(measured), None))
    verdict = {"test_no_new_slow_tests": Verdict(Outcome.PASSED, "No test is slower than 10 s.")}
    return Report("large", "2027-01-04", run, Policy(), verdict, {}, Past())
