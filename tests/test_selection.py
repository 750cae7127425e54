"""Which options and files make a session another thing than the suite, and where the measured packages lie."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace

import pytest
from meta_regime.covered import CoverageMissingError, check_sources, discover_packages, wanted_sources
from meta_regime.selection import META, differing_options, paths_of, test_files, verdicts_and_tests, why_partial

from tests.sample import write

SUITE = argparse.Namespace(keyword="", markexpr="unit", deselect=None, ignore=None, lf=False, collectonly=False)


def session(**options: object) -> argparse.Namespace:
    return argparse.Namespace(**{**vars(SUITE), **options})


@pytest.mark.parametrize(
    ("options", "typed"),
    [
        ({}, ()),
        ({"keyword": "a or b"}, ("-k 'a or b'",)),
        ({"markexpr": ""}, ("without -m unit",)),
        ({"markexpr": "slow", "lf": True}, ("-m slow", "--lf")),
        ({"deselect": ["a::b", "c::d"]}, ("--deselect a::b --deselect c::d",)),
        ({"ignore": []}, ()),
        ({"stepwise": True, "splits": 2}, ("--sw", "--splits 2")),
        ({"override_ini": ["log_cli=1", "testpaths = a"]}, ("-o 'testpaths = a'",)),
    ],
)
def test_options_are_named_as_they_are_typed(options: dict[str, object], typed: tuple[str, ...]) -> None:
    assert differing_options(SUITE, session(**options)) == typed


def test_options_that_are_passed_over_do_not_hide_others() -> None:
    assert differing_options(SUITE, session(keyword="a", markexpr="slow"), {"keyword"}) == ("-m slow",)


def test_what_is_never_whole_is_not_whole_even_as_a_habit() -> None:
    assert differing_options(session(lf=True), session(lf=True)) == ("--lf",)


def test_the_reason_names_one_file_and_counts_the_rest() -> None:
    assert why_partial((), (), ()) is None
    assert why_partial((), ("a.py",), ("d.py",)) == "partial run: it left out a.py"
    assert why_partial((), ("a.py", "b.py"), ()) == "partial run: it left out a.py and 1 more"
    assert why_partial((), ("a.py", "b.py", "c.py"), ()) == "partial run: it left out a.py and 2 more"
    assert why_partial((), (), ("d.py",)) == "this session also ran tests outside the suite: d.py"


def test_verdicts_are_told_from_tests_by_where_they_lie() -> None:
    paths = [META / "test_suite.py", META.parent / "test_a.py", META / "unit" / "test_b.py"]
    items = [SimpleNamespace(path=paths[number]) for number in (1, 0, 1, 2, 0)]
    assert verdicts_and_tests(items) == ([items[1], items[3], items[4]], [items[0], items[2]])


def test_test_files_are_found_as_pytest_finds_them(tmp_path: Path) -> None:
    names = ["tests/test_a.py", "tests/unit/test_b.py", "tests/b_test.py", "tests/test_c.txt", "tests/helper.py"]
    hidden = [".tox/test_x.py", "env/lib/test_x.py", "build/test_x.py", "tests/meta/test_x.py", "__pycache__/test_x.py"]
    write(tmp_path, dict.fromkeys([*names, *hidden, "env/pyvenv.cfg"], ""))
    found = test_files([tmp_path], ["test_*.py", "*_test.py"], [".*", "build"], [tmp_path / "tests" / "meta"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "tests/b_test.py",
        "tests/test_a.py",
        "tests/unit/test_b.py",
    ]
    beside = [tmp_path / "tests" / "unit", tmp_path / "tests" / "test_a.py"]
    assert test_files([tmp_path / "tests"], ["test_[ab].py"], ["meta"], beside) == []
    assert test_files([tmp_path / "tests" / "test_a.py"], ["test_*.py"], [], []) == [tmp_path / "tests" / "test_a.py"]


def test_a_root_may_be_a_file_and_a_folder_may_have_any_name(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(["test_a.py", "Unit/test_b.py"], ""))
    one, other = tmp_path / "test_a.py", tmp_path / "Unit"
    assert test_files([one, other], ["test_*.py"], [], []) == [one, other / "test_b.py"]
    assert test_files([tmp_path], ["test_*.py"], [], []) == [one, other / "test_b.py"]


def test_arguments_become_paths_without_their_node_ids(tmp_path: Path) -> None:
    assert paths_of(["a/test_b.py::test_c[x::y]", "."], tmp_path) == (tmp_path / "a" / "test_b.py", tmp_path)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["src/shop/__init__.py", "shop_old/__init__.py"], ("shop",)),
        (["src/single.py", "src/pkg.egg-info/x.py"], ("single",)),
        (["src/space/inner/__init__.py", "src/shop/__init__.py"], ("shop", "space")),
        (["shop/__init__.py", "tests/__init__.py", "docs/__init__.py", "setup.py"], ("shop",)),
        (["single.py", "setup.py", "conftest.py", "noxfile.py"], ("single",)),
        (["README.md"], ()),
    ],
)
def test_packages_are_found(files: list[str], found: tuple[str, ...], tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(files, ""))
    assert discover_packages(tmp_path) == found


def test_the_policy_comes_before_the_coverage_settings_and_these_before_a_search(tmp_path: Path) -> None:
    write(tmp_path, {"src/shop/__init__.py": ""})
    assert wanted_sources(["named"], tmp_path, ["configured"]) == ("named",)
    assert wanted_sources(["auto"], tmp_path, ["configured"]) == ("configured",)
    assert wanted_sources(["auto"], tmp_path, []) == ("shop",)
    with pytest.raises(CoverageMissingError, match="no package to measure was found"):
        wanted_sources(["auto"], tmp_path / "src" / "shop", [])


def test_sources_are_compared_by_where_they_lie(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(["src/shop/__init__.py", "src/other/__init__.py"], ""))
    assert check_sources(["src/shop"], ["src/shop"], tmp_path) == []
    assert check_sources(["src/shop"], [str(tmp_path / "src" / "shop")], tmp_path) == []
    assert check_sources(["json"], ["json"], tmp_path) == []
    shop = (tmp_path / "src" / "shop").resolve()
    assert check_sources(["src/shop"], ["src"], tmp_path) == [shop]
    assert check_sources(["src/shop"], ["src/shop", "src/other"], tmp_path) == [shop]
    with pytest.raises(
        CoverageMissingError, match=r"coverage was measured on \., not on src/shop; type --cov=src/shop"
    ):
        check_sources(["src/shop"], ["."], tmp_path)  # coverage.py does not look into src, which has no __init__.py
    assert check_sources(["src/shop"], ["."], tmp_path, namespaces=True) == [shop]
    with pytest.raises(CoverageMissingError, match="coverage was measured on src/other, not on src/shop"):
        check_sources(["src/shop"], ["src/other"], tmp_path)
    with pytest.raises(CoverageMissingError, match="'nowhere', which is to be measured, cannot be found"):
        check_sources(["nowhere"], ["src"], tmp_path)
    with pytest.raises(CoverageMissingError, match="type --cov=src/shop"):
        check_sources(["src/shop"], [], tmp_path)
