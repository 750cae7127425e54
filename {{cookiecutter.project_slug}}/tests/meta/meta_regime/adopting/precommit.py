"""Adds a hook for `git push` to .pre-commit-config.yaml, at the end of its list of repositories.

It goes in as text, so that nothing else can change; ruamel.yaml says where, and that all the rest means what it meant.
"""

from __future__ import annotations

from typing import Any

from .edits import Problem, lines_of, with_lines
from .toml_edits import INSTALL

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
    """Insert behind the last line of the list, before blank lines and comments that no longer belong to it.

    `with_types`: and a line that has `git push` set up, before the list.
    """
    root = _yaml().compose(text)
    key, node = next(pair for pair in root.value if pair[0].value == "repos")
    if node.flow_style:
        return None
    lines = lines_of(text)
    column = node.start_mark.column
    last = min(node.end_mark.line + (node.end_mark.column > 0), len(lines))
    while last > 0 and _belongs_to_what_follows(lines[last - 1], column):
        last -= 1
    new = [f"{' ' * column}{line}" for line in ENTRY.splitlines()]
    blank_between = any(not line.strip() for line in lines[node.start_mark.line : last])
    text = with_lines(text, last, ["", *new] if blank_between else new)
    return with_lines(text, key.start_mark.line, [f"{' ' * key.start_mark.column}{TYPES_LINE}"]) if with_types else text


def _belongs_to_what_follows(line: str, column: int) -> bool:
    comment = line.lstrip(" ")
    return not line.strip() or (comment.startswith("#") and len(line) - len(comment) <= column)


def _without_ours(text: str) -> Any:
    """Return settings without the last repository, if that is ours as it should be."""
    try:
        settings = _load(text)
    except Problem:
        return None
    ours = _yaml().load(ENTRY)
    return settings if isinstance(settings.get("repos"), list) and settings["repos"].pop() == ours[0] else None


def _load(text: str) -> dict[str, Any]:
    yaml = _yaml()
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        settings = yaml.load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        where = f"{NAME}:{mark.line + 1}" if mark else NAME
        raise Problem(f"{where}: not valid YAML: {getattr(error, 'problem', None) or error}") from None
    if not isinstance(settings, dict):
        raise Problem(f"{NAME} is not a table of settings; it needs a key `repos`")
    return settings


def _yaml() -> Any:
    try:
        from ruamel.yaml import YAML
    except ImportError:
        raise Problem(f"reading {NAME} takes the package ruamel.yaml. Type one of\n    {INSTALL}") from None
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True
    return yaml


def _judges(hook: Any) -> bool:
    return _of(hook, "id") == HOOK or "tests/meta" in str(_of(hook, "entry"))


def _of(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
