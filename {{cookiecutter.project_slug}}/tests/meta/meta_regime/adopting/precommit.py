"""Adds a hook for `git push` to .pre-commit-config.yaml, at the end of its list of repositories.

It goes in as text, so that nothing else can change; ruamel.yaml says where, and that all the rest means what it meant.
"""

from __future__ import annotations

from typing import Any

from .edits import Problem, with_lines
from .yaml_lists import read_by, reader, value_of, with_item

NAME = ".pre-commit-config.yaml"
HOOK = "validate-minimum-coverage"
# As in .pre-commit-hooks.yaml of the template.
ENTRY = r"""- repo: local
  hooks:
    - id: validate-minimum-coverage
      name: meta-tests, minimum coverage
      entry: python -m pytest --no-header --tb=short --meta-strict tests/meta/test_coverage_enforcement.py
      language: system
      pass_filenames: false
      require_serial: true
      stages: [pre-push]
      files: |
        (?x)^(
          (.+/)?(src|tests?)/.+
          | .+\.(py|pyi|pyx|toml|cfg|ini|lock)
          | (.+/)?(\.coveragerc|Pipfile)
          | (.+/)?(requirements|constraints)([-_./].+)?\.(txt|in)
        )$
"""
BY_HAND = f"{NAME} cannot be changed by a program; to judge before a push, add to its `repos`:\n"
TYPES = "default_install_hook_types"
# Without it `pre-commit install`, in the next clone, would set up nothing for `git push`.
TYPES_LINE = f"{TYPES}: [pre-commit, pre-push]"
ADD_TYPE = f"{NAME}: add pre-push to {TYPES}, or the hook never runs"
ACTIVATE = "for the hook that judges before a push, type: pre-commit install --hook-type pre-push"


def with_hook(text: str) -> tuple[str, list[str]]:
    """Return the text of the settings with the hook in them, and remarks. Raises `Problem` if it is not YAML."""
    settings = _load(text)
    repos = settings.get("repos")
    if any(_judges(hook) for repo in _items(repos) for hook in _items(_of(repo, "hooks"))):
        return text, []
    changed = _inserted(text, with_types=TYPES not in settings) if _items(repos) else None
    if changed is None or _without_ours(changed) != {TYPES: ["pre-commit", "pre-push"], **settings}:
        return text, [f"{BY_HAND}{ENTRY.rstrip()}\nand at the top\n{TYPES_LINE}"]
    if "pre-push" in _items(settings.get(TYPES)):
        return changed, []
    return changed, [ADD_TYPE, ACTIVATE] if TYPES in settings else [ACTIVATE]


def _inserted(text: str, *, with_types: bool) -> str | None:
    """Put the hook behind the last repository; `with_types`: and a line before the list that has `git push` set up."""
    root = reader(NAME).compose(text)
    key = next(name for name, _ in root.value if name.value == "repos")
    changed = with_item(text, value_of(root, "repos"), ENTRY.splitlines())
    if changed is None or not with_types:
        return changed
    return with_lines(changed, key.start_mark.line, [f"{' ' * key.start_mark.column}{TYPES_LINE}"])


def _without_ours(text: str) -> Any:
    """Return settings without the last repository, if that is ours as it should be."""
    try:
        settings = _load(text)
    except Problem:
        return None
    ours = reader(NAME).load(ENTRY)
    return settings if isinstance(settings.get("repos"), list) and settings["repos"].pop() == ours[0] else None


def _load(text: str) -> dict[str, Any]:
    settings = read_by(reader(NAME).load, text, NAME)
    if not isinstance(settings, dict):
        raise Problem(f"{NAME} is not a table of settings; it needs a key `repos`")
    return settings


def _judges(hook: Any) -> bool:
    return _of(hook, "id") == HOOK or "tests/meta" in str(_of(hook, "entry"))


def _of(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
