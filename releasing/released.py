"""The released versions of this template, and the commit of each: `python releasing/released.py` lists them.

A release is a tag `vX.Y.Z`. A clone may lack tags, as those that CI makes often do; there it is the commit whose
subject is `Release X.Y.Z`. Either way pyproject.toml has to have that version in that commit.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from releasing.changelog import declared_version

_NUMBERS = r"(?:0|[1-9]\d*)"
VERSION = re.compile(rf"{_NUMBERS}\.{_NUMBERS}\.{_NUMBERS}", re.ASCII)


class ReleasesUnknownError(Exception):
    """This clone cannot tell what was released. The text says why, and what to type."""


@dataclass(frozen=True)
class Release:
    """A released version; `tagged` tells whether the tag is there."""

    version: str
    commit: str
    tagged: bool


def order(version: str) -> tuple[int, ...]:
    """Give what versions are compared by."""
    return tuple(map(int, version.split(".")))


def git(repository: Path, *arguments: str) -> str:
    """Run git. Raises `ReleasesUnknownError` with what it says if it fails."""
    program = shutil.which("git")
    if program is None:
        raise ReleasesUnknownError("git is not installed, and only git knows the released versions")
    # A repository in which this runs already is trusted, whoever owns it: CI often checks out as somebody else.
    done = subprocess.run(
        [program, "-c", f"safe.directory={repository.resolve().as_posix()}", *arguments],
        cwd=repository,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise ReleasesUnknownError(f"git {arguments[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def releases(repository: Path) -> list[Release]:
    """List the releases, lowest first. Raises `ReleasesUnknownError` where a clone is shallow or contradictory."""
    if git(repository, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise ReleasesUnknownError(
            "this clone is shallow: the commits of earlier releases are not in it. "
            "Type: git fetch --unshallow --tags   (on GitHub, actions/checkout with fetch-depth: 0)"
        )
    found: dict[str, Release] = {}
    # Newest first: of two commits that claim one version, the last one counts.
    for line in git(repository, "log", "--format=%H %s", "--grep=^Release [0-9]").splitlines():
        commit, _, subject = line.partition(" ")
        version = subject.removeprefix("Release ")
        if VERSION.fullmatch(version) and version not in found and _version_in(repository, commit) == version:
            found[version] = Release(version, commit, tagged=False)
    wrong: list[str] = []
    for line in git(repository, "for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/tags").splitlines():
        tag = line.split(" ")[0]
        if VERSION.fullmatch(tag[1:]) and tag.startswith("v"):
            commit = git(repository, "rev-parse", f"refs/tags/{tag}^{{commit}}").strip()
            found[tag[1:]] = Release(tag[1:], commit, tagged=True)
            declared = _version_in(repository, commit)
            if declared != tag[1:]:
                wrong.append(f"the tag {tag} is on {commit[:9]}, whose pyproject.toml has version {declared!r}")
    if wrong:
        raise ReleasesUnknownError("; ".join(wrong))
    return sorted(found.values(), key=lambda release: order(release.version))


def _version_in(repository: Path, commit: str) -> str:
    try:
        return declared_version(git(repository, "show", f"{commit}:pyproject.toml"))
    except ReleasesUnknownError:  # there was no such file yet
        return ""


def main() -> int:
    """Print a line for each release."""
    try:
        found = releases(Path(__file__).resolve().parent.parent)
    except ReleasesUnknownError as error:
        print(f"releasing: {error}", file=sys.stderr)
        return 1
    for release in found:
        print(f"v{release.version}  {release.commit}{'' if release.tagged else '  (no tag here)'}")
    if not found:
        print("nothing was released yet")
    return 0


if __name__ == "__main__":
    sys.exit(main())
