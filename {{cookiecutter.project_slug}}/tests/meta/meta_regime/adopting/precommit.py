"""Adds a hook for `git push` to .pre-commit-config.yaml, at the end of its list of repositories.

It goes in as text, so that nothing else can change; ruamel.yaml says where, and that all the rest means what it meant.
"""

from __future__ import annotations

from typing import Any

from .edits import Problem
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
ACTIVATE = "for the hook that judges before a push, type: pre-commit install --hook-type pre-push"


def with_hook(text: str) -> tuple[str, list[str]]:
    """Return the text of the settings with the hook in them, and remarks. Raises `Problem` if it is not YAML."""
    settings = _load(text)
    repos = settings.get("repos")
    if any(_judges(hook) for repo in _items(repos) for hook in _items(_of(repo, "hooks"))):
        return text, []
    changed = _inserted(text) if _items(repos) else None
    if changed is None or _without_ours(changed) != settings:
        return text, [BY_HAND + ENTRY.rstrip()]
    return changed, [] if "pre-push" in _items(settings.get("default_install_hook_types")) else [ACTIVATE]


def _inserted(text: str) -> str | None:
    return with_item(text, value_of(reader(NAME).compose(text), "repos"), ENTRY.splitlines())


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
