"""A suite on several machines: each shard writes its record, and one session judges them all, or says what is wrong."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.baking import ROOT
from tests.faults import on_a_small_disk, read_only
from tests.in_git import Repository
from tests.sample import BUDGET, COVERAGE, GREEN, SUITE_SIZE, VERDICTS, Said, copy_of, policy, session, write

SPLIT = {"PYTHONPATH": str(ROOT / ".venv" / "beside" / "pytest-split")}
FAILED = dict.fromkeys(VERDICTS, "failed")
HEALTHY = "[coverage]\nminimum = 75\n"
# What any other tool does: a conftest that keeps every third test, as a variable tells it.
BY_HAND = """
def pytest_collection_modifyitems(items):
    import os
    number = int(os.environ.get("PART", -1))
    if number >= 0:
        items[:] = [item for index, item in enumerate(items) if index % 2 == number or "meta" in item.nodeid]
"""


def shard(
    project: Path, group: int, of: int = 2, *args: str, cov: str = "--cov=src/shop", record: str = "shards"
) -> Said:
    """Run and record one shard, as a CI job does."""
    typed = [cov, "--splits", str(of), "--group", str(group), f"--meta-record={record}/{group}.jsonl", *args]
    return session(project, *typed, env={**SPLIT, "CI": "true"})


def judge(project: Path, records: str = "shards") -> Said:
    """Judge the records, as the last CI job does."""
    return session(project, "tests/meta", "--meta-records", records, env={"CI": "true"})


@pytest.fixture(scope="module")
def recorded(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project as a git repository, with the records of its two shards."""
    project = copy_of(pristine, tmp_path_factory.mktemp("recorded") / "shop")
    policy(project, HEALTHY)
    write(project, {".gitignore": "shards\n__pycache__\n.coverage\njunit.xml\n"})
    repository = Repository(project, project.parent)
    repository.git("init", "--quiet")
    repository.commit()
    for group in (1, 2):
        said = shard(project, group)
        assert (said.status, said.verdicts) == (0, {}), said.text
        assert f"meta-tests: recorded shard {group} of 2 in shards/{group}.jsonl" in said.text
    return project


@pytest.fixture
def shop(recorded: Path, tmp_path: Path) -> Path:
    """A copy of it, elsewhere: the paths in its coverage data are those of another machine."""
    return shutil.copytree(recorded, tmp_path / "elsewhere")


def test_all_shards_together_are_the_suite(shop: Path) -> None:
    said = judge(shop)
    assert said.verdicts == GREEN, said.text
    assert "Total coverage is 75.00 %" in said.text
    assert f"{SUITE_SIZE} tests ==" in said.text
    policy(shop, "[coverage]\nminimum = 76\n[performance]\nsuite_seconds = 0.001\nideal_seconds = 0.001\n")
    said = judge(shop)
    assert said.verdicts == {**GREEN, COVERAGE: "failed", BUDGET: "failed"}, said.text
    assert "on average of 2 shards" in said.text


def test_coverage_with_paths_and_with_the_tests_measured_is_that_of_one_session(shop: Path) -> None:
    settings = (
        '[tool.coverage.run]\nsource = ["src/shop", "tests"]\n[tool.coverage.paths]\nall = ["src/shop", "*/shop"]\n'
    )
    with (shop / "pyproject.toml").open("a") as stream:
        stream.write(settings)
    emptied(shop / "shards")
    for group in (1, 2):
        said = shard(shop, group, cov="--cov", record="out/deep")
        assert "pytest tests/meta --meta-records out/deep\n" in said.text, said.text
    whole = session(shop, "--cov")
    (line,) = [line for line in whole.text.splitlines() if "Total coverage is" in line and line.startswith("PASSED")]
    assert line in judge(shop, records="out/deep").text


def rewritten(**changes: object) -> Callable[[Path], None]:
    """Change what the second record says of itself (or its format), and make the checksum right again."""

    def change(folder: Path) -> None:
        head, end, _, _ = (folder / "2.jsonl").read_text().split("\n")
        document = json.loads(head)
        if "format" in changes:
            document[1] = changes["format"]
        else:
            document[2]["shard"].update(changes)
        write_record(folder / "2.jsonl", json.dumps(document), end)

    return change


def measured_otherwise(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        head, row, _, _ = (folder / "2.jsonl").read_text().split("\n")
        end = json.loads(row)
        end[1].update(changes)
        write_record(folder / "2.jsonl", head, json.dumps(end))

    return change


def write_record(path: Path, head: str, end: str) -> None:
    content = f"{head}\n{end}\n"
    path.write_text(f'{content}["checksum", {zlib.crc32(content.encode())}]\n')


def edited(folder: Path) -> None:
    path = folder / "2.jsonl"
    path.write_text(path.read_text().replace('"groups": 2', '"groups": 1'))


def copied(folder: Path) -> None:
    for suffix in ("", ".coverage"):
        shutil.copy(folder / f"2.jsonl{suffix}", folder / f"again.jsonl{suffix}")


def huge(folder: Path) -> None:
    with (folder / "2.jsonl").open("r+b") as stream:
        stream.truncate(2**30 + 1)  # a sparse file


def cut(folder: Path) -> None:
    text = (folder / "2.jsonl").read_bytes()
    (folder / "2.jsonl").write_bytes(text[: len(text) // 2])


def written(content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "2.jsonl").write_bytes(content)


def emptied(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda folder: (folder / "2.jsonl").unlink(), "Shard 2 of 2 is missing: the session did not end, or "),
    "doubled": (copied, "Shard 2 of 2 is there 2 times: 2.jsonl, again.jsonl."),
    "another revision": (rewritten(revision="f" * 40), "2.jsonl is of revision ffffffffffff, this checkout of "),
    "another policy": (rewritten(policy=[["-m", "unit"], ["auto"]]), "2.jsonl was recorded under another [suite]"),
    "another Python": (rewritten(python="2.7"), "The records disagree, run by Python 1.jsonl 3."),
    "other groups": (rewritten(groups=3), "The records disagree, one of how many groups: 1.jsonl 2, 2.jsonl 3."),
    "other tests": (rewritten(suite=[9, "abc"]), "2.jsonl 9 tests (digest abc)"),
    "not whole": (
        measured_otherwise(partial="partial run (-k x)"),
        "2.jsonl is not its whole shard: partial run (-k x)",
    ),
    "cut off": (cut, "2.jsonl has no end: its session was killed, or the file was cut off or changed"),
    "edited": (edited, "2.jsonl has no end: its session was killed, or the file was cut off or changed"),
    "empty": (written(b""), "2.jsonl is empty: its session did not end"),
    "binary": (written(bytes(range(256)) * 9), "2.jsonl is damaged, or no record of meta-tests"),
    "huge": (huge, "2.jsonl has 1073741825 bytes, too many for a record"),
    "something else": (written(b"{}\n"), "2.jsonl is damaged, or no record of meta-tests"),
    "older": (
        rewritten(format=1),
        "2.jsonl was written by an older version of tests/meta (format 1, this ",
    ),
    "newer": (
        rewritten(format=99),
        "2.jsonl was written by a newer version of tests/meta (format 99, ",
    ),
    "no shards at all": (
        emptied,
        "There are no records in shards.",
    ),
    "no folder": (shutil.rmtree, "There is no folder shards with records."),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_belong_together_is_named(name: str, shop: Path) -> None:
    change, words = WRONG[name]
    change(shop / "shards")
    said = judge(shop)
    assert said.verdicts == FAILED, said.text
    assert words in said.text
    assert "Traceback" not in said.text


def test_all_that_is_wrong_is_said_at_once(shop: Path) -> None:
    rewritten(revision="f" * 40, python="2.7")(shop / "shards")
    (shop / "shards" / "1.jsonl").unlink()
    said = judge(shop)
    assert "2.jsonl is of revision ffffffffffff" in said.text
    assert "Shard 1 of 2 is missing" in said.text


def test_coverage_that_is_not_the_shards_is_not_judged(shop: Path) -> None:
    with (shop / "shards" / "2.jsonl.coverage").open("ab") as stream:
        stream.write(b"more")
    said = judge(shop)
    assert said.verdicts == {**GREEN, COVERAGE: "failed"}, said.text
    assert "2.jsonl.coverage, the coverage data of 2.jsonl, is missing or another run's" in said.text


def test_uncommitted_changes_between_recording_and_judging_are_noticed(shop: Path) -> None:
    with (shop / "src" / "shop" / "prices.py").open("a") as stream:
        stream.write("\n\nmore = 1\n")
    said = judge(shop)
    assert said.verdicts == FAILED
    assert "1.jsonl was measured on other sources than lie here. 2.jsonl was measured" in said.text


def test_a_checkout_of_which_git_tells_no_revision_is_another(shop: Path) -> None:
    shutil.rmtree(shop / ".git")
    assert ", this checkout of none that git tells. 2.jsonl" in judge(shop).text


def test_a_test_in_two_shards_is_named(shop: Path) -> None:
    """As when the shards had different lists of durations to be split by."""
    tests = json.loads((shop / "shards" / "1.jsonl").read_text().split("\n")[1])[1]["tests"]
    measured_otherwise(tests=tests)(shop / "shards")
    said = judge(shop)
    assert said.verdicts == FAILED
    assert "tests ran in more than one shard, as tests/unit/test_more.py::" in said.text
    assert " in 1.jsonl and 2.jsonl." in said.text


def test_tests_in_no_shard_are_counted(shop: Path) -> None:
    measured_otherwise(tests=[[], [], [], [], [], []])(shop / "shards")
    assert "The suite has 5 tests, in these records ran 3: some shards are missing." in judge(shop).text


def test_a_failure_in_a_shard_fails_the_verdicts(shop: Path) -> None:
    write(shop, {"tests/unit/test_prices.py": "def test_bad():\n    assert False\n"})
    assert [shard(shop, group).status for group in (1, 2)] == [0, 1]
    said = judge(shop)
    assert said.verdicts == FAILED
    assert "1 test of the suite failed; mend that first." in said.text
    assert "python -m pytest tests/unit/test_prices.py::test_bad" in said.text


def test_shards_under_xdist_and_one_without_tests(shop: Path) -> None:
    emptied(shop / "shards")
    for group in range(1, 7):  # six shards of five tests
        said = shard(shop, group, 6, "-n", "2")
        assert said.status == 0, said.text
    said = judge(shop)
    assert said.verdicts == GREEN, said.text
    assert "Total coverage is 75.00 %" in said.text


def test_any_other_tool_may_make_the_shards(shop: Path) -> None:
    with (shop / "tests" / "conftest.py").open("a") as stream:
        stream.write(BY_HAND)
    emptied(shop / "shards")
    for part in "01":
        said = session(shop, "--cov=src/shop", f"--meta-record=shards/{part}", env={"CI": "1", "PART": part})
        assert f"recorded this session in shards/{part};" in said.text
        if part == "0":
            assert "The suite has 5 tests, in these records ran 3: some shards are missing." in judge(shop).text
    assert judge(shop).verdicts == GREEN


@pytest.mark.parametrize(
    ("typed", "reason"),
    [("-k total", "partial run (-k total)"), ("--no-cov", "2.jsonl: coverage was switched off (--no-cov)")],
)
def test_a_part_of_a_shard_is_not_taken_for_it(typed: str, reason: str, shop: Path) -> None:
    assert shard(shop, 2, 2, *typed.split()).status == 0
    said = judge(shop)
    assert reason in said.text
    assert "failed" in said.verdicts.values()


def test_a_session_that_was_stopped_leaves_the_earlier_record(shop: Path) -> None:
    before = (shop / "shards" / "2.jsonl").read_bytes()
    write(shop, {"tests/unit/test_prices.py": "def test_bad():\n    assert False\n"})
    said = shard(shop, 2, 2, "-x")
    assert said.status != 0
    assert "no record was written to shards/2.jsonl" in said.text
    assert (shop / "shards" / "2.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("tests/meta --meta-record=x.jsonl", "--meta-record writes down the tests that this session runs"),
        ("--meta-records=shards", "--meta-records runs no tests; type: pytest tests/meta --meta-records DIR"),
        ("--meta-record=shards", "--meta-record shards: cannot be written (a folder, or no permission)"),
        ("--meta-record=pyproject.toml/x", "--meta-record pyproject.toml/x: "),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_test_runs(typed: str, words: str, shop: Path) -> None:
    said = session(shop, *typed.split())
    assert said.status == 4
    assert words in said.text
    assert "passed" not in said.text


def test_a_full_disk_is_said_and_keeps_the_earlier_record(shop: Path) -> None:
    said = on_a_small_disk(shop, "full", "--cov=src/shop", "--meta-record=full/whole.jsonl")
    assert said.status == 1
    assert "the record could not be written: " in said.text
    assert "No space left on device" in said.text
    assert "kept: earlier\n" in said.text
    assert "left: whole.jsonl \n" in said.text


def test_a_place_that_cannot_be_written_to_is_refused(shop: Path) -> None:
    said = read_only(
        shop, "--cov=src/shop", "--meta-record=new/1.jsonl", env={"COVERAGE_FILE": str(shop.parent / "data")}
    )
    assert said.status == 4
    assert "--meta-record new/1.jsonl: " in said.text
    assert "Read-only file system" in said.text


def test_without_the_extra_the_options_are_unknown_and_all_else_works(shop: Path) -> None:
    shutil.rmtree(shop / "tests/meta/meta_regime/extras/shards")
    assert session(shop, "--cov=src/shop").verdicts == GREEN
    assert "unrecognized arguments: --meta-records" in judge(shop).text
