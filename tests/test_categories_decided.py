"""Which tests have no category, and which are chosen by nobody: decided without a session of their own."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras import _gathered, categories
from meta_regime.extras._checks import broken
from meta_regime.extras.categories import CHECKS, Facts
from meta_regime.policy import Hygiene, Policy
from meta_regime.record import SuiteRun
from meta_regime.selection import META
from meta_regime.verdict import Outcome, Standards, Verdict

from tests.sample import write

MARKERS = ["unit: of one thing", "slow(seconds): takes long", " e2e "]


class Config:
    """What of pytest's configuration this needs. Pytest itself chooses by markers."""

    def __init__(self, real: pytest.PytestPluginManager, meta: Path, **option: Any) -> None:
        self.stash, self.pluginmanager, self._real = pytest.Stash(), self, real
        self.option = argparse.Namespace(**{"keyword": "", "markexpr": "", "deselect": None, **option})
        facts = SimpleNamespace(only_verdicts=False, meta=meta, suite_and_typed=lambda _: (self.option, self.option))
        self.judged = SimpleNamespace(switched_off=False, facts=facts)
        self.getoption = vars(self.option).get

    def getplugin(self, name: str) -> Any:
        return self.judged if name == "meta-tests" else self._real.getplugin(name)

    def hasplugin(self, _: str) -> bool:
        return True

    def list_name_plugin(self) -> list[tuple[str, object]]:
        return [("meta-tests-categories", categories)]

    def getini(self, name: str) -> list[str] | None:
        return MARKERS if name == "markers" else None


class Ground:
    """A suite of tests with marks, and settings."""

    def __init__(self, pytestconfig: pytest.Config, folder: Path) -> None:
        self._plugins, self._folder = pytestconfig.pluginmanager, folder
        self.config: Any = None

    def gather(self, hygiene: str, tests: dict[str, str], **option: Any) -> dict[str, list[str]]:
        """Give what is noted of tests, by their ids, with these markers."""
        write(self._folder, {"policy.toml": f"[hygiene]\n{hygiene}\n"})
        self.config = Config(self._plugins, self._folder, **option)
        return self.collect(tests)

    def collect(self, tests: dict[str, str]) -> dict[str, list[str]]:
        categories.pytest_configure(self.config)
        items: list[Any] = [self._item(nodeid, marks.split()) for nodeid, marks in tests.items()]
        verdict: Any = SimpleNamespace(path=META / "test_suite.py")
        categories.pytest_collection_modifyitems(self.config, [verdict, *items])
        for _ in range(2):  # the second time nothing new is seen
            categories.pytest_collection_finish(SimpleNamespace(config=self.config))  # type: ignore[arg-type]
        noted = _gathered.pytest_meta_tests_doubts(self.config.judged.__class__(config=self.config))["figures"]
        return dict(noted[_gathered.FIGURE])

    @staticmethod
    def _item(nodeid: str, names: list[str]) -> Any:
        marks = [pytest.Mark(name, (), {}, _ispytest=True) for name in names]
        return SimpleNamespace(nodeid=nodeid, path=Path("tests/test_a.py"), iter_markers=lambda: iter(marks))


@pytest.fixture
def ground(pytestconfig: pytest.Config, tmp_path: Path) -> Ground:
    return Ground(pytestconfig, tmp_path)


TESTS = {"a": "unit", "b": "slow", "c": "", "d": "e2e unit"}
NAMES = WITHOUT, UNCHOSEN, NO_MARKERS, REFUSED = (
    "tests without a category",
    "tests that no expression chooses",
    "categories that are no markers",
    "expressions that pytest refuses",
)
NOTHING: dict[str, list[str]] = {name: [] for name in NAMES}


class TestWhatIsNoted:
    def test_tests_without_a_category_and_categories_that_are_no_markers(self, ground: Ground) -> None:
        found = ground.gather('categories = ["unit", "e2e", "slow", "unti", "e3e"]', {**TESTS, "e": "unti"})
        assert found == {**NOTHING, WITHOUT: ["c"], NO_MARKERS: ["unti", "e3e"]}
        assert ground.gather("categories = []", TESTS) == NOTHING

    def test_tests_that_neither_the_suite_nor_ci_chooses(self, ground: Ground) -> None:
        assert ground.gather("", TESTS, markexpr="unit")[UNCHOSEN] == ["b", "c"]
        assert ground.gather("", TESTS, deselect=["d"])[UNCHOSEN] == ["d"]
        assert ground.gather('ci_expressions = ["slow", "e2e"]', TESTS, markexpr="unit")[UNCHOSEN] == ["c"]
        assert ground.gather('ci_expressions = ["slow"]', TESTS)[UNCHOSEN] == []  # the suite runs them all

    def test_an_expression_that_pytest_refuses_chooses_nothing(self, ground: Ground) -> None:
        found = ground.gather('ci_expressions = ["slow and", "e2e"]', TESTS, markexpr="unit")
        (line,) = found[REFUSED]
        assert line.startswith("'slow and': slow and: ")
        assert found[UNCHOSEN] == ["b", "c"]

    def test_nothing_where_nobody_asks(self, ground: Ground) -> None:
        hygiene = 'categories = ["unit"]'
        ground.gather(hygiene, {})
        for way in ("switched_off", "only_verdicts"):
            judged = ground.config.judged
            setattr(judged if way == "switched_off" else judged.facts, way, True)
            ground.config.stash = pytest.Stash()
            assert ground.collect(TESTS) == NOTHING
            judged.switched_off = False
        assert ground.gather("categories = 3", TESTS) == NOTHING  # a wrong policy is said at the end
        ground.config.judged = None
        categories.pytest_collection_modifyitems(ground.config, [])


@pytest.fixture
def config(pytestconfig: pytest.Config, tmp_path: Path) -> Any:
    return Config(pytestconfig.pluginmanager, tmp_path, markexpr="not slow")


def judged(config: Any, hygiene: Hygiene, *lines: list[str]) -> Verdict:
    noted = dict(zip(NAMES, [*lines, *([[]] * 4)][:4], strict=True))
    run = SuiteRun(figures={_gathered.FIGURE: noted})
    return categories.every_test_has_a_category(config, run, Standards(Policy(hygiene=hygiene)))


BOTH = Hygiene(categories=("unit", "e2e"), ci_expressions=("slow",))


class TestWhatIsSaid:
    def test_of_one_and_of_several_that_may_be_run_by_nobody(self, config: Any) -> None:
        assert judged(config, BOTH, ["a"], ["b"]).line == (
            "Some tests may be run by nobody: 1 test has none of the categories unit, e2e; "
            "1 test is never run, by -m 'not slow' or -m 'slow'."
        )
        said = judged(config, BOTH, ["a", "b"], ["c", "d"])
        assert said.outcome is Outcome.FAILED
        assert said.line == (
            "Some tests may be run by nobody: 2 tests have none of the categories unit, e2e; "
            "2 tests are never run, by -m 'not slow' or -m 'slow'."
        )
        assert "\n    pytestmark = pytest.mark.unit  # below the imports of a file" in said.details

    def test_of_what_is_declared_wrongly(self, config: Any) -> None:
        assert judged(config, BOTH, [], [], ["e2e"], ["x: y"]).line == (
            "Categories: e2e is no registered marker; 1 of ci_expressions is no marker expression."
        )
        said = judged(config, BOTH, [], [], ["unit", "e2e"], ["x: y", "z: y"])
        assert said.line == "Categories: unit, e2e are no registered markers; 2 of ci_expressions are none."
        assert 'markers = ["unit: what such a test is", "e2e: what such a test is"]' in said.details
        for lines in ([["a"]], [[], ["a"]]):
            assert judged(config, BOTH, *lines, *([[]] * (2 - len(lines))), ["e2e"]).line.startswith(
                "Some tests may be run by nobody: "
            )

    def test_where_all_is_well(self, config: Any) -> None:
        chosen = "-m 'not slow' or -m 'slow'"
        assert (
            judged(config, BOTH).line == f"Every test has one of the categories unit, e2e, and is chosen by {chosen}."
        )
        assert judged(config, Hygiene(ci_expressions=("slow",))).line == f"Every test is chosen by {chosen}."
        nothing = "No categories are declared"
        assert judged(config, Hygiene()).line == f"{nothing}, and no collected test is left out."
        left_out = "left out by -m 'not slow', and [hygiene] ci_expressions is empty."
        assert judged(config, Hygiene(), [], ["a"]).line == f"{nothing}. 1 test is {left_out}"
        assert judged(config, Hygiene(), [], ["a", "b"]).line == f"{nothing}. 2 tests are {left_out}"

    def test_where_the_suite_runs_all_of_it(self, config: Any) -> None:
        config.option.markexpr = ""
        assert judged(config, BOTH).line == "Every test has one of the categories unit, e2e."
        everything = "No categories are declared, and no collected test is left out."
        assert judged(config, Hygiene(ci_expressions=("slow",))).line == everything
        config.option.keyword, config.option.deselect = "shop", ["tests/x.py"]
        assert "chosen by -k shop --deselect tests/x.py or -m 'slow'." in judged(config, BOTH).line

    @pytest.mark.parametrize("missing", NAMES)
    def test_where_nobody_noted_marks(self, config: Any, missing: str) -> None:
        run = SuiteRun(figures={_gathered.FIGURE: {name: ["x"] for name in NAMES if name != missing}})
        said = categories.every_test_has_a_category(config, run, Standards())
        assert (said.outcome, said.line) == (
            Outcome.NOT_JUDGED,
            "not judged: nobody noted in that run which marks tests have; type: pytest tests/meta --meta-fresh",
        )
        assert categories.broken_rules(config, run, Standards()) == []


@pytest.mark.parametrize(
    ("hygiene", "rules"),
    [
        (BOTH, ["categories", "chosen-by-ci", "category-markers", "ci-expressions"]),
        (Hygiene(categories=("unit",)), ["categories", "chosen-by-ci", "category-markers", "ci-expressions"]),
        (Hygiene(ci_expressions=("slow",)), ["chosen-by-ci", "ci-expressions"]),
        (Hygiene(), ["ci-expressions"]),
    ],
    ids=["both", "categories", "expressions", "nothing"],
)
def test_what_is_not_declared_is_not_demanded(config: Any, hygiene: Hygiene, rules: list[str]) -> None:
    assert broken(CHECKS, Facts(hygiene, "", ["a"], ["a"], ["a"], ["a"]), {}) == rules
    run = SuiteRun(figures={_gathered.FIGURE: {name: ["a"] for name in NAMES}})
    standards = Standards(Policy(hygiene=hygiene._replace(excused={"ci-expressions": "until June"})))
    assert categories.broken_rules(config, run, standards) == rules[:-1]
