"""Projects made from every earlier state of the template, edited, and brought to today's by `cruft update`.

`python real/updating.py [--commits N]`: from every commit of this repository that changed the template (or N of them,
evenly spread), `cruft create` into an existing project, with the edits that a project makes: lines of the policy, files
of its own, an extra deleted; then `cruft update` to HEAD. What comes of it is compared with a project that was made of
HEAD with the same edits. A line for each: `ok`, or which file has a conflict, or what else differs. It exits with 1
where something of the project's was lost; conflicts are no failure, since they are to be seen.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from real.workshop import git, run
from tests.baking import EXISTING, ROOT, TEMPLATE_PARTS, tree

META = Path("tests", "meta")
POLICY = META / "policy.toml"
# A line of the policy, by its key, and what the project makes of it.
EDITS = {"minimum": "91.5", "suite_seconds": "333.0", "packages": '["mine"]', "args": '["-m", "unit"]'}
OWN = {
    **{META / name: f"mine: {name}\r\n" for name in ("baseline.json", "known_slow.toml", "fast_tests.py")},
    **{Path(name): f"# mine: {name}\n" for name in ("pyproject.toml", "tests/conftest.py", "src/mine/__init__.py")},
}
# An extra that the project does not want: the first that there is.
UNWANTED = tuple(META / "meta_regime" / "extras" / f"{name}.py" for name in ("rerunfailures", "summary", "progress"))


@dataclass
class Outcome:
    """What came of an update: files with a conflict, what of the project's was lost, what else is not as today's."""

    conflicts: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    error: str = ""

    def __str__(self) -> str:
        parts = {"LOST": self.lost, "conflict": self.conflicts, "differs": self.differing}
        found = [f"{name}: {', '.join(paths)}" for name, paths in parts.items() if paths]
        return self.error or "; ".join(found) or "ok"


def commits(wanted: int | None) -> list[str]:
    """List the commits that changed the template, oldest first, or some of them, evenly spread."""
    every = git(ROOT, "log", "--first-parent", "--reverse", "--format=%H", "--", *TEMPLATE_PARTS).split()
    if wanted is None or wanted >= len(every):
        return every
    return [every[index * (len(every) - 1) // max(1, wanted - 1)] for index in range(wanted)]


def created(folder: Path, template: Path, commit: str) -> None:
    """Make a project of somebody's, and the template's files in it as they were in a commit."""
    for path, text in OWN.items():
        if META not in path.parents:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text.encode())
    git(folder, "init", "--quiet")
    commit_all(folder)
    answers = ["--default-config", "--extra-context", json.dumps(EXISTING)]
    run([sys.executable, "-m", "cruft", "create", template, "-c", commit, "-y", "-f", *answers], folder)
    commit_all(folder)


def commit_all(folder: Path) -> None:
    """Commit all that lies there."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "state")


def edited(folder: Path, edits: dict[str, str], unwanted: Path | None) -> dict[str, str]:
    """Do what a project does in its files; gives the edits that were possible."""
    done = {}
    lines = (folder / POLICY).read_text(encoding="utf-8").splitlines(keepends=True)
    for key, value in edits.items():
        places = [index for index, line in enumerate(lines) if line.startswith(f"{key} = ")]
        if places:
            lines[places[0]] = f"{key} = {value}\n"
            done[key] = value
    (folder / POLICY).write_text("".join(lines), encoding="utf-8", newline="\n")
    for path, text in OWN.items():
        (folder / path).write_bytes(text.encode())
    if unwanted:
        (folder / unwanted).unlink(missing_ok=True)
    commit_all(folder)
    return done


def updated(commit: str, template: Path, scratch: Path) -> Outcome:
    """Go from one commit to HEAD."""
    folder, fresh = scratch / "project", scratch / "fresh"
    for project in (folder, fresh):
        project.mkdir()
    try:
        created(folder, template, commit)
    except RuntimeError as error:
        return Outcome(error=f"cannot be created: {str(error).strip().splitlines()[-1]}")
    unwanted = next((path for path in UNWANTED if (folder / path).is_file()), None)
    possible = edited(folder, EDITS, unwanted)
    try:
        run([sys.executable, "-m", "cruft", "update", "-y"], folder)
    except RuntimeError as error:
        return Outcome(error=f"cannot be updated: {str(error).strip().splitlines()[-1]}")
    created(fresh, template, "HEAD")
    edited(fresh, possible, unwanted)

    outcome = Outcome(git(folder, "diff", "--name-only", "--diff-filter=U").split())
    outcome.conflicts += git(folder, "ls-files", "--others", "*.rej").split()
    policy = (folder / POLICY).read_text(encoding="utf-8")
    outcome.lost += [key for key, value in possible.items() if f"\n{key} = {value}\n" not in policy]
    now = {path: text for path, text in tree(folder).items() if not path.startswith(".git/")}
    then = {path: text for path, text in tree(fresh).items() if not path.startswith(".git/")}
    outcome.lost += [path.as_posix() for path, text in OWN.items() if now.get(path.as_posix()) != text.encode()]
    outcome.lost += [f"{unwanted.name}, which is back"] if unwanted and unwanted.as_posix() in now else []
    told = {*outcome.conflicts, *outcome.lost, ".cruft.json"}
    outcome.differing = sorted(path for path in {*now, *then} - told if now.get(path) != then.get(path))
    return outcome


def main() -> int:
    """Print the table; give the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--commits", type=int, help="so many, evenly spread (default: all)")
    chosen = commits(parser.parse_args().commits)
    kinds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="meta-tests-updating-") as temporary:
        template = Path(temporary).resolve() / "template"
        run(["git", "-c", "safe.directory=*", "clone", "--quiet", ROOT, template], ROOT)
        for commit in chosen:
            with tempfile.TemporaryDirectory(prefix="meta-tests-updating-") as scratch:
                outcome = updated(commit, template, Path(scratch).resolve())
            kinds[str(outcome).split(":")[0]] += 1
            print(git(ROOT, "show", "-s", "--format=%h %cs", commit).strip(), outcome, sep="  ", flush=True)
    print(f"{len(chosen)} commits: " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
    return 1 if kinds["LOST"] or kinds["cannot be updated"] else 0


if __name__ == "__main__":
    sys.exit(main())
