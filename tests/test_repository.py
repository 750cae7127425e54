"""What the repository promises of itself: small plain modules, a demo that shows what it claims."""

from __future__ import annotations

import io
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

from tests.baking import ROOT, scrubbed_environment

META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"
MODULES = sorted(META.rglob("*.py"))
KIT = [path for path in MODULES if "fixtures" in path.parts]  # a project may delete it, and the extras
ADOPTING = [path for path in MODULES if "adopting" in path.parts or path.name == "adopt.py"]  # and this
CORE = [path for path in MODULES if not {"extras", "fixtures"} & set(path.parts) and path not in ADOPTING]


def lines_of_code(path: Path) -> int:
    """Count the lines that hold code: no blank lines, comments or docstrings."""
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        stands_alone = token.type == tokenize.STRING and before in {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
        if token.type not in nothing and not stands_alone:
            lines.update(range(token.start[0], token.end[0] + 1))
        if token.type not in {tokenize.COMMENT, tokenize.NL}:
            before = token.type
    return len(lines)


def test_the_core_stays_small_enough_to_read() -> None:
    assert 10 < len(CORE) < len(MODULES)
    assert sum(map(lines_of_code, CORE)) <= 1500
    assert 10 < sum(map(lines_of_code, ADOPTING)) <= 1500
    # What a project may delete piece by piece is held to what can be read at a sitting, piece by piece.
    pieces: dict[str, int] = {}
    for path in MODULES:
        if "extras" in path.parts:
            name = path.parts[path.parts.index("extras") + 1]
            pieces[name] = pieces.get(name, 0) + lines_of_code(path)
    assert len(pieces) > 20
    assert {name: lines for name, lines in pieces.items() if lines > 1000} == {}
    assert max(len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES) <= 300


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_of_the_regime_are_plain_python(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    compile(text, path, "exec")
    assert not [mark for mark in ("{{", "{%", "{#", "cookiecutter") if mark in text]


def test_the_pictures_of_the_readme_are_small_and_ask_no_network() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = [path for path in sorted((ROOT / "docs" / "pictures").iterdir()) if "benchmarks-" not in path.name]
    assert [path.name for path in pictures] == ["red-verdict.svg", "report.png"]
    for path in pictures:
        assert f"](docs/pictures/{path.name})" in readme
        assert path.stat().st_size <= 200_000
    svg = pictures[0].read_text(encoding="utf-8")
    assert "test_no_new_slow_tests" in svg
    assert svg.count("http") == 1  # the name of SVG itself


def test_counting_lines_leaves_out_what_is_not_code(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    docstring, function = '"""Docstring\nof two lines."""\n', 'def f():\n    """Doc."""\n    return x\n'
    path.write_text(f'{docstring}\n# comment\nx = """text\nhere"""\n\n\n{function}')
    assert lines_of_code(path) == 4


def test_the_demo_shows_red_and_then_green(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py"), "--into", str(tmp_path / "demo")],
        env=scrubbed_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED      Total coverage is 62.35 %, the minimum is 80 %." in done.stdout
    assert "PASSED      Total coverage is 98.84 %, the minimum is 80 %." in done.stdout
    plan = (tmp_path / "demo" / "payments" / "coverage-plan.md").read_text(encoding="utf-8")
    assert plan == (ROOT / "docs" / "coverage-plan-of-the-example.md").read_text(encoding="utf-8")
