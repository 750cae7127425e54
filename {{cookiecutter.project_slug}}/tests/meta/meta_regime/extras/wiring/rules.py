"""The rules of wiring, each with its message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .._checks import Check
from .thresholds import Thresholds, contradictions

if TYPE_CHECKING:
    from .._ci_commands.commands import Command, Commands
    from .hooks import Hooks

HOOKS_FILE = ".pre-commit-config.yaml"
_GITLAB_PART = ".gitlab/meta-tests.gitlab-ci.yml"


class Wiring(NamedTuple):
    """What is known of how a project has its verdicts judged."""

    ci: Commands
    why_not: Callable[[tuple[str, ...]], str]  # why a command does not have them judged; nothing if it has
    hooks: Hooks | None
    not_loaded: list[str] | None  # None where the regime comes from elsewhere than a conftest.py
    thresholds: Thresholds
    root: Path

    @property
    def judging(self) -> list[Command]:
        """The commands of CI that have the verdicts judged."""
        return [each for each in self.ci.found if not (each.idle or self.why_not(each.args))]

    @property
    def hidden(self) -> list[str]:
        """What of CI cannot be looked into, and may be what has them judged; the likeliest first."""
        return sorted([*self.ci.unreadable, *self.ci.opaque], key=lambda line: "test" not in line.partition(": ")[2])


class CiRunsVerdicts(Check[Wiring]):
    """CI runs pytest, but never so that the verdicts of tests/meta are given. Nobody is stopped by them.

    Add one line, after those that install what the tests need:

        - run: python -m pytest tests/meta       (GitHub, under `steps:`)
        - python -m pytest tests/meta            (GitLab, under `script:`)

    It runs the suite once and judges it, so it can take the place of a step that runs all tests.
    """

    rule = "ci-runs-verdicts"

    def broken(self, facts: Wiring) -> list[str] | None:
        """List the commands of CI that run pytest, and why that is not enough."""
        if not facts.ci.files:
            return None
        if facts.judging or facts.hidden:
            return []
        found = [f"{each.place}: {each.text}   ({each.idle or facts.why_not(each.args)})" for each in facts.ci.found]
        is_gitlab = ".gitlab-ci.yml" in facts.ci.files
        if is_gitlab and (facts.root / _GITLAB_PART).is_file() and _GITLAB_PART not in facts.ci.files:
            found.append(f".gitlab-ci.yml does not include {_GITLAB_PART}, which does it. Add instead of a step:")
            found += ["    include:", f"      - local: {_GITLAB_PART}"]
        return found or [f"no command of {', '.join(facts.ci.files)} runs pytest"]


class CiFailsWithThem(Check[Wiring]):
    """CI runs pytest so that a failure is lost: the job is green whatever the tests and the verdicts say.

    Behind a pipe (`pytest | tee log`) a shell looks at the last command only. Write `set -o pipefail` on the line
    before; on GitHub, `shell: bash` in the step does it, too. Take `|| true`, `continue-on-error: true` and
    `allow_failure: true` away from what is to fail.
    """

    rule = "ci-pipefail"

    def broken(self, facts: Wiring) -> list[str] | None:
        """List the commands whose failure is lost."""
        if not facts.ci.files:
            return None
        found = [f"{each.place}: {each.text}   (a pipe, and no pipefail)" for each in facts.ci.found if each.piped]
        if all(each.ignored for each in facts.judging) and not facts.hidden:
            found += [f"{each.place}: {each.text}   ({each.ignored})" for each in facts.judging if not each.piped]
        return list(dict.fromkeys(found))


class PreCommitRunsVerdicts(Check[Wiring]):
    """pre-commit is set up here, but does not give the verdicts before a push.

    Put into .pre-commit-config.yaml, at the top:

        default_install_hook_types: [pre-commit, pre-push]

    and into its `repos`, if the hook is not there:

        - repo: local
          hooks:
            - id: validate-minimum-coverage
              name: meta-tests, minimum coverage
              entry: python -m pytest --no-header --tb=short --meta-strict tests/meta/test_coverage_enforcement.py
              language: system
              pass_filenames: false
              always_run: true
              stages: [pre-push]

    Then type `pre-commit install` once in every clone.
    """

    rule = "pre-commit-runs-verdicts"

    def broken(self, facts: Wiring) -> list[str] | None:
        """Say what keeps the hooks from judging."""
        hooks = facts.hooks
        if hooks is None or hooks.unreadable:
            return None
        if not hooks.judging:
            return [] if hooks.opaque else [f"{HOOKS_FILE}: no hook runs pytest on tests/meta, or on the whole suite"]
        by_itself = [hook for hook in hooks.judging if set(hook.stages) != {"manual"}]
        if not by_itself:
            names = ", ".join(hook.name for hook in hooks.judging)
            return [f"{HOOKS_FILE}: {names} has only the stage manual: it runs when somebody types it, and nobody does"]
        if any(not hook.stages or set(hook.stages) & set(hooks.installed) for hook in by_itself):
            return []
        hook = by_itself[0]
        sets_up = f"`pre-commit install` sets up {', '.join(hooks.installed)} only (default_install_hook_types)"
        return [f"{HOOKS_FILE}: {hook.name} is for {', '.join(hook.stages)}, but {sets_up}: it never runs"]


class LoaderIsMet(Check[Wiring]):
    """Plain `pytest` does not load the verdicts, since it meets no conftest.py that does before it collects.

    Put these lines into the conftest.py of the project's root, after its docstring and `from __future__` imports, and
    take them out of tests/conftest.py:

        import pathlib, sys
        sys.path.append(str(pathlib.Path(__file__).parent / "tests" / "meta"))
        from meta_regime.plugin import *  # hooks and fixtures
    """

    rule = "loader"

    def broken(self, facts: Wiring) -> list[str] | None:
        """List the folders in which pytest begins, if no loader is met from any."""
        return facts.not_loaded


class OneSource(Check[Wiring]):
    """The same threshold is written down in two places, and they differ: nobody can tell what counts. Keep one."""

    rule = "one-source"

    def broken(self, facts: Wiring) -> list[str] | None:
        """List the contradictions."""
        return contradictions(facts.thresholds)


CHECKS: tuple[Check[Wiring], ...] = (
    CiRunsVerdicts(),
    CiFailsWithThem(),
    PreCommitRunsVerdicts(),
    LoaderIsMet(),
    OneSource(),
)


def said_of(facts: Wiring) -> str:
    """Say what does have the verdicts judged, and what could not be looked into."""
    hooks, hidden = facts.hooks, facts.hidden
    parts = ["CI is passed over"]
    if facts.judging:
        parts = [f"The verdicts are wired in: CI gives them ({facts.judging[0].place})"]
    elif not facts.ci.files:
        parts = ["The verdicts are wired in; no files of CI lie here, so nothing is asked of it"]
    elif hidden:
        parts = [f"Whether CI gives the verdicts cannot be told from here ({hidden[0]})"]
    if hooks is not None and hooks.judging:
        parts.append(f"pre-commit gives them ({hooks.judging[0].name})")
    elif hooks is not None:
        unknown = hooks.unreadable or hooks.opaque
        parts.append(f"whether pre-commit does cannot be told ({unknown})" if unknown else "pre-commit is passed over")
    return "; ".join(parts) + "."
