"""What `--meta-prove` is made of: the copy, the settings that it writes, what it makes of an answer."""

from __future__ import annotations

import datetime
import os
import re
import tomllib
from pathlib import Path

import pytest
from meta_regime.extras.known_slow.entries import KnownSlow, load_known_slow
from meta_regime.extras.prove import code, copying, proof, proving, settings
from meta_regime.extras.prove.answer import Answer
from meta_regime.extras.prove.plants import PLANTS
from meta_regime.policy import Coverage, Hygiene, Policy, Suite, parse_policy
from meta_regime.record import SuiteRun, TestTiming
from meta_regime.verdict import Standards

from tests.baking import ROOT, tree
from tests.in_git import Repository
from tests.sample import OF_THE_REGIME, write

VERDICT = "test_it"
META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"


def test_every_verdict_of_the_template_has_a_plant() -> None:
    planted = {verdict for verdict, _ in PLANTS}
    files = [path.read_text(encoding="utf-8") for path in META.glob("test_*.py")]
    verdicts = {name for text in files for name in re.findall(r"(?:def|import) (test_\w+)", text)}
    assert verdicts == planted
    assert verdicts >= OF_THE_REGIME


class TestDecided:
    @pytest.mark.parametrize(
        ("answer", "state", "holds"),
        [
            (None, proof.NOT_ASKED, False),
            (Answer("failed", "failed", "Below.", "here.py"), proof.RED, True),
            (Answer("failed", "failed", "Below.", "another.py"), proof.OTHERWISE, False),
            (Answer("failed", "", "fixture 'here.py' not found"), proof.OTHERWISE, False),
            (Answer("passed", "passed", "All here.py is well."), proof.GREEN, False),
            (Answer("passed"), proof.GREEN, False),
            (Answer("passed", "failed", "here.py"), proof.GREEN, False),
            (Answer("skipped", "not judged", "not judged: no git"), proof.NOT_JUDGED, False),
            (Answer("failed", "not judged", "not judged: no git"), proof.NOT_JUDGED, False),
            (Answer("skipped", "not judged", "not judged: busy", optional=True), proof.NEED_NOT, None),
            (Answer("skipped", "", "Skipped: by us"), proof.NOT_JUDGED, False),
        ],
    )
    def test_what_is_made_of_an_answer(self, answer: Answer | None, state: str, holds: bool | None) -> None:
        found = proof.decided(VERDICT, "here.py, with a line", ["here.py"], answer)
        assert (found.state, found.holds) == (state, holds)

    def test_without_words_that_tell_nothing_is_red(self) -> None:
        answer = Answer("failed", "failed", "Below.", "here.py")
        assert proof.decided(VERDICT, "nothing", [], answer).state == proof.OTHERWISE

    def test_the_words(self) -> None:
        found = proof.decided(VERDICT, "here.py", ["here.py"], Answer("skipped", "not judged", "not judged: no git"))
        assert found.told == ["planted: here.py", "it says: no git"]
        assert found.line == "not judged: no git"
        assert found.details == (
            "Planted: here.py.\n\nA verdict that cannot judge lets everything through. Its message says what it lacks."
        )

    def test_the_sum(self) -> None:
        red, idle = proof.Proof("test_a", proof.RED), proof.Proof("test_b", proof.NEED_NOT)
        assert proof.summed_up([red]) == "1 of 1 verdict turned red for what was planted. The gate bites."
        assert proof.summed_up([red, red, idle]) == (
            "1 of 2 verdicts turned red for what was planted; 1 demands nothing here, or need not judge. "
            "The gate bites."
        )
        green = proof.Proof("test_a", proof.GREEN)
        assert proof.summed_up([red, green]).endswith(
            "0 of 1 verdict turned red for what was planted. Not proved: test_a."
        )
        assert proof.summed_up([idle]) == (
            "0 of 1 verdict turned red for what was planted; 1 demands nothing here, or need not judge. "
            "So nothing is proved."
        )


class TestWhatIsRun:
    def test_a_run_that_proves_nothing(self) -> None:
        def why(*nodeids: str, **fields: str) -> str:
            tests = tuple(TestTiming(nodeid, 0.0, 0.0, 0.0, 0.0, "failed") for nodeid in nodeids)
            return proving.why_useless(SuiteRun(tests=tests, **fields))  # type: ignore[arg-type]

        assert why() == ""
        assert why(broken="It hung.") == "the suite could not be run in the copy. It hung."
        assert why(partial="partial run (-k a)") == "partial run (-k a)"
        mend = "see whether it does here, too, and mend that first: python -m pytest"
        assert why("t.py::a b") == f"1 test of the suite fails in the copy; {mend} 't.py::a b'"
        planted = f"test_{code.WORD}.py::test_planted_sleeps"
        assert why("t.py::a", planted) == f"2 tests of the suite fail in the copy; {mend} t.py::a"
        assert why(planted) == f"tests that were planted fail in this project: {planted}"

    def test_from_where_packages_are_imported(self, tmp_path: Path) -> None:
        write(
            tmp_path, {"src/shop/__init__.py": "", "src/shop/sub/__init__.py": "", "one.py": "", "src/space/a.py": ""}
        )
        assert proving.import_root(tmp_path / "src" / "shop" / "sub") == tmp_path / "src"
        assert proving.import_root(tmp_path / "one.py") == tmp_path
        assert proving.import_root(tmp_path / "src") == tmp_path / "src"

    def test_paths_that_are_typed(self) -> None:
        copy = copying.Copy(Path("/work/shop"), Path("/tmp/copy/shop"), in_git=True)
        typed = ["--cov=/work/shop/src", "-c", "/work/shop", "/work/shop-2/x", "/work/shops", "tests", "a=/work/shop:b"]
        there = ["--cov=/tmp/copy/shop/src", "-c", "/tmp/copy/shop", *typed[3:6], "a=/tmp/copy/shop:b"]
        assert copy.typed(typed) == there


class TestSettings:
    def test_the_copys_policy_says_the_same(self) -> None:
        floors = {"src/**/*.py": 0.1, 'a"b': 99.999, "ü\\": 5.0}
        args = ("-m", 'not "slow"', "tests/ü")
        policy = Policy(Suite(args=args), Coverage(floors=floors, minimum=1 / 3), hygiene=Hygiene(categories=("unit",)))
        for each in (policy, Policy()):
            assert parse_policy(tomllib.loads(settings.policy_text(each))) == each
        tables = tomllib.loads(settings.policy_text(Policy()))
        assert [*tables] == [*Policy._fields]  # whatever is added to it

    def test_the_copys_list_of_excuses(self, tmp_path: Path) -> None:
        entries = (KnownSlow('tests/a.py::t["x"]', 2.5, "ü", datetime.date(2031, 1, 2)),)
        settings.write_standards(tmp_path, Standards(known_slow=entries))
        assert load_known_slow(tmp_path / "known_slow.toml") == entries

    @pytest.mark.parametrize(
        ("expression", "wanted", "refused"),
        [
            ("", [], set()),
            ("unit", ["unit"], set()),
            ("unit and not slow", ["unit"], {"slow"}),
            ("not (slow or network)", [], {"slow", "network"}),
            ("(unit or fast) and not  db", ["unit", "fast"], {"db"}),
        ],
    )
    def test_the_markers_that_select(self, expression: str, wanted: list[str], refused: set[str]) -> None:
        assert code.markers_in(expression) == (wanted, refused)

    def test_names_that_fit_the_settings_of_pytest(self) -> None:
        assert code.fitting("test_*.py", "x") == "test_x.py"
        assert code.fitting("*_tests*.py", "x") == "x_tests.py"


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with every state that a file can have."""
    folder = tmp_path / "work" / "shop"
    here = Repository(folder, tmp_path)
    write(folder, {"src/shop/a.py": "a = 1\n", "gone.py": "", "app/app.py": "", "locked.txt": "as committed\n"})
    write(folder, {".gitignore": "*.so\nbuild/\n_generated/\n.env\n__pycache__/\n"})
    here.git("init", "--quiet", "--initial-branch=main")
    here.commit()
    here.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    here.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    here.git("switch", "--quiet", "--create", "topic/1")
    here.commit({"src/shop/b.py": "b = 1\n"})
    (folder / "gone.py").unlink()
    write(
        folder, {"src/shop/a.py": "a = 2\n", "staged.py": "s = 1\n", "new file.py": "", "tests/ü.py": "", ".env": "k=v"}
    )
    here.git("add", "staged.py")
    write(folder, {"src/shop/fast.so": "", "src/shop/_generated/g.py": "", "build/lib/a.py": ""})
    write(
        folder,
        {
            "venv/pyvenv.cfg": "",
            "venv/lib/x.py": "",
            "src/shop/__pycache__/a.pyc": "",
            ".coveragerc": "",
            ".coverage": "",
        },
    )
    (folder / "locked.txt").chmod(0o400)
    return here


class TestCopy:
    def test_what_git_sees_and_what_tests_may_need(self, repository: Repository, into: Path) -> None:
        before = tree(repository.folder)
        copy = copying.copied(repository.folder, into, [repository.folder / "src" / "shop"])
        assert tree(repository.folder) == before
        assert (copy.folder, copy.in_git) == (into / "shop", True)
        found = {
            name: data for name, data in tree(copy.folder).items() if data is not None and not name.startswith(".git/")
        }
        left_out = ("gone.py", "build/", "venv/", ".git/")
        assert found == {
            name: data
            for name, data in before.items()
            if data is not None and name != ".coverage" and not name.startswith(left_out)
        }
        assert {"src/shop/fast.so", "src/shop/_generated/g.py", ".env", "tests/ü.py", ".coveragerc"} <= found.keys()
        (copy.folder / "locked.txt").write_text("may be planted in")

    def test_its_history(self, repository: Repository, into: Path) -> None:
        copied = Repository(copying.copied(repository.folder, into, []).folder, into)
        for typed in (
            ["status", "--porcelain", "--untracked-files=all", "--", ".", ":!venv", ":!.coverage"],
            ["log", "--all", "--format=%H %D"],
            ["merge-base", "HEAD", "origin/HEAD"],
            ["diff", "HEAD", "--stat"],
            ["rev-parse", "--abbrev-ref", "origin/HEAD", "HEAD"],
        ):
            assert copied.git(*typed) == repository.git(*typed)
        copied.commit(message="of the copy's own")
        assert copied.git("fsck") == ""
        assert "own" not in repository.git("log", "--all", "--format=%s")

    def test_of_a_project_in_a_repository_and_of_another_work_tree(self, repository: Repository, into: Path) -> None:
        folder = repository.outside / "beside"
        repository.git("worktree", "add", "--quiet", "--detach", str(folder), "main")
        copy = copying.copied(folder / "src", into, [])
        assert (copy.top, copy.of(folder / "src" / "shop")) == (folder, into / "beside" / "src" / "shop")
        copied = Repository(copy.folder, into)
        assert copied.git("rev-parse", "HEAD", "main") == repository.git("rev-parse", "main", "main")
        assert copied.git("status", "--porcelain") == ""
        assert copied.run("git", "symbolic-ref", "HEAD").returncode != 0

    def test_without_git_all_but_caches_and_environments(self, tmp_path: Path, into: Path) -> None:
        write(
            tmp_path / "shop", {"a.py": "", "tests/data/x": "", "env/pyvenv.cfg": "", "env/x.py": "", ".coverage.1": ""}
        )
        write(
            tmp_path / "shop", {".pytest_cache/x": "", "tests/__pycache__/a.pyc": "", "build/a": "", ".coveragerc": ""}
        )
        copy = copying.copied(tmp_path / "shop", into, [])
        files = {name for name, data in tree(copy.folder).items() if data is not None}
        assert files == {"a.py", "tests/data/x", "build/a", ".coveragerc"}
        assert not copy.in_git

    @pytest.mark.skipif(os.name == "nt", reason="links need rights there")
    def test_links_stay_links(self, tmp_path: Path, into: Path) -> None:
        shop = tmp_path / "shop"
        write(tmp_path, {"outside/a": "", "shop/data/b": ""})
        (shop / "outer").symlink_to("../outside")
        (shop / "inner").symlink_to(shop / "data")
        (shop / "relative").symlink_to("data/b")
        (shop / "nowhere").symlink_to("gone")
        copy = copying.copied(shop, into, [])
        links = {path.name: str(path.readlink()) for path in copy.folder.iterdir() if path.is_symlink()}
        assert links == {
            "outer": "../outside",
            "inner": str(copy.folder / "data"),
            "relative": "data/b",
            "nowhere": "gone",
        }
        with pytest.raises(copying.CannotCopyError, match=r"outer lies outside of the project, at .*outside"):
            copy.of(shop / "outer")

    def test_what_cannot_be_copied_is_named(self, tmp_path: Path, into: Path) -> None:
        write(tmp_path, {"shop/a.py": "", "scratch/shop": "a file where the copy would be"})
        with pytest.raises(copying.CannotCopyError, match=re.escape(f"{into / 'shop'}: File exists")):
            copying.copied(tmp_path / "shop", into, [])
