"""Checks the answers, and the folder they are meant for, before a single file is written.

Standard library only. All problems are reported at once, on stderr: stdout would land in `cruft diff`.
"""

from __future__ import annotations

import json
import keyword
import os
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# `tojson` escapes apostrophes and all that is not ASCII, so no answer can break out of the quotes.
ANSWERS = r'''{{ cookiecutter | tojson }}'''  # fmt: skip
CHOICES = {
    "starting_point": ("new project", "existing project"),
    "ci": ("github", "gitlab", "none"),
}
# What each is a number of, and an example.
NUMBERS = {
    "minimum_coverage": ("per cent from 0 to 100", "80 or 82.5"),
    "suite_seconds": ("seconds above 0", "120"),
    "slow_test_seconds": ("seconds above 0", "10 or 0.5"),
}
# Packages of these names would hide, or be hidden by, what a test session imports.
TAKEN = ("test", "tests", "conftest", "meta_regime")


def shown(value: object) -> str:
    """Return an answer as a person can read it: one line, ASCII, not too long."""
    text = str(value)
    return ascii(text) if len(text) <= 60 else f"{text[:40]!a}... ({len(text)} characters)"


def slug_problems(slug: str) -> Iterator[str]:
    """Yield what is wrong with the folder's name."""
    if slug != "." and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", slug):
        yield (
            f"project_slug: {shown(slug)} cannot be the folder. Give one name of letters, digits, "
            "'-', '_' and '.', at most 100 long and beginning with a letter or digit; "
            "or '.' for the folder you are in."
        )


def package_problems(package: str) -> Iterator[str]:
    """Yield what is wrong with the package name as it was typed."""
    right = "Give the name as it is imported, such as my_project, or auto."
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", package):
        yield f"package_name: {shown(package)} is not a name that Python can import. {right}"
    elif keyword.iskeyword(package):
        yield f"package_name: {shown(package)} is a word of the Python language. {right}"
    elif package in TAKEN:
        yield f"package_name: {shown(package)} is a name that the tests use themselves. {right}"


def new_package(slug: str, package: str) -> str:
    """Return the import name of a new project's package; `templates/package` has the same rule."""
    return re.sub(r"[-.]", "_", slug.lower()) if package == "auto" else package


def new_package_problems(slug: str, package: str) -> Iterator[str]:
    """Yield why a new project's package cannot have its name, be it typed or taken from the folder's."""
    name = new_package(slug, package)
    if package != "auto":
        reason, right = f"package_name: {shown(package)}", "Give another package_name, such as my_project."
    elif slug == ".":
        yield "package_name: 'auto' needs a folder with a name, '.' has none. Give one, such as my_project."
        return
    else:
        reason = f"package_name: 'auto' takes {shown(name)} from project_slug, which"
        right = "Give package_name, such as my_project."
    # The name of the distribution is made of it, and that begins and ends with a letter or digit.
    if not re.fullmatch(r"[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?", name):
        yield f"{reason} cannot name a new package: letters first, no '_' last. {right}"
    elif keyword.iskeyword(name):
        yield f"{reason} is a word of the Python language. {right}"
    elif name in TAKEN or name in getattr(sys, "stdlib_module_names", ()):
        yield f"{reason} is a module of Python's own or of its tests. {right}"


def number_problems(answers: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with the three numbers, each alone and together."""
    good: dict[str, float] = {}
    for name, (unit, example) in NUMBERS.items():
        text = answers[name]
        # No sign, no exponent, no nan, ASCII digits only: what is left is a number to TOML and YAML, too.
        value = float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else -1.0
        if name == "minimum_coverage" and 0 <= value <= 100:
            continue
        if name == "minimum_coverage" or value <= 0:
            yield f"{name}: {shown(text)} must be a number of {unit}, such as {example}."
        else:
            good[name] = value
    if len(good) == 2 and good["slow_test_seconds"] > good["suite_seconds"]:
        yield (
            f"slow_test_seconds: {answers['slow_test_seconds']} is more than the whole suite may take. "
            f"Give at most suite_seconds, which is {answers['suite_seconds']}."
        )


def choice_problems(answers: dict[str, str]) -> Iterator[str]:
    """Yield choices that do not exist; cookiecutter lets them through in a replay."""
    for name, choices in CHOICES.items():
        if answers[name] not in choices:
            yield f"{name}: {shown(answers[name])} is no choice. Give one of: {', '.join(choices)}."


def settings_files(answers: dict[str, str]) -> list[str]:
    """Return the files that would be written and that the project may have, or have changed, itself."""
    paths = ["tests/meta/policy.toml"]
    paths += {
        "github": [".github/workflows/meta-tests.yml"],
        "gitlab": [".gitlab/meta-tests.gitlab-ci.yml"],
    }.get(answers["ci"], [])
    if answers["starting_point"] == "new project":
        package = new_package(answers["project_slug"], answers["package_name"])
        paths += [".gitignore", ".pre-commit-config.yaml", "README.md", "pyproject.toml", "tests/conftest.py"]
        paths += [f"src/{package}/__init__.py", f"tests/unit/test_{package}.py"]
        paths += [".gitlab-ci.yml"] if answers["ci"] == "gitlab" else []
    return sorted(paths)


def folder_problems(answers: dict[str, str]) -> Iterator[str]:
    """Yield what in the current folder, the project's, would be overwritten."""
    meta = Path("tests", "meta")
    strangers = os.path.lexists(meta) and not meta.is_dir()
    if meta.is_dir() and not (meta / "meta_regime").is_dir():
        strangers = any(entry.name != "__pycache__" for entry in meta.iterdir())
    if strangers:
        yield "tests/meta: this project has one of its own. Rename it, and start again."
        return
    there = [path for path in settings_files(answers) if os.path.lexists(path)]
    if there and answers["starting_point"] == "new project":
        yield (
            f"starting_point: a new project would overwrite {', '.join(there)}. "
            "Give starting_point='existing project', which adds only tests/meta and a CI file; "
            "or, if the project was made with this template, update it with 'cruft update'."
        )
    elif there:
        yield (
            f"starting_point: {', '.join(there)} would be overwritten, and may hold changes of yours. "
            "Update with 'cruft update', or move what is named here away first."
        )


def place_problems(answers: dict[str, Any]) -> Iterator[str]:
    """Yield that the existing project is not where the files would go: the folder is new."""
    by_cookiecutter = "_output_dir" in answers  # cruft renders into empty folders, and does not define it
    named = answers.get("project_slug") != "." and answers.get("starting_point") == "existing project"
    if by_cookiecutter and named and not any(Path().iterdir()):
        yield (
            f"project_slug: there is no project in {shown(answers.get('project_slug'))}. Go into the existing project "
            "and give '.', with -f: cookiecutter ... -f -s project_slug=. starting_point='existing project'"
        )


def cruft_problems(answers: dict[str, Any]) -> Iterator[str]:
    """Yield that `cruft create` would overwrite the link to another template: cruft knows only one.

    A link to this template, or to a fork of it, is replaced by what was typed. cookiecutter itself writes no link.
    """
    link = Path(".cruft.json")
    if "_output_dir" in answers or not os.path.lexists(link):  # cookiecutter itself defines it
        return
    try:
        followed = json.loads(link.read_text(encoding="utf-8"))
        template, names = followed["template"], set(followed["context"]["cookiecutter"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        yield (
            ".cruft.json: cruft cannot use this file, which may be the link to another template. "
            "It would be overwritten: mend it (git log -p .cruft.json), or move it away."
        )
        return
    if not names.issuperset(NUMBERS):
        yield (
            f".cruft.json: this folder follows another template, {shown(template)}, and cruft follows only one. "
            "To get the files once: cookiecutter -f ... project_slug=. starting_point='existing project'. "
            "To follow both: docs/upgrading.md of this template, 'Beside another template'."
        )


def version_problems() -> Iterator[str]:
    """Yield that cookiecutter is too old for the includes in the template's path names."""
    try:
        version = metadata.version("cookiecutter")
    except metadata.PackageNotFoundError:
        return
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers and (int(numbers[1]), int(numbers[2])) < (2, 2):
        yield f"cookiecutter: {version} is too old. Get 2.2 or later: pip install --upgrade cookiecutter."


def problems(raw: dict[str, Any]) -> Iterator[str]:
    """Yield every reason not to begin, one line each."""
    names = ("project_slug", "package_name", *NUMBERS, *CHOICES)
    answers = {name: str(raw.get(name, "")) for name in names}
    slug, package = answers["project_slug"], answers["package_name"]
    slug_wrong, package_wrong = list(slug_problems(slug)), list(package_problems(package))
    yield from version_problems()
    yield from slug_wrong
    yield from package_wrong
    if not slug_wrong and not package_wrong and answers["starting_point"] == "new project":
        yield from new_package_problems(slug, package)
    yield from number_problems(answers)
    yield from choice_problems(answers)
    if not slug_wrong:  # a wrong one leads to a folder that nobody meant
        yield from folder_problems(answers)
        yield from place_problems(raw)
        yield from cruft_problems(raw)


def main() -> int:
    """Print the problems; return the exit status."""
    found = list(problems(json.loads(ANSWERS)))
    for line in found:
        print(f"meta-tests: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
