"""The report, without a browser: what is summed up, what is escaped, and when there is one. `pytest --meta-report=…`"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import plotly
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meta_regime.extras import report
from meta_regime.extras._git import Git
from meta_regime.extras._visible import visible
from meta_regime.extras.confirm.causes import Cause
from meta_regime.extras.report import escaping
from meta_regime.extras.report.boxes import Row, all_boxes, boxes_of
from meta_regime.extras.report.by_cause import CAUSES, in_words, places_of, rows_of, seconds_by_cause
from meta_regime.extras.report.page import page_of
from meta_regime.extras.report.past import Version, evenly, past_of, version_of
from meta_regime.record import Account, FileCoverage, MeasuredCoverage, SuiteRun, TestTiming
from meta_regime.verdict import Outcome, Verdict
from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs

from tests.baking import ROOT
from tests.in_git import Repository
from tests.reporting import HOSTILE, hostile, large
from tests.sample import GREEN, policy, session, write

TEXT = st.text(max_size=30) | st.sampled_from(HOSTILE)
SECONDS = st.floats(0, 100)


class Page(HTMLParser):
    """What a browser finds in a page: how many elements there are of each kind, and the JSON of the figures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.figures: dict[str, Any] = json.loads(self.scripts[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name in ("src", "srcset")]
        self.handlers += [value for name, value in attrs if name == "href" and value and value[0] != "#"]

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and data.strip():
            self.scripts.append(data)


class TestSeconds:
    @given(st.tuples(*[SECONDS] * 7))
    def test_the_causes_of_a_test_are_its_wall_time(self, numbers: tuple[float, ...]) -> None:
        setup, call, teardown, queued, cpu, children, threads = numbers
        row = TestTiming("a::b", setup, call, teardown, queued, "passed", cpu)
        account = Account(children, threads)
        waits = [Cause("slept", children, "", "", "call", ""), Cause("sockets", threads, "", "", "call", "")]
        for found in (seconds_by_cause(row), seconds_by_cause(row, account), seconds_by_cause(row, account, waits)):
            assert sum(found) == pytest.approx(setup + call + teardown)
            assert min(found) >= 0

    def test_what_was_run_again_is_divided_as_the_second_run_was(self) -> None:
        row = TestTiming("a::b", 0.0, 9.0, 0.0, 0.5, "passed", 0.5)
        assert in_words(seconds_by_cause(row)) == f"8.00 s {CAUSES[5]}, 0.50 s computing, 0.50 s {CAUSES[6]}"
        helped = seconds_by_cause(row, Account(6.0, 1.0))
        assert in_words(helped).startswith(f"6.00 s other programs, 1.00 s {CAUSES[4]}, 1.00 s {CAUSES[5]}")
        kinds = {"slept": 2.0, "retried": 1.0, "sockets": 0.5, "locks": 0.25, "waited": 0.25, "computed": 50.0}
        causes = [Cause(kind, seconds, "", "", "call", "") for kind, seconds in kinds.items()]
        told = in_words(seconds_by_cause(row, Account(6.0, 1.0), causes))
        assert told.startswith(
            f"6.00 s asleep, 1.00 s sockets, 0.50 s computing, 0.50 s {CAUSES[4]}, 0.50 s {CAUSES[5]}"
        )


class TestBoxes:
    PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=15).map(tuple)

    @given(st.lists(st.tuples(PATHS, st.integers(0, 1000)), min_size=1, max_size=60), st.floats(0, 0.5))
    def test_nothing_is_lost(self, things: list[tuple[tuple[str, ...], int]], least: float) -> None:
        rows = [
            Row("/".join(path), (*path, str(number)), size, (size, 1)) for number, (path, size) in enumerate(things)
        ]
        whole = sum(row.size for row in rows)
        root = boxes_of(rows, least)
        for box in (each for each, _ in all_boxes(root) if each.inside):
            inside = [*box.inside.values()]
            assert box.size == sum(each.size for each in inside) == box.amounts[0]
            assert box.things == sum(each.things for each in inside) == box.amounts[1]
            assert sum(each.size < whole * least for each in inside) <= 1 or not whole
        assert (root.size, root.things) == (whole, len(rows))
        assert boxes_of(rows, 0.0).inside or len(rows) == 1

    def test_a_folder_of_small_ones_alone_is_one_box(self) -> None:
        rows = [Row(f"a/{number}", ("a", str(number)), 1, (1,)) for number in range(50)]
        root = boxes_of([*rows, Row("b", ("b",), 50, (50,))], 0.05)
        assert [(box.name, box.size, box.things, len(box.inside)) for box in root.inside.values()] == [
            ("a", 50, 50, 0),
            ("b", 50, 1, 0),
        ]

    def test_what_is_small_is_summed_up_where_it_lies(self) -> None:
        sizes = {"a.py": 50, "b.py": 1, "c.py": 2, "deep/d.py": 47}
        rows = [Row(f"src/pkg/{name}", ("src", "pkg", *name.split("/")), size, (size,)) for name, size in sizes.items()]
        root = boxes_of(rows, 0.05)
        assert (root.name, root.whole) == ("src/pkg", "src/pkg")
        told = [(box.name, box.whole, box.size, box.more) for box in root.inside.values()]
        assert told == [
            ("a.py", "src/pkg/a.py", 50, 0),
            ("deep", "src/pkg/deep", 47, 0),
            ("", "src/pkg", 3, 2),
        ]


def test_fifty_thousand_tests_are_less_than_ten_megabytes() -> None:
    about = large()
    text = page_of(about, get_plotlyjs())
    assert len(text.encode()) < 10_000_000
    page = Page(text)
    times = page.figures["time-map"]["data"][0]
    assert sum(times["values"]) == pytest.approx(sum(amount.size for amount in places_of(rows_of(about.run, {}))), 1e-4)
    assert len(times["ids"]) < 5_000
    assert "smaller ones" in text
    assert "The first 200 of 5,000 rows." in text
    for figure in page.figures.values():
        Figure(figure)  # plotly's own schema: raises for a property that it does not know, or a value that is none


@pytest.mark.parametrize("count", [0, 1, 3000])
def test_a_suite_without_folders_has_a_page(count: int) -> None:
    run = SuiteRun(tests=tuple(TestTiming(f"test_{each}.py::t", 0, 1, 0, 0, "passed") for each in range(count)))
    files = tuple(FileCoverage(f"module_{each}.py", 1, 1, 0, 0) for each in range(count))
    about = hostile()._replace(run=replace(run, coverage=MeasuredCoverage(files, None)), causes={})
    page = Page(page_of(about, "plotly"))
    assert ({"time-map", "coverage-map"} <= {*page.figures}) is (count > 0)


class TestText:
    @given(TEXT)
    def test_what_cannot_be_seen_is_written_out(self, text: str) -> None:
        hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
        found = {char for char in visible(text) if unicodedata.category(char) in hidden}
        assert found <= set("\u200c\u200d")
        for escaped in (escaping.name(text), escaping.label(text), escaping.prose(text), escaping.in_lines(text, 40)):
            escaped.encode()  # as the file is written; half a pair would not be

    def test_it_says_which_character_that_was(self) -> None:
        assert visible("a\u202eb\x00\ud800") == "a\\u202eb\\x00\\ud800"
        assert escaping.name("a\u202e") == "<bdi>a\\u202e</bdi>"

    def test_a_long_name_is_shortened_and_whole_in_its_title(self) -> None:
        text = escaping.name(f"begins{'x' * 2000}ends")
        assert f'title="begins{"x" * 2000}ends"' in text
        assert text.endswith("xends</bdi>")
        assert len(text) < 2200

    @given(st.recursive(TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)))
    def test_json_in_a_script_is_the_same_and_ends_nothing(self, value: Any) -> None:
        text = escaping.in_script(value)
        assert json.loads(text) == value
        assert text.isascii()
        assert not set("<>&") & set(text)

    @settings(max_examples=25)
    @given(TEXT, TEXT)
    def test_no_text_of_the_users_becomes_markup(self, name: str, other: str) -> None:
        plain, bad = hostile(), hostile()
        tests = tuple(test._replace(nodeid=f"{name}/{test.nodeid}") for test in bad.run.tests)
        vars(bad.run)["tests"] = tests
        versions = (Version("1", "2027-01-01", name, 1, 1, {other: 1.0}), *plain.past.versions[1:])
        bad = bad._replace(
            project=name,
            verdicts={other: Verdict(Outcome.FAILED, name, other), **plain.verdicts},
            past=bad.past._replace(versions=versions),
        )
        page = Page(page_of(bad, "plotly"))
        assert page.elements["script"] == 3
        assert not page.elements["img"]
        assert page.handlers == []

    def test_a_library_that_names_the_end_of_a_script_does_not_end_it(self) -> None:
        text = page_of(hostile(), "let x = '</script><!--';")
        assert "let x = '<\\/script><\\!--';" in text
        assert Page(text).elements["script"] == 3


class TestThePast:
    def test_versions_are_read_from_git(self, tmp_path: Path) -> None:
        folder = tmp_path / "shop"
        folder.mkdir()
        repository = Repository(folder, tmp_path)
        repository.git("init", "--quiet", "--initial-branch=main")
        assert past_of(Git(folder)).notes == ("git has no committed version of tests/meta/baseline.json here.",)
        texts = [_baseline(lines=9, seconds=2.0), "{broken", _baseline(lines=4, seconds=1.5)]
        for number, text in enumerate(texts):
            repository.commit({"tests/meta/baseline.json": text, "other.txt": str(number)}, f"state {number} \x1f")
        repository.commit({"other.txt": "no baseline"}, "not of the baseline")
        past = past_of(Git(folder))
        told = [(each.subject.strip("\x1f "), each.lines, each.branches, each.seconds) for each in past.versions]
        assert told == [("state 0", 9, 1, {"Linux": 2.0}), ("state 2", 4, 1, {"Linux": 1.5})]
        assert past.notes == ("1 of the versions cannot be read, and left out.",)

    @given(st.integers(0, 300), st.integers(2, 60))
    def test_of_many_the_first_and_last_are_among_those_shown(self, count: int, most: int) -> None:
        lines = [[str(number)] for number in range(count)]
        found = evenly(lines, most)
        assert len(found) == min(count, most)
        assert found[:1] + found[-1:] == lines[:1] + lines[-1:]
        assert [int(line[0]) for line in found] == sorted({int(line[0]) for line in found})

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"files": {"a": 3}}', '{"files": {}, "timings": {"x": {"y": 1}}}']
    )
    def test_a_version_that_is_none_is_none(self, text: str) -> None:
        assert version_of(("1", "2027-01-01", "x"), text) is None


def _baseline(*, lines: int, seconds: float) -> str:
    timings = {"Linux": {".": {"(work)": [9.0, 9.0]}, "tests/a.py": {"test_a": [seconds, 0.1]}}}
    return json.dumps({"format": 1, "timings": timings, "files": {"a.py": {"lines": lines, "branches": 1}}})


def test_a_plotly_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "plotly.js v" in report._plotly_js()[:100]
    monkeypatch.setattr(plotly, "__version__", "5.24.1")
    with pytest.raises(report.NotWrittenError, match=r"need plotly 6 or later, and this is 5\.24\.1: pip install"):
        report._plotly_js()


class TestInASession:
    def test_every_way_of_running_writes_it(self, judged_repository: Repository) -> None:
        project = judged_repository.folder
        for number, way in enumerate(
            (["--cov=src/shop"], ["--cov=src/shop", "-n", "2"], ["tests/meta", "--meta-fresh"])
        ):
            said = session(project, *way, f"--meta-report=out/{number}.html")
            assert f"meta-tests: the report stands in out/{number}.html" in said.text, said.text
            page = Page((project / "out" / f"{number}.html").read_text(encoding="utf-8"))
            assert {*page.figures} == {"time-map", "slowest-bars", "coverage-map"}
            assert "tests/unit/test_prices.py::test_nothing" in json.dumps(page.figures)
            assert "src/shop/prices.py" in json.dumps(page.figures)
        assert sorted(path.name for path in (project / "out").iterdir()) == ["0.html", "1.html", "2.html"]
        split = {"PYTHONPATH": str(ROOT / ".venv" / "beside" / "pytest-split")}
        for group in ("1", "2"):
            shard = ["--splits=2", f"--group={group}", f"--meta-record=shards/{group}", "--meta-report=part.html"]
            said = session(project, "--cov=src/shop", *shard, env=split)
            assert "no report was written to part.html: no whole run was judged (recorded shard" in said.text, said.text
        said = session(project, "tests/meta", "--meta-records", "shards", "--meta-report=all.html")
        assert "meta-tests: the report stands in all.html" in said.text, said.text
        assert "in 2 shards" in (project / "all.html").read_text(encoding="utf-8")

    def test_where_there_is_none_it_says_why(self, project: Path) -> None:
        typed = ("--cov=src/shop", "--meta-report=out.html")
        said = session(project, *typed, "-k", "nothing")
        assert "no report was written to out.html: no whole run was judged (partial run (-k nothing))" in said.text
        assert said.status == 0
        write(project, {"without/plotly.py": "raise ModuleNotFoundError(name='plotly')\n"})
        without = {"PYTHONPATH": str(project / "without")}
        policy(project, "[coverage]\nminimum = 70\n")
        for more, status in ([], 0), (["--meta-strict"], 1):
            said = session(project, *typed, *more, env=without)
            why = "its charts need plotly, which is not installed: pip install plotly"
            assert f"no report was written to out.html: {why}" in said.text
            assert (said.status, said.verdicts) == (status, GREEN), said.text  # it is the report that fails it
        (project / "out.html").mkdir()
        assert "no report was written to out.html: Is a directory" in session(project, *typed).text
        policy(project, "[coverage]\nnonsense = 70\n")
        assert "the settings in tests/meta are wrong; see the verdicts" in session(project, *typed).text
