"""Makes the pictures of the README again, from real sessions of the example: docs/pictures.

    make pictures                                or: .venv/bin/python examples/pictures.py

A red verdict as the terminal shows it (SVG), and the report in a browser (PNG; needs Debian's chromium, or another).
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from examples import demo
from tests.browser import PROGRAM, chromium

PICTURES = demo.TEMPLATE / "docs" / "pictures"
COLUMNS = 118
LINES_OF_A_MESSAGE = 14
LARGEST = 200_000  # bytes
# As rich has it, without its style sheet's fonts from a web server.
SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def session(project: Path, *arguments: str) -> str:
    """Run pytest in the example, which is red; give what it prints, with its colours."""
    command = [sys.executable, "-m", "pytest", *arguments, "--color=yes"]
    environment = {**demo.environment(), "COLUMNS": str(COLUMNS)}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 1:
        raise demo.DemoError(f"four verdicts should have failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def excerpt(output: str) -> list[str]:
    """Choose the beginning of the message on slow tests, and the closing section with a line for each verdict."""
    lines = output.splitlines()
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    message = next(number for number, line in enumerate(plain) if re.match("_+ test_no_new_slow_tests _+", line))
    closing = next(number for number, line in enumerate(plain) if re.match("=+ meta-tests: ", line))
    end = next(number for number, line in enumerate(plain) if re.match("=+ short test summary", line))
    return [*lines[message : message + LINES_OF_A_MESSAGE], "[...]", *lines[closing:end]]


def draw_terminal(lines: list[str], path: Path) -> None:
    """Write the lines as a picture of a terminal."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=False)
    path.write_text(console.export_svg(title="pytest --cov", code_format=SVG, unique_id="red"), encoding="utf-8")


def draw_report(report: Path, path: Path) -> None:
    """Write what a browser shows of the charts of time."""
    with chromium() as browser:
        browser.look_at(report, width=1100)
        browser.wait_for("document.querySelectorAll('#slowest-bars .bars .point').length > 0")
        part = "document.querySelector('#slowest .chart').getBoundingClientRect().bottom"
        part += " - document.querySelector('#time').getBoundingClientRect().top"
        browser.look_at(report, width=1100, height=int(browser.run(part)))
        browser.wait_for("document.querySelectorAll('#slowest-bars .bars .point').length > 0")
        browser.run("document.querySelector('#time').scrollIntoView()")
        path.write_bytes(browser.picture())
    if path.stat().st_size > LARGEST:
        raise demo.DemoError(f"{path} has more than {LARGEST:,} bytes")


def main() -> int:
    """Make both, or say why not."""
    if PROGRAM is None:
        print("No Chromium is installed, which draws the report (Debian: apt-get install chromium).")
        return 1
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="meta-tests-pictures-") as folder:
        project, scratch = Path(folder, "payments"), Path(folder, "scratch")
        scratch.mkdir()
        demo.prepare(project, scratch)
        output = session(project, "--cov", "--meta-report=report.html")
        draw_terminal(excerpt(output), PICTURES / "red-verdict.svg")
        draw_report(project / "report.html", PICTURES / "report.png")
    print(f"\nThe pictures stand in {PICTURES.relative_to(demo.TEMPLATE)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
