"""Releases the template: `python releasing/release.py 0.2.0`, or `make release VERSION=0.2.0`. `--check` only shows it.

Gives the Unreleased section of CHANGELOG.md to the version, sets the version in pyproject.toml, which is the only place
that has it, commits both, and tags the commit. All of it or nothing. It never pushes: it prints the command for that.
Standard library only.
"""

from __future__ import annotations

import argparse
import datetime
import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from releasing.changelog import UNRELEASED, declared_version, has_section, unreleased, with_release, with_version
from releasing.released import VERSION, ReleasesUnknownError, git, order, releases

ROOT = Path(__file__).resolve().parent.parent
NOTES = "docs/upgrading.md"


def read(path: str) -> str:
    """Give a file of the repository as text; empty where it is missing."""
    file = ROOT / path
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def version_problems(version: str) -> Iterator[str]:
    """Yield why this cannot be the next version."""
    try:
        known = releases(ROOT)
    except ReleasesUnknownError as error:
        yield f"releases: {error}."
        known = []
    for release in known:
        if not release.tagged:
            yield (
                f"releases: {release.version} was released in {release.commit[:9]}, and its tag is not here. Type: "
                f"git fetch --tags; or, if there never was one: git tag -a v{release.version} {release.commit[:9]} "
                f"-m 'Release {release.version}'"
            )
    if not VERSION.fullmatch(version):
        yield f"version: {version!r} is not of the form X.Y.Z, such as 0.2.0."
        return
    declared = declared_version(read("pyproject.toml"))
    if known and order(version) <= order(known[-1].version):
        yield f"version: {version} is not higher than {known[-1].version}, which is released."
    elif VERSION.fullmatch(declared) and order(version) < order(declared):
        yield f"version: {version} is lower than {declared}, which pyproject.toml has."


def tree_problems(version: str) -> Iterator[str]:
    """Yield why this repository, as it lies here, cannot be released."""
    try:
        changed = git(ROOT, "status", "--porcelain").splitlines()
        branch = git(ROOT, "rev-parse", "--abbrev-ref", "HEAD").strip()
        tags = git(ROOT, "tag", "--list", f"v{version}").split()
    except ReleasesUnknownError as error:
        yield f"git: {error}."
        return
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        yield f"tree: not clean ({', '.join(line[3:] for line in changed[:3])}{more}). Commit or remove what is there."
    if branch != "main":
        yield f"branch: this is {branch}, releases are made on main. Type: git switch main"
    if tags:
        yield f"tag: v{version} exists already."


def text_problems(version: str) -> Iterator[str]:
    """Yield why the texts do not speak of this version yet."""
    changelog, notes = read("CHANGELOG.md"), read(NOTES)
    said = unreleased(changelog)
    if said is None:
        yield f"CHANGELOG.md: there is to be one section '{UNRELEASED}'."
    elif not said:
        yield f"CHANGELOG.md: '{UNRELEASED}' is empty, there is nothing to release."
    if has_section(changelog, version):
        yield f"CHANGELOG.md: there is a section '{version}' already."
    if not declared_version(read("pyproject.toml")):
        yield "pyproject.toml: [project] has no version."
    if not has_section(notes, version):
        yield f"{NOTES}: there is no section '## {version}'. Say there what an update to it asks of people."


def problems(version: str) -> list[str]:
    """List every reason not to release."""
    return [*version_problems(version), *tree_problems(version), *text_problems(version)]


def new_texts(version: str) -> dict[str, str]:
    """Give the files that a release changes, as they are to be."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {
        "CHANGELOG.md": with_release(read("CHANGELOG.md"), version, today),
        "pyproject.toml": with_version(read("pyproject.toml"), version),
    }


def show(version: str, texts: dict[str, str]) -> None:
    """Print what a release would do."""
    for path, text in texts.items():
        before, after = read(path).splitlines(keepends=True), text.splitlines(keepends=True)
        print("".join(difflib.unified_diff(before, after, path, path, n=1)), end="")
    print(f"commit: Release {version}\ntag:    v{version}")


def release(version: str, texts: dict[str, str]) -> None:
    """Write, commit and tag. Whatever goes wrong, everything is then as it was before."""
    before = git(ROOT, "rev-parse", "HEAD").strip()
    try:
        for path, text in texts.items():
            (ROOT / path).write_text(text, encoding="utf-8", newline="\n")
        git(ROOT, "commit", "--quiet", "--message", f"Release {version}", "--", *texts)
        git(ROOT, "tag", "--annotate", f"v{version}", "--message", f"Release {version}")
    except BaseException:
        # The tree was clean, so that this takes back nothing but what stands above; a tag is made last, or not at all.
        git(ROOT, "reset", "--quiet", "--hard", before)
        raise


def main() -> int:
    """Check, then show or release; give the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("version", help="the version to release, X.Y.Z")
    parser.add_argument("--check", action="store_true", help="show what would be done, and do nothing")
    given = parser.parse_args()
    found = problems(given.version)
    for line in found:
        print(f"release: {line}", file=sys.stderr)
    if found:
        print("Nothing was changed.", file=sys.stderr)
        return 1
    texts = new_texts(given.version)
    if given.check:
        show(given.version, texts)
        return 0
    try:
        release(given.version, texts)
    except (ReleasesUnknownError, OSError) as error:
        print(f"release: {error}\nEverything is as it was.", file=sys.stderr)
        return 1
    print(f"Released {given.version}, here only. To publish it:\n    git push --atomic origin main v{given.version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
