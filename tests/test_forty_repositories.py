"""docs/forty-repositories.md: its scripts, as they stand there, on two repositories."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from releasing.released import releases
from tests.baking import ROOT
from tests.in_git import Repository
from tests.sample import PACKAGE, SETTINGS, TESTS, write
from tests.template_history import CHANGED_LINE, with_releases

PAGE = (ROOT / "docs" / "forty-repositories.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"\*\*`([a-z.]+)`\*\*[^`]*(?:`[^`\n]+`[^`]*)*?```(?:bash|json)\n(.*?)```", PAGE, re.DOTALL))
POLICY = "tests/meta/policy.toml"
QUICK = {"tests/test_prices.py": TESTS["tests/unit/test_prices.py"]}
IGNORED = "__pycache__/\n.pytest_cache/\n.coverage*\n"


def test_the_page_has_the_files() -> None:
    assert set(FILES) == {"settings.sh", "answers.json", "each.sh", "install.sh", "report.sh", "update.sh"}
    assert PAGE.count("```bash") + PAGE.count("```json") == len(FILES)


@pytest.fixture
def desk(tmp_path: Path) -> Repository:
    """The engineer's folder: the page's files, and clones of two repositories, one with a change that is in the way."""
    template = with_releases(tmp_path / "template").folder
    desk = Repository(tmp_path / "desk", tmp_path)
    first, second = (f"v{release.version}" for release in releases(template)[-2:])
    assert re.fullmatch(r"TEMPLATE=\S+\nTAG=v\d+\.\d+\.\d+\n", FILES["settings.sh"])
    own = {"settings.sh": f"TEMPLATE={template.as_posix()}\nTAG={first}\n", "newer.sh": second}
    write(desk.folder, {**FILES, **own, "repositories.txt": "clones/src\nclones/flat\n"})
    flat = {f"{path.removeprefix('src/')}": text for path, text in PACKAGE.items()}
    for name, package in (("src", PACKAGE), ("flat", flat)):
        origin = Repository(tmp_path / name, tmp_path)
        write(origin.folder, {**package, **QUICK, "pyproject.toml": SETTINGS, ".gitignore": IGNORED})
        origin.git("init", "--quiet", "--initial-branch", "main")
        origin.commit()
        desk.git("clone", "--quiet", str(origin.folder), str(desk.folder / "clones" / name))
    return desk


def each(desk: Repository, script: str) -> subprocess.CompletedProcess[str]:
    bash = shutil.which("bash")
    assert bash, "the page is for bash"
    return desk.run(bash, "each.sh", script)


def stopped(desk: Repository, name: str) -> list[str]:
    return (desk.folder / f"{name}-stopped.txt").read_text().split()


def test_its_scripts_install_report_and_update(desk: Repository, tmp_path: Path) -> None:
    clones = {name: Repository(desk.folder / "clones" / name, tmp_path) for name in ("src", "flat")}

    installed = each(desk, "install.sh")

    assert stopped(desk, "install") == [], installed.stdout
    for name, clone in clones.items():
        origin = Repository(tmp_path / name, tmp_path)
        assert origin.git("rev-parse", "meta-tests") == clone.git("rev-parse", "HEAD"), "pushed"
        assert clone.git("status", "--porcelain") == ""
        said = clone.git("log", "--format=%s", "--reverse").splitlines()[1:]
        assert said == ["Add meta-tests v" + said[0].rpartition("v")[2], "Start meta-tests where this project is"]
        policy = tomllib.loads((clone.folder / POLICY).read_text(encoding="utf-8"))
        assert policy["coverage"]["minimum"] < 80, "it starts where it is"
        assert str(policy["performance"]["suite_seconds"]) in (
            json.loads(FILES["answers.json"])["suite_seconds"],
            "300.0",
        )
        assert (clone.folder / "tests/meta/baseline.json").is_file()

    text = (clones["flat"].folder / POLICY).read_text(encoding="utf-8")
    (clones["flat"].folder / POLICY).write_text(text.replace(f"\n{CHANGED_LINE}10.0", f"\n{CHANGED_LINE}7.5"), "utf-8")
    clones["flat"].commit()
    settings = desk.folder / "settings.sh"
    settings.write_text(re.sub("TAG=.*", "TAG=main", settings.read_text()), encoding="utf-8")
    reported = each(desk, "report.sh")
    assert stopped(desk, "report") == ["clones/src", "clones/flat"], reported.stdout
    assert re.findall(r"(?m)^\d+\t\d+\t(.*)$", reported.stdout).count(POLICY) == 2

    updated = each(desk, "update.sh")

    assert stopped(desk, "update") == ["clones/flat"], updated.stdout
    assert f"conflict: {POLICY}" in updated.stdout
    assert clones["src"].git("log", "-1", "--format=%s") == "Update meta-tests to main"
    assert clones["src"].git("status", "--porcelain") == ""
    assert clones["flat"].git("log", "-1", "--format=%s") == "state", "nothing half-done was committed"
