"""What README.md claims is proven: docs/claims.md has every sentence of it, beside the line or report that does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from docs import make_claims
from docs.make_claims import Claim, claims, lines_meant, lines_of_tests, plain, unproven, with_lines
from tests.baking import ROOT
from tests.test_honesty import TABLE

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
CLAIMS = [*claims(PAGE)]
# The numbers that a report has as the number of its rows, or as their sum.
ADAPTERS = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
DETECTION = (ROOT / "docs" / "detection.md").read_text(encoding="utf-8")


def numbers(text: str) -> set[str]:
    return {number.rstrip(".,") for number in re.findall(r"(?<![\w.-])\d[\d.,]*", text)}


def test_every_claim_has_its_proof_and_every_line_is_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    status = make_claims.main(["--check"])
    told = capsys.readouterr().err
    assert not told, told
    assert status == 0, "lines have moved; type: python docs/make_claims.py"
    assert len(CLAIMS) > 80


def test_every_test_that_is_named_is_collected() -> None:
    named = {(words, target) for claim in CLAIMS for words, target in claim.lines if "/tests/" in f"/{target}"}
    assert len(named) > 80
    for words, target in named:
        path = ROOT / "docs" / target
        if not re.fullmatch(r"(\w+::)*test\w+", words):
            continue  # a row of a table, or a line of a test
        assert path.name.startswith("test_"), target
        source = path.read_text(encoding="utf-8")
        (line,) = lines_of_tests(source)[words]
        assert not is_skipped(source, line), f"{target}: {words} is never run"


def is_skipped(source: str, line: int) -> bool:
    """Tell whether the test on a line, or its class, is skipped whatever the machine."""
    marks = "pytest.mark.skip", "pytest.mark.xfail"
    return any(
        ast.unparse(decorator).split("(")[0] in marks
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.lineno <= line <= (node.end_lineno or 0)
        for decorator in node.decorator_list
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "Nothing runs twice, but",
            "Nothing runs twice. It is fast",
            "README.md says without a proof: Nothing runs twice. It is fast a test",
        ),
        (
            "Nothing runs twice",
            "Nothing ever runs twice",
            "the ✓ that leads to #one-run: Nothing runs twice, but a test",
        ),
        ("[✓](docs/claims.md#the-report)", "", "no ✓ of README.md leads to #the-report"),
        ("claims.md#the-report", "claims.md#report", "a ✓ of README.md leads to #report, which is not there"),
        ("| `pytest --no-meta` | nothing |", "| `pytest --no-meta` | time |", "proof: pytest --no-meta: time"),
        ("red and then green\n", "red and then green, at once\n", "README.md says without a proof: at once"),
        ("# time.sleep and", "# kill and", "README.md says without a proof: kill and asyncio.sleep move the clock"),
        ("\n## Use it\n", "\nIt cures all ills.\n\n## Use it\n", "README.md says without a proof: It cures all ills"),
    ],
)
def test_what_the_readme_claims_without_a_proof_is_found(old: str, new: str, said: str) -> None:
    assert old in README
    assert said in "\n".join(unproven(README.replace(old, new), PAGE))


def test_what_is_wrong_with_a_proof_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test_a.py").write_text(
        "import pytest\n\n\ndef test_one(): ...\n\n\n@pytest.mark.skip(reason='later')\nclass TestMore:\n"
        "    def test_one(self): ...\n\n    async def test_two(self): ...\n    def test_two(self): ...\n"
    )
    rows = "[`test_one`](test_a.py#L1), [`TestMore::test_one`](test_a.py), [`import pytest`](test_a.py#L7)"
    page, wrong = with_lines(rows, tmp_path)
    assert page == "[`test_one`](test_a.py#L4), [`TestMore::test_one`](test_a.py#L9), [`import pytest`](test_a.py#L1)"
    assert wrong == []
    _, wrong = with_lines("[`test_gone`](test_a.py), [`TestMore::test_two`](test_a.py#L3), [`test_b`](no.py)", tmp_path)
    assert wrong == [
        "test_a.py has `test_gone` on 0 lines",
        "test_a.py has `TestMore::test_two` on 2 lines",
        "no.py is not there",
    ]
    source = (tmp_path / "test_a.py").read_text()
    assert [is_skipped(source, line) for line in (4, 9)] == [False, True]

    assert "it proves nothing of: so" in unproven("", "## A\n\n| claim | proven by |\n| --- | --- |\n| so | thus |\n")
    monkeypatch.setattr(make_claims, "PAGE", tmp_path / "claims.md")
    (tmp_path / "claims.md").write_text(PAGE.replace("../", f"{ROOT}/"), encoding="utf-8")
    assert make_claims.main(["--check"]) == 0
    moved = PAGE.replace("../", f"{ROOT}/").replace("#L", "#L1", 1)
    (tmp_path / "claims.md").write_text(moved, encoding="utf-8")
    assert make_claims.main(["--check"]) == 1
    assert make_claims.main([]) == 0
    assert (tmp_path / "claims.md").read_text(encoding="utf-8") == PAGE.replace("../", f"{ROOT}/")


class TestFigures:
    @pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim.reports], ids=lambda claim: claim.words[:40])
    def test_are_those_of_the_reports(self, claim: Claim) -> None:
        texts = [(ROOT / "docs" / target.partition("#")[0]).read_text(encoding="utf-8") for target in claim.reports]
        more = {str(self.sessions()), str(self.libraries())}
        told = numbers("\n".join(texts))
        wrong = {
            number for number in numbers(claim.words) - more if not {number, f"{number}.0", f"{number}.0.0"} & told
        }
        assert wrong == set()

    def sessions(self) -> int:
        """How many sessions docs/detection.md judges: healthy ones, and ones with something planted."""
        rows = [row for row in DETECTION.splitlines() if row.startswith(("| meta-tests | 0 of", "| all | 0 of"))]
        (tests, suites) = ([int(number) for number in re.findall(r"\d+ of (\d+)", row)] for row in rows)
        return sum(tests[:2]) + suites[0] + suites[2]

    def libraries(self) -> int:
        return len(re.findall(r"^\| [\w-]+ \| \d", ADAPTERS, re.MULTILINE))

    def test_sessions_and_libraries_are_counted(self) -> None:
        words = " ".join(claim.words for claim in CLAIMS)
        assert f"Measured in {self.sessions()} sessions" in words
        assert f"They know {self.libraries()} libraries" in words

    def test_nobody_was_accused_and_nothing_missed(self) -> None:
        tests, suites = re.findall(r"^\| (?:meta-tests|all) \| (\d.*) \|$", DETECTION, re.MULTILINE)[:2]
        false, missed, others = tests.split(" | ")[:3]
        told, _, _, _, slow_downs_missed, broken = suites.split(" | ")
        assert {cell.split(" of ")[0] for cell in (false, missed, others, told, slow_downs_missed, broken)} == {"0"}

    def test_ways_of_running_pytest(self) -> None:
        assert 60 <= len(TABLE) < 70, "README.md says: sixty"


def test_the_healed_stories_are_the_same_tests() -> None:
    examples = ROOT / "examples"
    for healed in sorted((examples / "stories-healed" / "tests").glob("*.py")):
        before = (examples / "stories" / "tests" / healed.name).read_text(encoding="utf-8")
        tests = [
            ast.unparse(node) for node in ast.walk(ast.parse(before)) if getattr(node, "name", "").startswith("test")
        ]
        after = healed.read_text(encoding="utf-8")
        assert [
            ast.unparse(node) for node in ast.walk(ast.parse(after)) if getattr(node, "name", "").startswith("test")
        ] == tests
        assert tests
        more = set(after.splitlines()) - set(before.splitlines()) - {"import pytest"}
        assert [line.partition("(")[0] for line in more] == ["pytestmark = pytest.mark.usefixtures"]


def test_text_is_read_as_a_person_reads_it() -> None:
    text = "- **One [run](a.md#b)**, `all` ![picture](c.png)\n  verdicts. [✓](docs/claims.md#x)"
    assert plain(text) == "One run, all verdicts."
    assert plain("| `a` | [`b`](c.md), d |") == "a: b, d"
    assert lines_meant("[tool.mypy]", ROOT / "pyproject.toml") != []
