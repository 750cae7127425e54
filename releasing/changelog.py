"""CHANGELOG.md and pyproject.toml as a release changes them: from text to text."""

from __future__ import annotations

import re
import tomllib

UNRELEASED = "## Unreleased"


def unreleased(changelog: str) -> str | None:
    """Give what the Unreleased section says, without the titles in it; None where there is not just one."""
    sections = re.findall(rf"(?ms)^{UNRELEASED}[ \t]*\n(.*?)(?=^## |\Z)", changelog)
    if len(sections) != 1:
        return None
    return "\n".join(line for line in sections[0].splitlines() if line.strip() and not line.startswith("#"))


def with_release(changelog: str, version: str, date: str) -> str:
    """Give the Unreleased section to a version, and put an empty one above it."""
    return re.sub(rf"(?m)^{UNRELEASED}[ \t]*$", f"{UNRELEASED}\n\n## {version} - {date}", changelog, count=1)


def has_section(text: str, version: str) -> bool:
    """Tell whether a text has a section for a version, with or without a date."""
    return re.search(rf"(?m)^## {re.escape(version)}(?![\w.])", text) is not None


def declared_version(pyproject: str) -> str:
    """Give the version of [project]; empty where there is none to be read."""
    try:
        return str(tomllib.loads(pyproject)["project"]["version"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError):
        return ""


def with_version(pyproject: str, version: str) -> str:
    """Set the version of [project]. Raises ValueError where that changes anything else, or does not succeed."""
    changed = re.sub(r'(?m)(^\[project\]\n(?:(?!\[).*\n)*?version = ")[^"\n]*(")', rf"\g<1>{version}\g<2>", pyproject)
    before, after = tomllib.loads(pyproject), tomllib.loads(changed)
    before["project"]["version"] = version
    if before != after:
        raise ValueError('pyproject.toml: [project] has no line version = "..." that could be set')
    return changed
