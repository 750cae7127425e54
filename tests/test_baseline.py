"""`baseline.json` as data: what holds of every baseline, whatever the project; what is refused, and in which words."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meta_regime.extras._baseline_file import BaselineError, lesser, sides
from meta_regime.extras.ratchet.baseline import (
    Baseline,
    Entry,
    accepted,
    better,
    line_of,
    loosened,
    merged,
    parsed,
    renamed,
    worse,
    written,
)

PATHS = st.sampled_from([f"src/shop/{name}.py" for name in ("a", "b", "c", "d/e", "d/ü", "f g", 'q"uote')])
COUNTS = st.integers(0, 9)
REASONS = st.just("") | st.text(min_size=1).filter(str.strip)
ENTRIES = st.builds(Entry, COUNTS, COUNTS, REASONS)
TREES = st.dictionaries(PATHS, ENTRIES)
SETTINGS = {"branch": "on", "source": "12345678"}


def measured(files: dict[str, Entry]) -> Baseline:
    return Baseline(files, SETTINGS, {"python": "3.11"})


def allows(baseline: Baseline, path: str) -> float:
    return baseline.files[path].uncovered if path in baseline.files else float("inf")


class TestWhatAlwaysHolds:
    @given(TREES, TREES)
    def test_accepting_never_loosens(self, before: dict[str, Entry], now: dict[str, Entry]) -> None:
        after = accepted(measured(before), measured(now))
        assert all(allows(after, path) <= allows(measured(before), path) for path in after.files)
        assert after.files.keys() == now.keys()  # what is gone is trimmed, what is new is there
        assert not loosened(measured(before), after, now)

    @given(TREES, TREES)
    def test_what_was_accepted_is_accepted_again_without_a_change(
        self, before: dict[str, Entry], now: dict[str, Entry]
    ) -> None:
        once = accepted(measured(before), measured(now))
        assert accepted(once, measured(now)) == once
        assert not better(once, measured(now))

    @given(TREES, TREES)
    def test_accepting_does_not_forgive(self, before: dict[str, Entry], now: dict[str, Entry]) -> None:
        assert worse(accepted(measured(before), measured(now)), measured(now)) == worse(measured(before), measured(now))

    @given(TREES.filter(bool), st.data())
    def test_an_uncovered_line_more_always_fails(self, tree: dict[str, Entry], data: st.DataObject) -> None:
        path, kind = data.draw(st.sampled_from(sorted(tree))), data.draw(st.sampled_from(["lines", "branches"]))
        now = {**tree, path: tree[path]._replace(**{kind: getattr(tree[path], kind) + 1})}
        assert worse(accepted(Baseline(settings=SETTINGS), measured(tree)), measured(now)) == [path]

    @given(TREES)
    def test_a_covered_line_more_never_fails(self, tree: dict[str, Entry]) -> None:
        # What is covered is not in the data at all: the same tree is measured, however much was added.
        assert not worse(accepted(Baseline(settings=SETTINGS), measured(tree)), measured(tree))

    @given(TREES.filter(bool), st.data())
    def test_deleting_covered_or_uncovered_code_never_fails(self, tree: dict[str, Entry], data: st.DataObject) -> None:
        lower = {path: (st.integers(0, entry.lines), st.integers(0, entry.branches)) for path, entry in tree.items()}
        fewer = {path: Entry(data.draw(lines), data.draw(branches)) for path, (lines, branches) in lower.items()}
        kept = data.draw(st.sets(st.sampled_from(sorted(fewer))))
        assert not worse(measured(tree), measured({path: fewer[path] for path in kept}))

    @given(TREES, TREES, st.data())
    def test_a_rename_is_neutral(self, before: dict[str, Entry], now: dict[str, Entry], data: st.DataObject) -> None:
        new = {
            path: path.replace("shop", data.draw(st.sampled_from(["shop", "store", "store/deep"]))) for path in before
        }
        moved = {new.get(path, path): entry for path, entry in now.items()}
        followed = renamed(measured(before), {old: name for old, name in new.items() if old != name})
        assert sorted(new.get(path, path) for path in worse(measured(before), measured(now))) == sorted(
            worse(followed, measured(moved))
        )

    @given(TREES, TREES)
    def test_merging_is_never_laxer_than_either(self, ours: dict[str, Entry], theirs: dict[str, Entry]) -> None:
        both = merged(measured(ours), measured(theirs))
        assert both.files.keys() == ours.keys() | theirs.keys()
        assert all(
            allows(both, path) <= min(allows(measured(ours), path), allows(measured(theirs), path))
            for path in both.files
        )

    @given(TREES)
    def test_what_is_written_is_read_again(self, files: dict[str, Entry]) -> None:
        text = written(measured(files))
        assert parsed(text) == measured(files)
        lines = [line for line in text.split("\n") if line.startswith('"src/')]
        assert len(lines) == len(files)
        assert all(line.endswith("},") for line in lines)  # so that adding a file changes no other line

    @given(st.text() | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(json.dumps))
    def test_no_text_is_a_traceback(self, text: str) -> None:
        with pytest.raises(BaselineError):
            parsed(text)

    @given(
        st.dictionaries(st.text(), st.none() | st.integers() | st.dictionaries(st.text(), st.integers() | st.text()))
    )
    def test_no_file_row_is_a_traceback(self, rows: dict[str, object]) -> None:
        document = {"format": 1, "settings": {}, "measured_with": {}, "files": rows}
        with contextlib.suppress(BaselineError):
            read = parsed(json.dumps(document))
            assert all(set(row) <= {"lines", "branches", "reason"} for row in rows.values() if isinstance(row, dict))
            assert all(entry.lines >= 0 and entry.branches >= 0 for entry in read.files.values())


class TestALine:
    def test_it_is_written_as_in_the_file_and_asks_for_a_reason_where_one_is_wanted(self) -> None:
        entry = Entry(1, 0, "für ä")
        line = line_of("src/ü.py", entry)
        assert line == '"src/ü.py": {"lines": 1, "branches": 0, "reason": "für ä"}'
        assert f"{line},\n" in written(measured({"src/ü.py": entry}))
        assert line_of("a.py", Entry(1, 0)) == '"a.py": {"lines": 1, "branches": 0}'
        assert line_of("a.py", Entry(1, 0), ask_for_reason=True) == '"a.py": {"lines": 1, "branches": 0, "reason": ""}'

    def test_a_baseline_with_files_or_settings_is_made(self) -> None:
        assert Baseline(files={"a.py": Entry(1, 0)}).is_made
        assert Baseline(settings=SETTINGS).is_made
        assert not Baseline().is_made

    def test_a_name_that_sorts_behind_the_last_line_is_written_too(self) -> None:
        files = {"é.py": Entry(1, 0), "a.py": Entry(2, 0)}
        assert parsed(written(measured(files))).files == files


class TestComparing:
    def test_the_worst_is_first_and_of_equals_the_first_by_name(self) -> None:
        before = measured({path: Entry(1, 0) for path in ("a.py", "b.py", "c.py", "d.py")})
        now = measured({"a.py": Entry(2, 0), "c.py": Entry(1, 1), "b.py": Entry(1, 4), "d.py": Entry(1, 0)})
        assert worse(before, now) == ["b.py", "a.py", "c.py"]

    def test_a_line_that_allows_as_much_stays_as_it_is(self) -> None:
        before = measured({"a.py": Entry(2, 1, "why")})
        assert accepted(before, measured({"a.py": Entry(1, 2)})) == before

    def test_what_it_was_measured_with_is_renewed_with_the_first_line_that_changes(self) -> None:
        before = measured({"a.py": Entry(2, 0)})
        newer = {"python": "3.13"}
        same, less = (measured({"a.py": Entry(lines, 0)})._replace(measured_with=newer) for lines in (2, 1))
        assert accepted(before, same).measured_with == before.measured_with
        assert accepted(before, less).measured_with == newer


class TestMergingByGit:
    @settings(max_examples=25, deadline=None)
    @given(TREES, TREES, TREES)
    def test_two_accepted_baselines(
        self, base: dict[str, Entry], ours: dict[str, Entry], theirs: dict[str, Entry]
    ) -> None:
        start = measured(base)
        branches = [accepted(start, measured(tree)) for tree in (ours, theirs)]
        text = self.merge_file(*(written(each) for each in (branches[0], start, branches[1])))
        both = sides(text)
        result = merged(*map(parsed, both)) if both is not None else parsed(text)
        for path in result.files:
            assert allows(result, path) <= min(allows(branch, path) for branch in branches)

    @staticmethod
    def merge_file(*texts: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            names = [Path(folder, name) for name in ("ours", "base", "theirs")]
            for name, text in zip(names, texts, strict=True):
                name.write_text(text, encoding="utf-8")
            done = subprocess.run(["git", "merge-file", "-p", *names], capture_output=True, check=False)
            return done.stdout.decode("utf-8")

    def test_files_added_at_both_ends_of_the_list_merge_without_a_conflict(self) -> None:
        start = measured({f"src/{name}.py": Entry(1, 0) for name in "gmt"})
        first = start._replace(files={**start.files, "src/a.py": Entry(2, 0)})
        last = start._replace(files={**start.files, "src/z.py": Entry(3, 0)})
        text = self.merge_file(written(first), written(start), written(last))
        assert parsed(text).files.keys() == first.files.keys() | last.files.keys()

    def test_a_text_without_a_conflict_has_no_sides(self) -> None:
        assert sides(written(measured({"src/a.py": Entry(1, 0)}))) is None

    def test_the_common_ancestor_between_marks_is_passed_over(self) -> None:
        text = "one\n<<<<<<< ours\ntwo\n||||||| base\nzero\n=======\nthree\n>>>>>>> theirs\nfour\n"
        assert sides(text) == ("one\ntwo\nfour\n", "one\nthree\nfour\n")

    @pytest.mark.parametrize("theirs", [[3], 3, None])
    def test_sides_of_timings_of_another_kind_are_no_traceback(self, theirs: object) -> None:
        """What is broken is said when it is read."""
        assert lesser({"a": [1, 1]}, theirs) == {"a": [1, 1]}
        assert lesser(theirs, {"a": [1, 1]}) == theirs


class TestReasons:
    def test_more_than_before_needs_a_reason_that_was_not_there_before(self) -> None:
        before = measured({"src/a.py": Entry(1, 0), "src/b.py": Entry(1, 0, "old"), "src/c.py": Entry(1, 0)})
        now = measured({"src/a.py": Entry(2, 0), "src/b.py": Entry(2, 0, "old"), "src/c.py": Entry(2, 0, "new")})
        assert loosened(before, now, now.files) == ["src/a.py", "src/b.py"]

    def test_a_line_that_was_taken_out_of_a_file_still_measured_is_noticed(self) -> None:
        before = measured({"src/a.py": Entry(1, 0), "src/gone.py": Entry(1, 0)})
        assert loosened(before, measured({}), ["src/a.py"]) == ["src/a.py"]

    def test_as_much_or_less_than_before_needs_none(self) -> None:
        before = measured({"src/a.py": Entry(2, 0), "src/b.py": Entry(2, 0)})
        now = measured({"src/a.py": Entry(2, 0), "src/b.py": Entry(1, 0)})
        assert loosened(before, now, now.files) == []

    def test_under_other_settings_numbers_are_not_compared(self) -> None:
        before = measured({"src/a.py": Entry(1, 0)})._replace(settings={"branch": "off"})
        assert loosened(before, measured({"src/a.py": Entry(5, 5)}), ["src/a.py"]) == []

    def test_a_reason_stays_while_something_is_uncovered(self) -> None:
        before = measured({"src/a.py": Entry(5, 0, "why"), "src/b.py": Entry(5, 0, "why")})
        after = accepted(before, measured({"src/a.py": Entry(2, 0), "src/b.py": Entry(0, 0)}))
        assert after.files == {"src/a.py": Entry(2, 0, "why"), "src/b.py": Entry(0, 0)}


class TestWhatIsWrongWithIt:
    def problems(self, **changes: object) -> list[str]:
        document = {"format": 1, "settings": {}, "measured_with": {}, "files": {}, **changes}
        with pytest.raises(BaselineError) as caught:
            parsed(json.dumps(document))
        return caught.value.problems

    def test_everything_is_said_at_once(self) -> None:
        row = {"lines": -1, "branches": True, "reason": " ", "line": 3}
        assert self.problems(files={"a.py": row, "b.py": 3}, format=2) == [
            "its format is 2, this version of tests/meta reads 1",
            "a.py: branches must be a whole number, 0 or more",
            "a.py: line is unknown; known are: lines, branches, reason",
            "a.py: lines must be a whole number, 0 or more",
            "a.py: reason is empty, or no text; say why more may be uncovered than before",
            'b.py must be {"lines": 3, "branches": 1}, with its own numbers',
        ]

    @pytest.mark.parametrize(
        ("row", "key"),
        [
            ({"lines": -1, "branches": 0}, "lines"),
            ({"lines": 0, "branches": -1}, "branches"),
            ({"lines": True, "branches": 1}, "lines"),
            ({"lines": 1, "branches": True}, "branches"),
        ],
    )
    def test_one_number_that_is_none(self, row: dict[str, object], key: str) -> None:
        assert self.problems(files={"a.py": row}) == [f"a.py: {key} must be a whole number, 0 or more"]

    def test_a_part_that_is_missing(self) -> None:
        assert self.problems(files=[]) == ['it must be an object with "files", an object, in it; take it back from git']

    def test_settings_are_missing_only_where_it_has_timings_alone(self) -> None:
        head, row = {"format": 1, "about": "x"}, {"a.py": {"lines": 1, "branches": 0}}
        assert not parsed(json.dumps({**head, "files": {}, "timings": {"x": {}}})).is_made
        for document in ({**head, "files": {}}, {**head, "files": row}, {**head, "files": row, "timings": {"x": {}}}):
            with pytest.raises(BaselineError, match=r'^it must be an object with "settings"'):
                parsed(json.dumps(document))

    def test_a_file_that_is_there_twice(self) -> None:
        text = written(measured({"a.py": Entry(1, 0)})).replace('"~"', '"a.py": {"lines": 3, "branches": 0},\n"~"')
        with pytest.raises(BaselineError, match=r"^a\.py is there twice; keep the line with the smaller numbers$"):
            parsed(text)

    def test_no_json(self) -> None:
        with pytest.raises(BaselineError, match=r"it is not valid JSON: .*line 1"):
            parsed("{")
        with pytest.raises(BaselineError, match=r"it is not valid JSON: (maximum recursion depth|Stack overflow)"):
            parsed("[" * 100_000)

    @pytest.mark.parametrize("number", [0, 2, None, "1"])
    def test_another_format(self, number: object) -> None:
        assert self.problems(format=number) == [f"its format is {number!r}, this version of tests/meta reads 1"]

    def test_a_byte_order_mark_and_windows_line_ends_are_read(self) -> None:
        text = written(measured({"a.py": Entry(1, 0)}))
        assert parsed("\ufeff" + text.replace("\n", "\r\n")) == parsed(text)
