"""Records of shards as data: which are one whole run, and in which words the others are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import coverage as coverage_py
import pytest
from meta_regime.extras._stored_record import RecordError, save_record
from meta_regime.extras.shards import data_of, digest, digest_of_sources
from meta_regime.extras.shards.merge import Shard, checked, gaps, merged, other_sources, strangers
from meta_regime.record import Account, FileCoverage, FixtureTiming, MeasuredCoverage, SuiteRun, TestTiming

HEAD: dict[str, Any] = {
    "group": 1,
    "groups": 2,
    "suite": [4, "d1b2a3c4e5f6"],
    "revision": "0123456789abcdef",
    "policy": [["-m", "unit"]],
    "python": "3.11",
    "root": "/home/ci/shop",
}
HERE = {name: HEAD[name] for name in ("revision", "policy", "python")}


def one_test(number: int) -> TestTiming:
    return TestTiming(f"tests/test_a.py::test_{number}", 0.0, 0.5, 0.0, 0.0, "passed")


def shard(group: int | None, *numbers: int, **facts: Any) -> Shard:
    head = {**HEAD, "group": group, **{name: facts.pop(name) for name in list(facts) if name in {*HEAD, "sources"}}}
    return Shard(Path(f"{group}.jsonl"), head, SuiteRun(tests=tuple(map(one_test, numbers)), **facts))


class TestWhatAShardSays:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(("groups", count) for count in (None, 1, 100_000)),
            *(("root", root) for root in ("/", "C:\\work\\shop")),
            *(("suite", [0, ""]), ("python", ""), ("policy", []), ("revision", "")),
        ],
    )
    def test_what_fits_is_taken(self, name: str, value: object) -> None:
        assert checked({**HEAD, name: value}, Path("1.jsonl"))[name] == value

    @pytest.mark.parametrize(
        ("name", "value"),
        [(name, value) for name in ("group", "groups") for value in (0, -1, 100_001, True, 1.0, "1")]
        + [("suite", value) for value in (None, 4, [4], ["4", "d"], [4, 5], [4, "d", 1], (4, "d"), [True, "d"])]
        + [("root", value) for value in (None, "", "work/shop", 1)]
        + [("revision", None), ("revision", 1), ("policy", {}), ("policy", None), ("python", 3.11), ("python", None)],
    )
    def test_what_does_not_is_refused(self, name: str, value: object) -> None:
        with pytest.raises(RecordError, match=r"^1\.jsonl is not the record of a shard"):
            checked({**HEAD, name: value}, Path("1.jsonl"))

    @pytest.mark.parametrize("head", [None, [], "", *({k: HEAD[k] for k in HEAD if k != name} for name in HEAD)])
    def test_what_says_less_is_refused(self, head: object) -> None:
        with pytest.raises(RecordError):
            checked(head, Path("1.jsonl"))

    def test_one_of_several_says_which(self) -> None:
        with pytest.raises(RecordError):
            checked({**HEAD, "group": None}, Path("1.jsonl"))


class TestStrangers:
    def test_shards_of_one_run_are_none(self) -> None:
        assert strangers([shard(1), shard(2)], HERE) == []

    def test_another_revision_is_named_by_twelve_digits(self) -> None:
        found = strangers([shard(1), shard(2, revision="fedcba9876543210")], HERE)
        assert found == ["2.jsonl is of revision fedcba987654, this checkout of 0123456789ab"]
        found = strangers([shard(1, revision="")], HERE)
        assert found == ["1.jsonl is of revision none that git tells, this checkout of 0123456789ab"]

    @pytest.mark.parametrize("policy", [[], [["-m", "zzz"]]])
    def test_another_policy_and_a_part_of_a_shard_are_named(self, policy: list[Any]) -> None:
        found = strangers([shard(1, policy=policy), shard(2, partial="partial run (-k a)")], HERE)
        assert found == [
            "1.jsonl was recorded under another [suite] of tests/meta/policy.toml",
            "2.jsonl is not its whole shard: partial run (-k a)",
        ]

    def test_what_they_disagree_about_is_told(self) -> None:
        found = strangers([shard(1), shard(2, python="3.13", groups=3, suite=[5, "ffffffffffff"])], HERE)
        assert found == [
            "the records disagree, run by Python 1.jsonl 3.11, 2.jsonl 3.13",
            "the records disagree, one of how many groups: 1.jsonl 2, 2.jsonl 3",
            "the records disagree, of a suite of 1.jsonl 4 tests (digest d1b2a3c4), 2.jsonl 5 tests (digest ffffffff)",
        ]

    def test_other_sources_are_those_that_do_not_lie_here(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_text("a = 1\n", encoding="utf-8")
        coverage = MeasuredCoverage((FileCoverage("a.py", 1, 0, 0, 0),), None)
        here = digest_of_sources(tmp_path, ("a.py",))
        same, none = shard(1, coverage=coverage, sources=here), shard(2)
        assert other_sources([same, none], tmp_path) == []
        others = [shard(number, coverage=coverage, sources=sources) for number, sources in enumerate(("", "z", None))]
        empty = shard(2, coverage=MeasuredCoverage((), None), sources="another")
        assert other_sources([same, *others, empty], tmp_path) == [
            f"{number}.jsonl was measured on other sources than lie here" for number in range(3)
        ]


class TestGaps:
    def test_a_whole_has_none(self) -> None:
        assert gaps([shard(1, 1, 2), shard(2, 3, 4)]) == []
        assert gaps([shard(None, 1, 2, groups=None), shard(None, 3, 4, groups=None)]) == []

    @pytest.mark.parametrize(
        ("groups", "there", "which"),
        [(2, [1], "shard 2 of 2 is"), (2, [2], "shard 1 of 2 is"), (4, [2, 3], "shards 1, 4 of 4 are")],
    )
    def test_missing_shards_are_numbered(self, groups: int, there: list[int], which: str) -> None:
        found = gaps([shard(group, groups=groups) for group in there])
        assert found == [f"{which} missing: the session did not end, or its record was not brought here"]

    def test_a_shard_that_is_there_twice_is_told_beside_the_missing(self) -> None:
        found = gaps([shard(2, 1, groups=3), shard(3, 3, groups=3), shard(2, 2, groups=3)])
        assert found[0].startswith("shard 1 of 3 is missing")
        assert found[1:] == ["shard 2 of 3 is there 2 times: 2.jsonl, 2.jsonl"]

    def test_tests_in_two_shards_are_counted_and_one_is_named_with_its_shards(self) -> None:
        found = gaps([shard(1, 1, 2, 3), shard(2, 2, 3, 4)])
        assert found == ["2 tests ran in more than one shard, as tests/test_a.py::test_2 in 1.jsonl and 2.jsonl"]

    def test_only_shards_in_which_it_ran_are_named(self) -> None:
        (found,) = gaps([shard(1, 2, 5, groups=4), shard(2, 2, groups=4), shard(3, 1, groups=4), shard(4, 4, groups=4)])
        assert found == "1 tests ran in more than one shard, as tests/test_a.py::test_2 in 1.jsonl and 2.jsonl"

    @pytest.mark.parametrize("numbers", [(3,), (3, 4, 5)])
    def test_another_number_of_tests_than_the_suite_has_is_told(self, numbers: tuple[int, ...]) -> None:
        (found,) = gaps([shard(1, 1, 2), shard(2, *numbers)])
        assert found.startswith(f"the suite has 4 tests, in these records ran {2 + len(numbers)}:")


class TestMerging:
    def merge(self, folder: Path) -> SuiteRun:
        return merged(folder, "records", HERE, SimpleNamespace(rootpath=folder))  # type: ignore[arg-type]

    def save(self, folder: Path, each: Shard, name: str = "") -> None:
        save_record(folder / (name or each.path.name), {"shard": each.head}, each.run)

    def test_the_longest_shards_seconds_and_everybodys_tests(self, tmp_path: Path) -> None:
        fixture = FixtureTiming("db", "session", "tests", 0.25, 0.5, 0.0)
        account = Account(0.0, 0.0)
        ids = [one_test(number).nodeid for number in range(5)]
        self.save(tmp_path, shard(1, 1, 2, seconds=9.0, queued=5.0, accounts={ids[1]: account}))
        self.save(tmp_path, shard(2, 3, 4, seconds=8.0, queued=1.0, fixtures=(fixture,), accounts={ids[3]: account}))
        for name in (".hidden", "1.jsonl.coverage"):
            (tmp_path / name).write_text("no record", encoding="utf-8")
        run = self.merge(tmp_path)
        assert (run.broken, run.partial) == (None, None)
        assert run.source == "2 shards, the longest of them 2.jsonl"
        assert (run.seconds, run.queued, run.shards) == (8.0, 1.0, 2)
        assert [test.nodeid for test in run.tests] == ids[1:]
        assert (run.fixtures, sorted(run.accounts)) == ((fixture,), [ids[1], ids[3]])
        assert (run.coverage, run.coverage_missing) == (None, "1.jsonl: coverage was not measured")

    def test_one_shard_is_the_run_whatever_its_name(self, tmp_path: Path) -> None:
        self.save(tmp_path, shard(None, 1, 2, 3, 4, groups=None), "unit")
        assert self.merge(tmp_path).source == "unit"

    @pytest.mark.parametrize(
        ("count", "shown", "more"), [(8, 8, ""), (9, 8, "1 more of this kind."), (11, 8, "3 more of this kind.")]
    )
    def test_eight_problems_are_told(self, count: int, shown: int, more: str, tmp_path: Path) -> None:
        for number in range(count):
            (tmp_path / f"{number}.jsonl").write_text("{}", encoding="utf-8")
        broken = self.merge(tmp_path).broken or ""
        assert broken.count(".jsonl is damaged, or no record of meta-tests.") == shown
        assert broken.partition("And ")[2] == more

    def test_a_broken_record_is_told_alone_and_strangers_with_gaps(self, tmp_path: Path) -> None:
        assert self.merge(tmp_path / "nowhere").broken == "There is no folder records with records."
        assert self.merge(tmp_path).broken == "There are no records in records."
        self.save(tmp_path, shard(2, 3, 4, python="3.13"))
        self.save(tmp_path, shard(2, 3, 4), "again.jsonl")
        broken = self.merge(tmp_path).broken or ""
        assert broken.startswith("The records disagree, run by Python 2.jsonl 3.13, again.jsonl 3.11. Shard 1 of 2 is")
        (tmp_path / "z.jsonl").write_text("{}", encoding="utf-8")
        assert (self.merge(tmp_path).broken or "").endswith("z.jsonl is damaged, or no record of meta-tests.")
        assert "disagree" not in (self.merge(tmp_path).broken or "")


class TestCoverage:
    def record(self, root: Path, group: int, lines: list[int], **head: Any) -> Path:
        """Write the record of a shard in which these lines of one file were executed, and its coverage data."""
        source = root / "src" / "shop" / "__init__.py"
        omitted = source.with_name("omitted.py")
        source.parent.mkdir(exist_ok=True, parents=True)
        for path in (source, omitted):
            path.write_text("a = 1\nb = 2\nc = 3\nd = 4\n", encoding="utf-8")
        settings = '[tool.coverage.report]\nomit = ["*/omitted.py"]\n[tool.coverage.paths]\nx = ["src", "/old/src"]\n'
        (root / "pyproject.toml").write_text(settings, encoding="utf-8")
        data = data_of(root / "records" / f"{group}.jsonl")
        data.parent.mkdir(exist_ok=True)
        executed = coverage_py.CoverageData(str(data))
        executed.add_lines({str(source) if group == 1 else "/old/src/shop/__init__.py": lines, str(omitted): [1]})
        executed.write()
        executed.close()
        seen = MeasuredCoverage((FileCoverage("src/shop/__init__.py", 4, 4 - len(lines), 0, 0),), None, ("shop",))
        facts: dict[str, Any] = {
            "coverage": digest(data),
            "sources": digest_of_sources(root, ["src/shop/__init__.py"]),
            **head,
        }
        each = shard(group, 2 * group - 1, 2 * group, coverage=seen, root=str(root))
        save_record(data.with_name(f"{group}.jsonl"), {"shard": {**each.head, **facts}}, each.run)
        return data

    def merge(self, root: Path) -> SuiteRun:
        judged = SimpleNamespace(facts=SimpleNamespace(meta=root / "tests" / "meta"))
        plugins = SimpleNamespace(getplugin=lambda _: judged)
        config: Any = SimpleNamespace(rootpath=root, option=None, pluginmanager=plugins)
        return merged(root / "records", "records", HERE, config)

    def test_what_any_shard_executed_is_covered(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        there, here = tmp_path / "there", tmp_path / "here"
        there.mkdir()
        self.record(there, 1, [1, 2])
        self.record(there, 2, [1, 3])
        there.rename(here)  # judged in another folder than they were recorded in
        monkeypatch.syspath_prepend(here / "src")
        run = self.merge(here)
        assert sorted(path.name for path in (here / "records").glob("*.coverage")) == [
            "1.jsonl.coverage",
            "2.jsonl.coverage",
        ]
        assert run.coverage is not None, run.coverage_missing
        assert run.coverage.sources == ("shop",)
        (file,) = run.coverage.files
        assert (file.path, file.statements, file.missing_lines) == ("src/shop/__init__.py", 4, "4")

    @pytest.mark.parametrize("digest_there", ["", "z"])
    def test_data_of_another_run_is_refused(self, digest_there: str, tmp_path: Path) -> None:
        self.record(tmp_path, 1, [1])
        self.record(tmp_path, 2, [1, 3], coverage=digest_there)
        run = self.merge(tmp_path)
        words = "2.jsonl.coverage, the coverage data of 2.jsonl, is missing or another run's"
        assert (run.broken, run.coverage, run.coverage_missing) == (None, None, words)

    @pytest.mark.parametrize("linked", [False, True])
    def test_data_that_is_not_there_or_lies_elsewhere_is_refused(self, tmp_path: Path, *, linked: bool) -> None:
        data = self.record(tmp_path, 1, [1])
        self.record(tmp_path, 2, [1, 3])
        data.rename(tmp_path / "elsewhere")
        if linked:
            data.symlink_to(tmp_path / "elsewhere")
        assert self.merge(tmp_path).coverage_missing.startswith(
            "1.jsonl.coverage, the coverage data of 1.jsonl, is missing"
        )

    @pytest.mark.filterwarnings("ignore::coverage.exceptions.CoverageWarning")
    def test_data_that_coverage_py_cannot_read_is_no_traceback(self, tmp_path: Path) -> None:
        data = self.record(tmp_path, 1, [1])
        data.write_bytes(b"SQLite format 3, but cut off")
        each = shard(1, 1, 2, 3, 4, groups=1, root=str(tmp_path), sources=digest_of_sources(tmp_path, ["shop/a.py"]))
        each.head["coverage"] = digest(data)
        seen = MeasuredCoverage((FileCoverage("shop/a.py", 4, 3, 0, 0),), None, ("shop",))
        save_record(data.with_name("1.jsonl"), {"shard": each.head}, replace(each.run, coverage=seen))
        run = self.merge(tmp_path)
        assert (run.broken, run.coverage) == (None, None)
        assert run.coverage_missing.startswith("coverage.py says: ")

    def test_a_shard_without_coverage_is_named(self, tmp_path: Path) -> None:
        self.record(tmp_path, 1, [1])
        each = shard(2, 3, 4, coverage_missing="this session ran without --cov")
        save_record(tmp_path / "records" / "2.jsonl", {"shard": each.head}, each.run)
        assert self.merge(tmp_path).coverage_missing == "2.jsonl: this session ran without --cov"
