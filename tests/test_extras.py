"""What lies in `extras` may be deleted: the rest works on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.baking import ROOT
from tests.sample import COVERAGE, HYGIENE, VERDICTS, policy, session

EXTRAS = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta" / "meta_regime" / "extras"
NAMES = sorted(path.stem for path in EXTRAS.iterdir() if not path.name.startswith("_"))


@pytest.mark.parametrize("name", [*NAMES, "all of them"])
def test_without_an_extra_the_verdicts_are_given(name: str, project: Path) -> None:
    folder = project / "tests" / "meta" / "meta_regime" / "extras"
    gone = [folder] if name == "all of them" else list(folder.glob(f"{name}*"))
    assert gone
    if name in ("hygiene", "all of them"):
        gone.append(project / "tests" / "meta" / "test_suite_hygiene.py")
    expected = {verdict: "passed" for verdict in VERDICTS if verdict != HYGIENE or len(gone) == 1}
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    policy(project, "[coverage]\nminimum = 75\n")
    for typed in (["--cov=src/shop"], ["--cov=src/shop", "-n", "2"], ["tests/meta"], ["tests/meta"]):
        said = session(project, *typed)
        assert (said.status, said.verdicts) == (0, expected), (typed, said.text)
    policy(project, "[coverage]\nminimum = 76\n")
    said = session(project, "--cov=src/shop")
    assert (said.status, said.verdicts) == (1, {**expected, COVERAGE: "failed"})
    assert "Total coverage is 75.00 %, the minimum is 76 %." in said.text
    assert "meta-tests: not judged: partial run: it left out tests/" in session(project, "tests/unit/test_more.py").text
