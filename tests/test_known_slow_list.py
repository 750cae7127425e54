"""known_slow.toml is kept current: whatever makes an entry out of date is found, and `--meta-accept` trims."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.extras.known_slow.entries import KnownSlow
from meta_regime.extras.known_slow.judging import how_to_excuse
from meta_regime.extras.known_slow.stale import Stale, Wanted
from meta_regime.extras.known_slow.trimming import CannotTrimError, trim, without
from meta_regime.policy import Policy, SlowTests
from meta_regime.record import FixtureTiming, SuiteRun, TestTiming
from meta_regime.verdict import Standards

TODAY = datetime.date(2026, 11, 22)
TOMORROW, YESTERDAY = TODAY + datetime.timedelta(days=1), TODAY - datetime.timedelta(days=1)


def took(nodeid: str, seconds: float, outcome: str = "passed") -> TestTiming:
    return TestTiming(nodeid, 0.0, seconds, 0.0, 0.0, outcome)


def entry(test: str, until: datetime.date = TOMORROW, seconds: float = 20.0) -> KnownSlow:
    return KnownSlow(test, seconds, "because", until)


FILES = {"tests": "", "tests/test_a.py": "def test_a(): ...\ndef test_elsewhere(): ...", "tests/test_gpu.py": ""}


def judged(entries: list[KnownSlow], tests: list[TestTiming], fixtures: tuple[FixtureTiming, ...] = ()) -> Wanted:
    """Look at entries after a run; the limit is 10 seconds, 12.5 with the tolerance."""
    standards = Standards(Policy(slow_tests=SlowTests(limit_seconds=10.0)), tuple(entries), TODAY)
    return Wanted(SuiteRun(tests=tuple(tests), fixtures=fixtures), standards, FILES.get)


def stale(entries: list[KnownSlow], *tests: TestTiming) -> list[Stale]:
    return judged(entries, list(tests)).stale()


A = "tests/test_a.py::test_a"


class TestAnEntry:
    @pytest.mark.parametrize("seconds", [5.1, 9.9, 10.1, 12.6, 30.0])
    def test_whose_test_is_not_clearly_fast_is_wanted(self, seconds: float) -> None:
        wanted = judged([entry(A)], [took(A, seconds)])
        assert (wanted.stale(), wanted.unknown) == ([], 0)

    def test_whose_test_is_fast_can_go(self) -> None:
        why = "is fast now: it takes 5.00 s, and the limit is 10 s. Delete the entry."
        assert stale([entry(A)], took(A, 5.0)) == [Stale(1, entry(A), why, True)]

    def test_with_a_glob_is_wanted_while_one_of_its_tests_is(self) -> None:
        glob, b = entry("tests/test_a.py::*"), "tests/test_a.py::test_b"
        assert stale([glob], took(A, 0.1), took(b, 6.0)) == []
        (found,) = stale([glob], took(A, 0.1), took(b, 4.0))
        assert found.why.startswith("is fast now: it takes 4.00 s, the slowest of its tests, and the limit is 10 s.")

    @pytest.mark.parametrize("outcome", ["skipped", "failed"])
    @pytest.mark.parametrize("test", [A, "tests/*"])
    def test_is_not_called_fast_where_a_test_did_not_pass(self, test: str, outcome: str) -> None:
        wanted = judged([entry(test)], [took("tests/b.py::b", 0.1), took(A, 0.0, outcome)])
        assert (wanted.stale(), wanted.unknown) == ([], 1)

    @pytest.mark.parametrize(
        ("seconds", "outcome", "why", "needless"),
        [
            (12.6, "passed", "it still takes 12.60 s: test_no_new_slow_tests judges it again.", False),
            (12.5, "passed", "it takes 12.50 s, which needs no excuse. Delete the entry.", True),
            (0.1, "passed", "it takes 0.10 s, which needs no excuse. Delete the entry.", True),
            (0.0, "skipped", "its test did not run here, or did not pass. See where it runs", False),
        ],
    )
    def test_whose_date_has_passed(self, seconds: float, outcome: str, why: str, needless: bool) -> None:
        assert stale([entry(A, TODAY)], took(A, 7.0)) == []
        (found,) = stale([entry(A, YESTERDAY)], took(A, seconds, outcome))
        assert found.why.startswith(f"ended on 2026-11-21, and {why}")
        assert found.needless is needless

    def test_whose_date_has_passed_says_nothing_of_what_did_not_run_however_low_the_limit_is(self) -> None:
        policy = Policy(slow_tests=SlowTests(limit_seconds=0.5))
        standards = Standards(policy, (entry("tests/test_gpu.py::test_x", YESTERDAY),), TODAY)
        (found,) = Wanted(SuiteRun(tests=(took(A, 0.1),)), standards, FILES.get).stale()
        assert found.why.startswith("ended on 2026-11-21, and its test did not run here, or did not pass. See where")

    @pytest.mark.parametrize("test", ["tests/test_b.py::test_a", "tests/gone/*", "*::test_gone", "tests/test_a.py::x*"])
    def test_whose_test_is_gone_can_go(self, test: str) -> None:
        (found,) = stale([entry(test)], took("tests/test_a.py::other_one_entirely", 0.1))
        what = "matches no test of the suite." if "*" in test else "no test of the suite has this id."
        assert (found.why, found.needless) == (f"{what} Delete the entry.", True)

    @pytest.mark.parametrize(
        "test",
        [
            pytest.param("tests/test_gpu.py::test_x", id="its module was skipped"),
            pytest.param("tests/test_gpu.py::*", id="so were all that it matches"),
            pytest.param("tests/test_a.py::test_elsewhere", id="it is defined, but not selected here"),
            pytest.param("tests/test_a.py::TestX::test_elsewhere[1]", id="likewise with a parameter"),
        ],
    )
    def test_whose_test_may_be_there_is_not_called_gone(self, test: str) -> None:
        wanted = judged([entry(test)], [took(A, 0.1)])
        assert (wanted.stale(), wanted.unknown) == ([], 1)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param("tests/test_old.py::test_big", "tests/unit/test_old.py::test_big", id="file moved"),
            pytest.param("tests/test_a.py::test_big", "tests/test_a.py::TestBig::test_big", id="put into a class"),
            pytest.param("tests/test_a.py::test_big", "tests/test_a.py::test_large", id="function renamed"),
            pytest.param("tests/test_a.py::test_a[1]", "tests/test_a.py::test_a[1-x]", id="parameter added"),
        ],
    )
    @pytest.mark.parametrize("seconds", [12.0, 0.5])
    def test_whose_test_was_renamed_names_the_new_id(self, old: str, new: str, seconds: float) -> None:
        (found,) = stale([entry(old)], took(new, seconds), took("tests/test_b.py::test_other", 0.1))
        gone = f"no test of the suite has this id. Was it renamed? {new} takes"
        if seconds == 12.0:  # its reason is to be kept
            assert found == Stale(1, entry(old), f"{gone} 12.00 s: write that id into the entry.", False)
        else:
            assert found == Stale(1, entry(old), f"{gone} 0.50 s, which needs no excuse: delete the entry.", True)

    def test_is_not_the_old_name_of_a_test_that_has_an_entry(self) -> None:
        (found,) = stale([entry("tests/test_b.py::test_a"), entry(A)], took(A, 12.0))
        assert found.why == "no test of the suite has this id. Delete the entry."

    def test_that_another_covers_can_go(self) -> None:
        wide = entry("tests/test_a.py::*")
        (found,) = stale([entry(A), wide], took(A, 12.0))
        why = "entry 2, tests/test_a.py::*, excuses all that this one does. Delete this one."
        assert found == Stale(1, entry(A), why, True)
        for wider in (wide._replace(seconds=21.0), wide._replace(until=TOMORROW + datetime.timedelta(days=1))):
            assert stale([entry(A), wider], took(A, 12.0)) == [Stale(1, entry(A), why, True)]
        assert stale([entry(A, seconds=21.0), wide], took(A, 12.0)) == []
        assert stale([entry(A, TOMORROW + datetime.timedelta(days=1)), wide], took(A, 12.0)) == []

    def test_of_two_that_excuse_the_same_the_first_stays(self) -> None:
        one, other = entry("tests/test_a.py::*"), entry("tests/test_a.py::**")
        for entries in ([one, other], [other, one]):
            (found,) = stale(entries, took(A, 12.0))
            assert (found.number, found.why.split(",")[0]) == (2, "entry 1")

    @pytest.mark.parametrize(("seconds", "needless"), [(5.0, True), (5.01, False)])
    def test_whose_renamed_test_is_fast_can_go(self, seconds: float, needless: bool) -> None:
        (found,) = stale([entry("tests/test_a.py::test_old")], took("tests/test_a.py::test_older", seconds))
        assert found.needless is needless

    @pytest.mark.parametrize(("others", "known"), [(499, True), (500, False)])
    def test_the_new_name_is_looked_for_among_five_hundred(self, others: int, known: bool) -> None:
        tests = [took(f"tests/test_a.py::{number}", 0.1) for number in range(others)]
        (found,) = stale(
            [entry("tests/test_a.py::test_old_name")], *tests, took("tests/test_a.py::test_old_names", 0.1)
        )
        assert ("test_old_names takes" in found.why) is known

    def test_of_a_fixture_of_the_root_may_be_wanted_by_any_test_that_was_skipped(self) -> None:
        gone = entry(".::cache [session fixture]")
        skipped = judged([gone], [took("tests/unit/test_b.py::test_b", 0.0, "skipped")])
        assert (skipped.stale(), skipped.unknown) == ([], 1)
        assert [found.needless for found in stale([gone], took("tests/unit/test_b.py::test_b", 0.1))] == [True]
        for folder in ("tests/unit", "+unit"):
            elsewhere = entry(f"{folder}::cache [session fixture]")
            assert len(stale([elsewhere], took("tests/e2e/test_b.py::test_b", 0.0, "skipped"))) == 1

    @pytest.mark.parametrize(
        ("test", "there"),
        [
            pytest.param("tests/*gpu*", True, id="a file of which nothing ran"),
            pytest.param("tests/*gpu*::test_x", True, id="a test of such a file"),
            pytest.param("tests/test_g*", False, id="no such file"),
            pytest.param("tests/test_a*::test_zz", False, id="a file of which tests ran"),
            pytest.param("tests/test_a.py::test_big*", True, id="a function that did not run"),
            pytest.param("tests/test_a.py::test_big_one[*]", True, id="likewise, with any parameter"),
            pytest.param("tests/test_a.py::test_big[*]", False, id="another function that begins so"),
            pytest.param("tests/test_a.py::test_big", False, id="likewise, without a glob"),
            pytest.param("tests/test_a.py::test_zz*", False, id="no such function"),
        ],
    )
    def test_with_a_glob_may_be_of_what_did_not_run(self, test: str, there: bool) -> None:
        names = "test_a.py\nsub/test_gpu.py"
        files = {"tests": names, "tests/test_a.py": "def test_a(): ...\ndef test_big_one(): ..."}
        standards = Standards(known_slow=(entry(test),), today=TODAY)
        wanted = Wanted(SuiteRun(tests=(took(A, 0.1),)), standards, files.get)
        assert (not wanted.stale()) is there

    def test_may_be_of_a_fixture(self) -> None:
        row = FixtureTiming("db", "session", "tests/unit", 3.0, 1.0, 0.0)
        here, gone = entry(row.label), entry("tests/unit::cache [session fixture]")
        found = judged([here, gone], [took(A, 0.1)], (row,)).stale()
        assert [(fault.number, fault.why.split(".")[0]) for fault in found] == [
            (1, "is fast now: it takes 4"),
            (2, "no test of the suite has this id"),
        ]
        skipped = judged([gone], [took("tests/unit/test_b.py::test_b", 0.0, "skipped")])
        assert (skipped.stale(), skipped.unknown) == ([], 1)


def test_a_pasted_entry_does_not_repeat_one_that_is_there() -> None:
    standards = Standards(known_slow=(entry(A, YESTERDAY), entry("tests/test_b.py::*", seconds=11.0)), today=TODAY)
    text = how_to_excuse([took(A, 12.0), took("tests/test_b.py::test_b", 14.0)], standards)
    assert f"The entry of {A} in known_slow.toml ended on 2026-11-21." in text
    assert "The entry of tests/test_b.py::test_b in known_slow.toml allows 11 s." in text
    assert text.count("[[known_slow]]") == 1
    assert 'test = "tests/test_b.py::test_b"\n    seconds = 17.5\n    reason = ""\n' in text


ENTRIES = {
    "one": '[[known_slow]]\ntest = "one"\nseconds = 20\nreason = """x\n\n[[known_slow]]\n# no comment\n"""\n'
    "until = 2026-11-23  # soon\n",
    "two": '[[ "known_slow" ]]  # two\n\nuntil = 2026-11-23\ntest = "two"\n\nseconds = 20\nreason = "y"\n# below two\n',
    "three": "  # above three\n  [[known_slow]]\n  test = 'three'\nseconds = 20\nreason = 'z'\nuntil = 2026-11-23\n",
}
BEGINNING, STRAY, END = "# Tests that may be slow.\n# See README.md\n", "# --- the others ---\n\n", "# the end\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "BOM"])
@pytest.mark.parametrize("out", range(8))
def test_everything_else_stays_byte_for_byte(newline: str, mark: str, out: int, tmp_path: Path) -> None:
    goes = [bool(out & 1), bool(out & 2), bool(out & 4)]
    blocks = [text + "\n" for text in ENTRIES.values()]
    left = ["" if gone else block for gone, block in zip(goes, blocks, strict=True)]
    path = tmp_path / "known_slow.toml"
    before, after = (
        (mark + BEGINNING + each[0] + STRAY + each[1] + each[2] + END).replace("\n", newline).encode()
        for each in (blocks, left)
    )
    path.write_bytes(before)
    tables = tomllib.loads(before.decode().removeprefix("\ufeff"))["known_slow"]
    entries = [KnownSlow(**{**table, "seconds": 20.0}) for table in tables]
    trim(path, entries, [entry for entry, gone in zip(entries, goes, strict=True) if not gone])
    assert path.read_bytes() == after
    assert [file.name for file in tmp_path.iterdir()] == ["known_slow.toml"]


@pytest.mark.parametrize("last", ["", "\n", "\n\n \n"], ids=["no newline", "newline", "empty lines"])
def test_the_end_of_the_file(last: str) -> None:
    one, two = ENTRIES["one"], ENTRIES["three"].rstrip()
    assert without(one + "\n" + two + last, [False, True]) == one
    assert without(one + "\n" + two + last, [True, False]) == two + last
    assert without(two + last, [True]) == "  # above three\n"  # what the file begins with


def test_a_last_entry_of_one_line() -> None:
    assert without(f"{ENTRIES['one']}\n[[known_slow]]", [False, True]) == ENTRIES["one"]


def test_what_stands_in_a_string_on_the_first_line_is_no_entry() -> None:
    text = 'about = """\n[[known_slow]]\n"""\n'
    assert without(f"{text}[[known_slow]]\nx = 1\n", [True]) == text


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_nothing_is_written_that_is_not_what_was_to_be_kept(order: str, tmp_path: Path) -> None:
    path = tmp_path / "known_slow.toml"
    row = '[[known_slow]]\ntest = "{}"\nseconds = 20\nreason = "because"\nuntil = 2026-11-23\n'
    path.write_text("".join(map(row.format, order)))
    entries = [entry(name) for name in order]
    with pytest.raises(CannotTrimError, match="cannot be told apart"):
        trim(path, entries, entries[::-1])
    assert path.read_text() == "".join(map(row.format, order))


def test_a_comment_on_the_first_line_stays() -> None:
    assert without("# mine\n[[known_slow]]\nx = 1\n", [True]) == "# mine\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('known_slow = [{test = "a", seconds = 20, reason = "x", until = 2026-11-23}]', "cannot be told apart"),
        ('[["known\\u005fslow"]]\ntest = "a"\nseconds = 20\nreason = "x"\nuntil = 2026-11-23', "cannot be told apart"),
        ('[[known_slow]]\ntest = "a"\nseconds = 21\nreason = "x"\nuntil = 2026-11-23', "was changed while"),
        ("[[known_slow]", "was changed while"),
        ('[[known_slow]]\ntest = "a"\n', "was changed while"),
        ("", "was changed while"),
    ],
)
def test_what_is_not_understood_is_left_alone(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "known_slow.toml"
    path.write_text(text)
    with pytest.raises(CannotTrimError, match=why):
        trim(path, [KnownSlow("a", 20.0, "x", TOMORROW)], [])
    assert path.read_text() == text


LINES = st.sampled_from(
    ["", "  ", "# c", "[[known_slow]]", "[[known_slow]]", 'a = """', '"""', "b = 1", "c = '''", "'''", "[[x]]", "d = ["]
)


@given(st.lists(LINES, max_size=12), st.lists(st.booleans(), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_no_line_that_is_left_was_changed(lines: list[str], out: list[bool], newline: str) -> None:
    left = without(newline.join(lines), out)
    if left is not None:
        remaining = iter(lines)
        assert all(line in remaining for line in left.split(newline) if line)
