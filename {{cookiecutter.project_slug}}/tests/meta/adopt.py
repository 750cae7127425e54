# /// script
# requires-python = ">=3.11"
# dependencies = ["tomlkit>=0.15.2", "ruamel.yaml>=0.19.1"]
# ///
"""Shows, then makes, the edits in the project's own files that the meta-tests need. Run again it does nothing.

    python tests/meta/adopt.py            shows the changes, and asks
    python tests/meta/adopt.py --yes      makes them without asking
    python tests/meta/adopt.py --check    changes nothing; exit status 1 if something is to be changed
    python tests/meta/adopt.py --undo     gives back what the last adoption changed

Exit status: 0 done or nothing to do, 1 not done, 2 something must be put right first (nothing was changed).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meta_regime.adopting.edits import Plan, Question

ROOT = Path(__file__).absolute().parents[2]
NEXT = """\
Next, install what was added to what your tests need (pip install --group NAME, -r FILE, uv sync: as you do it). Then:
    python -m pytest tests/meta --meta-start-here   (asks for what is measured now: commit what it writes with the rest)
To get everything back as it was: python tests/meta/adopt.py --undo"""


def main(arguments: list[str] | None = None) -> int:
    """Look at the project and change it as asked; return the exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the very thing to say to an older one
        print("adopt.py needs Python 3.11 or later, as the meta-tests do", file=sys.stderr)
        return 2
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0], prog="adopt.py")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--yes", action="store_true", help="make the changes without asking")
    choice.add_argument(
        "--check", action="store_true", help="change nothing; exit status 1 if something is to be changed"
    )
    choice.add_argument("--undo", action="store_true", help="give back what the last adoption changed")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # whatever is in the user's files can be shown
    from meta_regime.adopting.edits import Problem

    try:
        return _undo() if options.undo else _adopt(yes=options.yes, check=options.check)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; nothing was changed.", file=sys.stderr)
        return 1


def _undo() -> int:
    from meta_regime.adopting.writing import undo

    names, left = undo(ROOT)
    print("\n".join(["Given back as it was before:", *(f"    {name}" for name in names)]))
    if left:
        print("\n".join(["Changed since, and left as it is:", *(f"    {name}" for name in left)]))
    return 0


def _adopt(*, yes: bool, check: bool) -> int:
    from meta_regime.adopting.edits import Problem
    from meta_regime.adopting.looking import look
    from meta_regime.adopting.writing import adopt, was_interrupted

    if was_interrupted(ROOT):
        raise Problem("the last adoption was interrupted; first type: python tests/meta/adopt.py --undo")
    plan = look(ROOT, _ask if sys.stdin.isatty() and not (yes or check) else None)
    _show(plan)
    if plan.problems:
        raise Problem("\n".join([*plan.problems, "Nothing was changed."]))
    if not plan.edits:
        print(f"Nothing to change in {ROOT}.")
        return 0
    if check:
        return 1
    if not (yes or _agreed()):
        return 1
    adopt(plan.edits, ROOT)
    print("\n".join(["Changed:", *(f"    {edit.path.relative_to(ROOT).as_posix()}" for edit in plan.edits), NEXT]))
    return 0


def _show(plan: Plan) -> None:
    print(plan.diff(), end="")
    for question in plan.unasked:
        listed = "".join(f"\n    {number}. {choice}" for number, choice in enumerate(question.choices, start=1))
        print(f"question: {question.text} Not asked, so 1 is taken:{listed}")
    for remark in plan.remarks:
        print(f"left to you: {remark}")
    if plan.edits and _is_dirty(plan.root):
        print("warning: the project has changes that are not committed; the ones above come on top of them")
    sys.stdout.flush()


def _ask(question: Question) -> int:
    """Ask on the terminal until there is an answer; Enter takes the first choice, and so does an end of input."""
    print("\n".join([question.text, *(f"    {n}. {choice}" for n, choice in enumerate(question.choices, start=1))]))
    while True:
        try:
            answer = input(f"1-{len(question.choices)} [1]: ").strip() or "1"
        except EOFError:
            return 0
        if answer.isdecimal() and 1 <= int(answer) <= len(question.choices):
            return int(answer) - 1


def _agreed() -> bool:
    if not sys.stdin.isatty():
        print("Nothing was changed: there is no terminal to ask on. To make these changes, add --yes.", file=sys.stderr)
        return False
    try:
        answer = input("Make these changes? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() in {"y", "yes"}:
        return True
    print("Nothing was changed.")
    return False


def _is_dirty(root: Path) -> bool:
    """Tell whether git knows of uncommitted changes; files it has not been told of, such as tests/meta, are none."""
    command = ["git", "status", "--porcelain", "--untracked-files=no", "--", "."]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


if __name__ == "__main__":
    sys.exit(main())
