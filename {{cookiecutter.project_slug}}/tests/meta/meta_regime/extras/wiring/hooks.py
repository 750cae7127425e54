"""What `.pre-commit-config.yaml` runs, and at which stage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .._ci_commands.ci_files import Script
from .._ci_commands.commands import commands_in
from .._ci_commands.yaml_text import Node, YamlError, read_yaml, text_at
from .rules import HOOKS_FILE

OURS = ("validate-minimum-coverage", "validate-test-suite-performance", "detect-slow-unit-tests")
_OLD_NAMES = {"commit": "pre-commit", "push": "pre-push", "merge-commit": "pre-merge-commit"}


class Hook(NamedTuple):
    """A hook that has the verdicts judged: its id, and its stages; none for all."""

    name: str
    stages: tuple[str, ...]


class Hooks(NamedTuple):
    """The hooks that have the verdicts judged, the kinds that `pre-commit install` sets up; or why nothing is known."""

    judging: tuple[Hook, ...] = ()
    installed: tuple[str, ...] = ("pre-commit",)
    unreadable: str = ""
    opaque: str = ""


def hooks_of(root: Path, why_not: Callable[[tuple[str, ...]], str]) -> Hooks | None:
    """Read the settings of pre-commit; None if there are none."""
    path = root / HOOKS_FILE
    if not path.is_file():
        return None
    try:
        settings = read_yaml(path.read_bytes().decode("utf-8-sig"))
    except YamlError as error:
        return Hooks(unreadable=f"{HOOKS_FILE}:{error}")
    except (OSError, UnicodeDecodeError):
        return Hooks(unreadable=f"{HOOKS_FILE}: it cannot be read as UTF-8 text")
    by_default, judging, opaque = _words(settings.get("default_stages")), [], ""
    repos = settings.get("repos")
    for repo in repos.items if repos is not None else ():
        listed = repo.get("hooks")
        for hook in listed.items if listed is not None else ():
            judges, hidden = _judges(hook, root, why_not)
            opaque = opaque or hidden
            if judges:
                stages = _words(hook.get("stages")) or by_default
                judging.append(Hook(text_at(hook, "id"), stages))
    return Hooks(tuple(judging), _words(settings.get("default_install_hook_types")) or ("pre-commit",), opaque=opaque)


def _judges(hook: Node, root: Path, why_not: Callable[[tuple[str, ...]], str]) -> tuple[bool, str]:
    """Tell whether a hook has the verdicts judged; and what of it cannot be looked into."""
    if text_at(hook, "id") in OURS:
        return True, ""
    entry, args = text_at(hook, "entry"), hook.get("args")
    typed = " ".join([entry, *(item.text for item in (args.items if args is not None else ()))])
    if not entry:
        return False, ""
    commands = commands_in(Script(HOOKS_FILE, hook.line, typed), root)
    return any(not why_not(each.args) for each in commands.found), "; ".join(commands.opaque)


def _words(node: Node | None) -> tuple[str, ...]:
    return tuple(_OLD_NAMES.get(item.text, item.text) for item in (node.items if node is not None else ()))
