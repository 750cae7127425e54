"""What a suite's seconds are made of, and the figure that the budget judges: no crowded machine makes it longer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from meta_regime.extras._cores import usable_cores
from meta_regime.extras.time_split import Process, owned_seconds
from meta_regime.extras.where_time_goes import in_the_suite, parts_of
from meta_regime.record import Account, FixtureTiming, SuiteRun, TestTiming

from tests.sample import BUDGET, LOADER, delete_extras, policy, session, write
from tests.test_account import BURN, judged

TIGHT = "[performance]\nsuite_seconds = 0.3\nideal_seconds = 0.1\n"
START, COLLECTION = "start-up and imports", "collection"
XDIST = "xdist's start, until its workers collect"
BARRIER = "xdist's barrier: waiting for the last worker"


def process(wall: float = 0.0, queued: float = 0.0, cpu: float = 0.0, owned: float = 0.0) -> Process:
    return Process(started=0.5, collected=0.1, idle=0.0, wall=wall, queued=queued, cpu=cpu, owned=owned)


class TestFigure:
    def test_of_one_process_queueing_is_taken_off(self) -> None:
        assert owned_seconds(process(wall=10, queued=4, cpu=5), [], cores=2) == 6

    def test_of_workers_it_is_what_the_busiest_has_to_do(self) -> None:
        workers = [process(wall=30, cpu=4, owned=5), process(wall=30, cpu=4, owned=7)]
        assert owned_seconds(process(wall=40, cpu=1, owned=0.5), workers, cores=2) == 7.5

    def test_workers_that_wait_for_each_other_are_the_projects_own_doing(self) -> None:
        workers = [process(wall=39, queued=30, cpu=9, owned=9) for _ in range(8)]
        assert owned_seconds(process(wall=40, cpu=2, owned=1), workers, cores=2) == 37

    def test_it_is_never_more_than_the_clock_says_nor_less_than_nothing(self) -> None:
        assert owned_seconds(process(wall=5, cpu=30), [process(wall=4, cpu=30)], cores=1) == 5
        assert owned_seconds(process(wall=5, queued=7), [], cores=1) == 0

    def test_there_is_a_core(self) -> None:
        assert usable_cores() > 0


class TestParts:
    run = SuiteRun(
        tests=(TestTiming("tests/test_a.py::test_x", 1.0, 5.0, 0.5, 0.0, "passed", 2.0),),
        fixtures=(FixtureTiming("db", "session", "tests", 2.0, 0.5, 0.0),),
        accounts={"tests/test_a.py::test_x": Account(0.0, 0.0)},
        seconds=12.0,
        figures={"parts": {START: 1.5, COLLECTION: 0.5}},
    )

    def test_they_add_up_to_what_is_judged(self) -> None:
        parts = parts_of(self.run)
        assert sum(taken for _, taken in parts) == pytest.approx(12.0)
        name, taken = parts[-1]
        assert (name, round(taken, 6)) == ("the rest: pytest and its plugins, around the tests", 1.0)

    def test_the_message_has_them(self) -> None:
        said = in_the_suite(self.run, over=2.0)
        assert "6.50  in tests: 1.00 set-up, 5.00 call, 0.50 teardown" in said
        assert "2.50  in fixtures of class, module, package and session scope" in said
        assert "1.50  start-up and imports" in said
        assert "coverage's measuring" not in said  # it was not measured


class TestSessions:
    def test_each_part_is_found_where_it_is_planted(self, project: Path) -> None:
        policy(project, TIGHT)
        write(project, {"tests/unit/test_import.py": "import time\ntime.sleep(0.3)\n\n\ndef test_it(): ...\n"})
        run = judged(project, "def test_it(): ...\n", conftest=f"import time\ntime.sleep(0.4)\n{LOADER}")
        parts = run["figures"]["parts"]
        assert 0.4 <= parts[START] < run["seconds"]
        assert 0.3 <= parts[COLLECTION] < run["seconds"]
        assert 0.7 < run["owned"] <= run["seconds"]
        assert run["verdicts"][BUDGET] == "failed"
        assert f"{parts[START]:.2f}  start-up and imports" in run["text"]

    def test_xdist_has_a_start_and_a_barrier(self, project: Path) -> None:
        policy(project, TIGHT)
        slow = "import time\n\n\ndef test_it():\n    time.sleep(0.8)\n"
        run = judged(project, slow, "-n", "2")
        parts = run["figures"]["parts"]
        assert parts[XDIST] > 0.05
        assert 0.2 < parts[BARRIER] < 0.8  # the other worker waits for nearly all of it: half of that on average
        assert "What it is made of, on average of 2 workers:" in run["text"]

    def test_coverages_share_is_estimated_and_called_an_estimate(self, project: Path) -> None:
        policy(project, TIGHT)
        burning = f"import time\n{BURN}\n\ndef test_it():\n    burn(0.5)\n"
        run = judged(project, burning, "--cov=shop")
        assert "Of that, coverage's measuring takes 0." in run["text"]
        assert "(an estimate: a sample of work takes " in run["text"]

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not tell")
    def test_without_it_the_session_counts_from_when_the_regime_was_loaded(self, project: Path) -> None:
        assert delete_extras(project, "time_split") == 1
        policy(project, TIGHT)
        run = judged(project, "import time\n\n\ndef test_it():\n    time.sleep(0.4)\n")
        assert run["figures"] == {}
        assert run["verdicts"][BUDGET] == "failed"
        assert "in tests: " in run["text"]

    def test_a_child_run_is_split_as_well(self, project: Path) -> None:
        policy(project, TIGHT)
        write(project, {"tests/unit/test_slow.py": "import time\n\n\ndef test_it():\n    time.sleep(0.5)\n"})
        said = session(project, "tests/meta")
        assert "start-up and imports" in said.messages[BUDGET], said.text
