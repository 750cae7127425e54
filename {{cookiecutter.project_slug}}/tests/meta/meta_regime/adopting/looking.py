"""Looks at a project, and plans all that adopting it would change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..covered import discover_packages
from .collecting import interpreter, mentions_xfail, refused, tests_lie_elsewhere
from .dependencies import with_dependencies
from .edits import Plan, Problem, Question
from .gitlab import JOBS, with_include
from .gitlab import NAME as GITLAB
from .ignored import with_ignored
from .loader import loads_the_regime, minded_by_ruff, with_loader
from .precommit import NAME as PRE_COMMIT
from .precommit import with_hook
from .pytest_settings import XFAIL, Settings, by_hand, find_settings, lacking, with_strictness
from .requirements import normal_name, requirement_files
from .suite_guesses import (
    POLICY,
    command_files,
    commands_in,
    measures_named_sources,
    packages_question,
    read_suite,
    selection,
    with_suite,
)
from .toml_edits import parse_toml


def look(root: Path, ask: Callable[[Question], int] | None = None) -> Plan:
    """Plan the edits of a project; every problem is in the plan, none is raised. Without `ask` nobody is asked."""
    plan = Plan(root, ask)
    for part in (_load, _declare, _hook, _include, _ignore, _be_strict, _guess):
        try:
            part(plan)
        except Problem as problem:
            if str(problem) not in plan.problems:  # pyproject.toml is read for two things
                plan.problems.append(str(problem))
    return plan


def _load(plan: Plan) -> None:
    """Load the regime in tests/conftest.py; in the root's if that does already, or if the tests lie elsewhere."""
    above, own = plan.read("conftest.py"), plan.read("tests/conftest.py")
    in_root = bool(above) and loads_the_regime(above or "", "conftest.py")
    in_tests = bool(own) and loads_the_regime(own or "", "tests/conftest.py")
    name = "conftest.py" if in_root or (not in_tests and tests_lie_elsewhere(plan.root)) else "tests/conftest.py"
    if not in_root:
        plan.change(name, with_loader(plan.read(name), name))
    minded = minded_by_ruff(settings, name) if (settings := _ruff_settings(plan)) is not None else []
    if minded:
        rules = ", ".join(f'"{rule}"' for rule in minded)
        plan.remarks.append(
            f"ruff minds the lines that load the regime; in its settings, under lint.per-file-ignores: "
            f'"{name}" = [{rules}]'
        )


def _ruff_settings(plan: Plan) -> Mapping[str, Any] | None:
    """Return the settings that ruff uses for tests/, or None if the project has none."""
    try:
        for name in ("tests/.ruff.toml", "tests/ruff.toml", ".ruff.toml", "ruff.toml"):
            if (text := plan.read(name)) is not None:
                return parse_toml(text, name)
        tools = parse_toml(plan.read("pyproject.toml"), "pyproject.toml").get("tool")
    except Problem:
        return None  # ruff says so itself; pyproject.toml is read again for the dependencies
    settings = tools.get("ruff") if isinstance(tools, dict) else None
    return settings if isinstance(settings, dict) else None


def _declare(plan: Plan) -> None:
    files = {}
    for name in requirement_files(plan.root):
        try:
            files[name] = plan.read(name) or ""
        except Problem as problem:
            plan.remarks.append(f"{problem}; it was not looked into")
    changed, remarks = with_dependencies(plan.read("pyproject.toml"), files, _own_packages(plan.root))
    plan.remarks += remarks
    for name, text in changed.items():
        plan.change(name, text)


def _own_packages(root: Path) -> set[str]:
    return {
        normal_name(path.parent.name) for glob in ("*/__init__.py", "src/*/__init__.py") for path in root.glob(glob)
    }


def _hook(plan: Plan) -> None:
    text = plan.read(PRE_COMMIT)
    if text is not None:
        changed, remarks = with_hook(text)
        plan.remarks += remarks
        plan.change(PRE_COMMIT, changed)


def _include(plan: Plan) -> None:
    """Have GitLab run the jobs that judge, where the project has chosen GitLab."""
    if plan.read(JOBS) is not None:
        changed, remarks = with_include(plan.read(GITLAB) or "")
        plan.remarks += remarks
        plan.change(GITLAB, changed)


def _ignore(plan: Plan) -> None:
    text = plan.read(".gitignore")
    if text is not None or (plan.root / ".git").exists():
        changed, remarks = with_ignored(text)
        plan.remarks += remarks
        plan.change(".gitignore", changed)


def _be_strict(plan: Plan) -> None:
    """Make pytest strict where the suite, as it is, bears that; say why where not."""
    settings = find_settings(plan.read)
    missing, remarks = lacking(settings)
    plan.remarks += remarks
    reasons = {} if plan.problems else _unsafe(plan.root, settings, missing)  # it takes time, and nothing comes of it
    for reason in dict.fromkeys(reasons.values()):
        words = [what for what in missing if reasons.get(what) == reason]
        plan.remarks.append(f"{settings.title}: {by_hand(words)} was not added: {reason}")
    wanted = [what for what in missing if what not in reasons]
    if wanted:
        changed = with_strictness(plan.read(settings.name), settings, wanted)
        if changed is None:
            why = f" ({settings.unreadable})" if settings.unreadable else ""
            plan.remarks.append(f"{settings.title} cannot be changed by a program{why}; add {by_hand(wanted)}")
        else:
            plan.change(settings.name, changed)


def _unsafe(root: Path, settings: Settings, missing: Sequence[str]) -> dict[str, str]:
    """Give those of the missing that may break the suite, each with the reason."""
    reasons = {}
    words = [what for what in missing if what != XFAIL]
    python = interpreter(root) if words else None
    if python is not None:
        reasons = refused(root, python, words, settings.addopts)
    elif words:
        reasons = dict.fromkeys(
            words, "no Python with pytest was found to try it with (this one, $VIRTUAL_ENV, .venv); run adopt.py by one"
        )
    if XFAIL in missing and (files := mentions_xfail(root)):
        more = f" and {len(files) - 3} more files" if len(files) > 3 else ""
        reasons[XFAIL] = f"tests that are to fail may pass, and would then be red: see {', '.join(files[:3])}{more}"
    return reasons


def _guess(plan: Plan) -> None:
    """Set the packages and the selection of the suite in policy.toml, where it says nothing of them yet."""
    text = plan.read(POLICY)
    if text is None:
        return
    args, packages = read_suite(text)
    if plan.problems:
        return  # nobody is asked in vain
    values: dict[str, list[str]] = {}
    if packages == ["auto"] and not measures_named_sources(plan.read):
        found = discover_packages(plan.root)
        question = packages_question(found)
        if question is not None and (chosen := plan.answer(question)):
            values["packages"] = [found[chosen - 1]]
    if not args:
        commands = [command for name in command_files(plan.root) for command in commands_in(name, _text(plan, name))]
        sure, question, expressions = selection(commands, find_settings(plan.read).addopts)
        if question is not None and (chosen := plan.answer(question)):
            sure = expressions[chosen - 1]
        if sure:
            values["args"] = ["-m", sure]
    if values:
        plan.change(POLICY, with_suite(text, values))


def _text(plan: Plan, name: str) -> str:
    """Return a file's text; nothing of one that cannot be read, which is only looked into."""
    try:
        return plan.read(name) or ""
    except Problem:
        return ""
