"""Whether a run is kept, and judged again: decided without a session, on files that are written here."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras import _stored_record, reuse
from meta_regime.extras.reuse import _installed, _may_be_kept, tree
from meta_regime.policy import Hygiene, Policy, Suite
from meta_regime.record import MeasuredCoverage, SuiteRun, TestTiming
from meta_regime.verdict import Standards

from tests.sample import write

FILES = {
    "src/shop/__init__.py": "",
    "src/shop/a.py": "a = 1\n",
    "tests/test_a.py": "",
    "tests/meta/policy.toml": "",
    "pyproject.toml": "",
    "schemas/a.json": "",
}
GOOD = SuiteRun(
    tests=(TestTiming("tests/test_a.py::test", 0.0, 1.0, 0.0, 0.0, "passed"),), coverage=MeasuredCoverage((), None)
)
SETTINGS = {"python_files": ["test_*.py"], "norecursedirs": [".*"]}


class Session:
    """What of a session this needs; of the whole suite, unless it was told otherwise. `said` is what it prints."""

    def __init__(self, root: Path, suite: Suite | None = None, **option: Any) -> None:
        self.said: list[str] = []
        chosen = {"keyword": "", "lf": False, "collectonly": False, "splits": None, "verbose": 0, "cov_config": None}
        self.option = argparse.Namespace(**{**chosen, **option})
        self.standards = Standards(Policy(suite=suite or Suite()))
        self.cov: Any = SimpleNamespace(cov_controller=SimpleNamespace(cov=object()))
        self.cached, self.cache = True, SimpleNamespace(mkdir=lambda name: self._folder(root / ".cache" / name))
        self.config: Any = SimpleNamespace(
            stash=pytest.Stash(),
            option=self.option,
            args=["tests"],
            rootpath=root,
            inipath=root / "pyproject.toml",
            cache=self.cache,
            pluginmanager=self,
            getini=SETTINGS.get,
            getoption=lambda name, default: getattr(self.option, name, default),
        )
        self.facts = SimpleNamespace(
            only_verdicts=False,
            meta=root / "tests" / "meta",
            sources=lambda _: ["src/shop", "nowhere"],
            suite_roots=lambda _: [root / "tests"],
            suite_and_typed=lambda _: (argparse.Namespace(), self.option),
        )
        self.judged: Any = SimpleNamespace(
            config=self.config, facts=self.facts, judges=True, today=datetime.date(2026, 11, 28)
        )
        reuse.pytest_configure(self.config)  # type: ignore[arg-type]
        self.kept = self.config.stash[reuse._KEPT]

    @staticmethod
    def _folder(path: Path) -> Path:
        path.mkdir(parents=True, exist_ok=True)
        return path

    def getplugin(self, name: str) -> Any:
        return {"meta-tests": self.judged, "_cov": self.cov, "terminalreporter": self}[name]

    def hasplugin(self, name: str) -> bool:
        return name == "cacheprovider" and self.cached

    def ensure_newline(self) -> None: ...

    def write_line(self, text: str, **_: bool) -> None:
        self.said.append(text.removeprefix("meta-tests: "))

    def runs(self) -> Session:
        """Let the suite run."""
        inputs = [*self.standards.policy.suite.inputs]
        write(self.config.rootpath, {"tests/meta/policy.toml": f"[suite]\ninputs = {inputs}\n"})
        plugins = pytest.PytestPluginManager()
        for loop in (reuse.pytest_runtestloop, lambda: "its result"):
            plugins.register(SimpleNamespace(pytest_runtestloop=loop))
        assert plugins.hook.pytest_runtestloop(session=SimpleNamespace(config=self.config)) == "its result"
        return self

    def ends(self, run: SuiteRun = GOOD) -> Session:
        """Let the run be over, and the session."""
        reuse.pytest_meta_tests_run_ended(self.judged, self.standards, run)
        reuse.pytest_terminal_summary(self, self.config)  # type: ignore[arg-type]
        return self

    def finds(self) -> str:
        """Give which run is judged instead of a new one; nothing if none."""
        self.facts.only_verdicts = True
        run = reuse.pytest_meta_tests_find_run(self.judged, self.standards)
        return run.source if run is not None else ""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = (tmp_path / "shop").resolve()
    write(root, FILES)
    return root


def record(root: Path) -> Path:
    return root / ".cache" / "meta-tests" / "last-run.jsonl"


class TestKeeping:
    def test_a_session_of_the_whole_suite_with_coverage_may_be_kept(self, root: Path) -> None:
        assert _may_be_kept(Session(root).judged)
        for option in ({"keyword": "a"}, {"lf": True}, {"collectonly": True}, {"splits": 2}):
            assert not _may_be_kept(Session(root, **option).judged)
        session = Session(root)
        session.config.args = ["tests", "tests/test_a.py::test"]
        assert not _may_be_kept(session.judged)
        for cov in (None, SimpleNamespace(cov_controller=None), SimpleNamespace(cov_controller=SimpleNamespace())):
            session = Session(root)
            session.cov = cov
            assert not _may_be_kept(session.judged)

    @pytest.mark.parametrize("way", ["it judges nothing", "verdicts only", "no regime"])
    def test_others_look_at_nothing(self, way: str, root: Path) -> None:
        session = Session(root)
        session.judged.judges = way != "it judges nothing"
        session.facts.only_verdicts = way == "verdicts only"
        judged = session.judged
        if way == "no regime":
            session.judged = None
        session.runs()
        session.judged = judged
        assert session.ends().kept.tree is None
        assert not record(root).exists()

    def test_a_good_run_is_kept_and_nothing_is_said(self, root: Path) -> None:
        assert Session(root).runs().ends().said == []
        assert record(root).is_file()

    @pytest.mark.parametrize(
        "run",
        [
            SuiteRun(tests=GOOD.tests),
            SuiteRun(tests=GOOD.tests, coverage=GOOD.coverage, partial="of it"),
            SuiteRun(coverage=GOOD.coverage),
            SuiteRun(tests=(GOOD.tests[0]._replace(outcome="skipped"),), coverage=GOOD.coverage),
        ],
        ids=["no coverage", "a part", "no test", "all skipped"],
    )
    def test_another_is_not_and_the_one_before_stays(self, run: SuiteRun, root: Path) -> None:
        Session(root).runs().ends()
        before = record(root).read_bytes()
        assert Session(root).runs().ends(run).said == []
        assert record(root).read_bytes() == before

    @pytest.mark.parametrize(
        "run",
        [
            SuiteRun(tests=(GOOD.tests[0]._replace(outcome="failed"),), coverage=GOOD.coverage),
            SuiteRun(tests=GOOD.tests, coverage=GOOD.coverage, broken="it crashed"),
        ],
        ids=["failed", "broken"],
    )
    def test_one_that_failed_is_not_and_the_one_before_goes(self, run: SuiteRun, root: Path) -> None:
        Session(root).runs().ends(run)  # there is none before
        Session(root).runs().ends()
        Session(root).runs().ends(run)
        assert not record(root).exists()

    def test_without_a_cache_nothing_is_kept(self, root: Path) -> None:
        session = Session(root)
        session.cached = False
        session.runs().ends()
        session = Session(root)
        session.config.cache = None
        session.runs().ends()
        session = Session(root)
        write(root, {".cache": "a file"})
        assert session.runs().ends().said == []
        assert (root / ".cache").is_file()

    def test_what_cannot_be_written_is_said(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(_stored_record, "save_record", full)
        said = f"this run could not be kept: {record(root)}: No space left on device"
        assert Session(root).runs().ends().said == [said]

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (["src/shop/a.py"], "src/shop/a.py has changed"),
            (["src/shop/new.py"], "src/shop/new.py is new"),
            (["src/shop/what is new has a.py"], "src/shop/what is new has a.py is new"),
            (["src/shop/b.py", "src/shop/a.py"], "src/shop/a.py has changed"),
        ],
    )
    def test_what_changes_meanwhile_is_said(self, change: list[str], said: str, root: Path) -> None:
        session = Session(root).runs()
        write(root, dict.fromkeys(change, "a = 2\n"))
        way = f'(if the tests write it: [suite] inputs = ["!{change[-1]}"] in tests/meta/policy.toml)'
        assert session.ends().said == [f"this run is not kept to be judged again: {said} while it ran {way}"]
        assert not record(root).exists()

    def test_what_has_gone_meanwhile_is_said(self, root: Path) -> None:
        session = Session(root).runs()
        (root / "src" / "shop" / "a.py").unlink()
        said = 'src/shop/a.py is gone while it ran (if the tests write it: [suite] inputs = ["!src/shop/a.py"]'
        assert said in session.ends().said[0]

    @pytest.mark.parametrize(
        ("nanoseconds", "kept"), [(10**9, True), (10**9 + 1, False), (2 * 10**9, False), (2 * 10**9 + 1, True)]
    )
    def test_what_changed_while_tests_were_collected_counts(self, nanoseconds: int, kept: bool, root: Path) -> None:
        """Between the session's start and the first look: tests may have been imported before, or after."""
        session = Session(root)
        for look in ((1, 1, nanoseconds, 0), (1, 1, 0, nanoseconds), (1, 15 * 10**8, 0, 0)):
            session.kept.tree = SimpleNamespace(looks=lambda look=look: {"a": look}, root=root)
            session.kept.began, session.kept.looked, session.kept.looks = 1.0, 2.0, {"a": look}
            session.kept.say = ""
            session.ends()
            assert bool(session.kept.say) is (not kept and look[1] == 1)


class TestJudgingAgain:
    def test_while_everything_is_as_it_was(self, root: Path) -> None:
        Session(root).runs().ends()
        session = Session(root)
        assert session.finds().startswith("the run of ")
        assert session.finds().endswith(" s old")
        assert session.said[0].startswith("nothing has changed since the run of ")

    def test_not_where_nothing_was_kept_or_a_new_run_is_asked_for(self, root: Path) -> None:
        assert Session(root).finds() == ""
        Session(root).runs().ends()
        fresh = Session(root, meta_fresh=True)
        assert (fresh.finds(), fresh.said) == ("", [])
        assert fresh.kept.tree is not None  # so that the new one can be kept

    def test_not_without_a_cache(self, root: Path) -> None:
        Session(root).runs().ends()
        session = Session(root)
        session.cached = False
        assert (session.finds(), session.kept.tree) == ("", None)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"src/shop/a.py": "a = 2\n"}, "src/shop/a.py has changed"),
            ({"src/shop/a.py": "a = 2\n", "tests/b.txt": ""}, "src/shop/a.py has changed, and 1 more"),
            ({"src/other/x.csv": "", "a.py": "", "tests/c": ""}, "a.py is new, and 2 more"),
        ],
    )
    def test_not_after_a_change(self, change: dict[str, str], said: str, root: Path) -> None:
        Session(root).runs().ends()
        write(root, change)
        session = Session(root)
        assert (session.finds(), session.said) == ("", [f"since the last whole run, {said}"])

    def test_not_with_other_surroundings(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        Session(root).runs().ends()
        session = Session(root, shuffle="on")
        assert (session.finds(), session.said) == (
            "",
            ["since the last whole run, what is typed has changed (now --shuffle on)"],
        )
        monkeypatch.setenv("PYTEST_ADDOPTS", "-q")
        session = Session(root, shuffle="on")
        session.finds()
        assert session.said[0].endswith(", and 1 more")

    def test_what_was_read_again_and_is_the_same_need_not_be_read_the_next_time(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tree, "_RACY_NANOSECONDS", 0)
        Session(root).runs().ends()
        os.utime(root / "src" / "shop" / "a.py", (1e9, 1e9))
        assert Session(root).finds()
        head, run = _stored_record.load_record(record(root))
        assert (head["files"]["src/shop/a.py"][2], run.tests) == (10**18, GOOD.tests)
        written = record(root).stat().st_ino
        assert Session(root).finds()
        assert record(root).stat().st_ino == written  # not anew

    def test_not_if_the_record_is_damaged(self, root: Path) -> None:
        Session(root).runs().ends()
        record(root).write_text("{}")
        session = Session(root)
        assert session.finds() == ""
        assert session.said[0].startswith("the last run is not judged again: ")
        assert len(session.runs().ends().said) == 1

    def test_and_nothing_is_said_to_whoever_wants_to_hear_nothing(self, root: Path) -> None:
        for verbose, lines in ((-2, 0), (-1, 1), (0, 1)):
            write(root, {"src/shop/a.py": ""})
            record(root).parent.mkdir(parents=True, exist_ok=True)
            record(root).write_text("{}")
            session = Session(root, verbose=verbose)
            session.finds()
            assert len(session.said) == lines


class TestWhatItDependsOn:
    def test_beside_files(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOP", "1")
        monkeypatch.setenv("PYTHONPATH", "lib")
        for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
            monkeypatch.delenv(name, raising=False)
        suite = Suite(args=("tests",), packages=("shop",), inputs=("b", "a"), environment=("SHOP",))
        session = Session(root, cov_branch=True, plugins=["no:x", "y"], inifilename="x.ini", shuffle=3)
        hygiene = Hygiene(("unit",), ("slow",), (), ("sleeps",), 0.5)
        found = reuse._surroundings(session.judged, Standards(Policy(suite=suite, hygiene=hygiene)))
        assert found.pop("the interpreter") == f"{sys.version} {sys.prefix}"
        assert found.pop("what is installed") == _installed()
        assert found == {
            "[suite] of tests/meta/policy.toml": [["tests"], ["shop"], ["a", "b"]],
            "[hygiene] of tests/meta/policy.toml": [["unit"], ["slow"], ["sleeps"], 0.5],
            "what is typed": [
                "--shuffle 3",
                *("cov-branch=True", "cov-config=None", "no-cov=None", "-c x.ini", "-p no:x", "-p y"),
            ],
            "the variable PYTEST_ADDOPTS": None,
            "the variable PYTEST_DISABLE_PLUGIN_AUTOLOAD": None,
            "the variable PYTEST_PLUGINS": None,
            "the variable PYTHONPATH": "lib",
            "the variable SHOP": "1",
        }

    def test_what_is_installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        packages, others = tmp_path / "site-packages", tmp_path / "lib"
        write(tmp_path, {"site-packages/a-1.dist-info/METADATA": "", "site-packages/a.pth": "", "lib/x.pth": ""})
        monkeypatch.setattr(sys, "path", [str(packages), str(others), str(tmp_path / "gone" / "dist-packages")])
        before = _installed()
        write(tmp_path, {"site-packages/b.py": "", "lib/y.pth": ""})
        assert len(before) == 32
        assert _installed() == before
        os.utime(packages / "a.pth", (1e9, 1e9))
        later = _installed()
        write(tmp_path, {"site-packages/b-2.egg-info/PKG-INFO": ""})
        assert len({before, later, _installed()}) == 3

    def test_files(self, root: Path) -> None:
        write(root, {"src/shop.cfg": "", "lib/x.py": "", "docs/conf.py": "", "other.ini": "", "deep/set.cfg": ""})
        session = Session(root, Suite(inputs=("schemas/*.json", "!src/shop/a.py")), cov_config="deep/set.cfg")
        session.runs()
        assert sorted(session.kept.looks) == [
            *("deep/set.cfg", "other.ini", "pyproject.toml", "schemas/a.json"),
            *("src/shop.cfg", "src/shop/__init__.py", "tests/test_a.py"),
        ]
        assert session.kept.looked >= session.kept.began > 0

    def test_at_the_root_what_holds_tests_or_sources_but_no_documentation(self, root: Path) -> None:
        write(
            root, {"checks/test_b.py": "", "checks/data.csv": "", "docs/conf.py": "", "app/x.py": "", "app/x.csv": ""}
        )
        session = Session(root)
        session.facts.suite_roots = lambda _: [root]
        assert {"checks/test_b.py", "checks/data.csv"} <= {*session.runs().kept.looks}
        assert "app/x.py" not in session.kept.looks
        session = Session(root)
        session.facts.sources = lambda _: ["."]
        looks = {*session.runs().kept.looks}
        assert {"app/x.py", "app/x.csv", "src/shop/a.py"} <= looks
        assert "docs/conf.py" not in looks

    def test_sources_elsewhere_and_not_what_lies_beside_them(self, root: Path) -> None:
        write(root, {"vendor/lib/a.py": "", "vendor/other/b.py": "", "../else/c.py": ""})
        session = Session(root)
        session.facts.sources = lambda _: ["vendor/lib", "../else"]
        looks = {*session.runs().kept.looks}
        assert {"vendor/lib/a.py", str(root.parent / "else" / "c.py")} <= looks
        assert "vendor/other/b.py" not in looks

    def test_inputs_that_lead_out_of_the_project_are_not_followed(self, root: Path) -> None:
        Session(root).runs().ends()
        session = Session(root, Suite(inputs=("../elsewhere", "/etc")))
        assert session.finds() == ""
        out = "[suite] inputs of policy.toml leads out of the project: ../elsewhere"
        assert session.said == [f"no earlier run is judged: {out}"]
        session = Session(root, Suite(inputs=("../elsewhere",)))
        assert (session.runs().said, session.kept.tree) == ([], None)

    def test_inputs_that_are_not_there_are_named(self, root: Path) -> None:
        suite = Suite(inputs=("schemas", "protos", "gone/*.json", "!schemas/x"))
        session = Session(root, suite)
        session.finds()
        assert session.said == ["tests/meta/policy.toml, [suite] inputs: there is no protos and no gone/*.json"]
        assert Session(root, suite).runs().said == []
