"""The checks of `make faults` find what they are for; no fault is needed for that."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from real.faults.catalogue import FAULTS
from real.faults.docs import document
from real.faults.ground import Trial
from real.faults.state import problems_of_a_crowd
from real.faults.trials import files, left_behind, outcome, where_it_fell, wrong_status, wrong_verdicts
from tests.sample import ALL_VERDICTS, BUDGET, COVERAGE, Said

GREEN = dict.fromkeys(ALL_VERDICTS, "passed")
RED = {**GREEN, COVERAGE: "failed"}
TRUE = {COVERAGE: "Total coverage is 75.00 %, the minimum is 80 %."}
STACK = (
    'Traceback (most recent call last):\n  File "/x/shop/tests/meta/meta_regime/covered.py", line 9, in f\n    x()\n'
)
LIBRARY = '  File "/usr/lib/python3.11/tempfile.py", line 3, in g\n    y()\n'
OTHER = '  File "/x/site-packages/coverage/control.py", line 3, in g\n    y()\n'


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    trial = Trial(tmp_path, "plain", guilty=True, strict=True, rng=random.Random(0))
    trial.project.mkdir()
    trial.tmp.mkdir()
    return trial


def session(status: int = 1, verdicts: dict[str, str] = RED, text: str = "", messages: dict[str, str] = TRUE) -> Said:
    return Said(status, text, verdicts, messages)


def test_a_session_that_is_right_is_right(trial: Trial) -> None:
    assert wrong_verdicts(trial, session()) == wrong_status(trial, session()) == []
    assert outcome(trial, session()) == "right"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (session(0, GREEN), "coverage of 75 % passed"),
        (
            session(messages={COVERAGE: "Total coverage is 12.00 %, the minimum is 80 %."}),
            "accuses: Total coverage is 12",
        ),
        (session(verdicts={**RED, BUDGET: "failed"}, messages={**TRUE, BUDGET: "It took 900 s."}), "accuses: It took"),
        (session(0, {}), "nothing is said of what was not judged"),
        (session(3, text=f"{STACK}OSError: no\n"), "a traceback of the regime's: meta_regime/covered.py:9"),
    ],
)
def test_a_wrong_verdict_is_found(said: Said, words: str, trial: Trial) -> None:
    assert any(words in problem for problem in wrong_verdicts(trial, said))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (session(0), "something is red"),
        (session(0, {}), "though coverage is below the minimum"),
        (session(2, GREEN, messages={}), "though nothing is red"),
    ],
)
def test_a_wrong_status_is_found(said: Said, words: str, trial: Trial) -> None:
    assert any(words in problem for problem in wrong_status(trial, said))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (f"{STACK}OSError: no", "meta_regime/covered.py:9"),
        (f"{STACK}{LIBRARY}OSError: no", "meta_regime/covered.py:9"),  # who called the library with that
        (f"{STACK}{OTHER}CoverageException: no", ""),
        (f"{STACK}KeyboardInterrupt", ""),
        ("".join(f"INTERNALERROR> {line}\n" for line in f"{STACK}{LIBRARY}OSError: no".split("\n")), "covered.py:9"),
        ("".join(f"    {line}\n" for line in f"{STACK}OSError: no".split("\n")), ""),  # a child's output, quoted
    ],
)
def test_whose_traceback_it_is(text: str, where: str) -> None:
    assert where_it_fell(text).endswith(where)
    assert bool(where_it_fell(text)) == bool(where)


def test_what_is_lost_changed_or_left_is_found(trial: Trial) -> None:
    for name in ("lost.py", "changed.py", "same.py"):
        (trial.project / name).write_text(name)
    before = files(trial.project)
    assert left_behind(trial, before) == []
    (trial.project / "lost.py").unlink()
    (trial.project / "changed.py").write_text("other")
    (trial.project / "new.py").touch()
    (trial.tmp / "meta-tests-abc").mkdir()
    (trial.project / ".baseline.json.12.tmp").touch()
    found = left_behind(trial, before)
    assert {"lost.py is lost", "changed.py is changed", "new.py is new", "meta-tests-abc is left in TMPDIR"} <= set(
        found
    )
    assert ".baseline.json.12.tmp is left" in found


def test_what_a_crowd_gets_wrong_is_found(tmp_path: Path) -> None:
    told = ["NOT JUDGED  another session\n17 passed in 2 s", "FAILED  Total coverage is 75.00 %, the minimum is 80 %."]
    for number, text in enumerate(told):
        (tmp_path / f"other-{number}.txt").write_text(text)
    assert problems_of_a_crowd(tmp_path, guilty=True) == []
    wrong = ["17 passed in 2 s", "PASSED      Total coverage is 100.00 %, the minimum is 80 %.", f"{STACK}OSError: no"]
    for number, text in enumerate(wrong, 2):
        (tmp_path / f"other-{number}.txt").write_text(text)
    found = problems_of_a_crowd(tmp_path, guilty=True)
    assert found == ["1 of 99 passed", "1 of 99 said nothing", "1 of 99 gave a wrong total", "meta_regime/covered.py:9"]


def test_the_document_counts_the_last_trial_of_each_number_and_names_what_is_wrong() -> None:
    import real.faults.run

    assert real.faults.run.GROUPS
    assert len(FAULTS) > 60
    name = "no /proc"
    row = {"group": "limits", "fault": name, "number": 0, "problems": ["a traceback"], "outcome": "wrong"}
    row["machine"] = {"date": "2026-11-28", "cores": "2", "system": "Linux", "python": "3.11", "packages": "pytest 9"}
    assert "- no /proc: a traceback (1)" in document([row], FAULTS)
    mended = {**row, "problems": [], "outcome": "right"}
    assert "1 trials of 1 faults" in document([row, mended], FAULTS)
    assert "a traceback (1)" not in document([row, mended], FAULTS)
