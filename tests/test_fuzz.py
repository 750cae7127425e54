"""Whatever stands in a file that the regime reads, it is used, or refused in plain words: never a traceback.

`make fuzz` runs these, and every other test by hypothesis, with many more examples (FUZZ_EXAMPLES).
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.coverage_verdicts import total_meets_minimum
from meta_regime.extras import _baseline_file
from meta_regime.extras._baseline_file import BaselineError
from meta_regime.extras._stored_record import RecordError, load_record, save_record
from meta_regime.extras.floors import no_module_below_floor
from meta_regime.extras.ratchet.baseline import Baseline, parsed
from meta_regime.extras.reuse.refusing import checked_head, leading_out
from meta_regime.extras.reuse.tree import differences, digests
from meta_regime.extras.shards.merge import merged
from meta_regime.extras.slowdown import timings
from meta_regime.policy import PolicyError
from meta_regime.record import Account, FileCoverage, FixtureTiming, MeasuredCoverage, SuiteRun, TestTiming
from meta_regime.record_file import FORMAT
from meta_regime.time_verdicts import no_new_slow_tests, suite_within_budget
from meta_regime.verdict import Outcome, Standards, load_standards, reach_verdict

TODAY = datetime.date(2026, 11, 22)
HUGE = "9" * 400
POLICY = (
    '[suite]\nargs = ["-m", "unit"]\ntimeout_seconds = 5\n[coverage]\nminimum = 80\n[coverage.floors]\n"src/*" = 9.5\n'
)
KNOWN_SLOW = '[[known_slow]]\ntest = "tests/test_a.py::test_*"\nseconds = 9.5\nreason = "slow"\nuntil = 2027-01-31\n'
BASELINE = _baseline_file.written(
    {
        "format": 1,
        "measured_with": {},
        "settings": {"branch": "on"},
        "timings": {"x": {".": {"(work)": [1.0, 1.0]}, "tests/a.py": {"(small)": [1.0, 0.5, 3]}}},
        "files": {"src/shop/prices.py": {"lines": 3, "branches": 1}},
    }
)
RUN = SuiteRun(
    tests=(TestTiming("tests/test_a.py::test_b", 0.1, 0.2, 0.3, 0.0, "passed", 0.1),),
    fixtures=(FixtureTiming("db", "session", "tests", 0.1, 0.2, 0.0, 0.1, "tests/test_a.py::test_b"),),
    seconds=3.0,
    queued=0.5,
    coverage=MeasuredCoverage(
        (FileCoverage("src/shop/prices.py", 4, 1, 2, 1, "1-3", "4", "", "2->4"),), 50.0, ("shop",)
    ),
    accounts={"tests/test_a.py::test_b": Account(0.5, 0.0)},
    figures={
        "machine": "x",
        "(work)": 1.0,
        "(children)": 0.5,
        "(crowd)": 0.1,
        "parts": {"start-up": 1.0},
        "gathered": {"skips": ["a", "b"]},
    },
)
HEAD = {
    "shard": {
        "revision": "",
        "policy": [[], ["auto"]],
        "python": "3.11",
        "group": 1,
        "groups": 1,
        "suite": [1, "x"],
        "root": "/work",
        "coverage": "x",
        "sources": "x",
    },
    "surroundings": {"the interpreter": "3.11", "what is typed": []},
    "files": {"src/shop/prices.py": [1, 2, 3, 4, "digest"]},
    "ended": 1e9,
}
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([-1, 10**400, ".."]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn, text: str) -> bytes:
    """Draw any bytes, or a good file in which something was cut out, put in or put in its place."""
    content = text.encode()
    if draw(st.booleans()):
        return draw(st.binary(max_size=80))
    pieces = st.binary(max_size=6) | st.sampled_from(
        [
            b"\n",
            b'"',
            b"[",
            b"]",
            b"[[",
            b"{",
            b"=",
            b"-1",
            b"nan",
            b"inf",
            b"0x" + b"f" * 6000,
            HUGE.encode(),
            b"\x00",
            b"[" * 5000,
            b"{" * 5000,
            b"a." * 3000,
            b"\xff",
            b"\xef\xbb\xbf",
            b"1e999",
            b"2026-99-99",
            b"<<<<<<< x\n",
        ]
    )
    for _ in range(draw(st.integers(1, 3))):
        first, last = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
        last = min(last, first + draw(st.sampled_from([0, 1, 8, 10_000])))
        content = content[:first] + draw(pieces) + content[last:]
    return content


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the ways to all values in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(each for key, below in inner for each in places(below, (*way, key)))]


def changed(document: Any, way: tuple[Any, ...], value: Any, *, remove: bool = False) -> Any:
    """Put another value into a document, or take one out."""
    if not way:
        return value
    document = copy.deepcopy(document)
    at = document
    for key in way[:-1]:
        at = at[key]
    if remove:
        del at[way[-1]]
    else:
        at[way[-1]] = value
    return document


def told(problems: list[str], *files: str) -> None:
    """Expect that something is said, of one of these files."""
    assert all(problem.strip() for problem in problems)
    assert problems
    assert not files or all(problem.startswith(files) for problem in problems)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@given(policy=damaged(POLICY), known_slow=damaged(KNOWN_SLOW), both=st.booleans())
def test_settings_files_of_any_bytes_are_standards_or_a_policy_error(
    policy: bytes, known_slow: bytes, both: bool, folder: Path
) -> None:
    (folder / "policy.toml").write_bytes(policy)
    (folder / "known_slow.toml").write_bytes(known_slow if both else KNOWN_SLOW.encode())
    try:
        standards = load_standards(folder, TODAY)
    except PolicyError as error:
        told(error.problems, "policy.toml", "known_slow.toml")
    else:
        assert 0 <= standards.policy.coverage.minimum <= 100
        for decide in (total_meets_minimum, suite_within_budget, no_new_slow_tests):
            assert reach_verdict(decide, RUN, standards).line


@given(damaged(BASELINE))
def test_a_baseline_of_any_bytes_is_one_or_a_baseline_error(content: bytes) -> None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return  # whoever reads the file says that
    try:
        baseline = parsed(text)
    except BaselineError as error:
        told(error.problems)
    else:
        assert isinstance(baseline, Baseline)
        assert all(min(entry.lines, entry.branches) >= 0 for entry in baseline.files.values())
        for machine in baseline.timings.values():
            try:
                assert all(took.seconds >= 0 for row in timings.parsed(machine).values() for took in row.values())
            except BaselineError as error:
                told(error.problems)


@pytest.fixture(scope="module")
def record(folder: Path) -> Path:
    save_record(folder / "whole.jsonl", HEAD, RUN)
    head, run = load_record(folder / "whole.jsonl")
    assert (head, run.tests, run.coverage) == (HEAD, RUN.tests, RUN.coverage)
    return folder / "whole.jsonl"


def judged(path: Path) -> str:
    """Use a record as it is used, as a shard's and as that of the last run; give what was refused."""
    try:
        head, run = load_record(path)
    except RecordError as error:
        return str(error)
    standards = Standards(today=TODAY)
    for decide in (total_meets_minimum, suite_within_budget, no_new_slow_tests, no_module_below_floor):
        assert reach_verdict(decide, run, standards).line
    if run.figures.get("machine") and run.coverage:
        assert timings.rows_of(run)
    try:
        _, files, ended = checked_head(head, path)
    except RecordError as error:
        return str(error)
    assert datetime.datetime.fromtimestamp(ended).astimezone()
    assert differences(files, digests(path.parent, {}, files)) or not files
    return ""


@given(data=st.data())
def test_a_record_of_any_bytes_is_refused_in_plain_words(data: st.DataObject, record: Path) -> None:
    path = record.with_name("damaged.jsonl")
    path.write_bytes(data.draw(damaged(record.read_text(encoding="utf-8"))))
    if path.read_bytes() != record.read_bytes():
        assert "damaged.jsonl" in judged(path)


def rewritten(path: Path, head: Any, end: Any) -> Path:
    """Write a record of any structure, with the right checksum."""
    content = f"{json.dumps(['meta-tests record', FORMAT, head])}\n{json.dumps(['end', end])}\n"
    path.write_text(f'{content}["checksum", {zlib.crc32(content.encode())}]\n', encoding="utf-8")
    return path


@given(data=st.data())
def test_a_record_of_any_structure_with_a_right_checksum_is_no_traceback(data: st.DataObject, record: Path) -> None:
    lines = record.read_text(encoding="utf-8").splitlines()
    head, end = json.loads(lines[0])[2], json.loads(lines[-2])[1]
    value, remove = data.draw(json_values), data.draw(st.booleans())
    if data.draw(st.booleans()):
        end = changed(end, data.draw(st.sampled_from(places(end))), value, remove=remove)
    else:
        head = changed(head, data.draw(st.sampled_from(places(head))), value, remove=remove)
    shards = record.with_name("shards")
    shards.mkdir(exist_ok=True)
    path = rewritten(shards / "1.jsonl", head, end)
    judged(path)
    here = {name: HEAD["shard"][name] for name in ("revision", "policy", "python")}  # type: ignore[index]
    run = merged(shards, "shards", here, SimpleNamespace(rootpath=record.parent, option=None))  # type: ignore[arg-type]
    # The sources of that digest are nowhere, so whatever was changed it is never judged.
    assert run.broken or run.coverage is None
    assert reach_verdict(total_meets_minimum, run, Standards()).outcome is not Outcome.PASSED


def _numbers_as_text(end: dict[str, Any]) -> None:
    end["tests"][2] = ["0.1"]


def _another_file(name: str) -> Callable[[dict[str, Any]], None]:
    def change(end: dict[str, Any]) -> None:
        end["coverage"][0][0][0] = name

    return change


def _more_missing_than_there_is(end: dict[str, Any]) -> None:
    end["coverage"][0][0][2] = 99


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_numbers_as_text, "is damaged"),
        (_more_missing_than_there_is, "is damaged"),
        (_another_file("../../etc/passwd"), "tells of the file '../../etc/passwd', which is not in this project"),
        (_another_file("/etc/passwd"), "which is not in this project"),
        (_another_file("src\\..\\..\\x.py"), "which is not in this project"),
        (_another_file("a\0b"), "which is not in this project"),
    ],
)
def test_a_record_is_refused_by_its_content(change: Callable[[dict[str, Any]], None], words: str, record: Path) -> None:
    lines = record.read_text(encoding="utf-8").splitlines()
    end = json.loads(lines[-2])[1]
    change(end)
    assert words in judged(rewritten(record.with_name("other.jsonl"), HEAD, end))


def test_a_record_of_installed_packages_is_no_stranger(record: Path) -> None:
    lines = record.read_text(encoding="utf-8").splitlines()
    end = json.loads(lines[-2])[1]
    _another_file(pytest.__file__)(end)
    assert judged(rewritten(record.with_name("installed.jsonl"), HEAD, end)) == ""


def test_every_part_of_a_run_is_checked() -> None:
    filled = [each.name for each in dataclasses.fields(SuiteRun) if getattr(RUN, each.name) != each.default]
    assert {"tests", "fixtures", "coverage", "accounts", "figures", "seconds", "queued"} <= set(filled)


@pytest.mark.parametrize("text", ["../../etc", "/etc", "a/../../b", "!../x", "..", "C:\\x\\..\\..\\y", "~/x"])
def test_an_input_that_leads_out_is_found(text: str) -> None:
    assert leading_out(["schemas", text, "a..b/*.json"]) == [text]


def test_a_number_too_large_for_any_message_is_refused(folder: Path) -> None:
    (folder / "policy.toml").write_text(f"[coverage]\nminimum = {HUGE}\n[suite]\ntimeout_seconds = 0x{'f' * 6000}\n")
    with pytest.raises(PolicyError):
        load_standards(folder, TODAY)
    with pytest.raises(BaselineError):
        timings.parsed({".": {"(work)": [10**400, 1]}})
