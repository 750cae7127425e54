"""The verdict on slow-downs in real sessions: what is red, what is green, what cannot be told, what is stored."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.ratcheting import BASELINE
from tests.sample import OF_RULES, RATCHET, Said, copy_of, delete_extras, policy, session, write

SLOWED = "test_suite_has_not_slowed_down"
WAYS = {"plain": [], "-n 2": ["-n", "2"], "child": ["tests/meta", "--meta-fresh"]}
TIME = "tests/unit/test_time.py"
# HOW says which of the tests are slower, by how many seconds, and how they take them: "one sleep 0.5", "all burn 0.03".
TESTS = """\
import os
import time

import pytest

WHICH, HOW, SECONDS = os.environ.get("HOW", "no sleep 0").split()


def take(which):
    if WHICH == which and HOW == "sleep":
        time.sleep(float(SECONDS))
    end = time.thread_time() + float(SECONDS)
    while WHICH == which and HOW == "burn" and time.thread_time() < end:
        pass


@pytest.fixture(autouse=True)
def something():
    take("all")


@pytest.fixture(scope="session")
def server():
    take("fixture")


@pytest.mark.parametrize("number", range(20))
def test_many(number):
    time.sleep(0.01)


def test_one(server):
    time.sleep(0.3)
    take("one")
    assert WHICH != "failing"
"""


@pytest.fixture(scope="module")
def timed(pristine_whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project with tests that can be made slower, judged by time alone. To be copied."""
    project = copy_of(pristine_whole, tmp_path_factory.mktemp("timed") / "shop")
    delete_extras(project, "floors", "changed_lines", *OF_RULES)
    policy(project, "[coverage]\nminimum = 1\ntarget = 1\n")
    write(project, {TIME: TESTS})
    return project


@pytest.fixture
def project(timed: Path, tmp_path: Path) -> Path:
    return copy_of(timed, tmp_path / "shop")


def judge(project: Path, *typed: str, how: str = "", **env: str) -> Said:
    return session(project, *typed, env={**({"HOW": how} if how else {}), **env})


def read(project: Path) -> Any:
    return json.loads((project / BASELINE).read_text(encoding="utf-8"))


def places(project: Path) -> Any:
    """Give the only timings that the baseline has."""
    ((machine, found), _) = sorted(read(project)["timings"].items())
    assert machine != "~"
    return found


@pytest.fixture(scope="module")
def kept(timed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with timings. Not to be changed."""
    project = copy_of(timed, tmp_path_factory.mktemp("kept") / "shop")
    assert "timings stored" in judge(project, "--meta-accept").text
    return project


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_in_every_way(project: Path, way: list[str]) -> None:
    said = judge(project, *way)
    assert (said.status, said.outcomes[SLOWED]) == (0, "skipped"), said.text
    assert f"NOT JUDGED  {SLOWED}: {BASELINE}: it has no timings; here: " in said.text
    said = judge(project, *way, "--meta-accept")
    assert (said.status, said.outcomes[SLOWED]) == (0, "passed"), said.text
    assert f"meta-tests: {BASELINE}: timings stored, " in said.text
    said = judge(project, *way)
    assert (said.status, said.outcomes[SLOWED]) == (0, "passed"), said.text
    assert "PASSED      The suite has not slowed down: what took " in said.text
    said = judge(project, *way, how="one sleep 0.7")
    assert (said.status, said.outcomes[SLOWED]) == (1, "failed"), said.text
    assert f" s  {TIME}::test_one (0.3" in said.messages[SLOWED]
    assert f"    python -m pytest --durations=10 -vv {TIME}\n" in said.messages[SLOWED]


class TestWhatIsSlower:
    @pytest.mark.parametrize("how", ["sleep", "burn"])
    def test_all_tests_a_little(self, kept: Path, how: str) -> None:
        said = judge(kept, how=f"all {how} 0.03")
        assert (said.status, said.outcomes[SLOWED]) == (1, "failed"), said.text
        assert f" s  {TIME} (" in said.messages[SLOWED]

    def test_a_fixture(self, kept: Path) -> None:
        said = judge(kept, how="fixture sleep 0.8")
        assert (said.status, said.outcomes[SLOWED]) == (1, "failed"), said.text
        assert f" s  {TIME}::server [session fixture] (0.0" in said.messages[SLOWED]

    def test_what_is_new_is_not(self, kept: Path, tmp_path: Path) -> None:
        project = copy_of(kept, tmp_path / "shop")
        write(project, {"tests/unit/test_new.py": "import time\n\n\ndef test_new():\n    time.sleep(1)\n"})
        assert judge(project).outcomes[SLOWED] == "passed"

    def test_a_failed_suite_is_compared_and_not_stored(self, kept: Path) -> None:
        before = (kept / BASELINE).read_bytes()
        said = judge(kept, "--meta-accept", how="failing sleep 0")
        assert f"meta-tests: --meta-accept has stored nothing in {BASELINE} (timings)" in said.text
        assert "tests of the suite failed" in said.text
        said = judge(kept, "-k", "test_many", "--meta-accept")
        assert "--meta-accept has stored nothing: partial run (-k test_many)" in said.text
        assert said.status == 1, said.text
        assert "meta-tests: this was asked for, so the exit status is not 0\n" in said.text
        assert judge(kept, "-k", "test_many").status == 0
        assert (kept / BASELINE).read_bytes() == before


class TestWhatCannotBeTold:
    def test_of_another_class_of_machine(self, project: Path) -> None:
        judge(project, "--meta-accept")
        text = (project / BASELINE).read_text(encoding="utf-8")
        (project / BASELINE).write_text(text.replace(", one process", ", 3 workers"), encoding="utf-8")
        said = judge(project, how="one sleep 0.7")
        assert (said.status, said.outcomes[SLOWED]) == (0, "skipped"), said.text
        assert "its timings were made by 3 workers, this run in one process, and that cannot" in said.messages[SLOWED]
        assert "To have timings of both, add --meta-accept to the command that you have typed" in said.messages[SLOWED]
        said = judge(project, CI="1")  # nobody there can choose the machine
        assert said.outcomes[SLOWED] == "skipped"
        assert f"NOT JUDGED  {SLOWED}: {BASELINE}: its timings were made by 3 workers" in said.text
        assert re.search(r"\nNOT JUDGED  \w+ and [1-9] more: this session ran without --cov", said.text), said.text
        judge(project, "--meta-accept")
        assert len(read(project)["timings"]) == 3  # both, and the end of the list

    def test_where_nothing_is_demanded(self, project: Path) -> None:
        policy(project, "[performance]\nslowdown_percent = 0\n[coverage]\nminimum = 1\ntarget = 1\n")
        said = judge(project)
        assert (said.status, said.outcomes[SLOWED]) == (0, "passed")
        assert "PASSED      Nothing is demanded: slow-downs are not looked for" in said.text


class TestStoring:
    def test_what_is_faster_is_stored_and_then_held(self, project: Path) -> None:
        judge(project, "--meta-accept", how="one sleep 0.9")
        assert places(project)[TIME]["test_one"][0] > 1.1
        said = judge(project, "--meta-accept")
        assert " changed, of " in said.text
        assert (said.status, "this was asked for" in said.text) == (0, False), said.text  # though coverage is not kept
        assert places(project)[TIME]["test_one"][0] < 0.9
        assert judge(project, how="one sleep 0.9").outcomes[SLOWED] == "failed"
        said = judge(project, "--meta-accept", how="one sleep 0.9")
        assert said.outcomes[SLOWED] == "failed"
        assert places(project)[TIME]["test_one"][0] < 0.9

    def test_a_line_that_was_taken_out_is_stored_anew(self, project: Path) -> None:
        judge(project, "--meta-accept")
        lines = (project / BASELINE).read_text(encoding="utf-8").split("\n")
        (project / BASELINE).write_text("\n".join(line for line in lines if TIME not in line), encoding="utf-8")
        said = judge(project, "--meta-accept", how="one sleep 0.9")
        assert said.outcomes[SLOWED] == "passed", said.text
        assert places(project)[TIME]["test_one"][0] > 1.1

    def test_a_baseline_that_cannot_be_used(self, project: Path) -> None:
        judge(project, "--meta-accept")
        text = (project / BASELINE).read_text(encoding="utf-8")
        (project / BASELINE).write_text(text.replace('"test_one": [', '"test_one": [-'), encoding="utf-8")
        said = judge(project)
        assert said.messages[SLOWED].startswith(f"{BASELINE} cannot be used: {TIME}: test_one must be [seconds, CPU")
        (project / BASELINE).write_text(f"<<<<<<< ours\n{text}=======\n>>>>>>> theirs\n", encoding="utf-8")
        said = judge(project, "--meta-accept")
        assert said.messages[SLOWED].startswith(f"{BASELINE} cannot be used: it holds a merge conflict; keep of each")
        assert f"stored nothing in {BASELINE} (timings)" in said.text


class TestBesideTheRatchet:
    COVERED = ("--cov=src/shop",)

    def test_both_are_kept_in_one_file(self, project: Path) -> None:
        said = judge(project, *self.COVERED, "--meta-accept")
        assert f"meta-tests: {BASELINE} was made, with 3 files; commit it" in said.text
        both = read(project)
        assert both["timings"]
        assert both["files"]["src/shop/unused.py"] == {"lines": 1, "branches": 0}
        (project / "src/shop/unused.py").write_text("", encoding="utf-8")
        judge(project, *self.COVERED, "--meta-accept")
        assert read(project)["files"]["src/shop/unused.py"] == {"lines": 0, "branches": 0}
        assert read(project)["timings"].keys() == both["timings"].keys()

    def test_timings_alone_are_no_baseline_of_coverage(self, project: Path) -> None:
        judge(project, "--meta-accept")
        timings = places(project)
        said = judge(project, *self.COVERED)
        assert f"NOT JUDGED  {RATCHET}: there is no {BASELINE}, which keeps coverage at its level" in said.text
        said = judge(project, *self.COVERED, "--meta-accept")
        assert said.outcomes[RATCHET] == "passed"
        assert f"meta-tests: {BASELINE} was made, with 3 files; commit it" in said.text
        assert timings in read(project)["timings"].values()

    def test_a_conflict_is_resolved_for_both(self, project: Path) -> None:
        judge(project, *self.COVERED, "--meta-accept")
        text = (project / BASELINE).read_text(encoding="utf-8")
        (line,) = (line for line in text.split("\n") if line.startswith(f'"{TIME}'))
        laxer = line.replace('"test_one": [0', '"test_one": [9')
        sides = f"<<<<<<< ours\n{laxer}\n=======\n{line}\n>>>>>>> theirs"
        (project / BASELINE).write_text(text.replace(line, sides), encoding="utf-8")
        said = judge(project, *self.COVERED, "--meta-accept")
        assert (said.status, said.outcomes[SLOWED]) == (0, "passed"), said.text
        assert places(project)[TIME]["test_one"][0] < 1

    def test_each_works_without_the_other(self, project: Path) -> None:
        judge(project, *self.COVERED, "--meta-accept")
        without = copy_of(project, project.parent / "without")
        delete_extras(project, "ratchet")
        said = judge(project, *self.COVERED, how="one sleep 0.7")
        assert (said.status, said.outcomes[SLOWED]) == (1, "failed"), said.text
        delete_extras(without, "slowdown")
        before = read(without)["timings"]
        (without / "src/shop/unused.py").write_text("", encoding="utf-8")
        said = judge(without, *self.COVERED, "--meta-accept")
        assert (said.status, SLOWED in said.outcomes) == (0, False), said.text
        assert read(without)["timings"] == before
