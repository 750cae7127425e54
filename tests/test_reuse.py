"""The last whole run is judged again while nothing that it depends on has changed, and only then."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import read_only
from tests.sample import COVERAGE, GREEN, SUITE_SIZE, Said, copy_of, policy, session, write

SUITE = '[suite]\nenvironment = ["SHOP"]\ninputs = ["schemas", "protos", "!tests/unit/out"]\n[coverage]\nminimum = 75\n'
REUSED = "nothing has changed since the run of "
RUNS = "meta-tests: running the whole suite once"


def verdicts(project: Path, *args: str, env: dict[str, str] | None = None) -> Said:
    return session(project, "tests/meta", *args, env=env)


def was_reused(said: Said) -> bool:
    assert (REUSED in said.text) != (RUNS in said.text), said.text
    return REUSED in said.text


@pytest.fixture(scope="module")
def after_a_run(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project after a whole run, with data files, a schema beside the tests, and settings."""
    project = copy_of(pristine, tmp_path_factory.mktemp("kept") / "shop")
    policy(project, SUITE)
    write(project, {"tests/unit/data/case.json": "1\n", "src/shop/rates.csv": "1\n", "schemas/a.json": "{}\n"})
    write(project, {"README.md": "Shop.\n", "docs/index.md": "Shop.\n", "requirements.txt": "", "uv.lock": ""})
    os.utime(project / "README.md", (2e9, 2e9))  # from the future
    os.utime(project / "src/shop/prices.py", (2e9, 2e9))
    settle(project)
    said = session(project, "--cov=shop", env={"SHOP": "1"})
    assert said.verdicts == GREEN, said.text
    assert "not kept" not in said.text
    return project


@pytest.fixture
def shop(after_a_run: Path, tmp_path: Path) -> Path:
    """A copy of it, cache and all, to do with as the test likes."""
    return shutil.copytree(after_a_run, tmp_path / "shop")


def settle(project: Path) -> None:
    """Let the files be older than the session that is to run them, as they are where a person wrote them."""
    newest = max(path.stat().st_ctime_ns for path in project.rglob("*"))
    while time.time_ns() <= newest:
        time.sleep(0.01)


def append(name: str, text: str = "\n") -> Callable[[Path], None]:
    def change(project: Path) -> None:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + text)

    return change


def same_size_and_time(project: Path) -> None:
    """Change a file as an archive does that puts the old times back."""
    path = project / "src" / "shop" / "prices.py"
    stat = path.stat()
    path.write_text(path.read_text().replace("return 1", "return 2"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def touch_all(project: Path) -> None:
    for path in project.rglob("*"):
        path.touch()


def rewrite_the_same(project: Path) -> None:
    for path in project.rglob("*.py"):
        text = path.read_bytes()
        path.unlink()
        path.write_bytes(text)


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a source": (append("src/shop/prices.py"), "src/shop/prices.py has changed"),
    "a source, its size and time kept": (same_size_and_time, "src/shop/prices.py has changed"),
    "a new source": (append("src/shop/more.py"), "src/shop/more.py is new"),
    "a source that goes": (lambda project: (project / "src/shop/unused.py").unlink(), "src/shop/unused.py is gone"),
    "a source that is renamed": (
        lambda project: (project / "src/shop/unused.py").rename(project / "src/shop/other.py"),
        "src/shop/other.py is new, and 1 more",
    ),
    "data of a package": (append("src/shop/rates.csv"), "src/shop/rates.csv has changed"),
    "a test": (append("tests/unit/test_more.py"), "tests/unit/test_more.py has changed"),
    "a new test file": (append("tests/test_new.py"), "tests/test_new.py is new"),
    "a new test file elsewhere": (append("checks/test_new.py"), "checks/test_new.py is new"),
    "data of the tests": (append("tests/unit/data/case.json"), "tests/unit/data/case.json has changed"),
    "a conftest": (append("tests/conftest.py"), "tests/conftest.py has changed"),
    "a conftest at the root": (append("conftest.py"), "conftest.py is new"),
    "settings": (append("pyproject.toml"), "pyproject.toml has changed"),
    "other settings": (append(".coveragerc"), ".coveragerc is new"),
    "a list of requirements": (append("requirements.txt"), "requirements.txt has changed"),
    "a lock file": (append("uv.lock"), "uv.lock has changed"),
    "data in a folder whose name begins as that of tests/meta": (
        append("tests/metadata/case.json"),
        "tests/metadata/case.json is new",
    ),
    "a source that is not measured": (append("src/other/__init__.py"), "src/other/__init__.py is new"),
    "a declared input": (append("schemas/a.json"), "schemas/a.json has changed"),
    "a declared input that was not there": (append("protos/a.proto"), "protos/a.proto is new"),
    "the suite": (
        lambda project: policy(project, SUITE.replace("[suite]", '[suite]\nargs = ["tests/unit"]')),
        "[suite] of tests/meta/policy.toml has changed",
    ),
    "the machinery": (append("tests/meta/meta_regime/stopwatch.py"), "tests/meta/meta_regime/stopwatch.py has changed"),
}

NOTHING: dict[str, Callable[[Path], object]] = {
    "nothing": lambda project: None,
    "documentation": append("README.md"),
    "a folder of documentation": append("docs/index.md"),
    "times": touch_all,
    "the same written again": rewrite_the_same,
    "compiled files": append("src/shop/__pycache__/x.cpython-311.pyc"),
    "a coverage report": append("htmlcov/index.html"),
    "coverage data": append(".coverage.host.1.x"),
    "an editor's file": append("src/shop/prices.py~"),
    "an output that is passed over": append("tests/unit/out/x.json"),
    "a threshold": lambda project: policy(project, SUITE.replace("75", "70")),
    "an excuse": append("tests/meta/known_slow.toml"),
    "the playbook": append("tests/meta/README.md"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_noticed_and_named(name: str, shop: Path) -> None:
    change, words = CHANGES[name]
    change(shop)
    said = verdicts(shop, env={"SHOP": "1"})
    assert not was_reused(said)
    assert f"meta-tests: since the last whole run, {words}" in said.text
    assert was_reused(verdicts(shop, env={"SHOP": "1"}))  # the child's run is kept in its turn


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_else_costs_a_run(name: str, shop: Path) -> None:
    NOTHING[name](shop)
    said = verdicts(shop, env={"SHOP": "1"})
    assert was_reused(said)
    assert said.verdicts == GREEN
    assert f"old, {SUITE_SIZE} tests ==" in said.text


def test_an_input_that_is_not_there_is_named(shop: Path) -> None:
    said = verdicts(shop, env={"SHOP": "1"})
    assert was_reused(said)
    assert "tests/meta/policy.toml, [suite] inputs: there is no protos" in said.text


def test_a_declared_variable_counts_and_no_other(shop: Path) -> None:
    assert was_reused(verdicts(shop, env={"SHOP": "1", "OTHER": "1"}))
    said = verdicts(shop, env={"SHOP": "2"})
    assert not was_reused(said)
    assert "the variable SHOP has changed" in said.text


def test_the_installed_distributions_count(shop: Path, tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    env = {"SHOP": "1", "PYTHONPATH": str(packages)}
    assert "since the last whole run, the variable PYTHONPATH has changed" in verdicts(shop, env=env).text
    assert was_reused(verdicts(shop, env=env))
    (packages / "thing-1.dist-info").mkdir()
    assert "since the last whole run, what is installed has changed" in verdicts(shop, env=env).text
    (packages / "thing-1.dist-info").rename(packages / "thing-2.dist-info")
    assert "since the last whole run, what is installed has changed" in verdicts(shop, env=env).text


def test_what_is_typed_counts_where_the_run_hangs_on_it(shop: Path) -> None:
    env = {"SHOP": "1"}
    assert was_reused(verdicts(shop, "-v", "--tb=short", "-n", "2", env=env))
    assert "what is typed has changed (now -o log_level=INFO)" in verdicts(shop, "-o", "log_level=INFO", env=env).text
    assert "what is typed has changed (then -o log_level=INFO)" in verdicts(shop, env=env).text


def test_a_fresh_run_can_be_asked_for(shop: Path) -> None:
    said = verdicts(shop, "--meta-fresh", env={"SHOP": "1"})
    assert not was_reused(said)
    assert said.verdicts == GREEN


def test_thresholds_of_today_judge_the_earlier_run(shop: Path) -> None:
    policy(shop, SUITE.replace("75", "76"))
    said = verdicts(shop, env={"SHOP": "1"})
    assert was_reused(said)
    assert said.verdicts[COVERAGE] == "failed"
    assert "Total coverage is 75.00 %, the minimum is 76 %." in said.text


@pytest.mark.parametrize("typed", ["--cov=shop -k total", "", "--cov=shop tests/unit/test_more.py", "--cov=tests"])
def test_only_a_whole_run_with_coverage_is_kept(typed: str, project: Path) -> None:
    settle(project)
    session(project, *typed.split())
    said = verdicts(project)
    assert not was_reused(said)
    assert "since the last whole run" not in said.text


def test_a_run_that_failed_is_not_kept(shop: Path) -> None:
    write(shop, {"tests/unit/test_bad.py": "def test_bad():\n    assert False\n"})
    settle(shop)
    assert session(shop, "--cov=shop", env={"SHOP": "1"}).status == 1
    for _ in range(2):
        assert not was_reused(verdicts(shop, env={"SHOP": "1"}))


@pytest.mark.parametrize("typed", [["tests/meta", "--meta-fresh"], ["--cov=shop"], ["-k", "flag"]])
def test_a_red_run_of_the_same_tree_outweighs_the_green_one(typed: list[str], project: Path) -> None:
    flag = project.parent / "flag"
    code = f"import pathlib\n\n\ndef test_flag():\n    assert not pathlib.Path({str(flag)!r}).exists()\n"
    policy(project, "[coverage]\nminimum = 75\n")
    write(project, {"tests/unit/test_flag.py": code})
    settle(project)
    assert session(project, "--cov=shop").status == 0
    flag.touch()
    assert session(project, *typed).status == 1
    assert verdicts(project).status == 1


def test_a_red_run_in_a_read_only_checkout_is_red_and_no_more(shop: Path) -> None:
    write(shop, {"tests/unit/test_bad.py": "def test_bad():\n    assert False\n"})
    said = read_only(shop, "tests/meta", env={"SHOP": "1"})
    assert said.status == 1
    assert "1 test of the suite failed; mend that first." in said.text
    assert "INTERNALERROR" not in said.text


def test_the_root_itself_may_be_an_input(project: Path) -> None:
    policy(project, '[suite]\ninputs = [".", "!junit.xml"]\n[coverage]\nminimum = 70\n')
    settle(project)
    assert session(project, "--cov=shop").status == 0
    write(project, {"docs/index.md": "more"})
    assert "docs/index.md is new" in verdicts(project).text


WRITES = """\
import pathlib


def test_writes():
    pathlib.Path(__file__).with_name("{name}").write_text("x")
"""


def test_a_run_during_which_a_file_changed_is_not_kept(project: Path) -> None:
    write(project, {"tests/unit/test_writes.py": WRITES.format(name="test_later.py")})
    settle(project)
    said = session(project, "--cov=shop")
    assert "this run is not kept to be judged again: tests/unit/test_later.py is new while it ran" in said.text
    assert not was_reused(verdicts(project))


def test_a_file_that_goes_during_the_run_is_noticed(project: Path) -> None:
    text = WRITES.format(name="data.txt").replace('write_text("x")', "unlink(missing_ok=True)")
    write(project, {"tests/unit/test_writes.py": text, "tests/unit/data.txt": ""})
    settle(project)
    assert (
        "not kept to be judged again: tests/unit/data.txt is gone while it ran" in session(project, "--cov=shop").text
    )


def test_without_a_cache_every_run_is_fresh(shop: Path) -> None:
    assert not was_reused(verdicts(shop, "-p", "no:cacheprovider", env={"SHOP": "1"}))


def test_a_run_under_xdist_is_reused(project: Path) -> None:
    settle(project)
    assert session(project, "--cov=src/shop", "-n", "2").verdicts
    assert was_reused(verdicts(project))


@pytest.mark.parametrize("damage", [b"", b"\x00\xff" * 50, b'["meta-tests record", 1, {}]\n', b"[]\n", b"{}\n[]\n[]\n"])
def test_a_damaged_record_is_passed_over_with_a_word(damage: bytes, shop: Path) -> None:
    record = next(shop.glob(".pytest_cache/**/last-run.jsonl"))
    record.write_bytes(damage)
    said = verdicts(shop, env={"SHOP": "1"})
    assert not was_reused(said)
    assert "the last run is not judged again: " in said.text
    assert said.verdicts == GREEN
    assert was_reused(verdicts(shop, env={"SHOP": "1"}))


def test_what_is_deleted_is_not_missed(project: Path) -> None:
    shutil.rmtree(project / "tests/meta/meta_regime/extras/reuse")
    assert session(project, "--cov=shop").verdicts
    assert not was_reused(verdicts(project))


def test_of_a_large_file_size_and_time_count(project: Path) -> None:
    large = project / "tests" / "unit" / "large.bin"
    with large.open("wb") as stream:
        stream.truncate(2**26 + 1)  # sparse: takes no room
    settle(project)
    assert session(project, "--cov=shop").verdicts
    assert was_reused(verdicts(project))
    with large.open("r+b") as stream:
        stream.truncate(2**26 + 2)
    assert "since the last whole run, tests/unit/large.bin has changed" in verdicts(project).text
