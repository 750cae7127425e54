"""Guesses `[suite]` of policy.toml, the packages to measure and what selects the tests; asks where it is not sure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from . import ini_edits
from .edits import Problem, Question, lines_of
from .toml_edits import parse_toml, rewritten, table_of

POLICY = "tests/meta/policy.toml"
# Where a project says how its tests are run.
COMMANDS = (
    *(".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml", ".gitlab/*.yml", "azure-pipelines.yml"),
    *("Makefile", "justfile", "tox.ini", "noxfile.py", "pyproject.toml", "Taskfile.yml", "scripts/*.sh"),
)
OURS = {".github/workflows/meta-tests.yml", ".gitlab/meta-tests.gitlab-ci.yml"}
_PYTEST = re.compile(r"(?:^|[\s\"'(\[/])(?:py\.test|pytest)(?=$|[\s\"',])(?!\s*[=>~<!])(.*)$")
_LISTED = re.compile(r"""["']-m["'],\s*(["'])([^"']+)\1""")  # session.run("pytest", "-m", "unit")
_EXPRESSION = re.compile(r"[\w ()]*\w[\w ()]*")
_INSTALLS = re.compile(r"\b(?:pip|pip3|pipx|uv|poetry|pdm|conda|apt|apt-get) +(?:install|add|sync)\b")
_NAMES = re.compile(r"\s*(?:- *)?(?:name|id|uses|key|path|image) *:")


@dataclass(frozen=True)
class Command:
    """A line that runs pytest: where it stands, and its `-m`, empty if it has none that can be told."""

    place: str
    expression: str


def commands_in(name: str, text: str) -> list[Command]:
    """Find the commands of a file that run pytest. One too many without `-m` does no harm: it is asked then."""
    found = []
    for number, line in _commands(text):
        match = _PYTEST.search(line) if not line.lstrip().startswith("#") else None
        if match is None or _INSTALLS.search(line):
            continue
        listed = _LISTED.search(match[1])
        words = ["-m", listed[2]] if listed else _typed(match[1])
        expression = next((after for word, after in pairwise(words) if word == "-m"), "")
        if expression or _is_run(name, line, match[1]):
            known = _EXPRESSION.fullmatch(expression)  # and not a variable's
            found.append(Command(f"{name}:{number}", expression if known else ""))
    return found


def _commands(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers; those that go on, with what they go on with."""
    begun, start = "", 0
    for number, line in enumerate(lines_of(text), start=1):
        start = start if begun else number
        begun += line.rstrip("\r\n")
        if begun.endswith("\\"):
            begun = begun[:-1] + " "
        else:
            yield start, begun
            begun = ""
    if begun:
        yield start, begun


def _is_run(name: str, line: str, rest: str) -> bool:
    """Tell a command without `-m` from a dependency, a target or a title."""
    if name.endswith(".toml"):
        return False
    if name == "tox.ini":
        return bool(rest.strip()) or line.startswith("commands")
    if name in {"Makefile", "justfile"}:
        return line.startswith(("\t", " "))
    return ".run(" in line if name.endswith(".py") else not _NAMES.match(line)


def _typed(rest: str) -> list[str]:
    """Split a command's words as a shell does; quotes around the whole line, or left open by it, are no matter."""
    rest = re.split(r"&&|\|\||[;|]", rest)[0].strip().rstrip("],")
    for text in (rest, rest.rstrip("\"'],)"), f'{rest}"', f"{rest}'"):
        with suppress(ValueError):
            return shlex.split(text)
    return rest.split()


def packages_question(found: Sequence[str]) -> Question | None:
    """Ask which packages are meant, if `auto` finds several."""
    if len(found) < 2:
        return None
    listed = ", ".join(found)
    return Question(
        f"coverage can be measured on {len(found)} packages. Which are this project's?",
        (f'all of them, as packages = ["auto"] finds them: {listed}', *found),
    )


def selection(commands: Iterable[Command], addopts: Sequence[str]) -> tuple[str, Question | None, list[str]]:
    """Return the `-m` of all commands if that is sure, else a question, with the expressions to choose from."""
    known = list(commands)
    places = {command.expression: command.place for command in reversed(known)}
    expressions = [expression for expression in dict.fromkeys(c.expression for c in known) if expression]
    if not expressions or "-m" in addopts:  # which all sessions have
        return "", None, []
    if len(places) == 1:
        return expressions[0], None, []
    choices = ["all that plain pytest runs"]
    choices += [f'those that -m "{expression}" selects, as in {places[expression]}' for expression in expressions]
    return "", Question("which tests are the suite that is judged?", tuple(choices)), expressions


def with_suite(text: str, values: Mapping[str, Sequence[str]]) -> str:
    """Return the policy's text with keys of [suite] set. Raises `Problem` if a program cannot do that."""

    def change(document: Any) -> None:
        for key, words in values.items():
            document.setdefault("suite", {})[key] = list(words)

    def as_meant(before: dict[str, Any], after: dict[str, Any]) -> bool:
        change(before)
        return before == after

    result = rewritten(text, change, as_meant)
    if result is None or _comments(result) != _comments(text):
        said = " and ".join(f"{key} = {list(words)}" for key, words in values.items())
        raise Problem(f"{POLICY} cannot be changed by a program; write under [suite]: {said}")
    return result


def _comments(text: str) -> list[str]:
    return [line for line in lines_of(text) if line.lstrip().startswith("#")]


def read_suite(text: str) -> tuple[list[str], list[str]]:
    """Return args and packages of a policy. Raises `Problem` if it is no TOML."""
    suite = table_of(parse_toml(text, POLICY), "suite")
    args, packages = suite.get("args", []), suite.get("packages", ["auto"])
    return (args if isinstance(args, list) else [str(args)]), (packages if isinstance(packages, list) else [])


def measures_named_sources(read: Callable[[str], str | None]) -> bool:
    """Tell whether coverage's own settings name what is measured: `auto` takes that."""
    keys = ("source", "source_pkgs", "source_dirs")
    for name, section in ((".coveragerc", "run"), ("setup.cfg", "coverage:run"), ("tox.ini", "coverage:run")):
        text = read(name)
        if text and ini_edits.has_section(text, section):
            return bool(set(keys) & set(ini_edits.values_of(text, section)[0]))
    run = table_of(parse_toml(read("pyproject.toml"), "pyproject.toml"), "tool", "coverage", "run")
    return bool(set(keys) & set(run))


def command_files(root: Path) -> list[str]:
    """Name the files that may run pytest, without ours."""
    found = [path.relative_to(root).as_posix() for glob in COMMANDS for path in sorted(root.glob(glob))]
    return [name for name in dict.fromkeys(found) if name not in OURS and (root / name).is_file()]
