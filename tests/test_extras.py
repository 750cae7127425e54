"""What lies in `extras` may be deleted: the rest works on."""

from __future__ import annotations

import shutil

import pytest

from tests.baking import ROOT
from tests.in_git import Repository
from tests.sample import ALL_VERDICTS, APART, COVERAGE, HYGIENE, KNOWN_SLOW, OF_FILES, delete_extras, policy, session

EXTRAS = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta" / "meta_regime" / "extras"
NAMES = sorted(path.stem for path in EXTRAS.iterdir() if not path.name.startswith("_"))


OF_THEIR_OWN = {"hygiene": HYGIENE, "known_slow": KNOWN_SLOW, **OF_FILES}  # extras that give verdicts


@pytest.mark.parametrize("name", [*NAMES, "all of them"])
def test_without_an_extra_the_other_verdicts_are_given(name: str, judged_repository: Repository) -> None:
    project = judged_repository.folder
    everything = name == "all of them"
    expected = dict.fromkeys(ALL_VERDICTS, "passed")
    for gone in OF_THEIR_OWN if everything else [name]:
        expected.pop(OF_THEIR_OWN.get(gone, ""), None)
    if everything:
        shutil.rmtree(project / "tests" / "meta" / "meta_regime" / "extras")
    else:
        assert delete_extras(project, name) == (name not in APART)  # which these projects have not
    if everything or name == "hygiene":
        (project / "tests" / "meta" / "test_suite_hygiene.py").unlink()
    for typed in (["--cov=src/shop"], ["--cov=src/shop", "-n", "2"], ["tests/meta"], ["tests/meta"]):
        said = session(project, *typed)
        assert (said.status, said.verdicts) == (0, expected), (typed, said.text)
    policy(project, "[coverage]\nminimum = 76\nmodule_floor = 0\n")
    said = session(project, "--cov=src/shop")
    assert (said.status, said.verdicts) == (1, {**expected, COVERAGE: "failed"})
    assert "Total coverage is 75.00 %, the minimum is 76 %" in said.text
    assert "meta-tests: not judged: partial run: it left out tests/" in session(project, "tests/unit/test_more.py").text
