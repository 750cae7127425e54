"""Keeps docs/claims.md true: each claim of README.md, and the line that proves it.

python docs/make_claims.py           sets the line numbers of its links
python docs/make_claims.py --check   exit status 1 if one of them is another; writes nothing

A proof is a link whose text says which line is meant: the name of a test, [`test_x`](../tests/test_y.py) or
[`TestClass::test_x`](...), or words that stand on one line of the file alone. Where a report is the proof, the link
leads to a heading, and its text has no backticks. A new claim is a row; leave the number out.
"""

from __future__ import annotations

import argparse
import ast
import functools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "claims.md"
# What README.md says that is no claim: what to do, and where more is said.
CLAIMS_NOTHING = (
    "Run pytest as always",
    "A part of it",
    "docs/install.md explains each step, and has the ways without cruft, without adopt.py, and out again",
    "docs/upgrading.md how to update and what a version number promises",
    "docs/forty-repositories.md the scripts for many repositories at once",
    "you type: what is judged",
    "verdicts: about",
    "docs/ci.md has both",
    "examples/stories has the waits of the project that this one grew out of",
    "python real/stories.py runs both (all of it)",
    "tests: before: after",
    "docs/limits.md has the rest, most of it about coverage settings",
    "Install · every key of the policy · the fast-test kit by example · how it works · in CI · cost · limits",
    "questions · beside other tools · what proves all this · CONTRIBUTING.md · CHANGELOG.md · MIT license",
)
_TO_A_LINE = re.compile(r"\[`([^`]+)`\]\(([^)#\s]+)(?:#L\d+)?\)")
_TO_A_HEADING = re.compile(r"\[([^\]`]+)\]\(([^)\s]+)\)")


class Claim(NamedTuple):
    """A row of the page: README's words, and what proves them."""

    section: str
    words: str
    lines: Sequence[tuple[str, str]]  # the words that say which line, and the file as the page links it
    reports: Sequence[str]

    @property
    def proofs(self) -> int:
        """How many there are."""
        return len(self.lines) + len(self.reports)


def plain(text: str) -> str:
    """Give a text of Markdown as it is read: no marks, a link's words alone, cells apart by a colon."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|\[✓\]\([^)]*\)", "", text)
    text = re.sub(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\([^)\s]*\)", r"\1", text)
    lines = [re.sub(r"^- ", "", re.sub(r" *\| *", ": ", line.strip().strip("|").strip())) for line in text.splitlines()]
    return " ".join(re.sub(r"[*`]", "", " ".join(lines)).split())


def claims(page: str) -> Iterator[Claim]:
    """Yield the rows of the page."""
    section = ""
    for line in page.splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif section and (cells := re.fullmatch(r"\| (.+) \| ([^|]*) \|", line)) and cells[1] != "claim":
            if set(cells[1]) <= set("-: |"):
                continue
            reports = [target for _, target in _TO_A_HEADING.findall(cells[2])]
            yield Claim(section, plain(cells[1]), _TO_A_LINE.findall(cells[2]), reports)


@functools.cache
def lines_of_tests(source: str) -> dict[str, list[int]]:
    """Give the lines on which each test of a file begins, by its name, or its class's and its own."""
    found: dict[str, list[int]] = {}
    body: list[tuple[str, ast.stmt]] = [("", node) for node in ast.parse(source).body]
    for prefix, node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            body += [(f"{node.name}::", inner) for inner in node.body]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            found.setdefault(prefix + node.name, []).append(node.lineno)
    return found


def lines_meant(words: str, path: Path) -> list[int]:
    """Give the lines of a file that words may mean: that of the one test of this name, or those that have the words."""
    text = path.read_text(encoding="utf-8")
    if re.fullmatch(r"(\w+::)*test\w+", words) and path.suffix == ".py":
        return lines_of_tests(text).get(words, [])
    return [number for number, line in enumerate(text.splitlines(), 1) if words in line]


def with_lines(page: str, folder: Path) -> tuple[str, list[str]]:
    """Give the page with the numbers of today, and what is wrong with its links."""
    wrong: list[str] = []

    def today(link: re.Match[str]) -> str:
        words, target = link[1], link[2]
        path = folder / target
        meant = lines_meant(words, path) if path.is_file() else []
        if len(meant) != 1:
            why = f"has `{words}` on {len(meant)} lines" if path.is_file() else "is not there"
            wrong.append(f"{target} {why}")
            return link[0]
        return f"[`{words}`]({target}#L{meant[0]})"

    return _TO_A_LINE.sub(today, page), wrong


def blocks(readme: str) -> Iterator[tuple[list[str], str]]:
    """Yield each paragraph, point or table of README.md: the sections that its ✓ lead to, and its text.

    To a paragraph belong the table that it announces, and what the comments in a block of code below it say.
    """
    found: list[str] = []
    for part in re.split(r"^(```.*?^```)$", readme, flags=re.MULTILINE | re.DOTALL):
        if part.startswith("```"):
            said = [match[1] or match[2] for match in re.finditer(r"(?<=\s)# (.+)|(?<=\S) {2,}(\w.+)", part)]
            found[-1] = "\n".join([found[-1], *said])
            continue
        prose = re.sub(r"^(#.*|\|[-:| ]+\|)\n", "", part, flags=re.MULTILINE)
        for text in re.split(r"\n\s*\n|\n(?=- )", prose):
            if text.lstrip().startswith("|") and plain(found[-1]).endswith(":"):
                found[-1] += f"\n{text}"
            elif text.strip():
                found.append(text)
    for text in found:
        yield re.findall(r"\[✓\]\(docs/claims\.md#([^)]*)\)", text), plain(text)


def left_over(text: str, said: Sequence[str]) -> list[str]:
    """Give what is left of a text without what is said elsewhere, the longest first."""
    for words in sorted(said, key=len, reverse=True):
        text = text.replace(words, "\n")
    return [line.strip(" .,:;()·") for line in text.split("\n") if re.search(r"\w", line)]


def by_section(found: Sequence[Claim]) -> Mapping[str, list[Claim]]:
    """Give the claims by the anchor of their section."""
    sections: dict[str, list[Claim]] = {}
    for claim in found:
        anchor = re.sub(r"[^\w\- ]", "", claim.section.lower()).replace(" ", "-")
        sections.setdefault(anchor, []).append(claim)
    return sections


def unproven(readme: str, page: str) -> list[str]:
    """Say what README.md claims without a proof, and what the page proves that README.md does not claim."""
    sections = by_section([*claims(page)])
    wrong = [f"it proves nothing of: {claim.words}" for rows in sections.values() for claim in rows if not claim.proofs]
    there: dict[str, str] = {}
    for marks, text in blocks(readme):
        for mark in marks:
            there[mark] = f"{there.get(mark, '')}\n{text}"
        proven = [claim.words for mark in marks for claim in sections.get(mark, ())]
        wrong += [f"README.md says without a proof: {words}" for words in left_over(text, [*proven, *CLAIMS_NOTHING])]
    for anchor in sections.keys() | there.keys():
        wrong += [] if anchor in sections else [f"a ✓ of README.md leads to #{anchor}, which is not there"]
        wrong += [] if anchor in there else [f"no ✓ of README.md leads to #{anchor}"]
    for anchor, text in there.items():
        gone = [claim.words for claim in sections.get(anchor, ()) if claim.words not in text]
        wrong += [f"README.md does not say, beside the ✓ that leads to #{anchor}: {words}" for words in gone]
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description="the lines that docs/claims.md links to")
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if it would be another")
    check = parser.parse_args(arguments).check
    page = PAGE.read_text(encoding="utf-8")
    new, wrong = with_lines(page, PAGE.parent)
    if loose := unproven((ROOT / "README.md").read_text(encoding="utf-8"), page):
        wrong += [*loose, "give each claim a row with its proof; what claims nothing stands in docs/make_claims.py"]
    for problem in wrong:
        print(f"docs/claims.md: {problem}", file=sys.stderr)
    if not check and not wrong:
        PAGE.write_text(new, encoding="utf-8")
    return int(bool(wrong) or (check and new != page))


if __name__ == "__main__":
    sys.exit(main())
