"""Reads what `make`, `tox` and `nox` run, out of their files."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .shell_text import VARIABLE

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
TOX_FILES = ("tox.ini", "setup.cfg", "pyproject.toml", "tox.toml")
NOXFILE = "noxfile.py"
_ASSIGNED = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*(?::{1,3}|\?|!)?=\s*(.*)$")
_RULE = re.compile(r"([^\s#:=][^#:=]*?)\s*::?(?!=)\s*([^#;]*)")
_FACTORS = re.compile(r"[\w.,!{}-]+:\s+")


class Task(NamedTuple):
    """A line that a tool runs: where it stands, and the setting by which its failure fails nothing."""

    place: str
    text: str
    pipefail: bool = True
    ignored: str = ""


def of_make(text: str, name: str, targets: list[str]) -> list[Task]:
    """Give what `make` runs for these targets, with what they need; nothing if one is not there."""
    recipes, needs, variables = _makefile(text)
    first = next((target for target in recipes if not target.startswith(".")), "")
    wanted, done, found = list(targets) or [first], set[str](), list[Task]()
    pipefail = "pipefail" in variables.get(".SHELLFLAGS", "") or "pipefail" in variables.get("SHELL", "")
    while wanted:
        target = wanted.pop(0)
        if target in done:
            continue
        done.add(target)
        if target not in recipes:
            if target in targets:
                return []
            continue
        wanted += needs[target]
        for number, line in recipes[target]:
            recipe = _substituted(line, variables)
            bare = recipe.lstrip("@+- ")
            quiet = "`-` before it" if "-" in recipe[: len(recipe) - len(bare)] else ""
            found.append(Task(f"{name}:{number}", bare, pipefail, quiet))
    return found


def _makefile(text: str) -> tuple[dict[str, list[tuple[int, str]]], dict[str, list[str]], dict[str, str]]:
    recipes: dict[str, list[tuple[int, str]]] = {}
    needs: dict[str, list[str]] = {}
    variables: dict[str, str] = {"MAKE": "make"}
    current: list[str] = []
    for number, line in _joined(text):
        if line.startswith("\t"):
            for target in current:
                recipes[target].append((number, line.strip()))
        elif (assigned := _ASSIGNED.match(line) or re.match(r"(\.SHELLFLAGS)\s*:?=\s*(.*)$", line)) is not None:
            variables[assigned[1]] = assigned[2].strip()
        elif (rule := _RULE.match(line)) is not None:
            current = rule[1].split()
            for target in current:
                recipes.setdefault(target, [])
                needs.setdefault(target, []).extend(rule[2].split())
    return recipes, needs, variables


def _joined(text: str) -> Iterator[tuple[int, str]]:
    begun, start = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if begun else number
        begun += line
        if begun.endswith("\\"):
            begun = begun[:-1] + " "
        else:
            yield start, begun
            begun = ""
    if begun:
        yield start, begun


def _substituted(line: str, variables: dict[str, str], depth: int = 5) -> str:
    def value(match: re.Match[str]) -> str:
        known = variables.get(match[1])
        return VARIABLE if known is None or depth == 0 else _substituted(known, variables, depth - 1)

    return re.sub(r"\$[({](\w+)[)}]", value, line).replace("$$", "$")


def of_tox(read: Callable[[str], str | None]) -> list[Task]:
    """Give what all environments of tox run. Files that cannot be parsed say nothing here."""
    found: list[Task] = []
    for name in TOX_FILES:
        text = read(name)
        if text is None:
            continue
        if name.endswith((".ini", ".cfg")):
            found += _ini_tasks(name, text)
            continue
        try:
            document: Any = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        tox = document if name == "tox.toml" else _table(_table(document.get("tool")).get("tox"))
        if isinstance(tox.get("legacy_tox_ini"), str):
            found += _ini_tasks(name, tox["legacy_tox_ini"])
        tables = [("env_run_base", tox.get("env_run_base")), *_table(tox.get("env")).items()]
        for section, table in tables:
            for command in _list(_table(table).get("commands")):
                words = [word if isinstance(word, str) else "" for word in _list(command)]
                ignored = "ignore_outcome = true" if _table(table).get("ignore_outcome") is True else ""
                text = shlex.join(filter(None, map(_tox_substituted, words))).replace(f"'{VARIABLE}'", VARIABLE)
                found.append(Task(f"{name} [{section}]", text, True, ignored))
    return found


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _ini_tasks(name: str, text: str) -> list[Task]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return []
    found = []
    for section in parser.sections():
        if not section.startswith("testenv"):
            continue
        whole = parser[section].get("ignore_outcome", "").strip().lower() == "true"
        for key in ("commands_pre", "commands", "commands_post"):
            for line in parser[section].get(key, "").replace("\\\n", " ").splitlines():
                command = _tox_substituted(_FACTORS.sub("", line.strip(), count=1)).strip()
                bare = command.removeprefix("-").lstrip()
                ignored = "`-` before it" if bare != command else "ignore_outcome = true" if whole else ""
                if bare:
                    found.append(Task(f"{name} [{section}]", bare, True, ignored))
    return found


def _tox_substituted(text: str) -> str:
    for pattern, value in (
        (r"\{posargs:?([^{}]*)\}|\[\]", r"\1"),
        (r"\{envpython\}|\{env_python\}", "python"),
        (r"\{env:\w+:([^{}]*)\}", r"\1"),
        (r"\{\[[^{}]*\}", ""),  # commands of another section, which is read as well
        (r"\{(?:tox_root|toxinidir)\}(?=/)", "."),
        (r"\{[^{}]*\}", VARIABLE),
    ):
        text = re.sub(pattern, value, text)
    return text


def of_nox(text: str) -> list[Task]:
    """Give what the sessions of nox run. Raises `SyntaxError` or `ValueError`."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("run", "run_always")
        ):
            words = [_word(argument) for argument in node.args]
            found.append(Task(f"{NOXFILE}:{node.lineno}", " ".join(filter(None, words))))
    return found


def _word(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return shlex.quote(node.value) if VARIABLE not in node.value else node.value
    if isinstance(node, ast.Starred) and isinstance(node.value, ast.Attribute) and node.value.attr == "posargs":
        return ""
    return VARIABLE
