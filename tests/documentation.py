"""What the documentation says: its pages, their links, and the commands that it tells people to type."""

from __future__ import annotations

import re
from pathlib import Path

from tests.baking import ROOT

PLAYBOOK = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta" / "README.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), PLAYBOOK]
_PROGRAMS = "cd|cookiecutter|copier|cruft|gh|git|make|pip|pipx|pre-commit|pytest|python|uv"
_FENCE = re.compile(r"^( *)(```+)(\w*)\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)


def title(page: Path) -> str:
    """Give a name for messages."""
    return "playbook" if page == PLAYBOOK else page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """Give the fenced blocks of a language; "" is that of commands and of what they print."""
    return [match[4] for match in _FENCE.finditer(page.read_text(encoding="utf-8")) if match[3] == language]


def command_blocks(page: Path) -> list[str]:
    """Give the fenced blocks that are typed: those whose first line is a command."""
    found = [block for language in ("", "console", "bash", "sh") for block in blocks(page, language)]
    return [block for block in found if _is_command(block.lstrip().splitlines()[0])]


def _is_command(line: str) -> bool:
    return re.match(rf"(\$ )?({_PROGRAMS})\s", line) is not None


def commands(page: Path) -> list[str]:
    """Give every command of a page, from its blocks and from its running text."""
    found = []
    for block in command_blocks(page):
        for line in block.replace("\\\n", " ").splitlines():
            plain = re.split(r"\s+#\s|\s{2,}", line.strip().removeprefix("$ "), maxsplit=1)[0]
            found += [" ".join(plain.split())] if _is_command(f"{plain} ") else []
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    spans = [" ".join(span.replace("\\|", "|").split()) for span in re.findall(r"`([^`]+)`", text)]  # as in a table
    return found + [span for span in spans if _is_command(span)]


def links(page: Path) -> list[str]:
    """Give the targets of a page's links."""
    text = re.sub(r"`[^`]*`", "", _FENCE.sub("", page.read_text(encoding="utf-8")))
    return re.findall(r"\]\(([^)\s]+)\)", text)


def anchors(page: Path) -> set[str]:
    """Give the anchors of a page's headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.replace(" ", "-"))
    return found
